"""Reshapes that merge or split dims, said as that: so they name neither the batch nor the resolution."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.form import Batched
from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.importers.form import Attribute, Shape
    from archcost.importers.idioms.sight import Sight

_SAME_ELEMENTS = ("reshape", "flatten", "unflatten")


def merged_reshape(sight: Sight, place: int) -> IdiomRewrite | None:
    """A reshape of a reshape that nobody else reads is one reshape."""
    step = sight.step(place)
    if step.kind not in _SAME_ELEMENTS:
        return None
    before = sight.made_by(step.inputs[0], *_SAME_ELEMENTS)
    if before is None or sight.reader(step.inputs[0]) is None:
        return None
    value = step.outputs[0]
    made = NewStep(place, "reshape", sight.step(before).inputs, (value,), {"shape": sight.shape(value)})
    return IdiomRewrite((before, place), (made,))


def shorter_reshape(sight: Sight, place: int) -> IdiomRewrite | None:
    """A reshape as ``flatten``, ``unflatten``, ``squeeze`` or ``unsqueeze``, if it is one of them.

    It must be the same one for all uses of a module, which would not fold otherwise: a dim of size 1, as of one window
    in place of four, allows for more.
    """
    step = sight.step(place)
    if step.kind != "reshape":
        return None
    shapes = _shapes(sight, place)
    ranks = tuple(map(len, shapes))
    alike = [_shapes(sight, other) for other in sight.alike(place) if sight.step(other).kind == "reshape"]
    said = _common(frozenset([pair for pair in alike if tuple(map(len, pair)) == ranks]))
    if said is None:
        return None
    attributes = _attributes(said, shapes, sight.attribute(place, "shape"))
    return IdiomRewrite((place,), (NewStep(place, said.kind, step.inputs, step.outputs, attributes),))


class _Said(NamedTuple):
    """An op on the dims from ``start`` to before ``end``; ``unflatten`` gives these, the others take them."""

    kind: str
    start: int
    end: int


def _shapes(sight: Sight, place: int) -> tuple[Shape, Shape]:
    step = sight.step(place)
    return sight.shape(step.inputs[0]), sight.shape(step.outputs[0])


@cache
def _common(pairs: frozenset[tuple[Shape, Shape]]) -> _Said | None:
    """What all of some pairs of shapes allow: of several the one that changes the fewest dims."""
    allowed = [set(_allowed(before, after)) for before, after in pairs]
    both = set.intersection(*allowed)
    return min(both, key=lambda said: (_ORDER.index(said.kind), said.end - said.start, -said.start), default=None)


_ORDER = ("flatten", "unflatten", "squeeze", "unsqueeze")


def _allowed(before: Shape, after: Shape) -> Iterator[_Said]:
    """The ops that turn one shape into another."""
    change = len(after) - len(before)
    for start in range(min(len(before), len(after))):
        wide = abs(change) + 1
        narrow, other = (before, after) if change > 0 else (after, before)
        alike = narrow[:start] == other[:start] and narrow[start + 1 :] == other[start + wide :]
        if change and alike:
            yield _Said("unflatten" if change > 0 else "flatten", start, start + wide)
    if change == -1:
        for dim, size in enumerate(before):
            if size == 1 and before[:dim] + before[dim + 1 :] == after:
                yield _Said("squeeze", dim, dim + 1)
    if change == 1:
        for dim, size in enumerate(after):
            if size == 1 and after[:dim] + after[dim + 1 :] == before:
                yield _Said("unsqueeze", dim, dim + 1)


def _attributes(said: _Said, shapes: tuple[Shape, Shape], written: Shape) -> dict[str, Attribute]:
    """The attributes of an op, the last dim as -1; a size of the batch, or that was -1, is -1."""
    kind, start, end = said
    before, after = shapes
    if kind == "flatten":
        return {"start_dim": start, "end_dim": -1 if end == len(before) else end - 1}
    if kind == "unflatten":
        sizes = zip(after[start:end], written[start:end], strict=True)
        split = tuple([-1 if isinstance(size, Batched) or given == -1 else size for size, given in sizes])
        return {"dim": -1 if start == len(before) - 1 else start, "unflattened_size": split}
    return {"dim": (start,) if kind == "squeeze" else start}
