"""How many designs there are, how many meet budgets, and how a metric is distributed over them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from archcost.sweeping.exact.bounds import FigureBound, joined, sum_of
from archcost.sweeping.exact.budgets import NOTHING, BudgetCounts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.sweeping.tables import Factor, SpaceTables


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many designs have ``edges[i]`` ≤ figure < ``edges[i + 1]``; the last bin has its upper edge, too."""

    metric: str
    edges: tuple[int, ...]
    counts: tuple[int, ...]


def count(tables: SpaceTables, bounds: Iterable[FigureBound] = (), conditions: Iterable[Factor] = ()) -> int:
    """The valid and distinct designs that meet further conditions, and bounds of at most one metric: exactly.

    ``count_within`` takes bounds of several.
    """
    (counts, bound) = counts_within(tables, bounds, conditions)
    return counts.count(bound.low, bound.high)


def counts_within(
    tables: SpaceTables, bounds: Iterable[FigureBound], conditions: Iterable[Factor] = ()
) -> tuple[BudgetCounts, FigureBound]:
    """The designs by the metric of the only bound, and this bound; by nothing if there is none."""
    demands = joined(bounds)
    if not demands:
        return BudgetCounts(tables, NOTHING, conditions), FigureBound("")
    (bound,) = demands
    return BudgetCounts(tables, sum_of(tables, bound.metric), conditions), bound


def distribution(
    tables: SpaceTables, metric: str, bins: int = 20, conditions: Iterable[Factor] = ()
) -> Histogram | None:
    """The designs by a metric in bins of equal width, to the unit, each counted exactly; None if there is no design."""
    counts = BudgetCounts(tables, sum_of(tables, metric), conditions)
    if counts.ends is None:
        return None
    low, high = counts.ends
    edges = sorted({low + (high - low) * number // bins for number in range(bins + 1)})
    below = [0, *counts.below(edges[1:-1]), counts.count()]
    if len(edges) == 1:
        edges *= 2
    return Histogram(metric, tuple(edges), tuple([after - before for before, after in pairwise(below)]))
