"""DeepSpeed's flops profiler: 2 per multiply-add, a convolution's bias, norms by element, activations 1 per input.

calflops was written after it, and has most of its rules. DeepSpeed now counts a transposed convolution by what it
computes and upsampling by its outputs, and patches more: the fused attention, ``torch.mm``, ``torch.bmm``,
``torch.baddbmm`` and the operator ``@``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from archcost.conventions.attention import projections, seen_products, weights_softmax
from archcost.conventions.calflops import PATCHES, convolution, convolution_bias, transposed, transposed_bias
from archcost.conventions.experts import grouped, router, scored
from archcost.conventions.model import FLOPS, Convention, FigurePart, ToolFailsError, unseen
from archcost.conventions.part_rules import (
    ADDED,
    FUNCTIONAL,
    MULTIPLIED,
    activated,
    added_bias,
    bias,
    by_addmm,
    einsum_path,
    elementwise,
    gated,
    left_operand,
    normalised,
    operators,
    per_input,
    products,
    running,
)
from archcost.conventions.ptflops import response_norm
from archcost.conventions.recurrent import by_matrices, hooked
from archcost.dims import numel
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.conventions.model import LayerUse

_MEASURED = normalised(5, 4)


def _attention(use: LayerUse) -> FigurePart:
    """2 × query elements × keys, and 2 × queries × keys × features of the values."""
    query, key, value = use.inputs[:3]
    amount = 2 * key[-2] * (numel(query) + numel(query[:-1]) * value[-1])
    rate = "2 per MAC" if amount == 2 * use.macs else "2 per MAC of the query's batch"
    return FigurePart(use.name, amount, use.macs, rate)


def _sizes(use: LayerUse) -> FigurePart | None:
    """The sizes of upsampling multiplied, where they are given."""
    size = use.op.size
    if use.call is not None and isinstance(size, int):  # a source that is imported names them all
        size = (size,) * (len(use.inputs[0]) - 2)
    if size is None:
        return None
    return FigurePart(use.name, numel(size) if isinstance(size, tuple) else size, 0, "the sizes multiplied, once")


def _upsample(use: LayerUse) -> FigurePart:
    """By its sizes, or ⌊inputs × scale factors⌋, in double precision."""
    scale, factors = use.op.scale_factor, 1.0
    for factor in scale if isinstance(scale, tuple) else (scale or 1.0,) * (len(use.inputs[0]) - 2):
        factors *= factor
    return _sizes(use) or FigurePart(use.name, int(use.elements * factors), 0, "1 per output")


def _upsample_by_batch(use: LayerUse) -> FigurePart:
    """By its sizes, or inputs × the scale factor once for each sample, where a dim was meant."""
    sized, scale, samples = _sizes(use), use.op.scale_factor, use.inputs[0][0]
    if sized is not None:
        return sized
    if not isinstance(scale, tuple):
        return FigurePart(use.name, int(use.elements * scale**samples), 0, "inputs × the scale for each sample")
    if len(scale) != samples:
        raise ToolFailsError("it fails on upsample with a scale_factor per dimension, unless the batch is as large")
    return FigurePart(use.name, use.elements * int(numel(scale)), 0, "1 per output")


def _refuses(report: Report) -> str:
    return "" if report.inputs else "it takes no model without inputs"


_ONCE = (per_input(1),)
_OPERATORS = ("torch.Tensor.__matmul__", "torch.mm", "torch.Tensor.mm", "torch.bmm", "torch.Tensor.bmm")

CONVENTION = Convention(
    name="deepspeed",
    tool="deepspeed",
    version="0.19.8",
    unit=FLOPS,
    word="flops",
    called="`get_model_profile(model, args=inputs)`",
    factor=2,
    refuses=_refuses,
    works={
        Work.CONVOLUTION: (convolution, convolution_bias),
        Work.TRANSPOSED: (products(2), bias),
        Work.PRODUCT: (by_addmm(added_bias(2), products(2)),),
        Work.ATTENTION: (_attention,),
        Work.RECURRENT: (unseen("it counts nn.RNN, nn.LSTM and nn.GRU themselves, not classes derived from them"),),
        Work.NORM: (_MEASURED,),
        Work.POOL: _ONCE,
    },
    kinds={
        **dict.fromkeys(("relu", "prelu", "elu", "leaky_relu", "silu", "gelu", "softmax", "softmax2d"), _ONCE),
        "relu6": (elementwise({FUNCTIONAL + "relu6"}),),  # the module calls another function
        "batch_norm": (running(normalised(2, 1), _MEASURED),),
        "local_response_norm": (response_norm,),
        "upsample": (_upsample,),
        "matmul": (left_operand(2),),
        "einsum": (partial(einsum_path, factor=2),),
        "deform_conv2d": (operators(2), bias),
        "selective_scan": (operators(2), gated),
        "mixture_of_experts": (products(2), activated),
        "multihead_attention": (projections(2), seen_products(2)),
        **dict.fromkeys(("mul", "layer_scale"), (elementwise(MULTIPLIED),)),
        "add": (elementwise(ADDED),),
    },
    sources={
        **hooked(by_matrices(2)),
        "multihead_attention": (projections(2), seen_products(2), weights_softmax),
        "mixture_of_experts": (router(2), grouped, activated, scored),
    },
    patches=PATCHES | {*_OPERATORS, "torch.baddbmm", FUNCTIONAL + "scaled_dot_product_attention"},
)
EARLIER = {
    "0.16.9": replace(
        CONVENTION,
        name="deepspeed@0.16.9",
        version="0.16.9",
        works={**CONVENTION.works, Work.TRANSPOSED: (transposed, transposed_bias)},
        kinds={**CONVENTION.kinds, "upsample": (_upsample_by_batch,)},
    )
}
