"""Learnt scales of what a residual block adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.idioms.sight import Sight

_NAMES = ("gamma", "scale", "ls")  # in the name of such a parameter, or of its module
_SHAPING = ("reshape", "unsqueeze", "flatten", "unflatten", "squeeze")


def layer_scale(sight: Sight, place: int) -> IdiomRewrite | None:
    """A parameter called so, times what has its size along one dim: ``layer_scale``."""
    step = sight.step(place)
    if step.kind != "mul" or len(step.inputs) < 2:  # noqa: PLR2004 - a product
        return None
    for scale, x in (step.inputs, step.inputs[::-1]):
        parts = _parameter(sight, scale)
        dim = _scaled_dim(sight, scale, x) if parts else None
        if parts and dim is not None:
            held = sight.step(parts[-1])
            made = NewStep(place, "layer_scale", (x,), step.outputs, {"dim": dim}, held.tensors, held.id)
            return IdiomRewrite((*parts, place), (made,))
    return None


def _parameter(sight: Sight, value: int) -> list[int]:
    """The steps from a product back to a parameter that is called a scale; none if there is no such."""
    parts: list[int] = []
    while True:
        place = sight.made_by(value, "parameter", *_SHAPING)
        if place is None:
            return []
        parts.append(place)
        step = sight.step(place)
        if step.kind == "parameter":
            break
        value = step.inputs[0]
    path = sight.model.path_of(step).lower().split(".")[-2:]
    return parts if any(name in part for part in path for name in _NAMES) else []


def _scaled_dim(sight: Sight, scale: int, x: int) -> int | None:
    """The dim along which a scale differs, counted as in the op; None if there are several or none."""
    sizes, shape = sight.shape(scale), sight.shape(x)
    dims = [dim for dim, size in enumerate(sizes, len(shape) - len(sizes)) if size != 1]
    if len(dims) != 1 or dims[0] < 0 or shape[dims[0]] != sizes[dims[0] - len(shape)]:
        return None
    return -1 if dims[0] == len(shape) - 1 else dims[0]
