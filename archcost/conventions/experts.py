"""How tools see a mixture of experts that was imported: as a router, and one operator for all experts, unknown to them.

What archcost builds has a product for each matrix of an expert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import FigurePart
from archcost.dims import numel

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse, Term

GROUPED = "one operator for all experts, which it does not know"


def _router_macs(use: LayerUse) -> int:
    return _tokens(use) * numel(use.weights()["router"])


def _tokens(use: LayerUse) -> int:
    return numel(use.inputs[0][:-1])


def router(factor: int) -> Term:
    """``factor`` × MACs of the scores."""

    def term(use: LayerUse) -> FigurePart:
        macs = _router_macs(use)
        return FigurePart(f"{use.name} router", factor * macs, macs, f"{factor} per MAC")

    return term


def grouped(use: LayerUse) -> FigurePart:
    """The MACs of the experts, which are not seen."""
    return FigurePart(use.name, 0, use.macs - _router_macs(use), GROUPED)


def scored(use: LayerUse) -> FigurePart:
    """1 per score, in the softmax over them."""
    return FigurePart(f"{use.name} softmax", _tokens(use) * use.op.num_experts, 0, "1 per score")
