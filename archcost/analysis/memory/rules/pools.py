"""Pools, and the way back from their indices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, fresh, packed
from archcost.analysis.memory.rules.shapes import as_row, spatial_strides
from archcost.analysis.memory.strides import contiguous

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor
    from archcost.analysis.memory.strides import Ints

_SEQUENCE, _IMAGE = 3, 4  # dims of (N, C, L) and (N, C, H, W)


def _max_pool(machine: Machine, call: Call, *, direct: bool = False) -> Tensor | list[Tensor]:
    """Keeps its input and an int64 index for each output; ``direct``: inference without a look needs no indices."""
    x, wanted = call.x, len(call.outputs) > 1
    strides = _pooled_strides(x, call.shape) if direct else spatial_strides(x, call.shape)
    y = machine.new(call.shape, x.dtype, contiguous(call.shape) if direct and not wanted else strides)
    if direct and not (wanted or machine.recording or machine.watched):
        return y
    indices = machine.new(call.shape, "int64", y.strides)
    machine.record([y], [x], each(fresh(x)), [x, indices])
    return [y, indices] if wanted else y


def _unpooled_strides(x: Tensor, shape: Ints) -> Ints:
    """Images keep their channels last; all else comes out contiguous."""
    return spatial_strides(x, shape) if len(shape) == _IMAGE else contiguous(shape)


def _max_unpool(machine: Machine, call: Call) -> Tensor:
    """Keeps its indices, and the input for its shape."""
    x, indices = call.inputs
    y = machine.new(call.shape, x.dtype, _unpooled_strides(x, call.shape))
    machine.record([y], [x], each(packed(x)), [indices])
    return y


def _pool(machine: Machine, call: Call) -> Tensor:
    x = call.x
    y = machine.new(call.shape, x.dtype, _pooled_strides(x, call.shape))
    machine.record([y], [x], each(fresh(x)), [x])
    return y


def _pooled_strides(x: Tensor, shape: Ints) -> Ints:
    """Sequences are pooled as images of one row; volumes come out contiguous."""
    if len(shape) == _SEQUENCE:
        n, c, _, size = spatial_strides(as_row(x), (*shape[:2], 1, shape[2]))
        return n, c, size
    return contiguous(shape) if len(shape) > _IMAGE else spatial_strides(x, shape)


def _adaptive_max_pool(machine: Machine, call: Call) -> Tensor:
    """Keeps its input and an int64 index for each output."""
    x = call.x
    strides = _pooled_strides(x, call.shape)
    y, indices = machine.new(call.shape, x.dtype, strides), machine.new(call.shape, "int64", strides)
    machine.record([y], [x], each(fresh(x)), [x, indices])
    return y


def _adaptive_avg_pool(machine: Machine, call: Call) -> Tensor:
    """Keeps its input, unless it is a mean over all of the space."""
    x = call.x
    if all(size == 1 for size in call.shape[2:]):
        return kernels.reduce(machine, x, call.shape, "mean")
    return _pool(machine, call)


RULES: dict[str, Rule] = {
    "max_unpool": _max_unpool,
    "max_pool1d": partial(_max_pool, direct=True),
    "max_pool": _max_pool,
    "avg_pool": _pool,
    "adaptive_avg_pool": _adaptive_avg_pool,
    "adaptive_max_pool": _adaptive_max_pool,
}
