"""What the backward pass makes of a gradient: a new tensor, a view, a sum, or the gradient itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.strides import dense_like, is_contiguous, permuted_back, view_strides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.machine import Backward, Gradient, Gradients, Machine, Tensor
    from archcost.analysis.memory.strides import Ints


def each(*makers: Gradient | None, scratch: int = 0) -> Backward:
    """One output, a gradient for each input; ``scratch`` bytes exist while they are made."""

    def backward(machine: Machine, gradients: Gradients, wanted: Sequence[bool]) -> Gradients:
        (gradient,) = gradients
        if gradient is None:
            return [None] * len(makers)
        extra = machine.new((scratch,), "int8") if scratch else None
        made = [
            maker(machine, gradient) if maker and want else None
            for maker, want in zip(makers, wanted, strict=True)
        ]
        if extra:
            machine.drop(extra)
        return made

    return backward


def fresh(tensor: Tensor) -> Gradient:
    """A new tensor as large as an input, its dims in the same order in memory."""
    shape, dtype = tensor.shape, tensor.dtype
    strides = dense_like(shape, tensor.strides)
    return lambda machine, _: machine.new(shape, dtype, strides)


def packed(tensor: Tensor) -> Gradient:
    """A new contiguous tensor as large as an input."""
    shape, dtype = tensor.shape, tensor.dtype
    return lambda machine, _: machine.new(shape, dtype)


def full(shape: Ints, dtype: str) -> Gradient:
    """A new tensor as large as the output; where the input broadcasts, it is summed afterwards."""
    return lambda machine, _: machine.new(shape, dtype)


def same(machine: Machine, gradient: Tensor) -> Tensor:
    """The gradient of the output itself."""
    passed = machine.alias(gradient)
    passed.passed = True
    return passed


def reshaped(shape: Ints) -> Gradient:
    """The gradient under another shape, copied if its elements do not lie so."""
    return lambda machine, gradient: reshape(machine, gradient, shape)


def reshape(machine: Machine, tensor: Tensor, shape: Ints) -> Tensor:
    """A view under another shape where the strides allow it, else a copy; autograd does not know of it."""
    strides = view_strides(tensor.shape, tensor.strides, shape)
    return machine.new(shape, tensor.dtype) if strides is None else machine.view(tensor, shape, strides)


def permuted(order: Ints) -> Gradient:
    """The gradient with its dims back where they were before ``order`` moved them."""

    def make(machine: Machine, gradient: Tensor) -> Tensor:
        shape = permuted_back(gradient.shape, order)
        return machine.view(gradient, shape, permuted_back(gradient.strides, order))

    return make


def part(dim: int, size: int) -> Gradient:
    """A range of the gradient along a dim, as a view."""

    def make(machine: Machine, gradient: Tensor) -> Tensor:
        shape = (*gradient.shape[:dim], size, *gradient.shape[dim + 1 :])
        return machine.view(gradient, shape, gradient.strides)

    return make


def selected(dim: int) -> Gradient:
    """One place of the gradient along a dim, which is gone, as a view."""

    def make(machine: Machine, gradient: Tensor) -> Tensor:
        shape, strides = gradient.shape, gradient.strides
        return machine.view(gradient, shape[:dim] + shape[dim + 1 :], strides[:dim] + strides[dim + 1 :])

    return make


def spread(shape: Ints) -> Gradient:
    """The gradient of a sum: the same at every element, as a view of stride 0."""
    return lambda machine, gradient: machine.view(gradient, shape, (0,) * len(shape))


def joined(shape: Ints, pieces: Sequence[Ints], dtype: str) -> Backward:
    """Pieces of a tensor to the whole: their gradients one after the other, zeros for those that have none."""

    def backward(machine: Machine, gradients: Gradients, _: Sequence[bool]) -> Gradients:
        zeros = [
            machine.new(piece, dtype) for piece, given in zip(pieces, gradients, strict=True) if given is None
        ]
        whole = machine.new(shape, dtype)
        machine.drop(*zeros)
        return [whole]

    return backward


def summed(machine: Machine, gradient: Tensor, shape: Ints) -> Tensor:
    """The gradient summed over the dims along which an input of ``shape`` was broadcast."""
    if gradient.shape == shape:
        return gradient
    result = machine.new(shape, gradient.dtype)
    machine.drop(gradient)
    return result


def matched(machine: Machine, gradient: Tensor, shape: Ints) -> Tensor:
    """The gradient as a learnable tensor takes it: copied unless it is dense, contiguous and nobody else's."""
    if gradient.passed and gradient.storage.holders > 1 or not is_contiguous(shape, gradient.strides):
        copy = machine.new(shape, gradient.dtype)
        machine.drop(gradient)
        return copy
    return gradient
