"""Ops that copy the elements of a tensor several times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops.axes import axis, replace_dim, require
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.fields import index, integers, size
from archcost.ops.reach import ALL, interpolated, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_FAMILY = "Shape"


class Tile(Op, kind="tile", family=_FAMILY):
    """out[d] = dims[d] · in[d]: the whole input so many times along each dim, as copies; no MACs, no FLOPs.

    As in torch, fewer numbers than dims are those of the last dims, and more numbers add dims in front. `expand`
    repeats dims of size 1 without a copy.
    """

    dims: tuple[Dim, ...] = integers(minimum=1, symbol=("times",), unless=1, doc="how many times along each dim")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape, times = self._aligned(inputs)
        return (tuple([size * count for size, count in zip(shape, times, strict=True)]),)

    def _aligned(self, inputs: Inputs) -> tuple[Shape, tuple[Dim, ...]]:
        """Sizes and numbers, as many of both."""
        shape, times = inputs[0], self.dims
        more = len(times) - len(shape)
        return (1,) * more + shape, (1,) * -more + times

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        _, times = self._aligned(inputs)
        first = len(times) - len(inputs[0])
        return (tuple([window(dim) if times[dim] == 1 else ALL for dim in range(first, len(times))]),)


class RepeatInterleave(Op, kind="repeat_interleave", family=_FAMILY):
    """Every position along `dim` `repeats` times in a row, as copies; no MACs, no FLOPs.

    With `dim: null`, all elements in one dim. This is how grouped keys and values become as many as the queries.
    """

    repeats: Dim = size(symbol="repeats")
    dim: int | None = index(default=None, doc="null: the input is flattened first")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        if self.dim is None:
            return ((numel(shape) * self.repeats,),)
        require(len(shape) > 0, "repeat_interleave along a dim takes an input of 1 or more dims, got {}", shape)
        place = axis(self.dim, len(shape))
        return (replace_dim(shape, place, shape[place] * self.repeats),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        from fractions import Fraction

        rank = len(inputs[0])
        if self.dim is None and rank != 1:
            return ((ALL,) * rank,)
        place = axis(self.dim or 0, rank)
        repeated = interpolated(place, Fraction(1, self.repeats), Fraction(0), (0, 0))
        return (tuple([repeated if dim == place else window(dim) for dim in range(rank)]),)
