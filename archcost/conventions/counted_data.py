"""A report with another tool's figures as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from archcost.indented_json import Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.data import CountedTotalData, ReportData
    from archcost.conventions.tool_report import Count, ToolReport


def counted_document(reading: ToolReport) -> ReportData:
    """The JSON report with a ``convention`` in its totals and in every layer."""
    document: dict[str, Any] = cast("dict[str, Any]", reading.report.document())
    layers = document["layers"]
    document["totals"]["convention"] = _total(reading)
    document["layers"] = Stream(lambda: _counted(layers, reading.counts))
    return cast("ReportData", document)


def _total(reading: ToolReport) -> CountedTotalData:
    convention = reading.convention
    found = {
        "name": convention.name,
        "tool": convention.tool,
        "version": convention.version,
        "unit": convention.unit,
        "figure": reading.total,
        "failure": reading.failure or None,
        "not_covered_macs": reading.missed,
        "functional": list(reading.functional),
    }
    return cast("CountedTotalData", found)


def _counted(layers: Iterable[dict[str, Any]], counts: Sequence[Count]) -> Iterator[dict[str, Any]]:
    for layer, count in zip(layers, counts, strict=True):
        layer["convention"] = {"figure": count.amount, "not_covered_macs": count.missed}
        yield layer
