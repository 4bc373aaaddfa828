"""torchprofile 0.1.0: MACs of convolutions and matrices, and 1 per output of affine norms, averages and products.

It traces the model with torch.jit, gradients on, and looks at operators (its ``handlers.py``); those without a handler
count nothing. A published figure may be its own, so the search for one knows it; it is not among the conventions that
``--convention`` offers, since the tests do not run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import MACS, Convention, FigurePart, ToolFailsError, unseen
from archcost.conventions.part_rules import hidden, letters, normalised, per_input, per_output, products
from archcost.dims import numel
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse

_NO_HANDLER = "an operator that it does not know"


def _named_padding(use: LayerUse) -> bool:
    return isinstance(use.op.padding, str)


def _transposed(use: LayerUse) -> FigurePart:
    """Outputs × kernel × dim 0 of the weight, or dim 1 where dim 0 is the number of output channels."""
    first, second, *kernel = use.op.kernel(use.inputs)
    channels = second if use.outputs[0][1] == first else first
    amount = use.results * channels * numel(kernel)
    rate = "1 per MAC" if amount == use.macs else "weights × output positions, not input positions"
    return FigurePart(use.name, amount, use.macs, rate)


def _factors(use: LayerUse) -> FigurePart:
    """1 per output of every product of two tensors, or of a tensor and a number."""
    return FigurePart(use.name, max(1, len(use.inputs) - 1) * use.results, 0, "1 per output")


def _letters(use: LayerUse) -> FigurePart:
    """The product of the sizes of all letters."""
    return FigurePart(use.name, numel(letters(use).values()), use.macs, "1 per product of all letters")


def _attention(use: LayerUse) -> FigurePart | None:
    """1 per MAC of both products."""
    query, key, value = use.inputs[:3]
    if query[:-2] != key[:-2] or key[:-2] != value[:-2]:
        raise ToolFailsError("it fails on attention whose query and key differ in batch or heads")
    return products()(use)


def _products_of_sizes(use: LayerUse) -> FigurePart:
    """Torch's attention module multiplies sizes on its way, which the trace holds as products of tensors."""
    return FigurePart(f"{use.name} sizes", 4, 0, "4 per layer")


def _upsample(use: LayerUse) -> FigurePart | None:
    return per_output(4)(use) if use.op.mode == "bilinear" else None


CONVENTION = Convention(
    name="torchprofile",
    tool="torchprofile",
    version="0.1.0",
    unit=MACS,
    word="MACs",
    called="`profile_macs(model, inputs)`, in evaluation",
    traces=True,
    works={
        Work.CONVOLUTION: (hidden(_named_padding, _NO_HANDLER, products()),),
        Work.TRANSPOSED: (_transposed,),
        Work.PRODUCT: (products(),),
        Work.ATTENTION: (_attention,),
        Work.RECURRENT: (unseen(_NO_HANDLER),),
        Work.NORM: (normalised(1, 0),),
    },
    kinds={
        **dict.fromkeys(("avg_pool", "adaptive_avg_pool", "mean"), (per_output(1),)),
        **dict.fromkeys(("layer_scale", "leaky_relu"), (per_input(1),)),
        "mul": (_factors,),
        "local_response_norm": (per_input(3),),
        "upsample": (_upsample,),
        "einsum": (_letters,),
        "deform_conv2d": (unseen(_NO_HANDLER),),
        "multihead_attention": (products(), _products_of_sizes),
        "lstm": (products(),),
    },
)
