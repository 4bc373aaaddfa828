"""The ring of distributions: which reduced figures there are, and how many designs have each, exactly.

Counts are int64 where no count of the part could pass 2**62, else Python ints. A distribution also *unranks*: the
designs with one figure have the ranks 0, 1, … below their count, and each rank gives another of them. A uniform rank
is therefore a uniform design, and no distribution is ever drawn from by chance on the way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.exact.problem import SAFE, SumProblem, enumerated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.sweeping.exact.effort import SolvingEffort
    from archcost.sweeping.exact.solving import Solution

BLOCK = 1 << 21  # entries of an intermediate array of designs
SUMS = 1 << 23  # that are made, sorted and added up at a time: fewer take less memory, and longer
MAX_BINS = 1 << 23  # of a dense array of counts


class Distribution(ABC):
    """Reduced figures in ascending order, each once, and how many designs have each."""

    values: Any
    counts: Any
    width: int  # axes of a design
    size: int  # designs at most

    def __len__(self) -> int:
        return len(self.values)

    @abstractmethod
    def designs(self, places: Any, ranks: Any) -> Any:
        """For each place in ``values`` the design of a rank below its count: indices, an axis a column."""


class _Listed(Distribution):
    def __init__(self, problem: SumProblem) -> None:
        self._lengths, self.width, self.size = problem.lengths, len(problem.lengths), problem.size
        places, (figures,) = enumerated(problem)
        order = np.argsort(figures, kind="stable")
        self._places, figures = places[order], figures[order]
        self._starts = _starts(figures)
        self.values = figures[self._starts]
        self.counts = np.diff(self._starts, append=len(figures))

    def designs(self, places: Any, ranks: Any) -> Any:
        if not self._lengths:
            return np.zeros((len(places), 0), dtype=np.int32)
        flat = self._places[self._starts[places] + ranks.astype(np.int64)]
        return np.stack(np.unravel_index(flat, self._lengths), axis=1).astype(np.int32)


class _Product(Distribution):
    """Σ of an independent figure of each side; ``many`` has more values than ``few``."""

    def __init__(self, first: Solution[Distribution], second: Solution[Distribution], effort: SolvingEffort) -> None:
        self._swapped = len(first.node) < len(second.node)
        many, few = (second.node, first.node) if self._swapped else (first.node, second.node)
        self._many, self._few = many, few
        self._shift = first.shifts[0] + second.shifts[0]
        self.width, self.size = many.width + few.width, many.size * few.size
        values, counts = _convolved(many, few, self.size, effort)
        self.values, self.counts = values + self._shift, counts

    def designs(self, places: Any, ranks: Any) -> Any:
        step = max(BLOCK // max(len(self._few), 1), 1)
        if len(places) <= step and (places[1:] >= places[:-1]).all():
            return self._some(places, ranks)
        found = np.empty((len(places), self.width), dtype=np.int32)
        order = np.argsort(places, kind="stable")
        for start in range(0, len(order), step):
            rows = order[start : start + step]
            found[rows] = self._some(places[rows], ranks[rows])
        return found

    def _some(self, places: Any, ranks: Any) -> Any:
        """For places in ascending order; those that are alike share one look-up.

        A row for each figure of ``few``: what is looked up ascends along it, which keeps look-ups in the cache.
        """
        starts = _starts(places)
        wanted = (self.values[places[starts]] - self._shift)[None, :] - self._few.values[:, None]
        found, hits = looked_up(self._many.values, wanted)
        counts = _as_counts(self._many.counts, self.size)[found] * self._few.counts[:, None]
        below = np.cumsum(np.where(hits, counts, 0), axis=0)
        if len(starts) == 1:
            few = np.searchsorted(below[:, 0], ranks, side="right")
            ranks = ranks - np.concatenate([[0], below[:, 0]])[few]
            many, share = found[few, 0], self._few.counts[few]
        else:
            alike = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(places)))
            few = (below[:, alike] <= ranks[None, :]).sum(axis=0)
            ranks = ranks - np.where(few > 0, below[few - 1, alike], 0)
            many, share = found[few, alike], self._few.counts[few]
        first = self._many.designs(many, _as_ranks(ranks // share, self._many.size))
        second = self._few.designs(few, _as_ranks(ranks % share, self._few.size))
        return np.concatenate((second, first) if self._swapped else (first, second), axis=1)


class _Union(Distribution):
    def __init__(
        self, axis: int, count: int, parts: list[tuple[int, Solution[Distribution]]], effort: SolvingEffort
    ) -> None:
        self._axis, self._parts, self.width = axis, parts, count
        self.size = sum(solution.node.size for _, solution in parts)
        effort.spend(sum(len(solution.node) for _, solution in parts))
        self.values, self.counts = gathered(
            [(solution.node.values + solution.shifts[0], solution.node.counts) for _, solution in parts], self.size
        )
        effort.keep(len(self))

    def designs(self, places: Any, ranks: Any) -> Any:
        found = np.empty((len(places), self.width), dtype=np.int32)
        waiting = np.arange(len(places))
        for index, solution in self._parts:
            node = solution.node
            there, hits = looked_up(node.values, self.values[places[waiting]] - solution.shifts[0])
            counts = np.where(hits, node.counts[there], 0)
            here = ranks[waiting] < counts
            rows = waiting[here]
            found[rows, self._axis] = index
            found[rows[:, None], np.array(solution.axes, dtype=np.intp)] = node.designs(there[here], ranks[rows])
            ranks = ranks.copy()
            ranks[waiting] = ranks[waiting] - counts  # of those found here, too: they are not looked at again
            waiting = waiting[~here]
        return found


class Distributions:
    """The ring: problems of one metric, solved by the distribution of their reduced figures."""

    def __init__(self, effort: SolvingEffort) -> None:
        self._effort = effort

    def listed(self, problem: SumProblem) -> Distribution | None:
        """One design after the other."""
        self._effort.spend(problem.size)
        node = _Listed(problem)
        return node if len(node) else None

    def product(self, first: Solution[Distribution], second: Solution[Distribution]) -> Distribution:
        """The distribution of the sum of both."""
        return _Product(first, second, self._effort)

    def union(self, axis: int, count: int, parts: list[tuple[int, Solution[Distribution]]]) -> Distribution:
        """The sum of distributions."""
        return _Union(axis, count, parts, self._effort)


def _starts(values: Any) -> Any:
    """Where in sorted values another begins."""
    if not len(values):
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero(np.concatenate((np.ones(1, dtype=bool), (values[1:] != values[:-1]).astype(bool))))


def looked_up(values: Any, wanted: Any) -> tuple[Any, Any]:
    """For each wanted value a place in the sorted values, and whether it is that of this value."""
    places = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
    return places, (values[places] == wanted).astype(bool)


def _as_ranks(ranks: Any, size: int) -> Any:
    """Ranks below ``size``, which int64 mostly holds even where the ranks that they are parts of pass it."""
    return ranks.astype(np.int64) if size < SAFE else ranks


def _as_counts(counts: Any, size: int) -> Any:
    """Counts that may add up to ``size``."""
    return counts if size < SAFE else counts.astype(object)


def gathered(pieces: Iterable[tuple[Any, Any]], size: int) -> tuple[Any, Any]:
    """Values with their counts, each value once: what is equal is added."""
    values, counts = zip(*pieces, strict=True)
    value, count = np.concatenate(values), _as_counts(np.concatenate(counts), size)
    order = np.argsort(value, kind="stable")
    value = value[order]
    starts = _starts(value)
    return value[starts], np.add.reduceat(count[order], starts)


def _convolved(many: Distribution, few: Distribution, size: int, effort: SolvingEffort) -> tuple[Any, Any]:
    """The distribution of the sum, by a dense array of counts where that is smaller than all the sums."""
    made = len(many) * len(few)
    effort.spend(made)
    many_counts, few_counts = _as_counts(many.counts, size), _as_counts(few.counts, size)
    least = int(many.values[0]) + int(few.values[0])
    bins = int(many.values[-1]) + int(few.values[-1]) - least + 1
    if bins <= min(MAX_BINS, 8 * made) and size < SAFE:
        dense = np.zeros(bins, dtype=np.int64)
        places = (many.values - many.values[0]).astype(np.intp)
        for place, count in zip((few.values - few.values[0]).tolist(), few_counts.tolist(), strict=True):
            dense[places + place] += many_counts * count
        values = np.flatnonzero(dense)
        return values.astype(many.values.dtype) + least, dense[values]
    pieces: list[tuple[Any, Any]] = []
    step = max(SUMS // len(many), 1)
    for start in range(0, len(few), step):
        stop = start + step
        values = (few.values[start:stop, None] + many.values[None, :]).ravel()
        counts = (few_counts[start:stop, None] * many_counts[None, :]).ravel()
        piece = gathered([(values, counts)], size)
        while pieces and len(pieces[-1][0]) <= 2 * len(piece[0]):
            piece = gathered([pieces.pop(), piece], size)
        pieces.append(piece)
        effort.keep(sum(len(values) for values, _ in pieces))
    return gathered(pieces, size)
