"""The largest size that fits, found on the real figures: it fits, and one more does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY, SPEC, NOTHING, BEYOND = "memory", "spec", "nothing", "beyond"
MOST = 2**40  # a size that nobody has: no larger one is tried


class Largest(NamedTuple):
    """The largest size that fits, 0 for none, and what one more would meet.

    ``limit`` is ``memory``, ``spec`` (the model allows no more), ``nothing`` (the memory does not
    grow with it), or ``beyond``: it grows, and the largest size that is tried fits still.
    """

    size: int
    limit: str


def largest(need: Callable[[int], int | None], capacity: int) -> Largest:
    """The largest size whose need is within the capacity; None is the need of what the model does not allow.

    The need must not fall with the size. A line through the last size that fits and the first that does not gives the
    next one to try, for the need of most models is a line in pieces; where it does not close in, their middle does.
    """
    known: dict[int, int | None] = {}

    def needs(size: int) -> int | None:
        if size not in known:
            known[size] = need(size)
        return known[size]

    def fits(size: int) -> bool:
        found = needs(size)
        return found is not None and found <= capacity

    if not fits(1):
        return Largest(0, MEMORY if needs(1) is not None else SPEC)
    low, high = 1, 2
    while fits(high):
        if high >= MOST:
            return Largest(high, NOTHING if needs(high) == needs(low) else BEYOND)
        low, high = high, min(MOST, max(2 * high, _crossing(low, high, needs, capacity)))
    by_line = True
    while high - low > 1:
        tried = _crossing(low, high, needs, capacity) if by_line else (low + high) // 2
        tried = min(max(tried, low + 1), high - 1)
        before = high - low
        low, high = (tried, high) if fits(tried) else (low, tried)
        by_line = not by_line or 2 * (high - low) <= before
    return Largest(low, MEMORY if needs(high) is not None else SPEC)


def _crossing(low: int, high: int, needs: Callable[[int], int | None], capacity: int) -> int:
    """Where a line through two sizes reaches the capacity; their middle where there is no such line."""
    first, last = needs(low), needs(high)
    if first is None or last is None or last <= first:
        return (low + high) // 2
    return low + (capacity - first) * (high - low) // (last - first)
