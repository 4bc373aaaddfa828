"""What PyTorch's dispatcher shows on a CPU: the operators that torch's counter and ptflops's aten backend look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.attention import FUSED, fused_product
from archcost.conventions.model import unseen
from archcost.conventions.part_rules import operators

if TYPE_CHECKING:
    from archcost.conventions.model import FigurePart, LayerUse, Term

VECTOR = "a product of a matrix and a vector"
ELEMENTS = "an elementwise product: every dim that is summed over has size 1"


def hidden_product(use: LayerUse, *, gradients: bool = False) -> str:
    """Why no product of matrices is shown for a layer; empty if it is.

    A matmul may have a vector on the right, an einsum may sum over nothing but letters of size 1. An LSTM is one kernel
    unless it projects; other recurrent layers are taken apart.
    """
    op = use.op
    match op.kind:
        case "matmul":
            return VECTOR if len(use.inputs[1]) == 1 else ""
        case "einsum":
            return ELEMENTS if all(size == 1 for size in op.contracted(use.inputs)) else ""
        case "lstm":
            return "" if op.proj_size else FUSED
        case "scaled_dot_product_attention":
            return FUSED if fused_product(use, gradients=gradients) else ""
        case _:
            return ""


def dispatched(factor: int, *, gradients: bool = False) -> Term:
    """``factor`` × MACs, unless the dispatcher shows no product of matrices."""

    def term(use: LayerUse) -> FigurePart | None:
        reason = hidden_product(use, gradients=gradients)
        return (unseen(reason) if reason else operators(factor))(use)

    return term
