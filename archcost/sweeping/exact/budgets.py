"""The designs of a space by one of their figures: how many lie between two, and uniform draws of those.

A design's figure is a sum over parts of the space that share no axis. The parts are combined to two halves, grown in
turn; the whole is never built. For each figure of one half the other is asked how many of its figures fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.exact.bounds import naming_axes
from archcost.sweeping.exact.distributions import Distribution, Distributions
from archcost.sweeping.exact.dots import exact_dot
from archcost.sweeping.exact.effort import SolvingEffort
from archcost.sweeping.exact.problem import SAFE, SumProblem, problem_of, reduced
from archcost.sweeping.exact.solving import Alternative, Elimination
from archcost.sweeping.exact.words import WeightEnds
from archcost.sweeping.tables import MetricSum

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.sweeping.exact.words import UniformWords
    from archcost.sweeping.tables import Factor, SpaceTables

MAX_KEPT = 1 << 23  # figures of halves that are kept for the next question
NOTHING = MetricSum(0)  # the figure of designs that are only counted


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """Two distributions; a design is one of each, and its figure the sum of theirs and ``shift``."""

    first: Distribution
    second: Distribution
    axes: tuple[int, ...]
    shift: int
    up_to: Any  # designs of the second before each of its figures, and all at the end

    def windows(self, low: int, high: int) -> tuple[Any, Any]:
        """For each figure of the first: how many designs of the second are below what fits, and up to its end."""
        keys = self.first.values[::-1] + self.shift  # descending, so that what is looked up ascends
        upto = self.up_to[np.searchsorted(self.second.values, high - keys, side="right")[::-1]]
        if low <= self.shift:
            return np.zeros_like(upto), upto
        below = self.up_to[np.searchsorted(self.second.values, low - keys, side="left")[::-1]]
        return below, np.maximum(upto, below)

    def count(self, low: int, high: int) -> int:
        """The designs whose figure is in ``low``…``high``."""
        below, upto = self.windows(low, high)
        return exact_dot(self.first.counts, upto - below)

    def window(self, low: int, high: int) -> SumWindow:
        """The designs whose figure is in ``low``…``high``, to draw from; there is one at least."""
        below, upto = self.windows(low, high)
        shares = upto - below
        is_safe = self.first.size * self.second.size < SAFE
        counts = self.first.counts if is_safe else self.first.counts.astype(object)
        return SumWindow(self, below, shares, WeightEnds(np.cumsum(counts * shares)))


@dataclass(frozen=True, slots=True, eq=False)
class SumWindow:
    """The designs of two halves within bounds. Each is a figure of the first, of whose designs it has one by its rank,
    and a design of the second by its rank among those ``below`` and the next ``shares`` that fit.
    """

    halves: Halves
    below: Any
    shares: Any
    ends: WeightEnds

    def draw(self, number: int, words: UniformWords) -> Any:
        """So many, each from all: a figure by how many designs have it, then each half by itself."""
        places = words.weighted(self.ends, number)
        ranks = words.below_each(self.halves.first.counts[places])
        others = words.below_each(self.shares[places])
        order = np.argsort(places, kind="stable")  # look-ups in order stay in the cache
        found = np.empty((number, len(self.halves.axes)), dtype=np.int32)
        found[order] = self.designs(places[order], ranks[order], others[order])
        return found

    def designs(self, places: Any, ranks: Any, others: Any) -> Any:
        """For each place of a figure of the first, ascending, the design of two ranks: a column for each axis."""
        wanted = self.below[places] + others
        order = np.argsort(wanted, kind="stable")
        up_to = self.halves.up_to
        second = np.empty((len(wanted), self.halves.second.width), dtype=np.int32)
        found = np.searchsorted(up_to, wanted[order], side="right") - 1
        second[order] = self.halves.second.designs(found, wanted[order] - up_to[found])
        return np.concatenate((self.halves.first.designs(places, ranks), second), axis=1)


class BudgetCounts:
    """Valid and distinct designs of a space by a figure."""

    def __init__(
        self,
        tables: SpaceTables,
        figures: MetricSum = NOTHING,
        conditions: Iterable[Factor] = (),
        effort: SolvingEffort | None = None,
    ) -> None:
        effort = effort or SolvingEffort()
        self._tables = tables
        self.scale, factors = reduced(figures)
        self.problem = problem_of(tables, (factors,), tuple(conditions))
        self._elimination: Elimination[Distribution] = Elimination(Distributions(effort))
        self._kept: dict[int, Halves] = {}
        self._windows: tuple[tuple[int, int], dict[int, SumWindow]] = (0, 0), {}
        self._last: tuple[tuple[int, int], list[int]] | None = None  # bounds, and the counts of the branches within
        with naming_axes(tables, self.problem):
            self._branches = list(self._elimination.branches(self.problem)) if tables.space.size else []

    @property
    def branches(self) -> Sequence[Alternative[Distribution]]:
        """The space as few alternatives, each of parts that are not combined yet."""
        return self._branches

    @property
    def axes(self) -> int:
        """How many axes a design has."""
        return len(self._tables.space.axes)

    @property
    def ends(self) -> tuple[int, int] | None:
        """The least and the greatest figure; None if there is no design."""
        if not self._branches:
            return None
        lows, highs = [], []
        for branch in self._branches:
            shift = branch.shifts[0] + sum(part.shifts[0] for part in branch.parts)
            lows.append(shift + sum(int(part.node.values[0]) for part in branch.parts))
            highs.append(shift + sum(int(part.node.values[-1]) for part in branch.parts))
        return self.scale.figure(min(lows)), self.scale.figure(max(highs))

    def count(self, low: int | None = None, high: int | None = None) -> int:
        """The designs with ``low`` ≤ figure ≤ ``high``."""
        return sum(self._counts(low, high))

    def _counts(self, low: int | None, high: int | None) -> list[int]:
        least, most = self.reduced_bounds(low, high)
        if least > most:
            return [0] * len(self._branches)
        if self._last is None or self._last[0] != (least, most):
            self._last = (least, most), [halves.count(least, most) for halves in self.halves()]
        return self._last[1]

    def halves(self) -> Iterator[Halves]:
        """The halves of each branch of the space."""
        with naming_axes(self._tables, self.problem):
            for number in range(len(self._branches)):
                yield self._halves(number)

    def below(self, edges: Sequence[int]) -> list[int]:
        """For each edge the designs whose figure is smaller."""
        found = [0] * len(edges)
        for halves in self.halves():
            for place, edge in enumerate(edges):
                found[place] += halves.count(*self.reduced_bounds(None, edge - 1))
        return found

    def draw(self, number: int, words: UniformWords, low: int | None = None, high: int | None = None) -> Any:
        """So many designs with ``low`` ≤ figure ≤ ``high``, each from all, of which there are some.

        Indices (n × axes, int32).
        """
        found = np.empty((number, len(self._tables.space.axes)), dtype=np.int32, order="F")
        counts = np.array(self._counts(low, high), dtype=object)
        branches = words.weighted(WeightEnds(np.cumsum(counts)), number)
        for branch, window in self.windows(low, high):
            rows = np.flatnonzero(branches == branch)
            designs = window.draw(len(rows), words)
            for axis, column in zip(window.halves.axes, designs.T, strict=True):
                found[rows, axis] = column
            for axis, index in self.fixed(branch):
                found[rows, axis] = index
        return found

    def fixed(self, number: int) -> tuple[tuple[int, int], ...]:
        """The axes that a branch has at one index each."""
        return self._branches[number].fixed

    def windows(self, low: int | None, high: int | None) -> Iterator[tuple[int, SumWindow]]:
        """The designs within bounds by the branches that have some."""
        bounds = self.reduced_bounds(low, high)
        if self._windows[0] != bounds:
            self._windows = bounds, {}
        for number, count in enumerate(self._counts(low, high)):
            if count and number not in self._windows[1]:
                self._windows[1][number] = self._halves(number).window(*bounds)
            if count:
                yield number, self._windows[1][number]

    def reduced_bounds(self, low: int | None, high: int | None) -> tuple[int, int]:
        """Bounds of reduced figures, from 0 to just above the greatest."""
        top = self.scale.top + 1
        least = 0 if low is None else min(max(self.scale.least(low), 0), top)
        most = top if high is None else min(max(self.scale.most(high), -1), top)
        return least, most

    def _halves(self, number: int) -> Halves:
        if number not in self._kept:
            halves = self._made_halves(self._branches[number])
            if sum(len(each.first) + len(each.second) for each in (halves, *self._kept.values())) > MAX_KEPT:
                self._kept.clear()
            self._kept[number] = halves
        return self._kept[number]

    def _made_halves(self, branch: Alternative[Distribution]) -> Halves:
        """The parts from the first on and from the last on, always so that the product is smaller."""
        parts = list(branch.parts)
        nothing = SumProblem((), ((),))
        unit = self._elimination.listing(nothing)
        first, last = (parts.pop(0), parts.pop()) if len(parts) > 1 else (parts.pop() if parts else unit, unit)
        while parts:
            if len(first.node) * len(parts[0].node) <= len(last.node) * len(parts[-1].node):
                first = self._elimination.beside(first, parts.pop(0))
            else:
                last = self._elimination.beside(last, parts.pop())
        if len(first.node) > len(last.node):
            first, last = last, first
        counts = last.node.counts if last.node.size < SAFE else last.node.counts.astype(object)
        up_to = np.concatenate((np.zeros(1, dtype=counts.dtype), np.cumsum(counts)))
        shift = branch.shifts[0] + first.shifts[0] + last.shifts[0]
        return Halves(first.node, last.node, first.axes + last.axes, shift, up_to)
