"""Which elements of an input one element of an output depends on, dim by dim: how ops describe their `reach`.

A reading has one entry for each dim of the input. :class:`Steps` say which positions along it are read, as a function
of the position along one dim of the output; :data:`ALL` says that every position is read, wherever the output is. A
:class:`View` stands for a whole reading: the same elements, laid out anew.

Padding is part of the input here: positions below 0 and beyond the end are read as well, so that every output position
away from the border has the same reach. Statistics of norms, causal masks and the wrapping of circular shifts are not
followed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.dims import Shape

MAX_PERIOD = 1024  # longer patterns are told by their bounds
Position: TypeAlias = "int | Fraction"  # a fraction where only bounds are known


class Steps(NamedTuple):
    """Output position q·period + r along ``dim`` reads from first[r] + q·advance to last[r] + q·advance.

    The period is the length of both tuples: 1 for windows, more where output positions differ in what they read.
    """

    dim: int
    advance: Position
    first: tuple[Position, ...]
    last: tuple[Position, ...]


ALL: Final = None


class View(NamedTuple):
    """The input reshaped to ``split``, its dims in the given order, and reshaped to the output."""

    split: Shape
    order: tuple[int, ...] | None = None


Reading: TypeAlias = "tuple[Steps | None, ...] | View"


@lru_cache(maxsize=1024)
def window(dim: int, kernel: int = 1, stride: int = 1, padding: int = 0, dilation: int = 1) -> Steps:
    """Output position o reads s·o - p … s·o - p + d·(k - 1): the positions of a window; padding is that before."""
    return Steps(dim, stride, (-padding,), (dilation * (kernel - 1) - padding,))


@lru_cache(maxsize=1024)
def windows(
    kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Steps, ...]:
    """A window for each spatial dim of (N, C, *spatial)."""
    geometry = zip(kernel, stride, padding, dilation, strict=True)
    return tuple([window(dim, *sizes) for dim, sizes in enumerate(geometry, 2)])


def shifted(rank: int, place: int, padding: int, stride: int = 1) -> tuple[Steps, ...]:
    """Position o reads s·o - padding along one dim, and o along the others."""
    return tuple([window(dim, 1, stride, padding) if dim == place else window(dim) for dim in range(rank)])


def aligned(shape: Shape, output: Shape) -> tuple[Steps | None, ...]:
    """Every element reads the same position, dims compared from the last; a size that broadcasts is read in full."""
    gap = len(output) - len(shape)
    return tuple([ALL if size != output[dim] else window(dim) for dim, size in enumerate(shape, gap)])


def pointwise(
    op: object, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...], number: int = 0
) -> tuple[tuple[Steps | None, ...], ...]:
    """The reach of an op on single elements: the same position of every input, broadcast as in torch."""
    del op
    return tuple([aligned(shape, outputs[number]) for shape in inputs])


def bins(dim: int, size: int, count: int) -> Steps | None:
    """Output position o reads ⌊o·n / m⌋ … ⌈(o + 1)·n / m⌉ - 1: adaptive pooling of n positions to m."""
    if size == 1:
        return ALL
    from math import gcd

    common = gcd(size, count)
    period, advance = count // common, size // common
    if period > MAX_PERIOD:
        from fractions import Fraction

        step = Fraction(size, count)
        return Steps(dim, step, (Fraction(1, period) - 1,), (step - Fraction(1, period),))
    first = tuple([r * size // count for r in range(period)])
    last = tuple([-(-(r + 1) * size // count) - 1 for r in range(period)])
    return Steps(dim, advance, first, last)


def transposed_window(dim: int, kernel: int, stride: int, padding: int, dilation: int) -> Steps:
    """Output position o reads the i with o = s·i - p + d·t for a tap t: a transposed convolution.

    An output between the taps reads nothing: its first position lies behind its last.
    """
    from math import gcd

    if stride > MAX_PERIOD:
        from fractions import Fraction

        span = dilation * (kernel - 1)
        return Steps(dim, Fraction(1, stride), (Fraction(padding - span, stride),), (Fraction(padding, stride),))
    cycle = stride // gcd(dilation, stride)  # taps that meet the same output are this far apart
    taps = {dilation * t % stride: t for t in range(min(kernel, cycle))}  # by the outputs that they meet
    first: list[int | None] = []
    last: list[int | None] = []
    for r in range(stride):
        nearest = taps.get((r + padding) % stride)
        if nearest is None:
            first.append(None)
            last.append(None)
            continue
        farthest = nearest + (kernel - 1 - nearest) // cycle * cycle
        first.append((r + padding - dilation * farthest) // stride)
        last.append((r + padding - dilation * nearest) // stride)
    return Steps(dim, 1, _lowest_from_here(first), _highest_to_here(last))


def _lowest_from_here(first: list[int | None]) -> tuple[int, ...]:
    """For each output of a period, the first position that it or any later one reads."""
    lowest: int | None = None
    found: list[int] = []
    for q in (1, 0):  # in periods after the next one, all positions are higher
        found = []
        for value in reversed(first):
            if value is not None and (lowest is None or value + q < lowest):
                lowest = value + q
            found.append(0 if lowest is None else lowest)
    return tuple(reversed(found))


def _highest_to_here(last: list[int | None]) -> tuple[int, ...]:
    """For each output of a period, the last position that it or any earlier one reads."""
    mirrored = [None if value is None else -value for value in reversed(last)]
    return tuple([-value for value in reversed(_lowest_from_here(mirrored))])


def interpolated(dim: int, step: Fraction, offset: Fraction, taps: tuple[int, int]) -> Steps:
    """Output position o reads ⌊x⌋ + a … ⌊x⌋ + b with x = step·o + offset, for the taps a ≤ 0 ≤ b.

    At a whole x all taps but ⌊x⌋ have no weight. Of cubic taps that is followed only where every x is whole: positions
    must not go back from one output to the next.
    """
    before, after = taps
    period = step.denominator
    if period > MAX_PERIOD:
        return Steps(dim, step, (offset + before - 1,), (offset + after,))
    first, last = [], []
    for r in range(period):
        x = step * r + offset
        alone = x.denominator == 1 and (period == 1 or before == 0)
        first.append(x.__floor__() + (0 if alone else before))
        last.append(x.__floor__() + (0 if alone else after))
    return Steps(dim, step.numerator, tuple(first), tuple(last))
