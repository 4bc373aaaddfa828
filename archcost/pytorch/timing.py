"""What a model takes, as it was measured: end to end and layer by layer, and how far to trust it. Imports no torch.

Times are measured, so they are floats in seconds, and every one comes with its spread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from archcost.displays import in_line, in_notebook
from archcost.paths import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.pytorch.data import EnvironmentData, TimingData
    from archcost.timing.prediction import Prediction

    Ratio = tuple[float, float | None]  # and its error, unless one of both ran once

NOISY = 0.10  # relative spread from which a measurement is called noisy
_STEADY = 0.05  # relative spread at which measuring may stop
_NORMAL_IQR = 1.349  # interquartile range of a normal distribution in standard deviations
_NAMED = 3  # layers that a warning names
_MANY = 4  # one layer in so many may be noisy without a warning


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run: the distribution over ``runs`` samples; one has no spread."""

    median: float
    iqr: float | None
    p95: float
    minimum: float
    runs: int

    @property
    def spread(self) -> float | None:
        """Interquartile range over median; None if it ran once."""
        if self.iqr is None:
            return None
        return self.iqr / self.median if self.median else 0.0

    @property
    def steady(self) -> bool:
        """Whether the spread is known, and so small that more runs would say no more."""
        return self.spread is not None and self.spread <= _STEADY

    @property
    def noisy(self) -> bool:
        """Whether the spread says that the machine was busy with something else."""
        return self.spread is not None and self.spread > NOISY

    @property
    def sigma(self) -> float | None:
        """The standard deviation that a normal distribution of this spread has."""
        return None if self.iqr is None else self.iqr / _NORMAL_IQR

    def to_dict(self) -> TimingData:
        """The JSON form; ``iqr`` is null if it ran once."""
        return {
            "median": self.median,
            "iqr": self.iqr,
            "p95": self.p95,
            "min": self.minimum,
            "runs": self.runs,
        }


@dataclass(frozen=True, slots=True)
class Environment:
    """Where it was measured."""

    device: str
    name: str
    threads: int
    torch: str
    dtype: str
    channels_last: bool
    compile: bool

    def to_dict(self) -> EnvironmentData:
        """The JSON form."""
        return {
            "device": self.device,
            "name": self.name,
            "threads": self.threads,
            "torch": self.torch,
            "dtype": self.dtype,
            "channels_last": self.channels_last,
            "compile": self.compile,
        }


class Spent(NamedTuple):
    """What measured layers take together, and the MACs that they do; ``seconds`` is None where all are declared."""

    seconds: float | None
    macs: int

    def times(self, count: int) -> Spent:
        """What as many equal ones take."""
        return Spent(None if self.seconds is None else count * self.seconds, count * self.macs)


@dataclass(frozen=True, slots=True)
class Latency:
    """The measurement of one model; ``layers`` holds a timing per layer, in order, or nothing.

    The timing of a layer that is only declared is None: a stand-in runs for it, which only gives zeros.
    ``prediction`` is what was predicted of the same run, where that is asked for.
    """

    report: Report
    environment: Environment
    total: Timing
    layers: tuple[Timing | None, ...] = field(default=())
    peak_device_bytes: int | None = None
    prediction: Prediction | None = None

    def __repr__(self) -> str:
        return in_line(self, self.report.name, seconds=self.total.median)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def throughput(self) -> float:
        """Samples a second."""
        return self.report.batch / self.total.median

    @property
    def declared(self) -> list[str]:
        """The paths of the layers for which stand-ins ran."""
        return [layer.path for layer in self.report.layers if layer.node.op.declared]

    @property
    def macs(self) -> int:
        """The MACs of the layers that ran: all but those that are only declared."""
        return sum(layer.macs for layer in self.report.layers if not layer.node.op.declared)

    @property
    def macs_per_second(self) -> float:
        """The MACs that ran over the measured time."""
        return self.macs / self.total.median

    @property
    def layers_seconds(self) -> float:
        """The sum over the layers that were measured."""
        return sum(timing.median for timing in self.layers if timing is not None)

    def spent(self, path: str) -> Spent:
        """What a layer, or those of a scope, take."""
        measured = [
            (layer.macs, timing.median)
            for layer, timing in zip(self.report.layers, self.layers, strict=True)
            if timing is not None and inside(layer.path, path)
        ]
        return Spent(sum(seconds for _, seconds in measured) if measured else None, sum(macs for macs, _ in measured))


def summarise(times: Sequence[float]) -> Timing:
    """Median, quartiles and 95th percentile of samples, of one no quartiles; raises ValueError for none."""
    if not times:
        raise ValueError("no samples")
    ordered = sorted(times)
    iqr = percentile(ordered, 0.75) - percentile(ordered, 0.25) if len(ordered) > 1 else None
    return Timing(percentile(ordered, 0.5), iqr, percentile(ordered, 0.95), ordered[0], len(ordered))


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """The value below which a fraction of sorted samples lies, linear between neighbours."""
    position = fraction * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def speed_up(fast: Timing, slow: Timing) -> Ratio:
    """How many times faster, ± one standard deviation, from medians and spreads; None where either ran once."""
    ratio = slow.median / fast.median
    if fast.sigma is None or slow.sigma is None:
        return ratio, None
    relative = sqrt((fast.sigma / fast.median) ** 2 + (slow.sigma / slow.median) ** 2)
    return ratio, ratio * relative


def times_slower(results: Sequence[Latency]) -> list[Ratio]:
    """For every model how many times slower than the fastest of them it is."""
    fastest = min((result.total for result in results), key=lambda timing: timing.median)
    return [speed_up(fastest, result.total) for result in results]


def warnings(result: Latency) -> list[str]:
    """What makes a measurement doubtful."""
    found = []
    if result.declared:
        named = ", ".join(result.declared[:_NAMED]) + ", …" * (len(result.declared) > _NAMED)
        found.append(f"a stand-in that only gives zeros runs for {named}: no time includes what is declared")
    if result.total.spread is None:
        found.append("the model ran once, so its spread is unknown: give a longer --min-time")
    elif result.total.noisy:
        found.append(
            f"the runs spread by {result.total.spread:.0%}: the machine is noisy; "
            "close other programs, or give a longer --min-time"
        )
    timings = [timing for timing in result.layers if timing is not None]
    once = sum(timing.spread is None for timing in timings)
    if once:
        found.append(
            f"{once:,} of {len(timings):,} layers ran once, so their spreads are unknown: give a longer --min-time"
        )
    noisy = sum(timing.noisy for timing in timings)
    if noisy * _MANY > len(timings):
        found.append(f"{noisy:,} of {len(timings):,} layers spread by more than 10%: read them with care")
    return found
