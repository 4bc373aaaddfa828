"""Ops that give the elements of a tensor another shape; none of them computes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import decided, numel
from archcost.ops import fields
from archcost.ops.axes import axes, axis, replace_dim, require, resolve_wildcard
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.facets import Work, WrittenAs
from archcost.ops.fields import index, indices
from archcost.ops.reach import View, pointwise, window

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.ops.reach import Reading

_FAMILY = "Shape"


def _in_order(op: Op, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
    """The reach of an op that keeps all elements in their order."""
    del op, outputs, number
    return (View(inputs[0]),)


class Flatten(Op, kind="flatten", family=_FAMILY, work=Work.UNCHANGED, written=WrittenAs.MODULE, main="start_dim"):
    """The dims from start_dim to end_dim become one dim; no MACs, no FLOPs.

    The defaults flatten all dims except the batch.
    """

    reach = _in_order

    start_dim: int = index(default=1)
    end_dim: int = index(default=-1)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        start, end = axis(self.start_dim, len(shape)), axis(self.end_dim, len(shape))
        require(start <= end, "start_dim {} comes after end_dim {} in {}", self.start_dim, self.end_dim, shape)
        return ((*shape[:start], numel(shape[start : end + 1]), *shape[end + 1 :]),)


class Unflatten(Op, kind="unflatten", family=_FAMILY, min_rank=1, work=Work.UNCHANGED, written=WrittenAs.MODULE):
    """The dim becomes the dims of `unflattened_size`, one of which may be -1; no MACs, no FLOPs."""

    reach = _in_order

    dim: int = index()
    unflattened_size: Shape = fields.sizes(wildcards=1)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape))
        require(len(self.unflattened_size) > 0, "unflattened_size is empty")
        sizes = resolve_wildcard(
            self.unflattened_size, shape[place], check, "a dim of size {} cannot be unflattened to {}"
        )
        return ((*shape[:place], *sizes, *shape[place + 1 :]),)


class Reshape(Op, kind="reshape", family=_FAMILY, work=Work.UNCHANGED):
    """The same elements in the same order, in another shape, one size of which may be -1; no MACs, no FLOPs.

    `shape` includes the batch: `[$batch, 16, -1]`.
    """

    reach = _in_order

    shape: Shape = fields.sizes(wildcards=1)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return (resolve_wildcard(self.shape, numel(inputs[0]), check, "{} elements cannot be reshaped to {}"),)


class Permute(Op, kind="permute", family=_FAMILY):
    """Output dim i is input dim dims[i], and `dims` names every dim once; no MACs, no FLOPs."""

    dims: tuple[int, ...] = indices()

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        require(len(self.dims) == len(shape), "permute names {} dims, but the input is {}", len(self.dims), shape)
        return (tuple([shape[place] for place in axes(self.dims, len(shape))]),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        order = axes(self.dims, len(inputs[0]))
        return (tuple([window(order.index(dim)) for dim in range(len(order))]),)


class Transpose(Op, kind="transpose", family=_FAMILY):
    """The dims dim0 and dim1 are swapped; no MACs, no FLOPs."""

    dim0: int = index()
    dim1: int = index()

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        first, second = axis(self.dim0, len(shape)), axis(self.dim1, len(shape))
        if not shape:
            return inputs
        return (replace_dim(replace_dim(shape, first, shape[second]), second, shape[first]),)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        rank = len(inputs[0])
        first, second = axis(self.dim0, rank), axis(self.dim1, rank)
        places = {first: second, second: first}
        return (tuple([window(places.get(dim, dim)) for dim in range(rank)]),)


class Squeeze(Op, kind="squeeze", family=_FAMILY, work=Work.UNCHANGED, main="dim"):
    """The named dims are removed if their size is 1, or with `dim: null` all dims of size 1; no MACs, no FLOPs.

    A named dim of another size stays.
    """

    reach = _in_order

    dim: tuple[int, ...] | None = indices(default=None, scalar="list", doc="one dim or several")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        named = range(len(shape)) if self.dim is None else axes(self.dim, len(shape))
        return (tuple([size for place, size in enumerate(shape) if place not in named or not decided(size == 1)]),)


class Unsqueeze(Op, kind="unsqueeze", family=_FAMILY, work=Work.UNCHANGED):
    """A dim of size 1 is inserted at position `dim` of the output; no MACs, no FLOPs."""

    reach = _in_order

    dim: int = index()

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        place = axis(self.dim, len(shape) + 1, "output")
        return ((*shape[:place], 1, *shape[place:]),)


class Expand(Op, kind="expand", family=_FAMILY):
    """Dims of size 1 are repeated to the given sizes, without a copy; -1 keeps a size; no MACs, no FLOPs.

    `sizes` includes the batch. It may have more dims than the input, which are added in front: `[$batch, -1, -1]`.
    """

    reach = pointwise

    sizes: Shape = fields.sizes(wildcards=None)

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        shape = inputs[0]
        added = len(self.sizes) - len(shape)
        require(added >= 0, "sizes has {} numbers, fewer than the dims of the input {}", len(self.sizes), shape)
        out = list(self.sizes)
        for place, size in enumerate(self.sizes):
            keep = type(size) is int and size == -1
            if place < added:
                require(
                    not keep,
                    "-1 keeps the input's size, but the input {} has none for dim {} of {}",
                    shape,
                    place,
                    self.sizes,
                )
            elif keep:
                out[place] = shape[place - added]
            else:
                before = shape[place - added]
                check((before == size) | (before == 1), "{} cannot be expanded to {}", shape, self.sizes)
        return (tuple(out),)
