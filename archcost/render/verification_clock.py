"""What the measured times of a verification say, in lines: how MACs rank them, and which layers take longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.phrases import listed
from archcost.pytorch.timing import warnings
from archcost.quantities import format_bytes, format_ratio
from archcost.render.times import environment_text, rate_text, spread_text, time_text

if TYPE_CHECKING:
    from archcost.pytorch.clock import Clock
    from archcost.pytorch.ranking import Sample, Scales, Slow

_SHARE = 0.01  # of the time, below which slow layers are only counted
_SHOWN = 2  # layers named
_REASONS = {
    "sequential": "sequential, step after step",
    "launch": "launch-bound",
    "other work": "work other than MACs, longer than moving its bytes",
}


def clock_remarks(clock: Clock) -> list[str]:
    """Where it was measured, how well MACs tell the times, and what takes longer than they suggest."""
    latency, ranking = clock.latency, clock.ranking
    total = latency.total
    unmeasured = len(clock.layers) - len(ranking.samples)
    left_out = f" without the {unmeasured:,} declared" if unmeasured else ""
    lines = [
        environment_text(latency.environment),
        f"end to end {spread_text(total)}; {time_text(ranking.seconds)} is the sum of the layers{left_out}",
        _correlations(clock),
        *_slow(clock),
    ]
    return [*lines, *(f"warning: {warning}" for warning in warnings(latency))]


def correlation_text(rho: float) -> str:
    """A correlation in two digits."""
    return f"{rho:.2f}".replace("-", "−")


def _correlations(clock: Clock) -> str:
    ranking = clock.ranking
    rho, within = ranking.correlation, ranking.correlation_with_macs
    name, count = "Rank correlation (Spearman) of MACs and time", len(ranking.samples)
    if rho is None:
        return f"{name}: none, as there are too few different layers"
    layers = f"all {count:,} layers" if count == len(clock.layers) else f"the {count:,} layers that were measured"
    words = f"{name}: {correlation_text(rho)} over {layers}"
    if within is None:
        return words
    counted = sum(bool(sample.macs) for sample in ranking.samples)
    return f"{words}, {correlation_text(within)} over the {counted:,} that have MACs"


def _slow(clock: Clock) -> list[str]:
    ranking = clock.ranking
    groups = ranking.slow()
    rate = ranking.scales.macs_per_second
    if rate is None:
        return ["no dense layer tells how long MACs alone would take"] if ranking.samples else []
    shown = [group for group in groups if group.seconds >= _SHARE * ranking.seconds]
    if not shown:
        return []
    median = f"{rate_text(rate)}, the median of the dense layers"
    lines = [f"Layers that take more than twice the time their MACs suggest (at {median}):"]
    lines += [f"  {_group(group, ranking.seconds, ranking.scales)}" for group in shown]
    rest = sum(len(group.samples) for group in groups if group not in shown)
    if rest:
        lines.append(f"  {rest:,} more, less than 1% of the time by op and reason")
    return lines


def _group(group: Slow, whole: float, scales: Scales) -> str:
    named = [
        f"{sample.path} {time_text(sample.seconds)}{_figure(group.reason, sample, scales)}"
        for sample in group.samples[:_SHOWN]
    ]
    reason = _REASONS.get(group.reason, group.reason)
    return f"{group.op}, {group.seconds / whole:.1%} of the time, {reason}: {listed(named, len(group.samples))}"


def _figure(reason: str, sample: Sample, scales: Scales) -> str:
    """The figure of one layer that is behind its reason, in brackets."""
    if reason == "sequential":
        return f" ({sample.steps:,} steps)"
    if reason == "launch":
        return f" (one element: {time_text(sample.launch)})"
    if reason == "memory-bound":
        intensity = f"{_intensity(sample)}; " if sample.macs else ""
        achieved, memory = sample.moved / sample.seconds, scales.bytes_per_second
        rates = f"{format_bytes(round(achieved))}/s, of memory {format_bytes(round(memory))}/s"
        return f" ({intensity}{format_bytes(sample.moved)} at {rates})"
    if reason == "other work":
        return ""
    if reason == "low utilisation":
        return f" ({rate_text(sample.macs / sample.seconds)})"
    return f" ({_intensity(sample)})"


def _intensity(sample: Sample) -> str:
    from fractions import Fraction

    return f"{format_ratio(Fraction(sample.macs, sample.moved))} MACs a byte"
