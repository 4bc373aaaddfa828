"""Three models and more as a document: a row each, the smallest figure of every column marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing import smallest, telling_metrics
from archcost.comparing.data import side_by_side_data
from archcost.comparing.naming import labels
from archcost.figures import METRICS, PEAK, RUN, TOTALS, told_of
from archcost.render.comparison_cells import total_cell
from archcost.render.document import WHOLE, Column, Line, Records, Table, TreeLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Report
    from archcost.render.document import Block, Cell

_SMALLEST = "▸"
_LEGEND = f"{_SMALLEST} the smallest"
_STAY = ("params", "macs")  # where the page is narrowest
_FIRST_TO_LEAVE = ("activation_bytes", PEAK, "weight_bytes", "flops")  # before the others, which leave from the right


class SideBySideDocument(NamedTuple):
    """The totals of models beside each other, in the order given."""

    reports: Sequence[Report]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read: a row a model."""
        del most  # there are as many rows as figures
        yield _table(self.reports)
        yield Line(_LEGEND, style="dim")

    def branches(self) -> Iterator[TreeLine]:
        """The figures of each model below its name."""
        figures = {metric: _cells(self.reports, metric) for metric in telling_metrics(self.reports)}
        for place, name in enumerate(labels(self.reports)):
            yield TreeLine(0, name)
            for metric, cells in figures.items():
                yield TreeLine(1, f"{METRICS[metric].label} {cells[place].short}".rstrip())
        yield TreeLine(0, _LEGEND)

    def records(self) -> Records:
        """A row a model; nothing for what is unknown."""
        metrics = told_of(TOTALS, training=any(report.totals.training for report in self.reports))
        rows = [
            (name, *[None if report.costs.unknown(metric) else getattr(report.totals, metric) for metric in metrics])
            for name, report in zip(labels(self.reports), self.reports, strict=True)
        ]
        return Records(("model", *metrics), rows)

    def data(self) -> object:
        """The document of several models."""
        return side_by_side_data(self.reports)


def _table(reports: Sequence[Report]) -> Table:
    """A row a model; where the page is narrow, figures leave one by one."""
    metrics = telling_metrics(reports)
    others = [metric for metric in reversed(metrics) if metric not in (*_STAY, *_FIRST_TO_LEAVE, RUN)]
    leaving = [*_FIRST_TO_LEAVE, *others, RUN]
    figures = [
        Column(
            METRICS[metric].label,
            _cells(reports, metric),
            right=True,
            leaves=0 if metric in _STAY else 1 + leaving.index(metric),
        )
        for metric in metrics
    ]
    return Table([Column("model", labels(reports), flexible=True), *figures], least_flexible=WHOLE)


def _cells(reports: Sequence[Report], metric: str) -> list[Cell]:
    """A figure of every model, the smallest marked."""
    least = smallest(reports, metric)
    return [_cell(report, metric, least) for report in reports]


def _cell(report: Report, metric: str, least: int | None) -> Cell:
    value, unknown = getattr(report.totals, metric), report.costs.unknown(metric)
    found = total_cell(value, metric, unknown)
    if value != least or unknown:
        return found
    return found._replace(text=f"{_SMALLEST} {found.text}", short=f"{_SMALLEST} {found.short}", style="bold")
