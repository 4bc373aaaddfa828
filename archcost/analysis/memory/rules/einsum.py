"""torch.einsum: dims in one order, a sum over those of one operand, and a product of matrices or of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.products import bmm
from archcost.dims import numel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor


def _einsum(machine: Machine, call: Call) -> Tensor:
    names, output = call.op.names(tuple([tensor.shape for tensor in call.inputs]))
    order = [*output, *sorted({name for own in names for name in own} - set(output))]
    operands = [_in_order(machine, x, own, order) for x, own in zip(call.inputs, names, strict=True)]
    sums = range(len(output), len(order))
    if len(operands) == 1:
        (x,) = operands
        return kernels.reduce(machine, x, call.shape, "sum") if sums else x
    left, right = operands
    del operands
    both = [dim for dim in sums if left.shape[dim] != 1 and right.shape[dim] != 1]
    alone = [dim for dim in sums if dim not in both]
    left, right = _summed(machine, left, alone), _summed(machine, right, alone)
    y = _product(machine, left, right, both) if both else kernels.binary(machine, left, right, "mul")
    return kernels.reshape(machine, y, call.shape)


def _in_order(machine: Machine, x: Tensor, names: Sequence[str], order: Sequence[str]) -> Tensor:
    """The dims in the order of the equation, with one of size 1 for each letter that the operand has not."""
    missing = [name for name in order if name not in names]
    for _ in missing:
        x = kernels.unsqueeze(machine, x, len(x.shape))
    own = [*names, *missing]
    return kernels.permute(machine, x, tuple([own.index(name) for name in order]))


def _summed(machine: Machine, x: Tensor, dims: Sequence[int]) -> Tensor:
    if all(x.shape[dim] == 1 for dim in dims):
        return x
    shape = tuple([1 if dim in dims else size for dim, size in enumerate(x.shape)])
    return kernels.reduce(machine, x, shape, "sum")


def _product(machine: Machine, left: Tensor, right: Tensor, sums: Sequence[int]) -> Tensor:
    """Dims of both are the batch of a product of matrices, those of the left its rows, of the right its columns."""
    free = [dim for dim in range(len(left.shape)) if dim not in sums]
    shared = [dim for dim in free if left.shape[dim] != 1 and right.shape[dim] != 1]
    rows = [dim for dim in free if left.shape[dim] != 1 and right.shape[dim] == 1]
    columns = [dim for dim in free if left.shape[dim] == 1]
    if rows and columns and columns[-1] < rows[0]:  # the other way round the output lies in order
        left, right, rows, columns = right, left, columns, rows
    batch, n, k = (numel([left.shape[dim] for dim in dims]) for dims in (shared, rows, sums))
    m = numel([right.shape[dim] for dim in columns])
    a = kernels.permute(machine, left, (*shared, *rows, *sums, *columns))
    a = kernels.reshape(machine, a, (batch, n, k))
    b = kernels.permute(machine, right, (*shared, *sums, *columns, *rows))
    b = kernels.reshape(machine, b, (batch, k, m))
    if machine.half:  # both are there in single precision, too
        y = bmm(machine, kernels.cast(machine, a, machine.half), kernels.cast(machine, b, machine.half))
    else:
        y = bmm(machine, a, b)
    order = [*shared, *rows, *sums, *columns]
    sizes = [1 if dim in sums else max(left.shape[dim], right.shape[dim]) for dim in order]
    y = kernels.reshape(machine, y, tuple(sizes))
    return kernels.permute(machine, y, tuple([order.index(dim) for dim in range(len(order))]))


RULES: dict[str, Rule] = {"einsum": _einsum}
