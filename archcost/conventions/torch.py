"""torch.utils.flop_counter: 2 per multiply-add of convolutions and products of matrices, and nothing else.

It sees operators as PyTorch's dispatcher does, so nothing of what runs as one kernel on a CPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.attention import FUSED, attention_product, inner_products, native, projections
from archcost.conventions.model import FLOPS, Convention, Part
from archcost.conventions.terms import NOTHING, products, unseen

if TYPE_CHECKING:
    from archcost.conventions.model import Use

_PRODUCTS = (products(2),)
VECTOR = "a product of a matrix and a vector"


def sees_matmul(use: Use) -> bool:
    """Whether a matmul is made of products of matrices: with a vector on the right it is not."""
    return len(use.inputs[1]) > 1


def one_kernel(use: Use) -> bool:
    """Whether an LSTM runs as one kernel on a CPU: it does unless it projects."""
    return not use.op.proj_size


def _matmul(use: Use) -> Part:
    return _PRODUCTS[0](use) if sees_matmul(use) else Part(use.name, 0, use.macs, VECTOR)  # type: ignore[return-value]


def _lstm(use: Use) -> Part:
    return Part(use.name, 0, use.macs, FUSED) if one_kernel(use) else _PRODUCTS[0](use)  # type: ignore[return-value]


def _projections(use: Use) -> Part | None:
    return None if native(use) else projections(2)(use)


def _rest(use: Use) -> Part | None:
    return unseen(FUSED)(use) if native(use) else inner_products(use)


CONVENTION = Convention(
    name="torch",
    tool="torch.utils.flop_counter",
    version="2.14.1",
    unit=FLOPS,
    word="FLOP",
    called="`FlopCounterMode()` around `model(inputs)`, in evaluation, under `torch.no_grad()`, on a CPU",
    factor=2,
    kinds={
        "embedding": NOTHING,
        "parameter": NOTHING,
        "matmul": (_matmul,),
        "scaled_dot_product_attention": (attention_product(2),),
        "multihead_attention": (_projections, _rest),
        "lstm": (_lstm,),
    },
    families={
        "Convolution": _PRODUCTS,
        "Linear and embedding": _PRODUCTS,
        "Recurrent": _PRODUCTS,
        "Normalisation": NOTHING,
        "Activation": NOTHING,
        "Pooling": NOTHING,
        "Shape": NOTHING,
        "Arithmetic": NOTHING,
        "Resampling": NOTHING,
    },
)
