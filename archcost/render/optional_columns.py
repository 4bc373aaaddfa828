"""Columns that are shown when asked for: bytes moved, arithmetic intensity, receptive fields, and further costs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.analysis.traffic import Traffic, total_traffic
from archcost.figures import COLUMNS, METRICS, WHOLE_MODEL
from archcost.paths import scopes
from archcost.quantities import format_ratio
from archcost.render.cell_text import field_cell
from archcost.render.chosen_columns import ALWAYS, NOTHING, Further, FurtherColumn
from archcost.render.document import Cell
from archcost.render.row_cells import bytes_cell, cost_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.costs import Costs
    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Layer, Report
    from archcost.render.table_rows import Row

LABELS = {
    **{name: METRICS[name].heading for name in COLUMNS},
    "bytes_read": "bytes read",
    "bytes_written": "bytes written",
    "intensity": "FLOPs/B",
    "receptive_field": "receptive field",
}


def parse_columns(texts: Sequence[str]) -> tuple[str, ...]:
    """Names in lists with commas, each once, without those of every table; raises UsageError for an unknown one."""
    from archcost.errors import UsageError, suggestion

    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    names = [name for name in names if name not in ALWAYS]
    for name in names:
        if name not in LABELS:
            hint = suggestion(name, list(LABELS), "columns") or f"known columns: {', '.join(LABELS)}"
            help_text = _of_the_whole_model(name) or hint
            raise UsageError(f"there is no column '{name}'", help_text)
    return tuple(dict.fromkeys(names))


def _of_the_whole_model(name: str) -> str:
    """Where a figure is told that layers do not have; empty for any other name."""
    if name not in WHOLE_MODEL:
        return ""
    told = ", and stands below the table" if METRICS[name].rank else ""
    return f"it is a figure of the whole model, not of layers{told}"


class Extra:
    """The columns of one report that were asked for; raises UsageError for a scope that it does not have."""

    def __init__(self, report: Report, names: Sequence[str], relative_to: str = "") -> None:
        self.names = names
        self.report = report
        self._traffic: dict[str, list[Traffic]] = {}  # of the layers at and below each path
        self._fields: dict[str, ReceptiveField | None] = {}
        if {"bytes_read", "bytes_written", "intensity"}.intersection(names):
            for layer, traffic in zip(report.layers, report.traffic(), strict=True):
                for path in scopes(layer.path):
                    self._traffic.setdefault(path, []).append(traffic)
        if "receptive_field" in names:
            self._find_fields(_scope(report, relative_to))

    def further(self) -> Further:
        """Columns of tables, and fields of sheets."""
        columns = [
            FurtherColumn(LABELS[name], partial(self._cell, name), self._total(name), True) for name in self.names
        ]
        return Further(columns, self.names, self._layer)

    def _find_fields(self, scope: str) -> None:
        report = self.report
        fields = report.receptive_fields(scope)
        for layer, field in zip(report.layers, fields, strict=True):
            for path in scopes(layer.path):
                self._fields[path] = field  # that of the last layer
        producers = report.graph.producers()
        for place in report.graph.scopes:
            if place.outputs and place.outputs[0] >= 0 and place.path in self._fields:
                self._fields[place.path] = fields[producers[place.outputs[0]][0]]

    def _cell(self, name: str, row: Row) -> Cell:
        """What stands in a row: a sum over its layers, or the field of its last output."""
        paths = row.paths or (row.path,)
        if name == "receptive_field":
            return Cell(field_cell(self._fields.get(paths[-1])))
        return _figure(name, row.costs, [part for path in paths for part in self._traffic.get(path, ())])

    def _total(self, name: str) -> Cell:
        """What stands below the rows."""
        if name == "receptive_field":
            return Cell("")
        parts = [part for layer in self.report.layers for part in self._traffic.get(layer.path, ())]
        return _figure(name, self.report.costs, parts)

    def _layer(self, place: int) -> list[object]:
        """The figures of a layer for other programs: fields as ``1x1 3x3``, ratios in six digits."""
        layer = self.report.layers[place]
        return [self._plain(name, layer) for name in self.names]

    def _plain(self, name: str, layer: Layer) -> object:
        if name == "receptive_field":
            field = self._fields[layer.path]
            return (
                " ".join(dict.fromkeys("x".join(map(str, branch.size)) for branch in field.branches)) if field else ""
            )
        if name in COLUMNS:
            return None if layer.costs.unknown(name) else getattr(layer.costs, name)
        traffic = self._traffic[layer.path][0]
        if name != "intensity":
            return traffic.read if name == "bytes_read" else traffic.written
        intensity = None if layer.costs.unknown_flops else traffic.intensity
        return None if intensity is None else f"{float(intensity):.6g}"


def _scope(report: Report, path: str) -> str:
    if not path:
        return ""
    from archcost.explaining.resolve_path import find_path

    return find_path(report, path)


def _figure(name: str, costs: Costs, parts: list[Traffic]) -> Cell:
    """A figure of a row or of the whole."""
    if name in COLUMNS:
        return cost_cell(costs, name)
    traffic = total_traffic(parts)
    if name != "intensity":
        return bytes_cell(traffic.read if name == "bytes_read" else traffic.written)
    if costs.unknown_flops:
        return Cell("unknown")
    return Cell(format_ratio(traffic.intensity) if traffic.intensity else NOTHING)
