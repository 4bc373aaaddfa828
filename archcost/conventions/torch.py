"""torch.utils.flop_counter: 2 per multiply-add of convolutions and products of matrices, and nothing else.

It sees operators as PyTorch's dispatcher does, so nothing of what runs as one kernel on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.attention import FUSED, inner_products, native, projections
from archcost.conventions.cpu_operators import dispatched
from archcost.conventions.experts import grouped, router
from archcost.conventions.model import FLOPS, Convention, unseen
from archcost.ops.facets import MULTIPLYING

if TYPE_CHECKING:
    from archcost.conventions.model import FigurePart, LayerUse


def _projections(use: LayerUse) -> FigurePart | None:
    return (unseen(FUSED) if native(use) else projections(2))(use)


def _products(use: LayerUse) -> FigurePart | None:
    return None if native(use) else inner_products(2)(use)


CONVENTION = Convention(
    name="torch",
    tool="torch.utils.flop_counter",
    version="2.14.1",
    unit=FLOPS,
    word="FLOP",
    called="`FlopCounterMode()` around `model(inputs)`, on a CPU, in evaluation, without gradients",
    factor=2,
    works=dict.fromkeys(MULTIPLYING, (dispatched(2),)),
    sources={"mixture_of_experts": (router(2), grouped)},
    kinds={"multihead_attention": (_projections, _products)},
)
