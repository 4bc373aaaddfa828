"""Intervals of a source by place: the arithmetic of :class:`Run`, exact in integers.

Fractions come up only where a pattern of more than MAX_PERIOD different places is told by its bounds.
"""

from __future__ import annotations

from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple

from archcost.graph.model import new
from archcost.ops.reach import MAX_PERIOD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.ops.reach import Position, Steps


class Run(NamedTuple):
    """Place q·period + r reads from first[r] + q·advance to last[r] + q·advance of the source."""

    advance: Position
    first: tuple[Position, ...]
    last: tuple[Position, ...]


def _at(positions: tuple[Position, ...], advance: Position, place: int) -> Position:
    """The position that belongs to a place."""
    q, r = divmod(place, len(positions))
    return positions[r] + q * advance


def shifted(run: Run, low: Position, high: Position) -> Run:
    """Place t reads from where t + low reads to where t + high reads."""
    advance, first, last = run
    if len(first) == 1:
        return new(Run, (advance, (first[0] + low * advance,), (last[0] + high * advance,)))
    if not (isinstance(low, int) and isinstance(high, int)):
        return shifted(coarse(run), low, high)
    period = range(len(first))
    return Run(
        advance,
        tuple([_at(first, advance, r + low) for r in period]),
        tuple([_at(last, advance, r + high) for r in period]),
    )


def composed(run: Run, step: Position, steps: Steps) -> Run:
    """Place o reads from where the place step·first(o) of the steps reads to where step·last(o) reads."""
    advance, first, last = run
    _, move, low, high = steps
    if not (isinstance(step, int) and isinstance(move, int)) and len(first) > 1:
        return composed(coarse(run), step, steps)
    rounds = len(first) // gcd(len(first), step * move) if len(first) > 1 else 1  # type: ignore[arg-type]
    period = len(low) * rounds
    if period > MAX_PERIOD:
        bounds = coarse(Run(move, low, high))
        base = coarse(run)
        widened = (bounds.first[0] * step * base.advance, bounds.last[0] * step * base.advance)
        return Run(bounds.advance * step * base.advance, (base.first[0] + widened[0],), (base.last[0] + widened[1],))
    if len(first) == 1:
        lows = [first[0] + step * value * advance for value in low]
        return Run(step * move * advance, tuple(lows), tuple([last[0] + step * value * advance for value in high]))
    lows = [_at(first, advance, step * _at(low, move, o)) for o in range(period)]  # type: ignore[arg-type]
    highs = [_at(last, advance, step * _at(high, move, o)) for o in range(period)]  # type: ignore[arg-type]
    return Run(advance * (step * move * rounds // len(first)), tuple(lows), tuple(highs))


def coarse(run: Run) -> Run:
    """The run with one rule for all places: bounds of its intervals."""
    from fractions import Fraction

    advance, first, last = run
    if len(first) == 1:
        return run
    step = Fraction(advance) / len(first)
    low = min(value - r * step for r, value in enumerate(first))
    return Run(step, (low,), (max(value - r * step for r, value in enumerate(last)),))


def longest(run: Run) -> int:
    """Positions in the largest interval; 0 where no place reads anything."""
    if len(run.first) == 1:
        span = run.last[0] - run.first[0]
        return max(0, (span if type(span) is int else int(span.__floor__())) + 1)
    return max(0, *[int((last - first).__floor__()) + 1 for first, last in zip(run.first, run.last, strict=True)])


def hull(runs: Sequence[Run]) -> Run:
    """The run whose intervals hold those of all; they advance alike."""
    period = lcm(*[len(run.first) for run in runs])
    if period > MAX_PERIOD:
        runs, period = [coarse(run) for run in runs], 1
    advance = runs[0].advance * (period // len(runs[0].first))
    lows = [min([_at(run.first, run.advance, r) for run in runs]) for r in range(period)]
    highs = [max([_at(run.last, run.advance, r) for run in runs]) for r in range(period)]
    return Run(advance, tuple(lows), tuple(highs))
