"""Designs drawn uniformly from those that are valid, distinct and within bounds.

With bounds of at most one metric nothing is drawn in vain. With bounds of more, what was drawn within one of them and
meets the rest is kept, which is uniform, too.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.sweeping.arrays import np
from archcost.sweeping.exact.bounds import FigureBound, joined, sum_of
from archcost.sweeping.exact.budgets import BudgetCounts
from archcost.sweeping.exact.effort import TooCoupledError
from archcost.sweeping.exact.free_draws import FreeDraws
from archcost.sweeping.exact.problem import SAFE
from archcost.sweeping.exact.rounded_draws import RoundedDraws, TooRoundError
from archcost.sweeping.exact.words import UniformWords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.sweeping.exact.words import Seed
    from archcost.sweeping.tables import Factor, MetricSum, SpaceTables

BATCH = 1 << 16  # designs that are drawn at a time where some are thrown away
SMALLEST_BATCH = 1 << 8
MAX_DRAWS = 1 << 20  # in all, of those, unless one in LEAST_SHARE is kept
LEAST_SHARE = 32


class BoundedDraws:
    """Draws from the designs that meet a bound; ``among`` is how many that is."""

    def __init__(self, tables: SpaceTables, bound: FigureBound, conditions: Iterable[Factor] = ()) -> None:
        self.counts = BudgetCounts(tables, sum_of(tables, bound.metric), conditions)
        self.bound = bound

    @cached_property
    def among(self) -> int:
        """How many designs there are."""
        return self.counts.count(self.bound.low, self.bound.high)

    def draw(self, number: int, words: UniformWords) -> Any:
        """So many designs, each from all: indices (n × axes, int32); none if there is none to draw."""
        return self.counts.draw(number if self.among else 0, words, self.bound.low, self.bound.high)


class GridDraws:
    """Draws from all settings of a space, where designs cannot be counted; ``meets`` says what is none."""

    def __init__(self, tables: SpaceTables) -> None:
        self._lengths = tables.space.lengths
        self.among = tables.space.size

    def draw(self, number: int, words: UniformWords) -> Any:
        """So many settings: indices (n × axes, int32)."""
        number = number if self.among else 0
        columns = [words.below(length, number).astype(np.int32) for length in self._lengths]
        return np.stack(columns, axis=1) if columns else np.zeros((number, 0), dtype=np.int32)


def sample(
    tables: SpaceTables,
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

    def __init__(
        self, tables: SpaceTables, bounds: Iterable[FigureBound] = (), conditions: Iterable[Factor] = ()
    ) -> None:
        self._tables = tables
        self._bounds, self._conditions = joined(bounds), tuple(conditions)
        self._draws = _quick_draws_of(tables, self._bounds, self._conditions)

    @property
    def among(self) -> int:
        """How many designs there are to draw from, or a few more; 0 if there is none."""
        return self._draws.among

    def draw(self, number: int, seed: Seed, holds: Callable[[Any], Any] | None = None) -> Any:
        """As :func:`sample`; of designs that meet ``holds``, too, which is asked of all that are drawn.

        Raises UsageError where ``MAX_DRAWS`` are not enough, and fewer than one in ``LEAST_SHARE`` meets everything.
        """
        draws, words = self._draws, UniformWords(seed)
        if len(self._bounds) <= 1 and holds is None:
            return draws.draw(number, words)
        found, drawn = [draws.draw(0, words)], 0
        while (missing := number - sum(map(len, found))) and draws.among:
            if drawn >= MAX_DRAWS and (number - missing) * LEAST_SHARE < drawn:
                raise UsageError(
                    f"{number - missing:,} of {drawn:,} draws met the condition, fewer than the {number:,} asked for",
                    "draw fewer, or widen the condition; one bound on a metric alone is met by every draw",
                )
            size = min(max(2 * missing, drawn, SMALLEST_BATCH), BATCH)  # twice as many in all each time
            batch = draws.draw(size, words)
            drawn += len(batch)
            batch = batch[meets(self._tables, batch, self._bounds, self._conditions)]
            found.append((batch if holds is None else batch[holds(batch)])[:missing])
        return np.concatenate(found)


def _quick_draws_of(
    tables: SpaceTables, bounds: Sequence[FigureBound], conditions: Sequence[Factor]
) -> FreeDraws | BoundedDraws | GridDraws | RoundedDraws:
    """As :func:`draws_of`, by rounded sums where these will do: what is drawn is as uniform, and nothing is counted."""
    found: list[RoundedDraws] = []
    for bound in bounds:
        with suppress(TooCoupledError, TooRoundError):
            counts = BudgetCounts(tables, sum_of(tables, bound.metric), conditions)
            found.append(RoundedDraws(counts, bound.low, bound.high))
    return min(found, key=lambda draws: draws.among) if found else draws_of(tables, bounds, conditions)


def draws_of(
    tables: SpaceTables, bounds: Sequence[FigureBound], conditions: Sequence[Factor] = ()
) -> FreeDraws | BoundedDraws | GridDraws:
    """Draws within the bound; of several within the one that fewest designs meet, or from all settings."""
    if not bounds:
        return FreeDraws(tables, conditions)
    if len(bounds) == 1:
        return BoundedDraws(tables, bounds[0], conditions)
    found: list[FreeDraws | BoundedDraws] = []
    for bound in bounds:
        with suppress(TooCoupledError):
            found.append(BoundedDraws(tables, bound, conditions))
    if not found:
        with suppress(TooCoupledError):
            found.append(FreeDraws(tables, conditions))
    return min(found, key=lambda draws: draws.among, default=GridDraws(tables))


def figures_at(figures: MetricSum, indices: Any) -> Any:
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


def meets(tables: SpaceTables, indices: Any, bounds: Iterable[FigureBound], conditions: Iterable[Factor]) -> Any:
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
