"""How well MACs tell measured times: a rank correlation, and the layers that take much longer, with the reason.

Every scale comes from the run itself. *Dense* layers are convolutions without groups, linear layers and products; their
median MACs a second say how long MACs alone would take. What the device moves in a second, and what a launch of a layer
takes, are measured in the same run, by a ReLU over more than caches hold and by layers of one element. No torch here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.pytorch.data import RankingData

SLOW = 2  # times longer than MACs suggest from which a layer is called slow
NEAR = 2  # times the smallest layer of its sort up to which a layer is bound by its launch
_FEWEST = 3  # layers of which a correlation is told
HALF = 2  # memory is the reason where moving the bytes takes at least 1 / HALF of the time


class Sample(NamedTuple):
    """What is known of a layer that was measured: its time in seconds, what it does, and what a launch takes."""

    path: str
    op: str
    seconds: float
    macs: int
    moved: int  # bytes
    launch: float  # seconds that the smallest layer of its sort takes
    groups: int = 1
    channels: int = 1  # of the input, where there are groups
    steps: int = 0  # that a recurrent layer takes one after the other

    @property
    def bound_by_launch(self) -> bool:
        """Whether it takes little more than a layer of one element."""
        return self.seconds <= NEAR * self.launch

    @property
    def is_dense(self) -> bool:
        """Whether every output of it multiplies with every input that it meets."""
        return self.macs > 0 and self.groups == 1 and not self.steps


@dataclass(frozen=True, slots=True)
class Scales:
    """What the run says of the machine; ``macs_per_second`` is None where it has no dense layer."""

    macs_per_second: float | None
    bytes_per_second: float

    @classmethod
    def of(cls, samples: Sequence[Sample], bytes_per_second: float) -> Scales:
        """The median over the dense layers that take more than a launch; over all of them if none does."""
        dense = [sample for sample in samples if sample.is_dense]
        long = [sample for sample in dense if not sample.bound_by_launch]
        rates = [sample.macs / sample.seconds for sample in long or dense]
        return cls(median(rates) if rates else None, bytes_per_second)

    def suggested(self, sample: Sample) -> float | None:
        """Seconds that the MACs alone would take at the rate of the dense layers."""
        return sample.macs / self.macs_per_second if self.macs_per_second else None

    def is_slow(self, sample: Sample) -> bool:
        """Whether a layer takes much longer than its MACs suggest."""
        suggested = self.suggested(sample)
        return suggested is not None and sample.seconds > SLOW * suggested

    def reason(self, sample: Sample) -> str:
        """Why a slow layer is slow, in a word: the first that holds; empty for a layer that is not slow."""
        if not self.is_slow(sample):
            return ""
        rules = (
            (sample.steps > 0, "sequential"),
            (sample.bound_by_launch, "launch"),
            (1 < sample.groups == sample.channels, "depthwise"),
            (sample.groups > 1, "grouped"),
            (self._moves(sample), "memory-bound"),
            (not sample.macs, "other work"),
        )
        return next((word for holds, word in rules if holds), "low utilisation")

    def _moves(self, sample: Sample) -> bool:
        return HALF * sample.moved / self.bytes_per_second >= sample.seconds


class Slow(NamedTuple):
    """Slow layers of one op that have the same reason, the longest first."""

    op: str
    reason: str
    samples: tuple[Sample, ...]

    @property
    def seconds(self) -> float:
        """What they take together."""
        return sum(sample.seconds for sample in self.samples)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The layers of a run that were measured, and what their MACs say of their times."""

    samples: tuple[Sample, ...]
    scales: Scales

    @property
    def seconds(self) -> float:
        """The sum over the layers."""
        return sum(sample.seconds for sample in self.samples)

    @property
    def correlation(self) -> float | None:
        """Spearman's, of MACs and time over all layers."""
        return _correlation(self.samples)

    @property
    def correlation_with_macs(self) -> float | None:
        """The same over the layers that have MACs."""
        return _correlation([sample for sample in self.samples if sample.macs])

    def slow(self) -> list[Slow]:
        """The layers that take much longer than their MACs suggest, by op and reason, what takes most time first."""
        parts: dict[tuple[str, str], list[Sample]] = {}
        for sample in self.samples:
            reason = self.scales.reason(sample)
            if reason:
                parts.setdefault((sample.op, reason), []).append(sample)
        groups = [
            Slow(op, reason, tuple(sorted(samples, key=lambda sample: -sample.seconds)))
            for (op, reason), samples in parts.items()
        ]
        return sorted(groups, key=lambda group: -group.seconds)

    def to_dict(self) -> RankingData:
        """The JSON form."""
        return {
            "layers_seconds": self.seconds,
            "rank_correlation": self.correlation,
            "rank_correlation_of_layers_with_macs": self.correlation_with_macs,
            "dense_macs_per_second": self.scales.macs_per_second,
            "bytes_per_second": self.scales.bytes_per_second,
            "longer_than_macs_suggest": [
                {
                    "op": group.op,
                    "reason": group.reason,
                    "seconds": group.seconds,
                    "layers": [sample.path for sample in group.samples],
                }
                for group in self.slow()
            ],
        }


def _correlation(samples: Sequence[Sample]) -> float | None:
    """None for fewer than three layers: two are always in order or out of it."""
    if len(samples) < _FEWEST:
        return None
    return spearman([sample.macs for sample in samples], [sample.seconds for sample in samples])


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's ρ: Pearson's correlation of the ranks, equal values sharing the mean of theirs.

    None where it says nothing: for fewer than two values, or where all of a side are equal.
    """
    a, b = _doubled_ranks(first), _doubled_ranks(second)
    mean = len(a) + 1  # of ranks counted twice
    products = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    squares = sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b)
    return products / sqrt(squares) if squares else None


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the ranks from 1, so that means of two neighbours are whole."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            ranks[order[place]] = (start + 1) + (end + 1)
        start = end + 1
    return ranks
