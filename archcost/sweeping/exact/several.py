"""How many designs meet budgets of several metrics: exactly while that is feasible, else a stated estimate.

The metrics are packed into one number, which is a sum over the factors as each of them is: reduced₁ + (2 · top₁ + 1) ·
reduced₂ + …. Halves of a space are then points in several dimensions, and the pairs within the bounds are counted. What
a half lost, when the least was taken from its sums, is such a number, too; so a half has differences of two of them, in
which a metric is from -top to top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.exact.bounds import FigureBound, joined, naming_axes, sum_of
from archcost.sweeping.exact.budgets import BudgetCounts
from archcost.sweeping.exact.counting import count
from archcost.sweeping.exact.dots import exact_dot
from archcost.sweeping.exact.effort import SolvingEffort, TooCoupledError
from archcost.sweeping.exact.intervals import estimated
from archcost.sweeping.exact.problem import SAFE, Scale, reduced
from archcost.sweeping.exact.sampling import draws_of, meets
from archcost.sweeping.exact.words import UniformWords
from archcost.sweeping.tables import Factor, MetricSum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.sweeping.exact.budgets import Halves
    from archcost.sweeping.exact.intervals import Estimate
    from archcost.sweeping.exact.words import Seed
    from archcost.sweeping.tables import SpaceTables

MAX_STATES, MAX_WORK = 1 << 21, 1 << 25  # of an exact count: some seconds
PLANE = 2  # dimensions in which pairs are counted without listing them
DRAWS = 1 << 18  # of an estimate
PAIRS_AT_A_TIME = 1 << 22


def count_within(
    tables: SpaceTables,
    bounds: Iterable[FigureBound],
    conditions: Iterable[Factor] = (),
    effort: SolvingEffort | None = None,
    seed: Seed = 0,
) -> int | Estimate:
    """The designs that meet bounds of any number of metrics; an Estimate where counting them takes too much.

    With bounds of one metric the count is always exact.
    """
    demands, conditions = joined(bounds), tuple(conditions)
    if len(demands) <= 1:
        return count(tables, demands, conditions)
    try:
        return _counted(tables, demands, conditions, effort or SolvingEffort(MAX_STATES, MAX_WORK))
    except TooCoupledError:
        draws = draws_of(tables, demands, conditions)
        if not draws.among:
            return 0
        designs = draws.draw(DRAWS, UniformWords(seed))
        hits = int(meets(tables, designs, demands, conditions).sum())
        return estimated(hits, len(designs), draws.among)


def _counted(
    tables: SpaceTables, bounds: Sequence[FigureBound], conditions: Sequence[Factor], effort: SolvingEffort
) -> int:
    """The exact count."""
    scales, terms, step = [], list[Factor](), 1
    for bound in bounds:
        scale, factors = reduced(sum_of(tables, bound.metric))
        terms += [
            Factor(factor.axes, np.asarray(factor.entries.astype(object) * step, dtype=object)) for factor in factors
        ]
        scales.append(scale)
        step *= 2 * scale.top + 1
    counts = BudgetCounts(tables, MetricSum(0, tuple(terms)), conditions, effort)
    boxes = [_ends(scale, bound) for scale, bound in zip(scales, bounds, strict=True)]
    if any(least > most for least, most in boxes):
        return 0
    with naming_axes(tables, counts.problem):
        return sum(_pairs(halves, counts.scale, scales, boxes, effort) for halves in counts.halves())


def _ends(scale: Scale, bound: FigureBound) -> tuple[int, int]:
    """The reduced sums within a bound."""
    least = 0 if bound.low is None else max(scale.least(bound.low), 0)
    return least, scale.top if bound.high is None else min(scale.most(bound.high), scale.top)


def _pairs(
    halves: Halves, packed: Scale, scales: Sequence[Scale], boxes: Sequence[tuple[int, int]], effort: SolvingEffort
) -> int:
    """The pairs of designs of the halves whose sums lie in the box."""
    shift = _unpacked(np.array([halves.shift], dtype=object), packed, scales)
    first = [
        column + int(lost[0])
        for column, lost in zip(_unpacked(halves.first.values, packed, scales), shift, strict=True)
    ]
    second = _unpacked(halves.second.values, packed, scales)
    size = halves.first.size * halves.second.size
    weights = halves.second.counts if size < SAFE else halves.second.counts.astype(object)
    lows = [least - column for (least, _), column in zip(boxes, first, strict=True)]
    highs = [most - column for (_, most), column in zip(boxes, first, strict=True)]
    if len(boxes) == PLANE:
        effort.spend(4 * len(halves.first))
        found = _in_rectangles(second, weights, lows, highs)
    else:
        effort.spend(len(halves.first) * len(halves.second) // 8)
        found = _in_boxes(second, weights, lows, highs)
    return exact_dot(halves.first.counts, found)


def _unpacked(values: Any, packed: Scale, scales: Sequence[Scale]) -> list[Any]:
    """The reduced sums of each metric, or differences of such, by which they were packed."""
    values = values * packed.unit if packed.unit * packed.top < SAFE else values.astype(object) * packed.unit
    columns = []
    for scale in scales:
        base = 2 * scale.top + 1
        column = (values + scale.top) % base - scale.top
        values = (values - column) // base
        columns.append(column)
    return columns


def _in_boxes(points: list[Any], weights: Any, lows: list[Any], highs: list[Any]) -> Any:
    """For each box the weights of the points in it, point by point."""
    found = np.zeros(len(lows[0]), dtype=weights.dtype)
    step = max(PAIRS_AT_A_TIME // max(len(weights), 1), 1)
    for start in range(0, len(found), step):
        part = slice(start, start + step)
        inside = np.ones((len(found[part]), len(weights)), dtype=bool)
        for column, low, high in zip(points, lows, highs, strict=True):
            inside &= (column[None, :] >= low[part, None]) & (column[None, :] <= high[part, None])
        found[part] = inside.astype(weights.dtype) @ weights
    return found


def _in_rectangles(points: list[Any], weights: Any, lows: list[Any], highs: list[Any]) -> Any:
    """For each rectangle the weights of the points in it: four corners, each the weights below and to the left."""
    order = np.argsort(points[0], kind="stable")
    across, up = points[0][order], points[1][order]
    ranked = np.argsort(up, kind="stable")
    ranks = np.empty(len(up), dtype=np.int64)
    ranks[ranked] = np.arange(len(up))
    left, right = np.searchsorted(across, lows[0], "left"), np.searchsorted(across, highs[0], "right")
    under, upto = np.searchsorted(up[ranked], lows[1], "left"), np.searchsorted(up[ranked], highs[1], "right")
    return _below(ranks, weights[order], left, np.maximum(right, left), np.maximum(upto, under)) - _below(
        ranks, weights[order], left, np.maximum(right, left), under
    )


def _below(ranks: Any, weights: Any, starts: Any, stops: Any, limits: Any) -> Any:
    """Σ weights[i] for starts ≤ i < stops with ranks[i] < limit: bit by bit of the ranks, from the highest.

    At each bit the points are parted, stably, into those without it and those with it (a wavelet matrix: Claude and
    Navarro, SPIRE 2012).
    """
    found = np.zeros(len(starts), dtype=weights.dtype)
    nothing, no_weight = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=weights.dtype)
    for bit in reversed(range(len(ranks).bit_length())):
        zero = (ranks >> bit) & 1 == 0
        zeros = np.concatenate((nothing, np.cumsum(zero)))
        weight = np.concatenate((no_weight, np.cumsum(np.where(zero, weights, 0))))
        is_one = (limits >> bit) & 1 == 1
        found = found + np.where(is_one, weight[stops] - weight[starts], 0)
        starts, stops = (np.where(is_one, zeros[-1] + ends - zeros[ends], zeros[ends]) for ends in (starts, stops))
        order = np.concatenate((np.flatnonzero(zero), np.flatnonzero(~zero)))
        ranks, weights = ranks[order], weights[order]
    return found
