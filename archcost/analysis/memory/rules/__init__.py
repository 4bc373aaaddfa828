"""What every op does to memory when PyTorch runs it: a rule for its kind, or else for what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.rules import (
    attention,
    deformable,
    einsum,
    experts,
    layers,
    pointwise,
    pools,
    recurrent,
    reductions,
    selection,
    shapes,
    state_space,
    windows,
)
from archcost.ops.facets import Keeps, Work, row_of

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Rule
    from archcost.ops.base import Op

RULES: dict[str, Rule] = {  # by kind, or for all numbers of dims
    **pointwise.RULES,
    **reductions.RULES,
    **selection.RULES,
    **layers.RULES,
    **pools.RULES,
    **shapes.RULES,
    **attention.RULES,
    **experts.RULES,
    **recurrent.RULES,
    **windows.RULES,
    **einsum.RULES,
    **deformable.RULES,
    **state_space.RULES,
}
WORKS: dict[Work, Rule] = {
    Work.ELEMENTWISE: pointwise.elementwise,
    Work.SOFTMAX: pointwise.softmax,
    Work.RESAMPLE: layers.resampled,
}


def rule(op: Op | type[Op]) -> Rule:
    """The rule of an op: its own, or that of its work if it says what it keeps; KeyError if it has none."""
    own = row_of(RULES, op)
    if own is None and op.keeps is not Keeps.OTHER:
        own = WORKS.get(op.work)
    if own is None:
        raise KeyError(op.kind)
    return own
