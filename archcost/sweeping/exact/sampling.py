"""Designs drawn uniformly from those that are valid, distinct and within bounds.

With bounds of one metric a draw is a uniform rank, which names a design: nothing is drawn in vain. With bounds of more,
what was drawn within one of them and meets the others is kept, which is uniform, too.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.sweeping.arrays import np
from archcost.sweeping.exact.bounds import FigureBound, joined, sum_of
from archcost.sweeping.exact.budgets import NOTHING, BudgetCounts
from archcost.sweeping.exact.effort import TooCoupledError
from archcost.sweeping.exact.problem import SAFE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from archcost.sweeping.tables import Factor, Sum, Tables

    Seed = int | Sequence[int]

WORD = 64  # bits
BATCH = 1 << 16  # designs that are drawn at a time where some are thrown away
SMALLEST_BATCH = 1 << 8
MAX_DRAWS = 1 << 20  # in all, of those


class UniformRanks:
    """Uniform integers from 0 on below any limit, from the 64-bit words of Philox: the same for a seed everywhere."""

    def __init__(self, seed: Seed) -> None:
        self._words = np.random.Philox(np.random.SeedSequence(seed))

    def draw(self, number: int, below: int) -> Any:
        """``number`` of them: int64, or Python ints where that is too small."""
        bits = (below - 1).bit_length()
        found: list[Any] = []
        missing = number
        while missing:
            ranks = self._drawn(missing, bits)
            ranks = ranks[(ranks < below).astype(bool)]  # what is thrown away leaves the rest uniform
            found.append(ranks)
            missing -= len(ranks)
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def _drawn(self, number: int, bits: int) -> Any:
        if bits < WORD:
            words = self._words.random_raw(number)
            return (words >> np.uint64(WORD - bits)).astype(np.int64) if bits else np.zeros(number, dtype=np.int64)
        count = -(-bits // WORD)
        words = self._words.random_raw(number * count).reshape(number, count).astype(object)
        ranks = words[:, 0]
        for column in range(1, count):
            ranks = ranks * 2**WORD + words[:, column]
        return ranks >> (WORD * count - bits)


class UniformDraws:
    """Draws from the designs that meet bounds; ``among`` is how many that is."""

    def __init__(
        self, tables: Tables, seed: Seed, bound: FigureBound | None = None, conditions: Iterable[Factor] = ()
    ) -> None:
        self.ranks, self._bound = UniformRanks(seed), bound or FigureBound("")
        figures = sum_of(tables, bound.metric) if bound else NOTHING
        self._counts = BudgetCounts(tables, figures, conditions)
        self.among = self._counts.count(self._bound.low, self._bound.high)

    def begun(self, seed: Seed) -> Self:
        """The same with draws of a seed from the first on."""
        other = copy(self)
        other.ranks = UniformRanks(seed)
        return other

    def draw(self, number: int) -> Any:
        """So many designs, each from all: indices (n × axes, int32); none if there is none to draw."""
        ranks = self.ranks.draw(number if self.among else 0, self.among)
        return self._counts.designs(ranks, self._bound.low, self._bound.high)


class GridDraws:
    """Draws from all settings of a space, where designs cannot be counted; ``meets`` says what is none."""

    def __init__(self, tables: Tables, seed: Seed) -> None:
        self.ranks, self._lengths = UniformRanks(seed), tables.space.lengths
        self.among = tables.space.size

    def begun(self, seed: Seed) -> Self:
        """The same with draws of a seed from the first on."""
        other = copy(self)
        other.ranks = UniformRanks(seed)
        return other

    def draw(self, number: int) -> Any:
        """So many settings: indices (n × axes, int32)."""
        number = number if self.among else 0
        columns = [self.ranks.draw(number, length).astype(np.int32) for length in self._lengths]
        return np.stack(columns, axis=1) if columns else np.zeros((number, 0), dtype=np.int32)


def sample(
    tables: Tables,
    number: int,
    seed: Seed,
    bounds: Iterable[FigureBound] = (),
    conditions: Iterable[Factor] = (),
) -> Any:
    """``number`` independent draws, each uniform over the valid, distinct designs that meet bounds and conditions.

    Indices (number × axes, int32). There are no rows if no design meets them.
    """
    return Draws(tables, bounds, conditions).draw(number, seed)


class Draws:
    """The same for many seeds: the designs are counted once."""

    def __init__(self, tables: Tables, bounds: Iterable[FigureBound] = (), conditions: Iterable[Factor] = ()) -> None:
        self._tables = tables
        self._bounds, self._conditions = joined(bounds), tuple(conditions)
        self._draws: UniformDraws | GridDraws = (
            UniformDraws(tables, 0, next(iter(self._bounds), None), self._conditions)
            if len(self._bounds) <= 1
            else narrowest(tables, 0, self._bounds, self._conditions)
        )

    @property
    def among(self) -> int:
        """How many designs there are to draw from, those aside that one bound alone lets in."""
        return self._draws.among

    def draw(self, number: int, seed: Seed) -> Any:
        """As :func:`sample`."""
        draws = self._draws.begun(seed)
        if len(self._bounds) <= 1:
            return draws.draw(number)
        found, drawn = [draws.draw(0)], 0
        while (missing := number - sum(map(len, found))) and draws.among:
            if drawn >= MAX_DRAWS:
                raise UsageError(
                    f"{number - missing:,} of {drawn:,} draws met all bounds, fewer than the {number:,} asked for",
                    "draw fewer, or widen a bound",
                )
            batch = draws.draw(min(max(2 * missing, drawn, SMALLEST_BATCH), BATCH))  # twice as many in all each time
            drawn += len(batch)
            found.append(batch[meets(self._tables, batch, self._bounds, self._conditions)][:missing])
        return np.concatenate(found)


def narrowest(
    tables: Tables, seed: Seed, bounds: Sequence[FigureBound], conditions: Sequence[Factor]
) -> UniformDraws | GridDraws:
    """Draws within the one bound that fewest designs meet; where none can be counted, from all settings."""
    found: UniformDraws | None = None
    for bound in (*bounds, None):
        if bound is None and found is not None:
            break
        try:
            draws = UniformDraws(tables, seed, bound, conditions)
        except TooCoupledError:
            continue
        if found is None or draws.among < found.among:
            found = draws
    return found or GridDraws(tables, seed)


def figures_at(figures: Sum, indices: Any) -> Any:
    """The figure of each design (n × axes): int64, or Python ints where that could be too small."""
    most = abs(figures.constant)
    for factor in figures.terms:
        most += int(abs(factor.entries.ravel()).max())
    total = np.full(len(indices), figures.constant, dtype=np.int64 if most < SAFE else object)
    for factor in figures.terms:
        total = total + at(factor, indices)
    return total


def at(factor: Factor, indices: Any) -> Any:
    """A factor's entry for each design."""
    return factor.entries[tuple([indices[:, axis] for axis in factor.axes])]


def meets(tables: Tables, indices: Any, bounds: Iterable[FigureBound], conditions: Iterable[Factor]) -> Any:
    """Which designs are valid, distinct and within the bounds and conditions."""
    found = np.ones(len(indices), dtype=bool)
    for condition in (*tables.valid, *tables.distinct, *conditions):
        found &= at(condition, indices)
    for bound in bounds:
        figures = figures_at(sum_of(tables, bound.metric), indices)
        if bound.low is not None:
            found &= (figures >= bound.low).astype(bool)
        if bound.high is not None:
            found &= (figures <= bound.high).astype(bool)
    return found
