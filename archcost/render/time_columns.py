"""Predicted times beside a report's figures: the time of each row, and what most of it is spent on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.quantities import format_nanoseconds
from archcost.render.chosen_columns import NOTHING, Further, FurtherColumn
from archcost.render.document import Cell
from archcost.render.prediction import caveats, how, page_fault_text, rate_text, update_text
from archcost.timing.kernels import RunMode
from archcost.timing.prediction import Prediction, predict

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.render.table_rows import Row


def predicted(report: Report, device: Device) -> Prediction:
    """The time of a report in eager PyTorch; raises UsageError for a device without the figures."""
    return predict(report, device, RunMode(training=report.graph.training))


def time_columns(found: Prediction) -> Further:
    """Two columns of tables, and two fields of sheets."""
    from archcost.paths import scopes

    spent: dict[str, dict[str, int]] = {}  # of the layers at and below each path, by what bounds them
    for layer in found.layers:
        for path in scopes(layer.path):
            own = spent.setdefault(path, {})
            own[layer.by] = own.get(layer.by, 0) + layer.nanoseconds

    def parts(row: Row) -> dict[str, int]:
        whole: dict[str, int] = {}
        for path in row.paths or (row.path,):
            for by, time in spent.get(path, {}).items():
                whole[by] = whole.get(by, 0) + time
        return whole

    def layer_fields(place: int) -> tuple[object, ...]:
        return found.layers[place].nanoseconds, found.layers[place].by

    columns = [
        FurtherColumn("time", lambda row: _time(sum(parts(row).values())), _time(found.nanoseconds), leads=True),
        FurtherColumn("bound by", lambda row: _most(parts(row)), _most(found.bounds), leads=True),
    ]
    notes = [
        f"time: predicted on {found.device.label} ({how(found)}), not measured: {rate_text(found)}",
        *caveats(found),
        *([f"optimizer: {update_text(found)}"] if found.update_ns else []),
        *([f"page faults: {page_fault_text(found)}"] if found.page_faults else []),
    ]
    return Further(columns, ("predicted_ns", "bound_by"), layer_fields, notes)


def _time(nanoseconds: int) -> Cell:
    return Cell(format_nanoseconds(nanoseconds)) if nanoseconds else Cell(NOTHING, style="dim")


def _most(parts: dict[str, int]) -> Cell:
    by = max(parts, key=parts.__getitem__, default="")
    return Cell(by if by and parts[by] else NOTHING)
