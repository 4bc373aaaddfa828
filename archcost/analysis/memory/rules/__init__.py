"""What every kind of op does to memory when PyTorch runs it: one rule a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.rules import (
    attention,
    deformable,
    einsum,
    experts,
    layers,
    pointwise,
    recurrent,
    shapes,
    windows,
)

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Rule

RULES: dict[str, Rule] = {
    **pointwise.RULES,
    **layers.RULES,
    **shapes.RULES,
    **attention.RULES,
    **experts.RULES,
    **recurrent.RULES,
    **windows.RULES,
    **einsum.RULES,
    **deformable.RULES,
}
