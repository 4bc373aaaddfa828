"""The likely cause of a mismatch, from the two figures and the layer: a hint for whoever mends it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.graph.model import Node

_SPATIAL = 2  # dims before the spatial ones: batch, channels


def output_cause(node: Node, ours: tuple[Shape, ...], theirs: tuple[Shape, ...]) -> str:
    """Why shapes differ."""
    if len(ours) != len(theirs):
        return "the number of outputs"
    mine, other = next(pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1])
    if len(mine) != len(other):
        return "a dim that is kept or dropped: keepdim, flatten, squeeze"
    differing = [place for place, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b]
    if differing == [0]:
        return "the batch"
    if all(place >= _SPATIAL for place in differing) and "kernel_size" in node.op.fields:
        by_one = all(abs(mine[place] - other[place]) == 1 for place in differing)
        windows = by_one and "ceil_mode" in node.op.fields
        return "padding, or rounding of the last window (ceil_mode)" if windows else "padding, stride or dilation"
    return "the number of channels or features" if differing == [1] else f"the rule for dim {differing[0]}"


def tensors_cause(ours: dict[str, Shape], theirs: dict[str, Shape]) -> str:
    """Why names or shapes of tensors differ."""
    one_sided = sorted(theirs.keys() ^ ours.keys())
    if any("bias" in name for name in one_sided):
        return "bias: on one side only"
    if one_sided:
        return f"tensors on one side only: {', '.join(one_sided)}"
    name = next(name for name in ours if ours[name] != theirs[name])
    mine, other = ours[name], theirs[name]
    if sorted(mine) == sorted(other):
        return f"the order of the dims of {name}"
    if len(mine) == len(other) > 1 and mine[:1] == other[:1] and mine[_SPATIAL:] == other[_SPATIAL:]:
        return f"the inputs that {name} meets: groups, in_features"
    return f"the shape of {name}"


def macs_cause(node: Node, ours: int, theirs: int, *, shapes_agree: bool) -> str:
    """Why counts differ."""
    outputs = sum(prod(tensor.shape) for tensor in node.outputs)
    inputs = sum(prod(tensor.shape) for tensor in node.signature.inputs)
    groups = getattr(node.op, "groups", 1)
    rules = (
        (not shapes_agree, "follows from the output shape"),
        (theirs > 0 and ours == 2 * theirs, "convention: FLOPs, 2 for each multiply-accumulate, instead of MACs"),
        (ours > 0 and theirs == 2 * ours, "convention: half of the multiply-accumulates"),
        (ours - theirs == outputs, "bias or elementwise work: one operation for each output too many"),
        (ours - theirs == inputs, "elementwise work: one operation for each input too many"),
        (groups > 1 and groups * min(ours, theirs) == max(ours, theirs), "groups: each reads its own channels only"),
        (theirs == 0, "convention: PyTorch multiplies and accumulates nothing here"),
        (ours == 0, "convention: work that archcost takes for free"),
    )
    return next((text for holds, text in rules if holds), f"the formula: off by {ours - theirs:+,}")
