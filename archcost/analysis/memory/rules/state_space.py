"""The selective scan as the kernel of mamba_ssm takes memory, read off its source: it needs a GPU, and is not measured.

The states at all positions never leave the chip. What PyTorch would take for the same scan step by step is not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.gradients import each, full
from archcost.dims import ceil_div

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor

_CHUNK = 2048  # positions between two states that are written down
_GATE = 6  # where z stands among the inputs


def _selective_scan(machine: Machine, call: Call) -> Tensor:
    """Keeps its inputs, two numbers a state and chunk in single precision, and y before the gate.

    Inputs whose last dim does not lie dense are copied. All gradients are made, those of B and C in single precision.
    """
    read = [_dense(machine, tensor) for tensor in call.inputs]
    u, delta, a = read[:3]
    y = machine.like(delta)
    chunks = machine.new((*u.shape[:2], ceil_div(u.shape[2], _CHUNK), 2 * a.shape[1]), "float32")
    before = [y] if len(read) > _GATE else []
    if before:
        y = machine.like(read[_GATE])
    single = sum(4 * tensor.bytes // 2 for tensor in read[3:5] if tensor.dtype in ("float16", "bfloat16"))
    gradients = each(*[full(tensor.shape, tensor.dtype) for tensor in read], scratch=single)
    wanted = [True] * len(read)
    machine.record(
        [y], call.inputs, lambda machine, given, _: gradients(machine, given, wanted), [*read, chunks, *before]
    )
    return y


def _dense(machine: Machine, tensor: Tensor) -> Tensor:
    """The tensor, or a copy if its last dim does not lie dense."""
    return tensor if tensor.strides[-1] == 1 else machine.new(tensor.shape, tensor.dtype)


RULES: dict[str, Rule] = {"selective_scan": _selective_scan}
