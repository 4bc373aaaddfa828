"""A reconciliation as a document: each tool's figure as an exact sum, and what a published figure means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.conventions.data import reconciliation_data
from archcost.quantities import format_exact
from archcost.render import reconciliation_sentences as sentences
from archcost.render.cell_text import known_total
from archcost.render.document import Cell, Column, Gap, Heading, Line, Records, Table, branches_of
from archcost.render.reconciliation_records import ReconciliationRecord, reconciliation_records
from archcost.render.report import title_details
from archcost.render.wrapping import padded, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.conventions.differences import ToolExplanation
    from archcost.conventions.published_search import Match, Search
    from archcost.conventions.quoted_figures import Quoted
    from archcost.conventions.reconciliation import Reconciliation
    from archcost.render.document import Block, TreeLine


class ReconciliationDocument(NamedTuple):
    """All that is known of a model's figures."""

    found: Reconciliation

    def blocks(self, most: int | None) -> Iterator[Block]:
        """A published figure, every tool's figure and its differences, and the figures that the spec quotes."""
        del most  # no table is long
        found = self.found
        yield Heading(found.report.name, title_details(found.report))
        yield Line(f"archcost counts {known_total(found.report, 'macs')} MACs")
        if found.search is not None:
            yield Gap()
            yield from _published(found.search)
        for explanation in found.explanations:
            yield Gap()
            yield from _tool(explanation)
        if found.quoted:
            yield Gap()
            yield from _quoted(found.quoted)
        if found.hint:
            yield Gap()
            yield Line(sentences.HINT, style="dim")

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row a figure."""
        return Records(ReconciliationRecord._fields, reconciliation_records(self.found))

    def data(self) -> object:
        """What programs read."""
        return reconciliation_data(self.found)


def _tool(explanation: ToolExplanation) -> Iterator[Block]:
    """A tool's figure, and what makes it another than archcost's."""
    yield Line(sentences.headline(explanation), style="bold")
    differences = explanation.differences
    amounts = [sentences.signed(difference.difference) for difference in differences]
    names = [difference.what for difference in differences]
    reasons = [sentences.because(difference) for difference in differences]
    if differences:
        wide, long = max(map(len, amounts)), max(map(text_width, names))
        lines = [
            Line(reason, f"  {amount:>{wide}}  {padded(name, long)}  ", indent=wide + 4)
            for amount, name, reason in zip(amounts, names, reasons, strict=True)
        ]
        columns = [Column("what", names), Column("difference", amounts, right=True), Column("because", reasons)]
        yield Table(columns, lines=lines)
    missed = sentences.missed(explanation)
    if missed:
        yield Line(missed, "  ")


def _published(search: Search) -> Iterator[Block]:
    """The figures that may be the published one."""
    for place, (heading, matches) in enumerate(sentences.grouped(search)):
        yield Line(heading, style="" if place else "bold")
        yield _matches(matches)
    if not search.matches:
        return
    if sentences.unshown(search):
        yield Line(f"and {sentences.unshown(search)} more: `--format json` lists them all", "  ")
    yield Line(sentences.chance(search))
    if search.nearest:
        yield Line("The plain figure does not fit:")
        yield _matches(search.nearest)


def _matches(matches: Sequence[Match]) -> Table:
    values = [format_exact(match.figure.value) for match in matches]
    columns = [
        Column("figure", values, right=True),
        Column("what", [match.figure.what for match in matches]),
        Column("settings", [", ".join(match.settings) for match in matches]),
        Column("printed", [sentences.way(match) for match in matches]),
        Column("arithmetic", [match.figure.arithmetic for match in matches]),
    ]
    return Table(columns, lines=list(_match_lines(matches, values)))


def _match_lines(matches: Sequence[Match], values: Sequence[str]) -> Iterator[Line]:
    wide = max(map(len, values), default=0)
    for value, match in zip(values, matches, strict=True):
        yield Line(f"{sentences.words(match)} ({sentences.way(match)})", f"  {value:>{wide}}  ")
        if match.figure.arithmetic:
            yield Line(match.figure.arithmetic, " " * (wide + 6))


def _quoted(rows: Sequence[Quoted]) -> Iterator[Block]:
    """The figures that the spec quotes; a terminal names those alone that no convention gives."""
    wrong = [row for row in rows if not row.reproduced]
    count = f"{len(rows)} published figure{'s' * (len(rows) != 1)}"
    yield Line(f"The spec quotes {count}: {len(rows) - len(wrong)} reproduced", style="bold")
    columns = [
        Column("of", [sentences.where(row) for row in rows]),
        Column("metric", [row.metric for row in rows]),
        Column("published", [f"{row.value:,}" for row in rows], right=True),
        Column("source", [row.source for row in rows]),
        Column("archcost", [f"{row.computed:,}" for row in rows], right=True),
        Column("nearest", [f"{row.nearest.value:,}" for row in rows], right=True),
        Column("is", [row.nearest.what for row in rows]),
        Column("off", [sentences.off(row) for row in rows], right=True),
        Column("", ["" if row.reproduced else Cell("not reproduced", strong=True) for row in rows]),
    ]
    yield Table(columns, lines=list(_wrong_lines(wrong)))


def _wrong_lines(wrong: Sequence[Quoted]) -> Iterator[Line]:
    if not wrong:
        return
    yield Line(f"No convention comes within 2.5% of {'this one' if len(wrong) == 1 else f'these {len(wrong)}'}:")
    wide = max([text_width(sentences.where(row)) for row in wrong])
    for row in wrong:
        yield Line(sentences.quoted_words(row), f"  {padded(sentences.where(row), wide)}  ", indent=4)
