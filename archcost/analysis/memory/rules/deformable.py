"""Samples at the places of a grid, and a deformable convolution as archcost builds it: samples, and a convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, packed
from archcost.dims import numel

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor


def _deform_conv2d(machine: Machine, call: Call) -> Tensor:
    x, offset, *masks = call.inputs
    n, channels, height, width = x.shape
    positions = numel(offset.shape[2:])
    taps = numel(call.op.kernel_size)
    groups = n * (offset.shape[1] // (2 * taps))
    grid = kernels.reshape(machine, _grid(machine, call, groups), (groups, taps, positions, 2))
    split = kernels.reshape(machine, x, (groups, n * channels // groups, height, width))
    sampled = _sampled(machine, split, grid)
    for mask in masks:
        factors = kernels.reshape(machine, mask, (groups, 1, taps, positions))
        sampled = kernels.binary(machine, sampled, factors, "mul")
    sampled = kernels.reshape(machine, sampled, (n, channels, taps, positions))
    weight, *bias = call.weights()
    kernel = kernels.reshape(machine, weight, (*weight.shape[:2], taps, 1))
    y = _convolved(machine, sampled, kernel, bias)
    return kernels.reshape(machine, y, call.shape)


def _sampled(machine: Machine, x: Tensor, grid: Tensor) -> Tensor:
    """The values at the places of a grid, in a new tensor; keeps both."""
    y = machine.new((*x.shape[:2], *grid.shape[1:-1]), x.dtype)
    machine.record([y], [x, grid], each(packed(x), packed(grid)), [x, grid])
    return y


def _convolved(machine: Machine, x: Tensor, kernel: Tensor, bias: list[Tensor]) -> Tensor:
    """One output row for all positions; keeps both operands."""
    if machine.half:
        x, kernel, *bias = (kernels.cast(machine, tensor, machine.half) for tensor in (x, kernel, *bias))
    y = machine.new((x.shape[0], kernel.shape[0], 1, x.shape[3]), x.dtype)
    machine.record([y], [x, kernel, *bias], each(packed(x), packed(kernel), *map(packed, bias)), [x, kernel])
    return y


def _grid(machine: Machine, call: Call, groups: int) -> Tensor:
    """The places of all taps, from -1 to 1 along each dim of the input; the horizontal one comes first."""
    offset = call.inputs[1]
    kernel = call.op.kernel_size
    split = kernels.reshape(machine, offset, (groups, *kernel, 2, *offset.shape[2:]))
    y, x = kernels.unbind(machine, split, 3)
    y, x = (_moved(machine, call, place, dim) for dim, place in enumerate((y, x)))
    return kernels.stack(machine, [x, y], len(x.shape))


def _moved(machine: Machine, call: Call, offset: Tensor, dim: int) -> Tensor:
    """Offsets along one dim, scaled and added to a table of where the taps stand without them."""
    taps, count = call.op.kernel_size[dim], call.shape[2 + dim]
    first, steps = machine.new((taps,), offset.dtype), machine.new((count,), offset.dtype)
    table = machine.new((taps, count), offset.dtype)
    del first, steps
    shape = (taps, 1, count, 1) if dim == 0 else (1, taps, 1, count)
    table = kernels.reshape(machine, table, shape)
    return kernels.binary(machine, kernels.scalar(machine, offset), table, "add")


RULES: dict[str, Rule] = {
    "deform_conv2d": _deform_conv2d,
    "grid_sample": lambda machine, call: _sampled(machine, *call.inputs),
}
