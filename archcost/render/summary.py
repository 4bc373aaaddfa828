"""Several models as a document: a row each, and what is known of one with a mistake is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing.naming import model_names
from archcost.figures import METRICS, PEAK, RUN
from archcost.render.convention_columns import heading, total_cell
from archcost.render.document import WHOLE, Column, Gap, Table, TreeLine
from archcost.render.report import report_blocks, report_branches, size_cell
from archcost.render.report_records import report_data, report_records
from archcost.render.row_cells import cost_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.render.document import Block, Cell, Records
    from archcost.render.report_view import ModelView


class SummaryDocument(NamedTuple):
    """Several models, a row each; where rows are asked for, each has its own table before."""

    views: Sequence[ModelView]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The reports, and the summary."""
        known = [(view, view.report) for view in self.views if view.report is not None and view.wanted.detailed]
        for place, (view, report) in enumerate(known):
            if place:
                yield Gap()
            yield from report_blocks(view, report, most)
        yield summary_table(self.views)

    def branches(self) -> Iterator[TreeLine]:
        """A tree each."""
        for place, view in enumerate(self.views):
            if place:
                yield TreeLine(0, "")
            if view.report is not None:
                yield from report_branches(view, view.report)
            else:
                yield TreeLine(0, f"{view.name}  {view.mark}: no layer")

    def records(self) -> Records:
        """Every layer of every model."""
        return report_records(self.views)

    def data(self) -> object:
        """A report each."""
        return [report_data(view) for view in self.views]


def summary_table(views: Sequence[ModelView]) -> Table:
    """A row a model; names are cut only once the figures are rounded, and columns leave from the right."""
    reports = [view.report for view in views]
    columns = [
        Column("model", _labels(views), flexible=True),
        Column("params", [cost_cell(each.costs, "params") if each else "" for each in reports], right=True),
        Column("MACs", [cost_cell(each.costs, "macs") if each else "" for each in reports], right=True),
        *_tool_columns(views),
        Column(METRICS[RUN].label, _sizes(reports, RUN), right=True, leaves=4),
        Column("layers", [f"{each.totals.layers:,}" if each else "" for each in reports], right=True, leaves=3),
        Column("weights", _sizes(reports, "weight_bytes"), right=True, leaves=2),
        Column(METRICS[PEAK].label, _sizes(reports, PEAK), right=True, leaves=1),
    ]
    exact = [column._replace(leaves=0) for column in columns]
    return Table(exact, WHOLE, narrow=Table([column._replace(rounded=True) for column in columns]))


def _labels(views: Sequence[ModelView]) -> list[str]:
    """Their names, told apart, with their marks."""
    known = iter(model_names([view.report for view in views if view.report is not None]))
    return [(view if view.report is None else view._replace(name=next(known))).label for view in views]


def _sizes(reports: Sequence[Report | None], metric: str) -> list[Cell | str]:
    return [size_cell(getattr(each.totals, metric)) if each else "" for each in reports]


def _tool_columns(views: Sequence[ModelView]) -> list[Column]:
    """Another tool's figures, if they are asked for."""
    readings = [view.reading for view in views]
    head = next((heading(reading) for reading in readings if reading is not None), "")
    if not head:
        return []
    return [Column(head, [total_cell(each) if each is not None else "" for each in readings], right=True, leaves=5)]
