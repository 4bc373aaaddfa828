"""What the backward pass makes of a gradient: a new tensor, a view, a sum, or the gradient itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.shadow_torch import alias, view
from archcost.analysis.memory.strides import dense_like, is_contiguous, permuted_back, view_strides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.shadow_torch import Backward, Gradient, Gradients, Machine, Tensor
    from archcost.analysis.memory.strides import Ints


def each(*makers: Gradient, scratch: int = 0) -> Backward:
    """One output, a gradient for each input that wants one; ``scratch`` bytes exist while they are made."""

    def backward(machine: Machine, gradients: Gradients, wanted: Sequence[bool]) -> Gradients:
        (gradient,) = gradients
        if gradient is None:
            return [None] * len(makers)
        extra = machine.other(scratch, "activation") if scratch else None
        made = [maker(machine, gradient) if want else None for maker, want in zip(makers, wanted, strict=True)]
        del extra
        return made

    return backward


def fresh(tensor: Tensor) -> Gradient:
    """A new tensor as large as an input, its dims in the same order in memory."""
    return laid(tensor, dense_like(tensor.shape, tensor.strides))


def laid(tensor: Tensor, strides: Ints) -> Gradient:
    """A new tensor as large as an input, with strides of its own."""
    shape, dtype, parts = tensor.shape, tensor.dtype, tensor.parts
    return lambda machine, _: machine.new(shape, dtype, strides, parts=parts)


def packed(tensor: Tensor) -> Gradient:
    """A new contiguous tensor as large as an input."""
    shape, dtype, parts = tensor.shape, tensor.dtype, tensor.parts
    return lambda machine, _: machine.new(shape, dtype, parts=parts)


def full(shape: Ints, dtype: str) -> Gradient:
    """A new contiguous tensor; where the input was broadcast to this shape, it is summed afterwards."""
    return lambda machine, _: machine.new(shape, dtype)


def same(machine: Machine, gradient: Tensor) -> Tensor:
    """The gradient of the output itself."""
    del machine
    passed = alias(gradient)
    passed.passed = True
    return passed


def reshaped(shape: Ints) -> Gradient:
    """The gradient under another shape, copied if its elements do not lie so."""

    def make(machine: Machine, gradient: Tensor) -> Tensor:
        strides = view_strides(gradient.shape, gradient.strides, shape)
        if strides is None:
            return machine.new(shape, gradient.dtype, parts=gradient.parts)
        return view(gradient, shape, strides)

    return make


def permuted(order: Ints) -> Gradient:
    """The gradient with its dims back where they were before ``order`` moved them."""

    def make(_: Machine, gradient: Tensor) -> Tensor:
        return view(gradient, permuted_back(gradient.shape, order), permuted_back(gradient.strides, order))

    return make


def part(dim: int, size: int) -> Gradient:
    """A range of the gradient along a dim, as a view."""

    def make(_: Machine, gradient: Tensor) -> Tensor:
        return view(gradient, (*gradient.shape[:dim], size, *gradient.shape[dim + 1 :]), gradient.strides)

    return make


def selected(dim: int) -> Gradient:
    """One place of the gradient along a dim, which is gone, as a view."""

    def make(_: Machine, gradient: Tensor) -> Tensor:
        shape, strides = gradient.shape, gradient.strides
        return view(gradient, shape[:dim] + shape[dim + 1 :], strides[:dim] + strides[dim + 1 :])

    return make


def spread(shape: Ints) -> Gradient:
    """The gradient of a sum: the same at every element, as a view of stride 0."""
    return lambda _, gradient: view(gradient, shape, (0,) * len(shape))


def joined(shape: Ints, pieces: Sequence[Ints], dtype: str) -> Backward:
    """Pieces of a tensor to the whole: their gradients one after the other, zeros for those that have none."""

    def backward(machine: Machine, gradients: Gradients, _: Sequence[bool]) -> Gradients:
        missing = [piece for piece, given in zip(pieces, gradients, strict=True) if given is None]
        zeros = [machine.new(piece, dtype) for piece in missing]
        whole = machine.new(shape, dtype)
        del zeros
        return [whole]

    return backward


def fitted(machine: Machine, gradient: Tensor, shape: Ints, dtype: str) -> Tensor:
    """The gradient summed over the dims along which an input was broadcast, and of the input's dtype."""
    if gradient.shape != shape:
        gradient = machine.new(shape, gradient.dtype)
    return gradient if gradient.dtype == dtype else machine.like(gradient, dtype)


def matched(machine: Machine, gradient: Tensor) -> Tensor:
    """The gradient as a learnable tensor takes it: copied unless it is contiguous and nobody else's."""
    shared = gradient.passed and gradient.storage.holders > 1
    if shared or not is_contiguous(gradient.shape, gradient.strides):
        return machine.new(gradient.shape, gradient.dtype, parts=gradient.parts)
    return gradient
