"""Ops that join tensors, pad them or move their elements along a dim."""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from archcost.dims import smaller, total
from archcost.ops.axes import axes, axis, check_reach, replace_dim, require, same_rank
from archcost.ops.base import Check, Inputs, Later, Op, Outputs, shape_text
from archcost.ops.dtypes import promoted
from archcost.ops.fields import choice, index, indices, integers, number
from archcost.ops.reach import ALL, shifted, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_FAMILY = "Shape"


class Concat(Op, kind="concat", family=_FAMILY, max_inputs=None, min_rank=1):
    """out[dim] = Σ in[dim]: the inputs joined along `dim`, by default the channels; no MACs, no FLOPs.

    All other dims must be equal.
    """

    torch_name = "torch.cat"

    dim: int = index(default=1)

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return promoted(inputs, dtypes)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        first = inputs[0]
        same_rank(inputs, "concat")
        place = axis(self.dim, len(first))
        for other in inputs[1:]:
            fits = True
            for at, (a, b) in enumerate(zip(first, other, strict=True)):
                if at != place:
                    fits = fits & (a == b)
            check(
                fits,
                "concat along dim {} needs equal sizes in every other dim: {} and {} differ in {}",
                place,
                first,
                other,
                Later(_differing, first, other, place),
                help=partial(_concat_help, first, other, place),
            )
        return (replace_dim(first, place, total([shape[place] for shape in inputs])),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(outputs[0])
        place = axis(self.dim, rank)
        starts = accumulate([shape[place] for shape in inputs[:-1]], initial=0)
        return tuple([shifted(rank, place, start) for start in starts])


def _differing(first: Shape, other: Shape, place: int) -> str:
    """The dims where two shapes differ, apart from the one they are joined along: ``dims 2 and 3``."""
    dims = [str(at) for at, (a, b) in enumerate(zip(first, other, strict=True)) if at != place and a != b]
    return f"dim {dims[0]}" if len(dims) == 1 else f"dims {', '.join(dims[:-1])} and {dims[-1]}"


def _concat_help(first: Shape, other: Shape, place: int) -> str:
    """What would let two shapes join: another dim, or one resolution for both."""
    differing = [at for at, (a, b) in enumerate(zip(first, other, strict=True)) if a != b]
    if len(differing) == 1:
        return f"their shapes fit along dim {differing[0]}: `concat: {{dim: {differing[0]}}}`"
    if place == 1 and len(first) > 3 and first[0] == other[0]:  # noqa: PLR2004 - (N, C, H, W) or more
        wanted = " × ".join(map(str, first[2:]))
        return f"bring the {shape_text(other)} to {wanted} with a stride, padding or `upsample`"
    return ""


class Stack(Op, kind="stack", family=_FAMILY, max_inputs=None):
    """The inputs, which have the same shape, joined along a new dim; no MACs, no FLOPs."""

    torch_name = "torch.stack"

    dim: int = index(default=0, doc="the position of the new dim in the output")

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return promoted(inputs, dtypes)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        first = inputs[0]
        same_rank(inputs, "stack")
        place = axis(self.dim, len(first) + 1, "output")
        for other in inputs[1:]:
            for a, b in zip(first, other, strict=True):
                check(a == b, "stack needs inputs of one shape, got {} and {}", first, other)
        return ((*first[:place], len(inputs), *first[place:]),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        place = axis(self.dim, rank + 1, "output")
        return (tuple([window(dim + (dim >= place)) for dim in range(rank)]),) * len(inputs)


class Pad(Op, kind="pad", family=_FAMILY):
    """out = before + n + after, with pairs (before, after) from the last dim backwards; no MACs, no FLOPs.

    `pad` is in the order of torch's F.pad: `[left, right, top, bottom]` for (N, C, H, W). Negative numbers crop. Modes
    other than constant must pad all dims except the batch and the channels, or all except the batch.
    """

    torch_name = "F.pad"

    pad: tuple[Dim, ...] = integers(symbol=("before", "after"), unless=0)
    mode: str = choice("constant", "reflect", "replicate", "circular", default="constant")
    value: float | None = number(default=None, doc="the constant; null: 0")

    def validate(self, check: Check) -> None:
        require(len(self.pad) % 2 == 0, "pad takes pairs (before, after), got {} numbers", len(self.pad))
        require(not self.value or self.mode == "constant", "'value' needs mode constant, got mode {}", self.mode)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        padded = len(self.pad) // 2
        require(padded <= len(shape), "pad has pairs for {} dims, but the input is {}", padded, shape)
        if self.mode != "constant":
            require(
                1 <= padded <= 3 and 1 <= len(shape) - padded <= 2,  # noqa: PLR2004 - torch's own limits
                "mode {} pads the last 1 to 3 dims and leaves 1 or 2 before them: {} pairs do not fit {}",
                self.mode,
                padded,
                shape,
            )
        out = list(shape)
        for step in range(padded):
            place = len(shape) - 1 - step
            before, after = self.pad[2 * step], self.pad[2 * step + 1]
            if self.mode == "constant":
                left = shape[place] + smaller(before, 0) + smaller(after, 0)
                check(left >= 0, "the padding ({}, {}) cuts off more than the size {}", before, after, shape[place])
            else:
                check_reach(self.mode, shape[place], before, after, check)
            out[place] = before + shape[place] + after
        return (tuple(out),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank, padded = len(inputs[0]), len(self.pad) // 2
        before = (0,) * (rank - padded) + self.pad[::2][::-1]
        return (tuple([window(dim, padding=padding) for dim, padding in enumerate(before)]),)


class Flip(Op, kind="flip", family=_FAMILY):
    """out[i] = in[n - 1 - i] along the dims; no MACs, no FLOPs."""

    dims: tuple[int, ...] = indices(scalar="list", doc="one dim or several")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        axes(self.dims, len(inputs[0]))
        return inputs

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        turned = axes(self.dims, rank)
        return (tuple([ALL if dim in turned else window(dim) for dim in range(rank)]),)


class Roll(Op, kind="roll", family=_FAMILY):
    """out[i + shift] = in[i] along the dims, with wrap-around; no MACs, no FLOPs.

    There is one shift for each dim. With `dims: null`, the single shift moves the flattened elements.
    """

    torch_name = "torch.roll"

    shifts: tuple[Dim, ...] = integers(scalar="list")
    dims: tuple[int, ...] | None = indices(default=None, scalar="list")

    def validate(self, check: Check) -> None:
        require(len(self.shifts) > 0, "shifts is empty")
        wanted = 1 if self.dims is None else len(self.dims)
        require(len(self.shifts) == wanted, "{} shifts are given for {} dims", len(self.shifts), wanted)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        for dim in self.dims or ():
            axis(dim, len(inputs[0]))
        return inputs

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        if self.dims is None and rank > 1:
            return ((ALL,) * rank,)
        shifts = dict.fromkeys(range(rank), 0)
        for dim, shift in zip(self.dims or (0,), self.shifts, strict=True):
            shifts[axis(dim, rank)] += shift
        return (tuple([window(dim, padding=shifts[dim]) for dim in range(rank)]),)
