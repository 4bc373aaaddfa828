"""Ops that move, join or take parts of tensors: views where PyTorch makes views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, fresh, laid
from archcost.analysis.memory.shadow_torch import alias, view
from archcost.analysis.memory.strides import channels_last, contiguous, is_channels_last
from archcost.ops.axes import axes, axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Gradient, Gradients, Machine, Tensor
    from archcost.analysis.memory.strides import Ints


def _reshape(machine: Machine, call: Call) -> Tensor:
    return kernels.reshape(machine, call.x, call.shape)


def _permute(machine: Machine, call: Call) -> Tensor:
    return kernels.permute(machine, call.x, axes(call.op.dims, len(call.x.shape)))


def _transpose(machine: Machine, call: Call) -> Tensor:
    rank = len(call.x.shape)
    if not rank:
        return alias(call.x)
    return kernels.transpose(machine, call.x, axis(call.op.dim0, rank), axis(call.op.dim1, rank))


def _squeeze(machine: Machine, call: Call) -> Tensor:
    shape = call.x.shape
    named = range(len(shape)) if call.op.dim is None else axes(call.op.dim, len(shape))
    return kernels.squeeze(machine, call.x, [dim for dim in named if shape and shape[dim] == 1])


def _unsqueeze(machine: Machine, call: Call) -> Tensor:
    return kernels.unsqueeze(machine, call.x, axis(call.op.dim, len(call.shape)))


def _expand(machine: Machine, call: Call) -> Tensor:
    return kernels.expand(machine, call.x, call.shape)


def _concat(machine: Machine, call: Call) -> Tensor:
    return kernels.concat(machine, call.inputs, axis(call.op.dim, len(call.shape)))


def _stack(machine: Machine, call: Call) -> Tensor:
    return kernels.stack(machine, call.inputs, axis(call.op.dim, len(call.shape)))


def _split(machine: Machine, call: Call) -> list[Tensor]:
    dim = axis(call.op.dim, len(call.x.shape))
    sizes = [tensor.shape[dim] if dim < len(tensor.shape) else 1 for tensor in call.outputs]
    return kernels.split(machine, call.x, dim, sizes)


def _unbind(machine: Machine, call: Call) -> list[Tensor]:
    return kernels.unbind(machine, call.x, axis(call.op.dim, len(call.x.shape)))


def _slice(machine: Machine, call: Call) -> Tensor:
    dim = axis(call.op.dim, len(call.x.shape))
    return kernels.narrow(machine, call.x, dim, call.shape[dim], call.op.step)


def as_row(x: Tensor) -> Tensor:
    """A sequence as an image of one row."""
    return view(x, (*x.shape[:2], 1, x.shape[2]), (*x.strides[:2], x.shape[2] * x.strides[2], x.strides[2]))


def spatial_strides(x: Tensor, shape: Ints) -> Ints:
    """Channels-last if the input is, else contiguous: what convolutions, norms and pools give."""
    return channels_last(shape) if is_channels_last(x.shape, x.strides) else contiguous(shape)


def spatial(x: Tensor, tensor: Tensor) -> Gradient:
    """A gradient as large as a tensor, channels-last if ``x`` is, else contiguous."""
    return laid(tensor, spatial_strides(x, tensor.shape))


def padded(machine: Machine, x: Tensor, pads: Sequence[tuple[int, int]], mode: str) -> Tensor:
    """A copy with more or fewer elements before and after along the last dims, a pair for each."""
    first = len(x.shape) - len(pads)
    sizes = [size + before + after for size, (before, after) in zip(x.shape[first:], pads, strict=True)]
    shape = (*x.shape[:first], *sizes)
    if mode == "circular":
        return _wrapped(machine, x, pads, shape)
    y = machine.new(shape, x.dtype, spatial_strides(x, shape))
    machine.record([y], [x], each(fresh(x)), [x] if mode in ("reflect", "replicate") else [])
    return y


def _wrapped(machine: Machine, x: Tensor, pads: Sequence[tuple[int, int]], shape: Ints) -> Tensor:
    """The input copied into the middle, then, dim by dim, both ends copied from within."""
    first = len(shape) - len(pads)
    middle = x
    for dim in range(len(shape) - 1, first - 1, -1):
        middle = kernels.narrow(machine, middle, dim, middle.shape[dim])
    y = _copied_into(machine, machine.new(shape, x.dtype), middle)
    del middle
    for dim in range(len(shape) - 1, first - 1, -1):
        for size in pads[dim - first]:
            if size > 0:
                y = _copied_into(machine, y, kernels.narrow(machine, y, dim, size))
    return y


def _copied_into(machine: Machine, y: Tensor, piece: Tensor) -> Tensor:
    """A part of y overwritten; the gradient is copied, and the part cut out of it."""
    shape, part, dtype = y.shape, piece.shape, y.dtype

    def backward(machine: Machine, _: Gradients, wanted: Sequence[bool]) -> Gradients:
        whole = machine.new(shape, dtype)
        cut = machine.new(part, dtype)
        zeros = machine.new(part, dtype) if wanted[0] else None
        del zeros
        return [whole, cut]

    after = view(y, shape, y.strides)
    machine.record([after], [y, piece], backward)
    return after


def _pad(machine: Machine, call: Call) -> Tensor:
    numbers = call.op.pad
    pairs = [(numbers[place], numbers[place + 1]) for place in range(0, len(numbers), 2)]
    return padded(machine, call.x, pairs[::-1], call.op.mode)


def _flip(machine: Machine, call: Call) -> Tensor:
    y = machine.like(call.x)
    machine.record([y], [call.x], each(fresh(call.x)))
    return y


def _roll(machine: Machine, call: Call) -> Tensor:
    """Two pieces joined the other way round, along each dim: channels stay last unless one of the pieces is empty."""
    x, shape = call.x, call.shape
    dims = axes(call.op.dims or (), len(shape))
    joined = dims and all(shift % shape[dim] for dim, shift in zip(dims, call.op.shifts, strict=True))
    y = machine.new(shape, x.dtype, spatial_strides(x, shape) if joined else contiguous(shape))
    machine.record([y], [x], each(fresh(x)))
    return y


RULES: dict[str, Rule] = {
    "flatten": _reshape,
    "unflatten": _reshape,
    "reshape": _reshape,
    "permute": _permute,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "expand": _expand,
    "concat": _concat,
    "stack": _stack,
    "chunk": _split,
    "split": _split,
    "unbind": _unbind,
    "slice": _slice,
    "pad": _pad,
    "roll": _roll,
    "flip": _flip,
}
