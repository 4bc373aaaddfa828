"""torch.utils.flop_counter: 2 per multiply-add of convolutions and products of matrices, and nothing else.

It sees operators as PyTorch's dispatcher does, so nothing of what runs as one kernel on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.attention import FUSED, attention_product, inner_products, native, projections
from archcost.conventions.cpu_operators import ELEMENTS, VECTOR, of_elements, one_kernel, with_vector
from archcost.conventions.model import FLOPS, Convention
from archcost.conventions.part_rules import FREE, TABLES, deformable, hidden, products, unseen

if TYPE_CHECKING:
    from archcost.conventions.model import FigurePart, LayerUse

_PRODUCTS = (products(2),)


def _projections(use: LayerUse) -> FigurePart | None:
    return (unseen(FUSED) if native(use) else projections(2))(use)


def _products(use: LayerUse) -> FigurePart | None:
    return None if native(use) else inner_products(use)


CONVENTION = Convention(
    name="torch",
    tool="torch.utils.flop_counter",
    version="2.14.1",
    unit=FLOPS,
    word="FLOP",
    called="`FlopCounterMode()` around `model(inputs)`, on a CPU, in evaluation, without gradients",
    factor=2,
    kinds={
        **TABLES,
        "einsum": (hidden(of_elements, ELEMENTS, products(2)),),
        "deform_conv2d": (deformable(2),),
        "matmul": (hidden(with_vector, VECTOR, products(2)),),
        "scaled_dot_product_attention": (attention_product(2, gradients=False),),
        "multihead_attention": (_projections, _products),
        "lstm": (hidden(one_kernel, FUSED, products(2)),),
    },
    families={**FREE, "Convolution": _PRODUCTS, "Linear and embedding": _PRODUCTS, "Recurrent": _PRODUCTS},
)
