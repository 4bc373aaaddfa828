"""A prediction as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, TypedDict, cast

from archcost.analysis.data import spec_data
from archcost.documents import AtLeast, Count, Envelope, Positive, SpecData, envelope

if TYPE_CHECKING:
    from archcost.timing.error_classes import ErrorClass
    from archcost.timing.prediction import Prediction

Bound = Literal["products", "memory", "arithmetic", "launch"]
_SHARES: tuple[Literal["median_error", "p90_error", "rank_correlation"], ...] = (
    "median_error",
    "p90_error",
    "rank_correlation",
)
_Rate = Annotated[Count, "Rounded down: 0 of less than one, and where nothing runs. The batch ÷ predicted_ns is exact."]
_Guessed = Annotated[
    Literal["bfloat16", "float16"], "No rate in it is known of the device: its products are taken at that of float32."
]
_Update = Annotated[
    Positive, "What the optimizer takes to update all params: in predicted_ns and bounds, and in no layer."
]
_Unknown = Annotated[list[str], AtLeast(1), "Layers of which the MACs are unknown, and not in the time."]


class PredictedTimeData(TypedDict):
    """A layer, the predicted time of all its kernels, and what most of it is spent on; null where it runs nothing."""

    path: str
    op: str
    predicted_ns: Count
    bound_by: Bound | None


class BoundsData(TypedDict):
    """The nanoseconds by what bounds the layers and the update: products, bytes, other arithmetic, launches.

    ``page_faults`` are in no layer: what pages cost that a run touches anew, where the device was measured.
    """

    products: Count
    memory: Count
    arithmetic: Count
    launch: Count
    page_faults: NotRequired[Positive]


class ErrorClassData(TypedDict):
    """How wrong predictions of this kind have been, against throughput that others measured and published."""

    family: str
    dtype: str
    mode: str
    regime: str
    median_error: Annotated[float, "Half of the predictions were closer than this share of what was measured."]
    p90_error: Annotated[float, "Nine of ten were."]
    rank_correlation: float
    measurements: Positive
    models: Positive
    devices: Positive


class PredictedData(TypedDict):
    """How long a run of a model takes on a device, without its layers; it is predicted, not measured."""

    name: str
    device: str
    title: str
    mixed: str | None
    compiled: bool
    channels_last: bool
    plain_attention: bool
    predicted_ns: Count
    samples_per_second: _Rate
    bounds: BoundsData
    update_ns: NotRequired[_Update]
    error: Annotated[ErrorClassData | None, "Null: not validated."]
    unknown_macs: NotRequired[_Unknown]
    guessed_rate: NotRequired[_Guessed]


TIMED: dict[str, Any] = {"predicted": NotRequired[list[PredictedData]]}  # of documents that may have times


class PredictionData(Envelope):
    """How long a run of a model takes on a device; it is predicted, not measured."""

    spec: SpecData
    batch: Positive
    dtype: str
    mixed: str | None
    device: str
    title: str
    mode: Literal["inference", "training"]
    optimizer: str | None
    compiled: bool
    channels_last: bool
    plain_attention: bool
    predicted_ns: Count
    samples_per_second: _Rate
    bounds: BoundsData
    update_ns: NotRequired[_Update]
    error: Annotated[ErrorClassData | None, "Null: not validated."]
    unknown_macs: NotRequired[_Unknown]
    guessed_rate: NotRequired[_Guessed]
    layers: list[PredictedTimeData]


def _bounds_data(found: Prediction) -> BoundsData:
    return cast("BoundsData", {name.replace(" ", "_"): time for name, time in found.bounds.items()})


def prediction_data(found: Prediction) -> PredictionData:
    """The JSON form."""
    report, run = found.report, found.run
    document: dict[str, Any] = {
        **envelope("prediction"),
        "spec": spec_data(report),
        "batch": report.batch,
        "dtype": report.dtype,
        "mixed": run.mixed or None,
        "device": found.device.name,
        "title": found.device.label,
        "mode": "training" if run.training else "inference",
        "optimizer": run.optimizer if run.training else None,
        "compiled": run.compiled,
        "channels_last": run.channels_last,
        "plain_attention": run.plain_attention,
        "predicted_ns": found.nanoseconds,
        "samples_per_second": found.throughput,
        "bounds": _bounds_data(found),
        "error": error_data(found.error) if found.error else None,
        **_further_data(found),
        "layers": [
            {"path": layer.path, "op": layer.op, "predicted_ns": time.nanoseconds, "bound_by": time.by or None}
            for layer, time in zip(report.layers, found.layers, strict=True)
        ],
    }
    return cast("PredictionData", document)


def predicted_data(found: Prediction) -> PredictedData:
    """The JSON form without the layers, for the documents that have them."""
    run = found.run
    document: dict[str, Any] = {
        "name": found.report.name,
        "device": found.device.name,
        "title": found.device.label,
        "mixed": run.mixed or None,
        "compiled": run.compiled,
        "channels_last": run.channels_last,
        "plain_attention": run.plain_attention,
        "predicted_ns": found.nanoseconds,
        "samples_per_second": found.throughput,
        "bounds": _bounds_data(found),
        "error": error_data(found.error) if found.error else None,
    }
    return cast("PredictedData", {**document, **_further_data(found)})


def _further_data(found: Prediction) -> dict[str, Any]:
    told = {"update_ns": found.update_ns, "unknown_macs": found.unknown, "guessed_rate": found.guessed_rate}
    return {name: value for name, value in told.items() if value}


def error_of(given: ErrorClassData) -> ErrorClass:
    """The class of its JSON form."""
    from archcost.timing.error_classes import ErrorClass, PredictionKind

    kind = PredictionKind(given["family"], given["dtype"], given["mode"], given["regime"])
    median, p90, rank = [round(given[key] * 1000) for key in _SHARES]
    return ErrorClass(kind, median, p90, rank, given["measurements"], given["models"], given["devices"])


def error_data(found: ErrorClass) -> ErrorClassData:
    """The JSON form of an error class; its shares are in thousandths, exactly."""
    return {
        "family": found.kind.family,
        "dtype": found.kind.dtype,
        "mode": found.kind.mode,
        "regime": found.kind.regime,
        "median_error": found.median / 1000,
        "p90_error": found.p90 / 1000,
        "rank_correlation": found.rank / 1000,
        "measurements": found.rows,
        "models": found.models,
        "devices": found.devices,
    }
