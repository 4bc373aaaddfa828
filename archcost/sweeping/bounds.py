"""Bounds on a figure: what exact answers take from a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Bound(NamedTuple):
    """``low`` ≤ metric ≤ ``high``, both included; None where nothing bounds it."""

    metric: str
    low: int | None = None
    high: int | None = None

    def holds(self, figure: int) -> bool:
        """Whether a figure is within."""
        return (self.low is None or figure >= self.low) and (self.high is None or figure <= self.high)


def joined(bounds: Iterable[Bound]) -> tuple[Bound, ...]:
    """One bound a metric: the narrowest of several."""
    found: dict[str, Bound] = {}
    for one in bounds:
        known = found.get(one.metric, Bound(one.metric))
        lows = [each for each in (known.low, one.low) if each is not None]
        highs = [each for each in (known.high, one.high) if each is not None]
        found[one.metric] = Bound(one.metric, max(lows, default=None), min(highs, default=None))
    return tuple(found.values())
