"""The clock beside the counts: every layer measured as ``bench`` measures it, and what its MACs say of its time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from archcost.errors import UsageError
from archcost.ops.conv import ConvBase
from archcost.ops.recurrent import GRU, LSTM, RNN
from archcost.pytorch.devices import choose_device
from archcost.pytorch.latency import MeasureSettings, measure, yardsticks
from archcost.pytorch.ranking import Ranking, Sample, Scales
from archcost.quantities import format_bytes

if TYPE_CHECKING:
    from archcost.analysis.report import Layer, Report
    from archcost.pytorch.data import ClockData, LayerTimeData
    from archcost.pytorch.latency import Yardsticks
    from archcost.pytorch.timing import Latency, Timing

MAX_CPU_BYTES = 6 * 2**30  # of weights and live activations


@dataclass(frozen=True, slots=True)
class LayerTime:
    """One layer's time; ``reason`` says why it takes much longer than its MACs suggest, and is empty if it does not."""

    timing: Timing
    macs: int
    suggested: float | None
    reason: str

    @property
    def macs_per_second(self) -> float:
        """What the layer achieves."""
        return self.macs / self.timing.median

    def to_dict(self) -> LayerTimeData:
        """The JSON form."""
        return {
            **self.timing.to_dict(),
            "macs_per_second": self.macs_per_second if self.macs else None,
            "seconds_that_macs_suggest": self.suggested,
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True)
class Clock:
    """The measured times of a report; those of layers that are only declared are None: a stand-in has none."""

    latency: Latency
    layers: tuple[LayerTime | None, ...]
    ranking: Ranking
    yardsticks: Yardsticks

    def to_dict(self) -> ClockData:
        """The JSON form, without the layers."""
        return {
            "environment": self.latency.environment.to_dict(),
            "latency_seconds": self.latency.total.to_dict(),
            "launch_seconds": self.yardsticks.launch_seconds,
            **self.ranking.to_dict(),
        }


def clock(report: Report, settings: MeasureSettings) -> Clock:
    """Measure a report end to end and layer by layer; UsageError if the device is missing or too small."""
    require_memory(report, settings.device)
    (latency,) = measure([report], replace(settings, layers=True))
    sticks = yardsticks(settings)
    samples = [
        None if timing is None else _sample(layer, traffic.moved, timing, sticks)
        for layer, traffic, timing in zip(report.layers, report.traffic(), latency.layers, strict=True)
    ]
    known = tuple([sample for sample in samples if sample is not None])
    scales = Scales.of(known, sticks.bytes_per_second)
    layers = [
        LayerTime(timing, sample.macs, scales.suggested(sample), scales.reason(sample)) if sample and timing else None
        for sample, timing in zip(samples, latency.layers, strict=True)
    ]
    return Clock(latency, tuple(layers), Ranking(known, scales), sticks)


def _sample(layer: Layer, moved: int, timing: Timing, sticks: Yardsticks) -> Sample:
    op = layer.node.op
    sort = "other" if not layer.macs else "conv" if isinstance(op, ConvBase) else "linear"
    inputs = layer.node.signature.inputs
    return Sample(
        path=layer.path,
        op=layer.op,
        seconds=timing.median,
        macs=layer.macs,
        moved=moved,
        launch=sticks.launch_seconds[sort],
        groups=op.groups if isinstance(op, ConvBase) else 1,
        channels=inputs[0].shape[1] if isinstance(op, ConvBase) else 1,
        steps=inputs[0].shape[1] if isinstance(op, (GRU, LSTM, RNN)) else 0,
    )


def require_memory(report: Report, device: str) -> None:
    """Raise UsageError if weights and live activations are more than the device can be expected to hold."""
    totals = report.totals
    needed = totals.weight_bytes + totals.peak_activation_bytes
    place = choose_device(device)
    limit = torch.cuda.mem_get_info(place)[0] if place.type == "cuda" else MAX_CPU_BYTES
    if needed > limit:
        raise UsageError(
            f"{report.name} is too large to be measured on {place.type}: {format_bytes(needed)} of weights and live "
            f"activations, more than {format_bytes(limit)}",
            "verify it without `--latency`, or measure a smaller --batch",
        )
