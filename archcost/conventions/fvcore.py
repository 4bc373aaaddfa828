"""fvcore's FlopCountAnalysis: 1 per multiply-add, norms by element, some pools and upsampling; no biases.

It traces the model and counts the operators that it has a handle for; a trace shows attention and recurrent layers as
one operator each, and ``padding: same`` or ``valid`` as another operator than a convolution. A trace leaves out what no
output depends on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.conventions.attention import inner_products, projections
from archcost.conventions.experts import grouped, router
from archcost.conventions.model import MACS, Convention, FigurePart, ToolFailsError, unseen
from archcost.conventions.part_rules import (
    CELLS,
    einsum_path,
    hidden,
    left_operand,
    normalised,
    operators,
    per_input,
    per_output,
    products,
    ranks,
    running,
)
from archcost.dims import numel
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse

_RANKS = (2, 5)  # of norms that measure their input
_MEASURED = ranks(*_RANKS, normalised(5, 4))
_UNKNOWN = "an operator that it does not know"
_NAMED = "with padding given as text, the trace has an operator that it does not know"


def _named_padding(use: LayerUse) -> bool:
    return isinstance(use.op.padding, str) and use.op.padding_mode == "zeros"  # other modes pad before


def _matmul(use: LayerUse) -> FigurePart | None:
    if use.call is not None and use.call.function.endswith(".baddbmm"):
        return unseen(_UNKNOWN)(use)
    if len(use.inputs[1]) == 1:
        raise ToolFailsError("it fails on matmul with a vector on the right")
    return left_operand(1)(use)


def _upsample(use: LayerUse) -> FigurePart | None:
    rate = {"nearest": 1, "bilinear": 4}.get(use.op.mode, 0)
    planes = len(use.inputs[0]) == 4  # noqa: PLR2004 - (N, C, H, W)
    return per_output(rate)(use) if rate and planes else None


def _max_unpool(use: LayerUse) -> FigurePart | None:
    if use.op.output_size is None:
        raise ToolFailsError("it fails on max_unpool without an output_size")
    return None


def _sampled(use: LayerUse) -> FigurePart:
    """The samples of a deformable convolution."""
    return FigurePart(
        f"{use.name} samples", 4 * numel(use.op.sampled(use.inputs, use.outputs)), 0, "4 per sampled value"
    )


CONVENTION = Convention(
    name="fvcore",
    tool="fvcore",
    version="0.1.5.post20221221",
    unit=MACS,
    word="flops",
    called="`FlopCountAnalysis(model, inputs).total()`, in evaluation",
    traces=True,
    works={
        Work.CONVOLUTION: (hidden(_named_padding, _NAMED, products()),),
        Work.TRANSPOSED: (products(),),
        Work.PRODUCT: (products(),),
        Work.ATTENTION: (unseen(_UNKNOWN),),
        Work.RECURRENT: (unseen(_UNKNOWN),),
        Work.NORM: (_MEASURED,),
    },
    kinds={
        "batch_norm": (running(normalised(2, 1), _MEASURED),),
        "adaptive_avg_pool2d": (per_input(1),),
        "upsample": (_upsample,),
        "max_unpool": (_max_unpool,),
        "grid_sample": (per_output(4),),
        "matmul": (_matmul,),
        "einsum": (partial(einsum_path, factor=1),),
        **dict.fromkeys(CELLS, (products(),)),
        "deform_conv2d": (operators(1), _sampled),
        "selective_scan": (operators(1),),
        "multihead_attention": (projections(1), inner_products(1)),
    },
    sources={"mixture_of_experts": (router(1), grouped)},
)
