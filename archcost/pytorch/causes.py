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
    for mine, other in zip(ours, theirs, strict=True):
        if len(mine) != len(other):
            return "a dim that is kept or dropped (keepdim, flatten, squeeze)"
        differing = [place for place, (a, b) in enumerate(zip(mine, other, strict=True)) if a != b]
        if not differing:
            continue
        if differing == [0]:
            return "the batch"
        if all(place >= _SPATIAL for place in differing) and "kernel_size" in node.op.fields:
            by_one = all(abs(mine[place] - other[place]) == 1 for place in differing)
            rounding = "ceil_mode" in node.op.fields
            if by_one and rounding:
                return "rounding of the last window (ceil_mode), or padding"
            return "padding, stride or dilation"
        if differing == [1]:
            return "the number of channels or features"
        return f"the rule for dim {differing[0]}"
    return ""


def tensors_cause(ours: dict[str, Shape], theirs: dict[str, Shape]) -> str:
    """Why names or shapes of tensors differ."""
    missing, extra = theirs.keys() - ours.keys(), ours.keys() - theirs.keys()
    if any("bias" in name for name in missing | extra):
        return "bias: counted on one side only"
    if missing or extra:
        return f"tensors that only one side has: {', '.join(sorted(missing | extra))}"
    name = next(name for name in ours if ours[name] != theirs[name])
    mine, other = ours[name], theirs[name]
    if sorted(mine) == sorted(other):
        return f"the order of the dims of {name}"
    if len(mine) == len(other) and mine[0] == other[0] and len(mine) > 1 and max(mine[1], other[1]) % min(
        mine[1], other[1]
    ) == 0:
        return f"groups: the channels that {name} reads"
    return f"the shape of {name}"


def macs_cause(node: Node, ours: int, theirs: int, *, shapes_agree: bool) -> str:
    """Why counts differ."""
    if not shapes_agree:
        return "follows from the output shape"
    if theirs and ours == 2 * theirs:
        return "convention: FLOPs (2 for each multiply-accumulate) instead of MACs"
    if ours and theirs == 2 * ours:
        return "convention: half of the multiply-accumulates"
    outputs = sum(prod(tensor.shape) for tensor in node.outputs)
    inputs = sum(prod(tensor.shape) for tensor in node.signature.inputs)
    if ours - theirs == outputs:
        return "bias or elementwise work: one operation for each output too many"
    if ours - theirs == inputs:
        return "elementwise work: one operation for each input too many"
    groups = getattr(node.op, "groups", 1)
    if groups > 1 and groups * min(ours, theirs) == max(ours, theirs):
        return "groups: each reads its own share of the channels"
    if not theirs:
        return "convention: PyTorch multiplies and accumulates nothing here"
    if not ours:
        return "convention: work that archcost takes for free"
    return f"the formula: a factor of {ours / theirs:.6g}"
