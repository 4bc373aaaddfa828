"""Sizes that differ from use to use of a module, left to follow from the others: -1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import Batched
from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.form import Attribute, Shape
    from archcost.importers.idioms.sight import Sight

_OPEN = -1
_SIZES = {"reshape": "shape", "unflatten": "unflattened_size"}


def open_size(sight: Sight, place: int) -> IdiomRewrite | None:
    """The one size of a reshape that must be open, if any: one that differs, else the one that the source left open."""
    step = sight.step(place)
    name = _SIZES.get(step.kind)
    if name is None:
        return None
    written, sizes = step.attributes[name], _sizes(sight, place)
    if not isinstance(written, tuple) or len(written) != len(sizes):
        return None
    others = [_sizes(sight, other) for other in sight.alike(place) if sight.step(other).kind == step.kind]
    uses = [each for each in others if len(each) == len(sizes)]
    position = _open_position(sizes, uses, [at for at, size in enumerate(written) if size == _OPEN])
    said = tuple([_OPEN if at == position else size for at, size in enumerate(sizes)])
    if said == written:
        return None
    attributes: dict[str, Attribute] = {**step.attributes, name: said}
    return IdiomRewrite((place,), (NewStep(place, step.kind, step.inputs, step.outputs, attributes, id=step.id),))


def _open_position(sizes: Shape, uses: list[Shape], before: list[int]) -> int | None:
    """Where -1 stands: where the uses differ; else where it stood before, if anywhere.

    Of several such places the one where it stood, else one that follows the batch, else the last.
    """
    different = [at for at in range(len(sizes)) if len({use[at] for use in uses}) > 1]
    for wanted in (before, [at for at, size in enumerate(sizes) if isinstance(size, Batched)]):
        both = [at for at in different if at in wanted]
        if both:
            return both[0]
    left = different or before
    return left[-1] if left else None


def _sizes(sight: Sight, place: int) -> Shape:
    """The sizes that a step gives."""
    step = sight.step(place)
    before, after = sight.shape(step.inputs[0]), sight.shape(step.outputs[0])
    if step.kind == "reshape":
        return after
    dim = sight.dim(place) or 0
    return after[dim : dim + len(after) - len(before) + 1]
