"""Ops that move, join or take parts of tensors: views where PyTorch makes views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, fresh
from archcost.analysis.memory.machine import alias
from archcost.analysis.memory.strides import channels_last, contiguous, is_channels_last
from archcost.ops.axes import axes, axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.machine import Machine, Tensor
    from archcost.analysis.memory.rules.call import Call, Rule
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
    return kernels.split(machine, call.x, dim, [tensor.shape[dim] for tensor in call.outputs])


def _slice(machine: Machine, call: Call) -> Tensor:
    dim = axis(call.op.dim, len(call.x.shape))
    return kernels.narrow(machine, call.x, dim, call.shape[dim], call.op.step)


def spatial_strides(x: Tensor, shape: Ints) -> Ints:
    """Channels-last if the input is, else contiguous: what convolutions, norms and pools give."""
    return channels_last(shape) if is_channels_last(x.shape, x.strides) and not x.contiguous else contiguous(shape)


def padded(machine: Machine, x: Tensor, sizes: Sequence[int], mode: str) -> Tensor:
    """A copy whose last dims have other sizes; only ``reflect`` and ``replicate`` keep the input."""
    shape = (*x.shape[: len(x.shape) - len(sizes)], *sizes)
    y = machine.new(shape, x.dtype, contiguous(shape) if mode == "circular" else spatial_strides(x, shape))
    scratch = 2 * y.bytes if mode == "circular" else 0  # the gradient goes back piece by piece
    machine.record([y], [x], each(fresh(x), scratch=scratch), [x] if mode in ("reflect", "replicate") else [])
    return y


def _pad(machine: Machine, call: Call) -> Tensor:
    return padded(machine, call.x, call.shape, call.op.mode)


def _roll(machine: Machine, call: Call) -> Tensor:
    x = call.x
    y = machine.new(x.shape, x.dtype)
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
    "slice": _slice,
    "pad": _pad,
    "roll": _roll,
}
