"""The zoo as a document: its models by family."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.families import ZooModelData, families, zoo_data
from archcost.quantities import format_bytes
from archcost.render.cell_text import figure_cell
from archcost.render.document import Cell, Column, Records, Table, TreeLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.render.document import Block

_SOURCE_WIDTH = 40  # what settings and sources are left with before they leave


class ZooDocument(NamedTuple):
    """Name, params, MACs, peak memory, the settings that can be changed, and the source of every model."""

    reports: Sequence[Report]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read: a row a family, and one for each of its models."""
        del most  # the zoo is as large as it is
        rows: list[Report | None] = []
        names: list[Cell] = []
        for family, members in families(self.reports).items():
            rows += [None, *members]
            names += [Cell(family, strong=True), *[Cell(report.name, level=2) for report in members]]
        yield _table(names, rows)

    def branches(self) -> Iterator[TreeLine]:
        """The names alone."""
        for family, members in families(self.reports).items():
            yield TreeLine(0, family)
            yield from [TreeLine(1, report.name) for report in members]

    def records(self) -> Records:
        """A row a model; of its settings the names."""
        rows = [{**row, "settings": " ".join(row["settings"])} for row in zoo_data(self.reports)]
        return Records(list(ZooModelData.__annotations__), [list(row.values()) for row in rows])

    def data(self) -> object:
        """A list of models."""
        return zoo_data(self.reports)


def _table(names: Sequence[Cell], rows: Sequence[Report | None]) -> Table:
    """Exact figures where there is room for them beside all the rest; the settings leave before the source does."""

    def told(cell: Callable[[Report], Cell | str]) -> list[Cell | str]:
        return ["" if report is None else cell(report) for report in rows]

    def counts(*, exact: bool) -> list[Column]:
        return [
            Column("params", told(lambda report: figure_cell(report.totals.params, exact=exact)), right=True),
            Column("MACs", told(lambda report: figure_cell(report.totals.macs, exact=exact)), right=True),
        ]

    model = Column("model", names)
    peak = Column("peak memory", told(_peak), right=True, rounded=True)
    settings = Column("--set", told(lambda report: ", ".join(report.params)), flexible=True, style="cyan")
    source = Column("source", told(lambda report: report.spec.source), flexible=True, style="dim", leaves=1)
    narrow = Table([model, *counts(exact=False), peak, source], _SOURCE_WIDTH)
    return Table([model, *counts(exact=True), peak, settings, source._replace(leaves=0)], _SOURCE_WIDTH, narrow)


def _peak(report: Report) -> Cell:
    size = report.totals.peak_activation_bytes
    return Cell(f"{size:,} B", format_bytes(size)) if size else Cell("–")
