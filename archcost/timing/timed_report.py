"""A report with predicted times as JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from archcost.indented_json import Stream
from archcost.timing.data import predicted_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.data import ReportData
    from archcost.timing.prediction import PredictedTime, Prediction


def timed_document(report: ReportData, found: Prediction) -> ReportData:
    """The JSON report with ``predicted``, and the time of every layer with what bounds it."""
    document: dict[str, Any] = cast("dict[str, Any]", report)
    layers = document["layers"]
    document["predicted"] = predicted_data(found)
    document["layers"] = Stream(lambda: _timed(layers, found.layers))
    return cast("ReportData", document)


def _timed(layers: Iterable[dict[str, Any]], times: Sequence[PredictedTime]) -> Iterator[dict[str, Any]]:
    for layer, time in zip(layers, times, strict=True):
        layer["predicted_ns"], layer["bound_by"] = time.nanoseconds, time.by or None
        yield layer
