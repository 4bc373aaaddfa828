"""The JSON of verifications and of measured times, in types. Imports no torch.

Figures that nothing measures are null, and so is the verdict on what is only declared.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from archcost.documents import Count, Envelope, Positive, SpecData
from archcost.pytorch.beside import BesideMeasuredData
from archcost.timing.data import PredictedData


class TimingData(TypedDict):
    """Seconds of one run, over all runs; ``iqr`` is null if there was one."""

    median: float
    iqr: float | None
    p95: float
    min: float
    runs: Positive


class EnvironmentData(TypedDict):
    """Where and how it was measured."""

    device: str
    name: str
    threads: Positive
    torch: str
    dtype: str
    channels_last: bool
    compile: bool


class LayerTimeData(TimingData):
    """A layer's time, and what its MACs say of it; ``reason`` says why it takes much longer than they suggest."""

    macs_per_second: float | None
    seconds_that_macs_suggest: float | None
    reason: str | None


class SlowData(TypedDict):
    """Layers of one op that take longer than their MACs suggest, for one reason."""

    op: str
    reason: str
    seconds: float
    layers: list[str]


class RankingData(TypedDict):
    """How well MACs tell the times of the layers that were measured."""

    layers_seconds: float
    rank_correlation: float | None
    rank_correlation_of_layers_with_macs: float | None
    dense_macs_per_second: float | None
    bytes_per_second: float
    longer_than_macs_suggest: list[SlowData]


class ClockData(RankingData):
    """The measured times of a verification, without those of the layers."""

    environment: EnvironmentData
    latency_seconds: TimingData
    launch_seconds: dict[str, float]


class MismatchData(TypedDict):
    """A figure that something else contradicts: the layer or null for the model, both sides, and the likely cause."""

    path: str
    op: str | None
    metric: str
    archcost: Any
    measured: Any
    by: str
    cause: str | None
    file: str | None
    line: Positive | None


class LayerMacsData(TypedDict):
    """A layer's MACs as each side counts them."""

    archcost: Count | None
    torch: Count | None
    fvcore: Count | None
    second_path: Count | None


class TimedData(TypedDict):
    """The time of a layer, where it was measured."""

    latency_seconds: NotRequired[LayerTimeData]
    beside: NotRequired[BesideMeasuredData]


class LayerCheckData(TimedData):
    """A layer's figures beside those that were measured."""

    path: str
    op: str
    declared: bool
    output: list[list[Count]]
    measured_output: list[list[Count]] | None
    params: Count
    measured_params: Count | None
    buffers: Count
    measured_buffers: Count | None
    macs: LayerMacsData
    ok: bool | None


class BothData(TypedDict):
    """A figure of the spec, and of the model that it is compared with."""

    archcost: Any
    target: Any


class KindsData(TypedDict):
    """What a layer is on either side: the same, different, or not known."""

    archcost: str
    target: str
    kinship: str


class PairData(TypedDict):
    """A layer of the spec, and the layers of the other model that have its tensors."""

    path: str
    target: str
    ok: bool
    kind: KindsData
    settings: dict[str, BothData]
    params: BothData
    macs: BothData
    output: BothData


class AgreementData(TypedDict):
    """Layers with tensors: all, those that agree, and those of them whose kind is not known."""

    with_tensors: Count
    agree: Count
    kind_not_known: Count


class ActivationsData(TypedDict):
    """How often each activation runs; ``same`` is null where that cannot be compared."""

    archcost: dict[str, Count]
    target: dict[str, Count]
    same: bool | None


class UnusedData(TypedDict):
    """What the other model has and its forward pass does not run."""

    layers: list[str]
    params: Count


class WeightDtypesData(TypedDict):
    """Of the weights on either side."""

    archcost: str
    target: list[str]


class AgainstData(TypedDict):
    """A spec compared with an existing model."""

    target: str
    dtypes: WeightDtypesData
    params: BothData
    macs: BothData
    layers: AgreementData
    activations: ActivationsData
    matched_layers: list[PairData]
    only_spec: list[str]
    only_target: list[str]
    unused_in_target: UnusedData


class DeclaredData(TypedDict):
    """What the spec only declares, and is compared with nothing."""

    layers: list[str]
    params: Count
    macs: Count


class CoverageData(TypedDict):
    """The MACs of the layers that a counter covers, and those of the others by op."""

    macs: Count
    not_covered: dict[str, Count]


class UnknownLayersData(TypedDict):
    """The layers of which figures are not known, by figure, where there are any."""

    unknown: NotRequired[dict[str, list[str]]]


class ClockedData(TypedDict):
    """The measured times, where they were asked for."""

    latency: NotRequired[ClockData]


class PredictedBesideData(TypedDict):
    """What is predicted of the measured pass, and how far it is from it, where that was asked for."""

    predicted: NotRequired[PredictedData]
    beside: NotRequired[BesideMeasuredData]


class VerificationData(Envelope, UnknownLayersData, ClockedData, PredictedBesideData):
    """Everything that was compared with PyTorch for one spec."""

    spec: SpecData
    batch: Positive
    versions: dict[str, str]
    ok: bool
    proved: bool
    totals: dict[str, Count | None]
    declared: DeclaredData
    coverage: dict[str, CoverageData]
    fvcore_total: Count | None
    expected_figures: Count
    notes: list[str]
    mismatches: list[MismatchData]
    against: AgainstData | None
    layers: list[LayerCheckData]
