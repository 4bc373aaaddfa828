"""How the positions of a tensor relate to those of a source: the algebra behind receptive fields.

An axis is a spatial dim of the source. Along it an element of a tensor reads an interval that depends on one whole
number, its place: a :class:`~archcost.analysis.intervals.Run` says which interval belongs to which place. This is a
weighted sum of the element's positions: each dim of a tensor consists of parts, and a :class:`Tie` gives a part its
weight. A dim of a convolution's output is one part with one tie; `flatten` puts several parts into one dim, `reshape`
splits a part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.intervals import Run, composed, hull, shifted
from archcost.graph.model import new
from archcost.ops.reach import MAX_PERIOD, Steps, View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape
    from archcost.ops.reach import Position, Reading


class Tie(NamedTuple):
    """Moving one step along the part moves the place on an axis by ``step``; there are ``length`` positions."""

    axis: int
    step: Position
    length: int


class AxisPart(NamedTuple):
    """A factor of a dim. With several ties, or a length unlike the size, only moving along all of it is known."""

    size: int
    ties: tuple[Tie, ...]


class AxisField(NamedTuple):
    """The parts of each dim of a tensor (none for a dim that does not move the field), and a run for each axis."""

    dims: tuple[tuple[AxisPart, ...], ...]
    runs: tuple[Run, ...]


def source_field(shape: Shape, axes: Sequence[int]) -> AxisField:
    """The field of the source itself: every position reads itself."""
    dims: list[tuple[AxisPart, ...]] = [()] * len(shape)
    for axis, dim in enumerate(axes):
        dims[dim] = (AxisPart(shape[dim], (Tie(axis, 1, shape[dim]),)),)
    return AxisField(tuple(dims), (Run(1, (0,), (0,)),) * len(axes))


def read(field: AxisField, reading: Reading, shape: Shape, output: Shape) -> AxisField:
    """The field of an output whose elements read a tensor of this shape in this way."""
    runs = list(field.runs)
    if isinstance(reading, View):
        return _settled(_viewed(field.dims, reading, shape, output, runs), runs)
    dims: list[tuple[AxisPart, ...]] = [()] * len(output)
    for parts, steps, size in zip(field.dims, reading, shape, strict=True):
        if not parts:
            continue
        if steps is None:
            _spread(parts, runs)
        else:
            dims[steps.dim] = _moved(parts, steps, runs, size, output[steps.dim], field.dims)
    moved = tuple(dims)
    if moved == field.dims:  # every part still moves along its axes
        return new(AxisField, (moved, tuple(runs)))
    return _settled(moved, runs)


def _settled(dims: Sequence[tuple[AxisPart, ...]], runs: list[Run]) -> AxisField:
    """The field; axes that no part moves along any more have one interval for all places."""
    moving = {tie.axis for parts in dims for part in parts for tie in part.ties}
    if len(moving) < len(runs):
        for axis, (advance, first, last) in enumerate(runs):
            if axis not in moving and advance:
                runs[axis] = Run(0, first[:1], last[:1])
    return new(AxisField, (tuple(dims), tuple(runs)))


def _spread(parts: tuple[AxisPart, ...], runs: list[Run]) -> None:
    """Read all positions of a dim: the interval grows from the first place to the last."""
    for part in parts:
        for axis, step, length in part.ties:
            runs[axis] = shifted(runs[axis], 0, step * (length - 1))


def _moved(
    parts: tuple[AxisPart, ...],
    steps: Steps,
    runs: list[Run],
    before: int,
    after: int,
    dims: tuple[tuple[AxisPart, ...], ...],
) -> tuple[AxisPart, ...]:
    """The parts of the output's dim, when its positions read those of a dim in steps."""
    _, advance, first, last = steps
    low, high = first[0], last[0]
    simple = len(first) == 1
    if simple and advance == 1 and low == high == 0 and before == after:
        return parts
    if len(parts) > 1:
        parts = _as_one(parts, runs, before, dims)
    if len(parts) == 1 and len(parts[0].ties) == 1:
        axis, step, _ = parts[0].ties[0]
        if simple:
            runs[axis] = shifted(runs[axis], step * low, step * high)
            step *= advance
            if step and parts[0] == (after, ((axis, step, after),)):
                return parts
        elif _ties_on(axis, dims) == 1:
            runs[axis] = composed(runs[axis], step, steps)
            step = 1
        else:
            _spread(parts, runs)
            return ()
        stays = step == 0 or (after == 1 and before > 1)  # one interval for all positions
        return () if stays else (new(AxisPart, (after, (new(Tie, (axis, step, after)),))),)
    if simple and low == high and after > 1:  # a stretch of a dim of several parts: which positions is not followed
        return (AxisPart(after, tuple([tie for part in parts for tie in part.ties])),)
    _spread(parts, runs)
    return ()


def _as_one(
    parts: tuple[AxisPart, ...], runs: list[Run], size: int, dims: tuple[tuple[AxisPart, ...], ...]
) -> tuple[AxisPart, ...]:
    """One part, where the dim is a part whose positions are repeated, as sub-pixel upsampling does; else the parts."""
    outer, *others = parts
    if len(others) == 1 and not others[0].ties and _splits(outer) and others[0].size <= MAX_PERIOD:
        axis, step, _ = outer.ties[0]
        if _ties_on(axis, dims) == 1:
            repeated = (0,) * others[0].size
            runs[axis] = composed(runs[axis], step, Steps(0, 1, repeated, repeated))
            return (AxisPart(size, (Tie(axis, 1, size),)),)
    return parts


def _ties_on(axis: int, dims: tuple[tuple[AxisPart, ...], ...]) -> int:
    return sum(tie.axis == axis for parts in dims for part in parts for tie in part.ties)


def jumps(field: AxisField) -> list[Position]:
    """For each axis, the distance in the source between neighbours; 0 where all positions read the same."""
    runs = field.runs
    found: list[Position] = [0] * len(runs)
    for parts in field.dims:
        for _, ties in parts:
            for axis, step, _ in ties:
                advance, first, _ = runs[axis]
                jump = step * advance if len(first) == 1 else _quotient(step * advance, len(first))
                if not found[axis] or jump < found[axis]:
                    found[axis] = jump
    return found


def _quotient(numerator: Position, denominator: int) -> Position:
    from fractions import Fraction

    quotient = Fraction(numerator) / denominator
    return quotient.numerator if quotient.denominator == 1 else quotient


def union(fields: Sequence[AxisField]) -> AxisField:
    """The field whose intervals hold those of all; of fields that move differently, over all their positions."""
    first, *others = fields
    if any(field.dims != first.dims or jumps(field) != jumps(first) for field in others):
        fields = [_everywhere(field) for field in fields]
        first = fields[0]
    return AxisField(first.dims, tuple([hull(runs) for runs in zip(*[field.runs for field in fields], strict=True)]))


def _everywhere(field: AxisField) -> AxisField:
    """The same interval for every position: the one that holds those of all."""
    runs = list(field.runs)
    for parts in field.dims:
        _spread(parts, runs)
    return _settled([()] * len(field.dims), runs)


# --- views ----------------------------------------------------------------------------------------------------------


def _viewed(
    dims: tuple[tuple[AxisPart, ...], ...], view: View, shape: Shape, output: Shape, runs: list[Run]
) -> Sequence[tuple[AxisPart, ...]]:
    """The dims after reshaping, permuting and reshaping; where parts are torn, every position reads everything."""
    found: Sequence[tuple[AxisPart, ...]] | None = dims
    sizes = shape
    if view.order is not None:
        found = _regrouped(dims, shape, view.split)
        found = found and [found[place] for place in view.order]
        sizes = tuple([view.split[place] for place in view.order])
    regrouped = None if found is None else _regrouped(found, sizes, output)
    if regrouped is not None:
        return regrouped
    for parts in dims:
        _spread(parts, runs)
    return [()] * len(output)


def _regrouped(dims: Sequence[tuple[AxisPart, ...]], shape: Shape, sizes: Shape) -> list[tuple[AxisPart, ...]] | None:
    """The parts in order under other sizes; None if that tears a part that cannot be split."""
    rest = _flat(dims, shape)[::-1]
    regrouped = []
    for size in sizes:
        taken = []
        missing = size
        while missing > 1:
            part = rest.pop()
            if missing % part.size:
                if part.size % missing or not _splits(part):
                    return None
                part, inner = _split(part, missing)
                rest.append(inner)
            taken.append(part)
            missing //= part.size
        regrouped.append(tuple(taken) if any(part.ties for part in taken) else ())
    return regrouped


def _flat(dims: Sequence[tuple[AxisPart, ...]], shape: Shape) -> list[AxisPart]:
    """All parts in order, those of size 1 left out, neighbours that move as one joined."""
    flat: list[AxisPart] = []
    for parts, size in zip(dims, shape, strict=True):
        for part in parts or (AxisPart(size, ()),):
            if part.size == 1:
                continue
            joined = _joined(flat[-1], part) if flat else None
            if joined is None:
                flat.append(part)
            else:
                flat[-1] = joined
    return flat


def _joined(outer: AxisPart, inner: AxisPart) -> AxisPart | None:
    if not outer.ties and not inner.ties:
        return AxisPart(outer.size * inner.size, ())
    if len(outer.ties) == len(inner.ties) == 1 and _splits(outer) and _splits(inner):
        (axis, step, _), (other, small, length) = outer.ties[0], inner.ties[0]
        if axis == other and step == small * length:
            size = outer.size * inner.size
            return AxisPart(size, (Tie(axis, small, size),))
    return None


def _splits(part: AxisPart) -> bool:
    return not part.ties or (len(part.ties) == 1 and part.ties[0].length == part.size)


def _split(part: AxisPart, outer: int) -> tuple[AxisPart, AxisPart]:
    """An outer part of the given size and what is left inside of it."""
    inner = part.size // outer
    if not part.ties:
        return AxisPart(outer, ()), AxisPart(inner, ())
    axis, step, _ = part.ties[0]
    return AxisPart(outer, (Tie(axis, step * inner, outer),)), AxisPart(inner, (Tie(axis, step, inner),))
