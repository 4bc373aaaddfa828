"""Columns that are shown when asked for: bytes moved, arithmetic intensity, receptive fields, and further costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.traffic import Traffic, total_traffic
from archcost.paths import scopes
from archcost.render.text import bytes_cell, cost_cell, field_cell
from archcost.units import format_ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.costs import Costs
    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.render.rows import Row

LABELS = {
    "flops": "FLOPs",
    "active_params": "active params",
    "buffers": "buffers",
    "weight_bytes": "weight bytes",
    "activation_bytes": "activation bytes",
    "cache_bytes": "cache bytes",
    "bytes_read": "bytes read",
    "bytes_written": "bytes written",
    "intensity": "FLOPs/B",
    "receptive_field": "receptive field",
}
_COSTS = ("flops", "active_params", "buffers", "weight_bytes", "activation_bytes", "cache_bytes")


class Chosen(NamedTuple):
    """The columns asked for, and the scope whose input receptive fields are relative to."""

    names: tuple[str, ...]
    relative_to: str = ""

    def of(self, report: Report) -> Extra:
        """The columns of a report; raises UsageError for a scope that it does not have."""
        return Extra(report, self)


def parse_columns(texts: Sequence[str]) -> tuple[str, ...]:
    """Names in lists with commas, each once; raises UsageError for one that there is not."""
    from archcost.errors import UsageError, suggestion

    names = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    for name in names:
        if name not in LABELS:
            raise UsageError(f"there is no column '{name}'", suggestion(name, list(LABELS), "columns"))
    return tuple(dict.fromkeys(names))


class Extra:
    """The chosen columns of one report."""

    def __init__(self, report: Report, chosen: Chosen) -> None:
        self.names = chosen.names
        self.report = report
        self._traffic: dict[str, list[Traffic]] = {}  # of the layers at and below each path
        self._fields: dict[str, ReceptiveField | None] = {}
        if {"bytes_read", "bytes_written", "intensity"}.intersection(self.names):
            for layer, traffic in zip(report.layers, report.traffic(), strict=True):
                for path in scopes(layer.path):
                    self._traffic.setdefault(path, []).append(traffic)
        if "receptive_field" in self.names:
            self._find_fields(_scope(report, chosen.relative_to))

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

    def headings(self) -> list[str]:
        """The labels of the columns."""
        return [LABELS[name] for name in self.names]

    def cells(self, row: Row, *, exact: bool) -> list[str]:
        """What stands in a row: sums over its layers, and the field of its last output."""
        paths = row.paths or (row.path,)
        traffic = total_traffic([part for path in paths for part in self._traffic.get(path, [])])
        field = field_cell(self._fields.get(paths[-1]))
        return [
            field if name == "receptive_field" else _figure(name, row.costs, traffic, exact=exact)
            for name in self.names
        ]

    def totals(self, *, exact: bool) -> list[str]:
        """What stands below the rows."""
        traffic = total_traffic([part for layer in self.report.layers for part in self._traffic.get(layer.path, [])])
        costs = self.report.costs
        return ["" if name == "receptive_field" else _figure(name, costs, traffic, exact=exact) for name in self.names]

    def plain_cells(self, index: int, known: Sequence[str]) -> list[str]:
        """The figures of a layer for other programs, but those known: fields as ``1x1 3x3``, ratios in six digits."""
        layer = self.report.layers[index]
        cells = []
        for name in self.names:
            if name in known:
                continue
            if name == "receptive_field":
                field = self._fields[layer.path]
                sizes = dict.fromkeys("x".join(map(str, branch.size)) for branch in field.branches) if field else ()
                cells.append(" ".join(sizes))
            elif name in _COSTS:
                cells.append("" if layer.costs.unknown(name) else str(getattr(layer.costs, name)))
            elif name == "intensity" and layer.costs.unknown_flops:
                cells.append("")
            else:
                cells.append(_plain_traffic(name, self._traffic[layer.path][0]))
        return cells


def _scope(report: Report, path: str) -> str:
    if not path:
        return ""
    from archcost.explaining.find import find_path

    return find_path(report, path)


def _figure(name: str, costs: Costs, traffic: Traffic, *, exact: bool) -> str:
    """A figure of a row or of the whole."""
    if name in _COSTS:
        return cost_cell(costs, name, exact=exact)
    if name == "intensity" and costs.unknown_flops:
        return "unknown"
    return _traffic_cell(name, traffic, exact=exact)


def _traffic_cell(name: str, traffic: Traffic, *, exact: bool) -> str:
    if name == "intensity":
        intensity = traffic.intensity
        return format_ratio(intensity) if intensity else "–"
    return bytes_cell(traffic.read if name == "bytes_read" else traffic.written, exact=exact)


def _plain_traffic(name: str, traffic: Traffic) -> str:
    if name == "intensity":
        return "" if traffic.intensity is None else f"{float(traffic.intensity):.6g}"
    return str(traffic.read if name == "bytes_read" else traffic.written)
