"""What the measured times of a verification say, in lines: how MACs rank them, and which layers take longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.latency import environment_text, rate_text, time_text, warnings
from archcost.units import format_bytes, format_ratio

if TYPE_CHECKING:
    from archcost.pytorch.clock import Clock
    from archcost.pytorch.latency import Timing
    from archcost.pytorch.ranking import Sample, Scales, Slow

_SHARE = 0.01  # of the time, below which slow layers are only counted
_SHOWN = 2  # layers named


def clock_remarks(clock: Clock) -> list[str]:
    """Where it was measured, how well MACs tell the times, and what takes longer than they suggest."""
    latency, ranking = clock.latency, clock.ranking
    total = latency.total
    unmeasured = len(clock.layers) - len(ranking.samples)
    left_out = f" without the {unmeasured:,} declared" if unmeasured else ""
    lines = [
        environment_text(latency.environment),
        f"{_spread(total)} end to end; {time_text(ranking.seconds)} is the sum of the layers{left_out}",
        _correlations(clock),
        *_slow(clock),
    ]
    return [*lines, *(f"warning: {warning}" for warning in warnings(latency))]


def _spread(timing: Timing) -> str:
    return f"{time_text(timing.median)} ± {time_text(timing.iqr)}"


def _correlations(clock: Clock) -> str:
    ranking = clock.ranking
    rho, within = ranking.correlation, ranking.correlation_with_macs
    if rho is None:
        return "MACs alone rank no times: there are too few different layers"
    words = f"MACs alone rank the times of {len(ranking.samples):,} layers with a correlation of {rho:.2f} (Spearman)"
    if within is None:
        return words
    counted = sum(bool(sample.macs) for sample in ranking.samples)
    return f"{words}, of the {counted:,} with MACs {within:.2f}"


def _slow(clock: Clock) -> list[str]:
    ranking = clock.ranking
    groups = ranking.slow()
    rate = ranking.scales.macs_per_second
    if rate is None:
        return ["no dense layer tells how long MACs alone would take"] if ranking.samples else []
    shown = [group for group in groups if group.seconds >= _SHARE * ranking.seconds]
    if not shown:
        return []
    lines = [f"longer than twice what MACs suggest at {rate_text(rate)}, the median of the dense layers:"]
    lines += [f"  {_group(group, ranking.seconds, ranking.scales)}" for group in shown]
    rest = sum(len(group.samples) for group in groups if group not in shown)
    if rest:
        lines.append(f"  {rest:,} more, less than 1% of the time by op and reason")
    return lines


def _group(group: Slow, whole: float, scales: Scales) -> str:
    count = len(group.samples)
    names = ", ".join(f"{sample.path} {time_text(sample.seconds)}" for sample in group.samples[:_SHOWN])
    more = f" and {count - _SHOWN:,} more" if count > _SHOWN else ""
    return f"{group.op}, {group.seconds / whole:.1%} of the time, {_reason(group, scales)}: {names}{more}"


def _reason(group: Slow, scales: Scales) -> str:
    """The reason of a group in words, with the figure behind it, of the layer that takes longest."""
    sample = group.samples[0]
    if group.reason == "sequential":
        return f"sequential ({sample.steps:,} steps, one after the other)"
    if group.reason == "launch":
        return f"launch-bound (one element takes {time_text(sample.launch)})"
    if group.reason == "memory-bound":
        intensity = f"{_intensity(sample)}; " if sample.macs else ""
        moved, rate = format_bytes(sample.moved), format_bytes(round(scales.bytes_per_second))
        return f"memory-bound ({intensity}{moved} at {rate}/s: {time_text(sample.moved / scales.bytes_per_second)})"
    if group.reason == "other work":
        return "work other than MACs, longer than moving its bytes"
    if group.reason == "low utilisation":
        return f"low utilisation (its kernel reaches {rate_text(sample.macs / sample.seconds)})"
    return f"{group.reason} ({_intensity(sample)})"


def _intensity(sample: Sample) -> str:
    from fractions import Fraction

    return f"{format_ratio(Fraction(sample.macs, sample.moved))} MACs a byte"
