"""What PyTorch's elementwise functions, views and reductions allocate, and what they keep for the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.gradients import (
    each,
    fresh,
    full,
    joined,
    packed,
    part,
    permuted,
    reshaped,
    same,
    selected,
    spread,
)
from archcost.analysis.memory.shadow_torch import alias, view
from archcost.analysis.memory.strides import (
    broadcast_strides,
    channels_last,
    contiguous,
    elementwise,
    is_channels_last,
    view_strides,
)
from archcost.dims import broadcast_dim, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.ops.facets import Keeps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.shadow_torch import Backward, Gradient, Machine, Tensor
    from archcost.analysis.memory.strides import Ints


# --- elementwise ----------------------------------------------------------------------------------------------------


def unary(machine: Machine, x: Tensor, keeps: str = "input", *, inplace: bool = False, steps: int = 0) -> Tensor:
    """f(x): keeps its input or its result; its gradient takes ``steps`` tensors on the way.

    In place the result takes the input's storage; a step that keeps the input then keeps a copy.
    """
    copies = inplace and keeps == "input" and machine.recording and x.source is not None
    kept = machine.like(x) if copies else x
    y = view(x, x.shape, x.strides) if inplace else machine.like(x)
    saves = [] if keeps == Keeps.NOTHING else [y if keeps == Keeps.RESULT else kept]
    machine.record([y], [x], each(fresh(x), scratch=steps * x.bytes), saves)
    return y


def binary(machine: Machine, a: Tensor, b: Tensor, kind: str) -> Tensor:
    """A + b, a - b, a · b or a / b with broadcasting."""
    y = broadcasting(machine, (a, b), max(a.dtype, b.dtype, key=DTYPE_BYTES.__getitem__))
    shape, dtype = y.shape, y.dtype
    needs_a, needs_b = a.source is not None, b.source is not None
    if kind == "add":
        machine.record([y], [a, b], each(same, same))
    elif kind == "sub":
        machine.record([y], [a, b], each(same, full(shape, dtype)))
    elif kind == "mul":
        whole = full(shape, dtype)
        machine.record([y], [a, b], each(whole, whole), [b] * needs_a + [a] * needs_b)
    else:
        machine.record([y], [b, a], each(_divisor(shape, dtype), full(shape, dtype)), [b] + [a] * needs_b)
    return y


def broadcasting(machine: Machine, tensors: Sequence[Tensor], dtype: str) -> Tensor:
    """A new tensor of the shape that tensors broadcast to, its dims in the order of the first; records nothing."""
    shape = broadcast(*[x.shape for x in tensors])
    operands = [broadcast_strides(x.shape, x.strides, shape) for x in tensors]
    return machine.new(shape, dtype, elementwise(shape, *operands))


def _divisor(shape: Ints, dtype: str) -> Gradient:
    """-g · ((a / b) / b): three tensors on the way to the result."""

    def make(machine: Machine, _: Tensor) -> Tensor:
        parts = [machine.new(shape, dtype) for _ in range(3)]
        result = machine.new(shape, dtype)
        del parts
        return result

    return make


def scalar(machine: Machine, x: Tensor, *, passes: bool = False) -> Tensor:
    """X with a number: keeps nothing; ``passes``: a sum or difference, whose gradient is that of the output."""
    y = machine.like(x)
    machine.record([y], [x], each(same if passes else fresh(x)))
    return y


def passed_to_both() -> Backward:
    """The backward pass of a sum of two."""
    return each(same, same)


def products_of(x: Tensor) -> Backward:
    """The backward pass of a product of two tensors of one shape."""
    return each(full(x.shape, x.dtype), full(x.shape, x.dtype))


def power(machine: Machine, x: Tensor) -> Tensor:
    """X to the power of a number: keeps x."""
    y = machine.like(x)
    machine.record([y], [x], each(fresh(x), scratch=2 * x.bytes), [x])
    return y


def broadcast(*shapes: Ints) -> Ints:
    """The shape that shapes broadcast to."""
    rank = max(map(len, shapes))
    result: Ints = (1,) * rank
    for shape in shapes:
        padded = (1,) * (rank - len(shape)) + shape
        result = tuple([broadcast_dim(a, b) for a, b in zip(result, padded, strict=True)])
    return result


# --- views ----------------------------------------------------------------------------------------------------------


def reshape(machine: Machine, x: Tensor, shape: Ints) -> Tensor:
    """The same elements under another shape: a view where the strides allow it, else a copy."""
    strides = view_strides(x.shape, x.strides, shape)
    y = machine.new(shape, x.dtype) if strides is None else view(x, shape, strides)
    machine.record([y], [x], each(reshaped(x.shape)))
    return y


def permute(machine: Machine, x: Tensor, order: Ints) -> Tensor:
    """Dims in another order, as a view."""
    shape = tuple([x.shape[dim] for dim in order])
    y = view(x, shape, tuple([x.strides[dim] for dim in order]))
    machine.record([y], [x], each(permuted(order)))
    return y


def transpose(machine: Machine, x: Tensor, first: int, second: int) -> Tensor:
    """Two dims change places, as a view."""
    order = list(range(len(x.shape)))
    order[first], order[second] = order[second], order[first]
    return permute(machine, x, tuple(order))


def squeeze(machine: Machine, x: Tensor, dims: Sequence[int]) -> Tensor:
    """Without dims of size 1, as a view."""
    kept = [dim for dim in range(len(x.shape)) if dim not in dims]
    y = view(x, tuple([x.shape[dim] for dim in kept]), tuple([x.strides[dim] for dim in kept]))
    machine.record([y], [x], each(reshaped(x.shape)))
    return y


def unsqueeze(machine: Machine, x: Tensor, dim: int) -> Tensor:
    """With a dim of size 1 more, as a view."""
    stride = x.shape[dim] * x.strides[dim] if dim < len(x.shape) else 1
    shape = (*x.shape[:dim], 1, *x.shape[dim:])
    y = view(x, shape, (*x.strides[:dim], stride, *x.strides[dim:]))
    machine.record([y], [x], each(reshaped(x.shape)))
    return y


def expand(machine: Machine, x: Tensor, shape: Ints) -> Tensor:
    """Dims of size 1 repeated, as a view of stride 0; its gradient is summed over them."""
    y = view(x, shape, broadcast_strides(x.shape, x.strides, shape))
    machine.record([y], [x], each(same))
    return y


def narrow(machine: Machine, x: Tensor, dim: int, size: int, step: int = 1) -> Tensor:
    """A range along a dim, as a view; its gradient is as large as the whole."""
    strides = (*x.strides[:dim], x.strides[dim] * step, *x.strides[dim + 1 :])
    y = view(x, (*x.shape[:dim], size, *x.shape[dim + 1 :]), strides)
    machine.record([y], [x], each(packed(x)))
    return y


def split(machine: Machine, x: Tensor, dim: int, sizes: Sequence[int]) -> list[Tensor]:
    """Ranges along a dim that make up the whole, as views."""
    shapes = [(*x.shape[:dim], size, *x.shape[dim + 1 :]) for size in sizes]
    pieces = [view(x, shape, x.strides) for shape in shapes]
    machine.record(pieces, [x], joined(x.shape, shapes, x.dtype))
    return pieces


def unbind(machine: Machine, x: Tensor, dim: int) -> list[Tensor]:
    """Every place along a dim, as views."""
    shape, strides = x.shape[:dim] + x.shape[dim + 1 :], x.strides[:dim] + x.strides[dim + 1 :]
    pieces = [view(x, shape, strides) for _ in range(x.shape[dim])]
    machine.record(pieces, [x], joined(x.shape, [()] * len(pieces), x.dtype))  # a missing one is a single zero
    return pieces


def select(machine: Machine, x: Tensor, dim: int) -> Tensor:
    """One place along a dim, as a view; its gradient is as large as the whole."""
    y = view(x, x.shape[:dim] + x.shape[dim + 1 :], x.strides[:dim] + x.strides[dim + 1 :])
    machine.record([y], [x], each(packed(x)))
    return y


# --- copies ---------------------------------------------------------------------------------------------------------


def clone(machine: Machine, x: Tensor) -> Tensor:
    """A contiguous copy."""
    y = machine.new(x.shape, x.dtype)
    machine.record([y], [x], each(same))
    return y


def repeat(machine: Machine, x: Tensor, shape: Ints) -> Tensor:
    """Dims repeated, as a copy; the gradient is summed over them."""
    y = machine.new(shape, x.dtype)
    machine.record([y], [x], each(packed(x) if y.bytes > x.bytes else reshaped(x.shape)))
    return y


def cast(machine: Machine, x: Tensor, dtype: str) -> Tensor:
    """A copy of another dtype; the same tensor if it has it already."""
    if x.dtype == dtype:
        return alias(x)
    y = machine.like(x, dtype)
    machine.record([y], [x], each(fresh(x)))
    return y


def concat(machine: Machine, tensors: Sequence[Tensor], dim: int) -> Tensor:
    """Tensors one after the other along a dim; their gradients are views."""
    first = tensors[0]
    shape = (*first.shape[:dim], sum(tensor.shape[dim] for tensor in tensors), *first.shape[dim + 1 :])
    last = all(is_channels_last(tensor.shape, tensor.strides) for tensor in tensors)
    y = machine.new(shape, first.dtype, channels_last(shape) if last else contiguous(shape))
    machine.record([y], tensors, each(*[part(dim, tensor.shape[dim]) for tensor in tensors]))
    return y


def stack(machine: Machine, tensors: Sequence[Tensor], dim: int) -> Tensor:
    """Tensors along a new dim; their gradients are views."""
    shape = (*tensors[0].shape[:dim], len(tensors), *tensors[0].shape[dim:])
    y = machine.new(shape, tensors[0].dtype)
    machine.record([y], tensors, each(*[selected(dim) for _ in tensors]))
    return y


# --- reductions -----------------------------------------------------------------------------------------------------


def reduce(machine: Machine, x: Tensor, shape: Ints, kind: str) -> Tensor:
    """A sum, mean or maximum over some dims."""
    y = machine.new(shape, x.dtype)
    if kind == "sum":
        machine.record([y], [x], each(spread(x.shape)))
    elif kind == "mean":
        machine.record([y], [x], each(fresh(x)))
    else:  # the mask of where it is, and how often
        count = numel(shape)
        scratch = numel(x.shape) + 8 * count + y.bytes
        machine.record([y], [x], each(fresh(x), scratch=scratch), [x, y])
    return y
