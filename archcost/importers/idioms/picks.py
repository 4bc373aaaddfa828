"""One tensor as several: single positions along a dim, and equal parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.idioms.sight import Sight

_SEVERAL = 2


def unbind(sight: Sight, place: int) -> IdiomRewrite | None:
    """x[0], x[1] … up to the last, each a slice of one and its squeeze: ``unbind``."""
    if sight.step(place).kind != "slice":
        return None
    value = sight.step(place).inputs[0]
    places, dim = sight.readers(value), sight.dim(place)
    if places[0] != place or sight.is_output(value) or dim is None or sight.shape(value)[dim] != len(places):
        return None
    picked = {found[0]: found[1:] for part in places if (found := _picked(sight, part, dim)) is not None}
    if len(places) < _SEVERAL or picked.keys() != set(range(len(places))):
        return None
    outputs = tuple([sight.step(picked[number][1]).outputs[0] for number in range(len(places))])
    gone = tuple([step for pair in picked.values() for step in pair])
    return IdiomRewrite(gone, (NewStep(place, "unbind", (value,), outputs, {"dim": dim}),))


def _picked(sight: Sight, place: int, dim: int) -> tuple[int, int, int] | None:
    """The position along a dim that a slice and the squeeze after it pick, and both steps."""
    if sight.step(place).kind != "slice" or sight.dim(place) != dim:
        return None
    output = sight.step(place).outputs[0]
    squeezed = sight.read_by(output, "squeeze")
    start = sight.attribute(place, "start") or 0
    is_one = sight.shape(output)[dim] == 1 and type(start) is int and start >= 0
    return (start, place, squeezed) if squeezed is not None and is_one and sight.dim(squeezed) == dim else None


def chunk(sight: Sight, place: int) -> IdiomRewrite | None:
    """A split into parts of one size: ``chunk``, which does not name the size."""
    step = sight.step(place)
    if step.kind != "split" or len({sight.shape(value) for value in step.outputs}) > 1:
        return None
    attributes = {"chunks": len(step.outputs), "dim": sight.attribute(place, "dim")}
    return IdiomRewrite((place,), (NewStep(place, "chunk", step.inputs, step.outputs, attributes),))
