"""A sweep as a document: how many designs there are, those that were asked for, and why others are invalid."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.figures import BYTES, METRICS, TIME
from archcost.quantities import format_bytes, format_count, format_exact, format_nanoseconds
from archcost.render.document import Cell, Column, Gap, Heading, Line, Records, Table, branches_of, rows_left_out
from archcost.sweeping.data import row_data, sweep_data
from archcost.sweeping.exact.intervals import Estimate
from archcost.sweeping.row_values import rows_of
from archcost.sweeping.values import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from archcost.render.document import Block, TreeLine
    from archcost.sweeping.causes import Cause
    from archcost.sweeping.exact.counting import Histogram
    from archcost.sweeping.row_values import Row
    from archcost.sweeping.space import Axis, Space
    from archcost.sweeping.sweep import Sweep

LISTED = 20  # rows on a terminal, where no number was asked for
_FACTORS = 5  # axes that a headline names
_CAUSES = 10
_NOUNS = (
    "width",
    "depth",
    "resolution",
    "size",
    "kernel",
    "layer",
    "head",
    "block",
    "channel",
    "group",
    "ratio",
    "rate",
)


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
        if sweep.histogram is not None:
            yield _histogram_table(sweep.histogram)
        elif sweep.ask.histogram:
            yield Line("no design, so there is nothing to count")
        if sweep.listing is not None:
            yield from self._rows(most)
        yield from _causes(sweep)

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
        names, metrics = sweep.space.target_names, sweep.ask.metrics
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
    rows: Callable[[], Iterator[Row]]
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
        return Records((*self.space.target_names, *self.metrics), rows)

    def data(self) -> object:
        """A design each."""
        return [row_data(row) for row in self.rows()]


# --- words ------------------------------------------------------------------------------------------------------------


def headline(sweep: Sweep) -> str:
    """How the space is made, how many designs it has, and how many of them meet the condition."""
    space = sweep.space
    axes = " × ".join([f"{len(axis):,} {_plural(axis, len(axis))}" for axis in space.axes])
    if len(space.axes) > _FACTORS:
        axes = f"{len(space.axes)} axes"
    if not space.axes:
        return "1 design: nothing varies"
    parts = [*_counted(sweep, axes)]
    if sweep.invalid:
        parts.append(f"{sweep.invalid:,} invalid")
    if sweep.meeting is not None and not sweep.ask.counts:
        parts.append(_meeting(sweep, sweep.meeting))
    if sweep.ask.sample is not None and sweep.listing is not None:
        parts.append(f"{sweep.ask.sample:,} drawn with seed {sweep.ask.seed}")
    if sweep.ask.pareto and sweep.listing is not None:
        ends = ", ".join(
            [f"{'least' if sense == 'min' else 'most'} {_label(name)}" for name, sense in sweep.ask.pareto]
        )
        parts.append(f"front of {len(sweep.listing):,} by {ends}")
    return " · ".join(parts)


def _counted(sweep: Sweep, axes: str) -> Iterator[str]:
    size, designs = sweep.space.size, sweep.designs
    many = len(sweep.space.axes) > _FACTORS
    distinct = bool(sweep.answers.tables.distinct) and designs + sweep.invalid < size
    if distinct:
        yield axes if many else f"{axes} = {size:,} settings"
        yield f"{designs:,} distinct designs"
    elif designs < size:
        yield f"{axes} · {size:,} settings" if many else f"{axes} = {size:,} settings"
        yield f"{designs:,} designs"
    else:
        yield f"{axes} · {designs:,} designs" if many else f"{axes} = {designs:,} designs"


def _meeting(sweep: Sweep, found: int | Estimate) -> str:
    where = sweep.answers.where
    only_budgets = bool(where.bounds) and not (where.conditions or where.rest or where.late)
    what = "meet the budgets" if only_budgets else "meet the condition"
    if only_budgets and len(where.bounds) == 1:
        what = "meet the budget"
    if isinstance(found, Estimate):
        return f"about {found.value:,} {what}, an estimate"
    return f"{found:,} {what if found != 1 else what.replace('meet', 'meets', 1)}"


def count_text(sweep: Sweep) -> str:
    """The answer to a count: exact, or an estimate with its interval, said so in words."""
    found = sweep.meeting
    assert found is not None, "there is a condition"
    if isinstance(found, Estimate):
        share = f"{_percent(found.low, sweep.designs)} to {_percent(found.high, sweep.designs)}"
        return f"{sweep.where}: {found} ({share})"
    return f"{sweep.where}: {found:,} ({_percent(found, sweep.designs)}), counted exactly"


def _percent(part: int, whole: int) -> str:
    """A share to four digits, from integers: ``3.935%``, ``0.00004%``."""
    if not part or not whole:
        return "0%"
    digits = 3
    while part * 10 ** (digits + 2) < whole * 1000 and digits < 40:  # noqa: PLR2004 - four digits, and an end
        digits += 1
    scaled = (2 * part * 10 ** (digits + 2) + whole) // (2 * whole)
    whole_part, rest = divmod(scaled, 10**digits)
    return f"{whole_part}.{rest:0{digits}d}".rstrip("0").rstrip(".") + "%"


def _plural(axis: Axis, count: int) -> str:
    name = axis.name.replace(",", "/")
    return f"{name}s" if count != 1 and name.rpartition("_")[2] in _NOUNS else name


def _label(metric: str) -> str:
    return METRICS[metric].label if metric in METRICS else metric


# --- tables -----------------------------------------------------------------------------------------------------------


def design_table(space: Space, metrics: Sequence[str], rows: Sequence[Row]) -> Table:
    """Designs: what the axes set, and figures."""
    figures = [_figure_column(name, rows)._replace(leaves=len(metrics) - place) for place, name in enumerate(metrics)]
    columns = [*_value_columns(space, rows), figures[0]._replace(leaves=0), *figures[1:]]
    if any(row.error for row in rows):
        errors = [Cell(row.error.message if row.error else "", style="red") for row in rows]
        columns.append(Column("error", errors, flexible=True))
    return Table(columns)


def _value_columns(space: Space, rows: Sequence[Row]) -> Iterator[Column]:
    """A column for each param; the elements of a list that vary stand together."""
    names: dict[str, list[str]] = {}
    for axis in space.axes:
        for target in axis.targets:
            names.setdefault(target.param, []).append(str(target))
    for param, parts in names.items():
        columns = [_texts([row.values[name] for row in rows]) for name in parts]
        numbers = all(isinstance(row.values[name], (int, float)) for row in rows for name in parts)
        heading = parts[0] if len(parts) == 1 else f"{param}[…]"
        cells = [",".join(each) for each in zip(*columns, strict=True)]
        yield Column(heading, cells, right=numbers and len(parts) == 1, flexible=len(parts) > 1)


def _texts(values: Sequence[Any]) -> list[str]:
    """Values as they are written; fractions with equally many decimals."""
    texts = list(map(shown, values))
    if not any(isinstance(value, float) for value in values) or any("e" in text or "n" in text for text in texts):
        return texts
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return [
        f"{value:.{decimals}f}" if isinstance(value, float) else text for value, text in zip(values, texts, strict=True)
    ]


def _figure_column(name: str, rows: Sequence[Row]) -> Column:
    return Column(_heading(name), [_figure(name, row.figures.get(name)) for row in rows], right=True)


def _figure(name: str, value: int | None) -> Cell:
    if value is None:
        return Cell("–")
    unit = METRICS[name].unit if name in METRICS else ""
    if unit == TIME:
        return Cell(format_nanoseconds(value))
    return Cell(format_exact(value), format_bytes(value) if unit == BYTES else format_count(value))


def _heading(name: str) -> str:
    return METRICS[name].heading if name in METRICS else name


def _histogram_table(found: Histogram) -> Table:
    unit = METRICS[found.metric].unit if found.metric in METRICS else ""
    short = format_bytes if unit == BYTES else format_nanoseconds if unit == TIME else format_count
    edges = [Cell(format_exact(edge), short(edge)) for edge in found.edges]
    return Table(
        [
            Column(f"{_heading(found.metric)} from", edges[:-1], right=True),
            Column("to", edges[1:], right=True),
            Column("designs", [Cell(format_exact(each), format_count(each)) for each in found.counts], right=True),
            Column("", [""] * len(found.counts), parts=found.counts),
        ]
    )


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


# --- what is invalid --------------------------------------------------------------------------------------------------


def _causes(sweep: Sweep) -> Iterator[Block]:
    """Each cause with the message, place and help of a single analysis, and a design that has it."""
    if not sweep.causes:
        return
    if sweep.listing is None and sweep.histogram is None:  # a table has a gap behind it
        yield Gap()
    yield Line(f"{sweep.invalid:,} of {sweep.invalid + sweep.designs:,} settings are invalid:", style="bold")
    for cause in islice(sweep.causes, _CAUSES):
        yield Line(_cause_text(sweep, cause), head=f"{cause.designs:,}× " if cause.designs else "– ", literal=True)
    if len(sweep.causes) > _CAUSES:
        yield Line(f"and {len(sweep.causes) - _CAUSES:,} more causes: `--format json` has them", style="dim")


def _cause_text(sweep: Sweep, cause: Cause) -> str:
    problem = cause.diagnostic
    values = sweep.space.values_of(cause.example)
    sets = ", ".join([f"{target}={shown(value)}" for target, value in islice(values.items(), _FACTORS)])
    place = f" ({problem.mark})" if problem.mark else ""
    more = ", …" if len(values) > _FACTORS else ""
    return f"{problem.message}{place}, for instance with {sets}{more}" + (
        f"; help: {problem.help}" if problem.help else ""
    )
