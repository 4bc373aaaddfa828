"""Heads that are repeated until there are as many keys as queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.idioms.sight import Sight


def repeat_interleave(sight: Sight, place: int) -> IdiomRewrite | None:
    """A dim of size 1 put behind another, expanded, and merged with it: ``repeat_interleave``."""
    step = sight.step(place)
    if step.kind not in ("reshape", "flatten"):
        return None
    expanded = sight.made_by(step.inputs[0], "expand")
    added = sight.made_by(sight.step(expanded).inputs[0], "unsqueeze", "reshape") if expanded is not None else None
    if expanded is None or added is None:
        return None
    x = sight.step(added).inputs[0]
    before, widened, after = sight.shape(x), sight.shape(step.inputs[0]), sight.shape(step.outputs[0])
    if len(widened) != len(before) + 1 or len(after) != len(before):
        return None
    single = sight.shape(sight.step(added).outputs[0])
    new = [dim for dim, (old, wide) in enumerate(zip(single, widened, strict=True)) if old != wide]
    if len(new) != 1 or single[new[0]] != 1 or new[0] == 0:
        return None
    dim, repeats = new[0] - 1, widened[new[0]]
    made = NewStep(place, "repeat_interleave", (x,), step.outputs, {"repeats": repeats, "dim": dim})
    return IdiomRewrite((added, expanded, place), (made,)) if type(repeats) is int else None
