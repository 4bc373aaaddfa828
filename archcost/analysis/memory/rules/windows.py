"""Windows of an image, and the places in them: views and copies, as the reshapes and look-ups give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, packed
from archcost.dims import numel

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor


def _rearranged(machine: Machine, call: Call) -> Tensor:
    """Reshaped, permuted, reshaped: what the op says of its reach."""
    inputs = tuple([tensor.shape for tensor in call.inputs])
    outputs = tuple([tensor.shape for tensor in call.outputs])
    (reading,) = call.op.reach(inputs, outputs, 0)
    split = kernels.reshape(machine, call.x, reading.split)
    return kernels.reshape(machine, kernels.permute(machine, split, reading.order), call.shape)


def _relative_position_bias(machine: Machine, call: Call) -> Tensor:
    """The rows of the table for all pairs, and a copy with the heads in front."""
    _, heads, positions, _ = call.shape
    (table,) = call.inputs or call.weights()
    table = kernels.reshape(machine, table, (numel(table.shape) // heads, heads))
    rows = machine.new((positions * positions, heads), table.dtype)
    machine.record([rows], [table], each(packed(table), scratch=table.bytes))
    rows = kernels.reshape(machine, rows, (positions, positions, heads))
    turned = kernels.permute(machine, rows, (2, 0, 1))
    del rows
    return kernels.unsqueeze(machine, turned if turned.contiguous else kernels.clone(machine, turned), 0)


RULES: dict[str, Rule] = {
    "window_partition": _rearranged,
    "window_reverse": _rearranged,
    "relative_position_bias": _relative_position_bias,
}
