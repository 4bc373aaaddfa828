"""Ops that choose elements, copy them several times, or say where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, full, packed
from archcost.analysis.memory.rules.layers import without_gradient
from archcost.analysis.memory.strides import elementwise
from archcost.dtypes import DTYPE_BYTES
from archcost.ops.axes import axis

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Backward, Machine, Tensor


def _scattered(machine: Machine, x: Tensor) -> Backward:
    """The gradient in its places of a tensor of zeros: in place, but in a second tensor while somebody looks on."""
    return each(packed(x), scratch=x.bytes if machine.watched else 0)


def _index_select(machine: Machine, call: Call) -> Tensor:
    """X[:, index]: dims in the order of x, the new ones in that of the index; keeps the index."""
    x, index = call.inputs
    dim, rank, new = axis(call.op.dim, len(x.shape)), len(x.shape), len(index.shape)
    rows = (*x.strides[:dim], *(0,) * new, *x.strides[dim + 1 :])
    chosen = (*(0,) * dim, *index.strides, *(0,) * (rank - dim - 1))
    y = machine.new(call.shape, x.dtype, elementwise(call.shape, rows, chosen))
    machine.record([y], [x], _scattered(machine, x), [index])
    return y


def _gather(machine: Machine, call: Call) -> Tensor:
    """Keeps both inputs."""
    x, index = call.inputs
    y = machine.new(call.shape, x.dtype)
    machine.record([y], [x], _scattered(machine, x), [x, index])
    return y


def _topk(machine: Machine, call: Call) -> list[Tensor]:
    """Keeps the places."""
    made = [machine.new(tensor.shape, tensor.dtype) for tensor in call.outputs]
    machine.record(made[:1], [call.x], _scattered(machine, call.x), made[1:2])
    return made


def _where(machine: Machine, call: Call) -> Tensor:
    """Keeps the condition; each gradient takes a zero for what was not chosen."""
    (shape, dtype), condition = call.outputs[0], call.x
    a, b = [kernels.cast(machine, x, dtype) for x in call.inputs[1:]]
    y = kernels.broadcasting(machine, (condition, a, b), dtype)
    whole = full(shape, dtype)
    machine.record([y], [a, b], each(whole, whole, scratch=DTYPE_BYTES[dtype]), [condition])
    return y


def _masked_fill(machine: Machine, call: Call) -> Tensor:
    """A copy that is written to; keeps the mask."""
    x, mask = call.inputs
    y = machine.new(call.shape, x.dtype)
    machine.record([y], [x], each(full(y.shape, y.dtype)), [mask])
    return y


def _triangle(machine: Machine, call: Call) -> Tensor:
    y = machine.new(call.shape, call.x.dtype)
    machine.record([y], [call.x], each(packed(call.x)))
    return y


def _tile(machine: Machine, call: Call) -> Tensor:
    return kernels.repeat(machine, call.x, call.shape)


def _repeat_interleave(machine: Machine, call: Call) -> Tensor:
    """A copy of a view with one dim more."""
    x, op = call.x, call.op
    if op.dim is None:
        x = kernels.reshape(machine, x, (call.shape[0] // op.repeats,))
    dim = axis(op.dim or 0, len(x.shape))
    wide = kernels.unsqueeze(machine, x, dim + 1)
    wide = kernels.expand(machine, wide, (*x.shape[: dim + 1], op.repeats, *x.shape[dim + 1 :]))
    return kernels.reshape(machine, kernels.clone(machine, wide), call.shape)


RULES: dict[str, Rule] = {
    "index_select": _index_select,
    "gather": _gather,
    "topk": _topk,
    "where": _where,
    "masked_fill": _masked_fill,
    "tril": _triangle,
    "triu": _triangle,
    "argmax": without_gradient,
    "argmin": without_gradient,
    "tile": _tile,
    "repeat_interleave": _repeat_interleave,
}
