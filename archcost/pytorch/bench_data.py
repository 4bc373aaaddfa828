"""Measurements of models as JSON values, and their types. Imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, TypedDict, cast

from archcost.analysis.data import spec_data
from archcost.displays import in_line, in_notebook
from archcost.documents import Count, Identified, Positive, SpecData, identified
from archcost.pytorch.beside import BesideMeasuredData, layers_beside, mismatch_of, model_beside
from archcost.pytorch.data import EnvironmentData, TimingData, UnknownLayersData
from archcost.pytorch.timing import times_slower, warnings
from archcost.timing.data import PredictedData, predicted_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Layer
    from archcost.pytorch.timing import Latency, Ratio


class RatioData(TypedDict):
    """How many times slower than the fastest model, and the error of that; null where either ran once."""

    ratio: float
    error: float | None


class BenchLayerData(TypedDict):
    """A layer's time; null of what is only declared."""

    path: str
    op: str
    macs: Count | None
    latency_seconds: TimingData | None
    beside: NotRequired[BesideMeasuredData | None]


class BenchModelData(UnknownLayersData):
    """A model's time, end to end and by layers; rates are of the MACs that ran, without those only declared.

    ``predicted`` and ``beside`` are there where a prediction was asked for.
    """

    spec: SpecData
    batch: Positive
    environment: EnvironmentData
    latency_seconds: TimingData
    throughput_per_second: float
    macs: Count
    declared: list[str]
    measured_macs: Count
    macs_per_second: float
    peak_device_bytes: Count | None
    times_slower_than_fastest: RatioData
    warnings: list[str]
    predicted: NotRequired[PredictedData]
    beside: NotRequired[BesideMeasuredData]
    layers: list[BenchLayerData]


class BenchData(Identified):
    """Measurements of one model or of several."""

    results: list[BenchModelData]


class Bench(NamedTuple):
    """Measurements of models that were made in turn."""

    results: tuple[Latency, ...]

    def __repr__(self) -> str:
        names = [result.report.name for result in self.results]
        return in_line(self, *names, seconds=[result.total.median for result in self.results])

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.bench/1``."""
        return {**bench_data(self.results)}


def bench_data(results: Sequence[Latency]) -> BenchData:
    """The JSON form."""
    models = [_model(result, ratio) for result, ratio in zip(results, times_slower(results), strict=True)]
    return {**identified("bench"), "results": models}


def known_macs(layer: Layer) -> int | None:
    """A layer's MACs; None where nobody has declared them."""
    return None if layer.costs.unknown_macs else layer.macs


def _model(result: Latency, ratio: Ratio) -> BenchModelData:
    report = result.report
    layers = report.unknown_layers()
    unknown: UnknownLayersData = {"unknown": layers} if layers else {}
    document: dict[str, Any] = {
        "spec": spec_data(report),
        "batch": report.batch,
        "environment": result.environment.to_dict(),
        "latency_seconds": result.total.to_dict(),
        "throughput_per_second": result.throughput,
        "macs": report.totals.macs,
        **unknown,
        "declared": result.declared,
        "measured_macs": result.macs,
        "macs_per_second": result.macs_per_second,
        "peak_device_bytes": result.peak_device_bytes,
        "times_slower_than_fastest": {"ratio": ratio[0], "error": ratio[1]},
        "warnings": [*warnings(result), *mismatch_of(result)],
        **_predicted(result),
        "layers": _layers(result),
    }
    return cast("BenchModelData", document)


def _predicted(result: Latency) -> dict[str, Any]:
    found, beside = result.prediction, model_beside(result)
    return {} if found is None or beside is None else {"predicted": predicted_data(found), "beside": beside.to_dict()}


def _layers(result: Latency) -> list[BenchLayerData]:
    found: list[BenchLayerData] = []
    for layer, timing, beside in zip(result.report.layers, result.layers, layers_beside(result), strict=False):
        one: BenchLayerData = {
            "path": layer.path,
            "op": layer.op,
            "macs": known_macs(layer),
            "latency_seconds": timing.to_dict() if timing is not None else None,
        }
        if result.prediction is not None:
            one["beside"] = beside.to_dict() if beside is not None else None
        found.append(one)
    return found
