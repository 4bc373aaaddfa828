"""Measured times as text: in three digits, with their spread, and where they were measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.pytorch.timing import Environment, Ratio, Timing


def time_text(seconds: float) -> str:
    """Three digits and a unit: ``1.23 ms``."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= scale:
            return f"{digits(seconds / scale)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def time_cell(seconds: float | None) -> str:
    """A time; a dash where nothing was measured."""
    return "–" if seconds is None else time_text(seconds)


def spread_text(timing: Timing) -> str:
    """Median ± interquartile range; one run has no spread, and says so."""
    if timing.iqr is None:
        return f"{time_text(timing.median)}, one run, no spread"
    return f"{time_text(timing.median)} ± {time_text(timing.iqr)}"


def digits(value: float) -> str:
    """A figure in three digits, or to the unit."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"  # noqa: PLR2004 - 3 digits


def rate_text(per_second: float) -> str:
    """MACs a second: in G, so that layers compare, but for those that would be next to nothing there."""
    for scale, unit in ((1e9, "G"), (1e6, "M")):
        if per_second >= scale / 10:
            return f"{digits(per_second / scale)} {unit}MAC/s"
    return f"{digits(per_second / 1e3)} kMAC/s"


def ratio_text(ratio: Ratio) -> str:
    """A ratio with its error, where it has one."""
    times, error = ratio
    return f"{times:.2f}" if error is None else f"{times:.2f} ± {error:.2f}"


def environment_text(environment: Environment) -> str:
    """One line on where and how."""
    options = [
        f"{environment.threads} thread{'s' * (environment.threads != 1)}" if environment.device == "cpu" else "",
        environment.dtype,
        "channels-last" if environment.channels_last else "",
        "compiled" if environment.compile else "",
        f"torch {environment.torch}",
    ]
    return f"{environment.device}: {environment.name} · " + " · ".join(option for option in options if option)
