"""A sweep as a document: how many designs there are, those that were asked for, and why others are invalid."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.render.design_table import design_table, histogram_table
from archcost.render.document import Heading, Line, Records, branches_of, rows_left_out
from archcost.render.sweep_words import cause_blocks, count_text, expected_line, headline, predicted_lines
from archcost.sweeping.data import row_data, sweep_data
from archcost.sweeping.exact.intervals import Estimate
from archcost.sweeping.row_values import rows_of
from archcost.sweeping.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.render.document import Block, TreeLine
    from archcost.sweeping.exact.counting import Histogram
    from archcost.sweeping.row_values import DesignRow
    from archcost.sweeping.space import Space
    from archcost.sweeping.sweep import Sweep

LISTED = 20  # rows on a terminal, where no number was asked for


class SweepDocument(NamedTuple):
    """A space and the answer to a question about it."""

    sweep: Sweep

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read; of rows those that were asked for, or the first."""
        sweep = self.sweep
        yield Heading(sweep.name, headline(sweep))
        yield from [Line(f"note: {note}", style="dim") for note in sweep.notes]
        if sweep.ask.counts and sweep.where:
            yield Line(count_text(sweep))
        if sweep.ask.counts and sweep.expected is not None:
            yield expected_line(sweep)
        if sweep.histogram is not None:
            yield histogram_table(sweep.histogram)
        elif sweep.ask.histogram:
            yield Line("no design, so there is nothing to count")
        if sweep.listing is not None:
            yield from self._rows(most)
        if sweep.predictions:
            yield from predicted_lines(sweep.predictions)
        yield from cause_blocks(sweep)

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(LISTED))

    def records(self) -> Records:
        """A row a design; of a count or a histogram what is counted."""
        sweep = self.sweep
        if sweep.histogram is not None:
            found = sweep.histogram
            return Records(("metric", "from", "to", "designs"), list(_bins(found)))
        if sweep.listing is None:
            return Records(("where", "designs", "low", "high"), [_count_record(sweep)])
        names, metrics = sweep.space.column_names, sweep.ask.metrics
        wrong = ("error",) if sweep.invalid and not sweep.where else ()
        return Records((*names, *metrics, *wrong), self._records(len(wrong)))

    def data(self) -> object:
        """A document."""
        return sweep_data(self.sweep)

    def _rows(self, most: int | None) -> Iterator[Block]:
        sweep = self.sweep
        listing = sweep.listing
        assert listing is not None, "rows were asked for"
        count = len(listing)
        if not count:
            yield Line("no design meets the condition")
            return
        limit = count if most is None else min(most, count if sweep.ask.top is not None else LISTED)
        rows = list(rows_of(listing.first(limit), sweep.space, sweep.answers.singles, sweep.causes))
        yield design_table(sweep.space, sweep.ask.metrics, rows)
        yield from rows_left_out(limit, count, "`--top N` shows more, `-o FILE.csv` has all of them")

    def _records(self, errors: int) -> Iterator[Sequence[object]]:
        sweep = self.sweep
        assert sweep.listing is not None, "rows were asked for"
        for row in rows_of(sweep.listing, sweep.space, sweep.answers.singles, sweep.causes):
            values = [_plain(value) for value in row.values.values()]
            figures = [row.figures.get(name) for name in sweep.ask.metrics]
            yield (*values, *figures, *[row.error.message if row.error else None] * errors)


class DesignsDocument(NamedTuple):
    """Designs alone, in a table."""

    space: Space
    rows: Callable[[], Iterator[DesignRow]]
    number: int
    metrics: Sequence[str]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The first of them, or all."""
        limit = self.number if most is None else min(most, LISTED)
        if not self.number:
            yield Line("no design")
            return
        yield design_table(self.space, self.metrics, list(islice(self.rows(), limit)))
        yield from rows_left_out(limit, self.number, "iterate over them to see all")

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(LISTED))

    def records(self) -> Records:
        """A row a design."""
        rows = [[*map(_plain, row.values.values()), *map(row.figures.get, self.metrics)] for row in self.rows()]
        return Records((*self.space.column_names, *self.metrics), rows)

    def data(self) -> object:
        """A design each."""
        return [row_data(row) for row in self.rows()]


def _bins(found: Histogram) -> Iterator[Sequence[object]]:
    for low, high, designs in zip(found.edges, found.edges[1:], found.counts, strict=False):
        yield found.metric, low, high, designs


def _count_record(sweep: Sweep) -> Sequence[object]:
    found = sweep.meeting if sweep.meeting is not None else sweep.designs
    if isinstance(found, Estimate):
        return sweep.where, found.value, found.low, found.high
    return sweep.where or None, found, found, found


def _plain(value: Any) -> object:
    """A value as a cell of a sheet."""
    return shown(value) if isinstance(value, (list, tuple, bool)) else value
