"""calflops's FLOPs: 2 per multiply-add, a convolution's bias, norms by element, activations and pools 1 per input.

It patches the functions of torch.nn.functional, which modules call, and torch.matmul. Its MACs column is that of the
convolutions, linear layers and products alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.conventions.attention import inner_products, projections, weights_softmax
from archcost.conventions.experts import grouped, router, scored
from archcost.conventions.model import FLOPS, Convention, FigurePart, ToolFailsError, unseen
from archcost.conventions.part_rules import (
    ADDED,
    ADDMM,
    FUNCTIONAL,
    MULTIPLIED,
    POOLS,
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
from archcost.dims import numel, window_size
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.conventions.model import LayerUse
    from archcost.dims import Shape

_MEASURED = normalised(5, 4)


def _window_sizes(use: LayerUse, kernel_size: Shape, padding: Shape) -> list[int]:
    """Its own output size, ⌊(n + 2p - d·(k - 1) - 1) / s⌋ + 1, with the same padding on both sides."""
    op = use.op
    geometry = zip(use.inputs[0][2:], kernel_size, op.stride, padding, op.dilation, strict=True)
    return [window_size(size, kernel, stride, 2 * pad, dilation) for size, kernel, stride, pad, dilation in geometry]


def _positions(use: LayerUse) -> int:
    """Output positions of a convolution as it works them out; modes other than zeros pad before it looks."""
    if use.op.padding_mode != "zeros":
        return use.results // use.outputs[0][1]
    kernel_size = use.op.kernel(use.inputs)[2:]
    halves = tuple([both // 2 for both in use.op.total_padding(kernel_size)])
    return use.inputs[0][0] * numel(_window_sizes(use, kernel_size, halves))


def convolution(use: LayerUse) -> FigurePart:
    """2 per tap, at the positions that its own output size gives; DeepSpeed's profiler has the same lines."""
    amount = 2 * _positions(use) * numel(use.op.kernel(use.inputs))
    if amount == 2 * use.macs:
        return FigurePart(use.name, amount, use.macs, "2 per MAC")
    return FigurePart(use.name, amount, use.macs, "2 per tap, an odd `same` padding rounded down")


def convolution_bias(use: LayerUse) -> FigurePart | None:
    """1 per output at these positions."""
    if not use.biased:
        return None
    return FigurePart(f"{use.name} bias", use.outputs[0][1] * _positions(use), 0, "1 per output")


def transposed(use: LayerUse) -> FigurePart:
    """2 per tap of the input, with the filters of a group divided by the groups once more."""
    _, filters, *kernel = use.op.kernel(use.inputs)  # filters of a group
    amount = 2 * use.elements * (filters // use.op.groups) * numel(kernel)
    if amount == 2 * use.macs:
        return FigurePart(use.name, amount, use.macs, "2 per MAC")
    return FigurePart(use.name, amount, use.macs, "2 per tap, groups divided out twice")


def transposed_bias(use: LayerUse) -> FigurePart | None:
    """1 per output that a plain convolution of these settings would have."""
    if not use.biased:
        return None
    _, filters, *kernel = use.op.kernel(use.inputs)
    outputs = use.inputs[0][0] * filters * numel(_window_sizes(use, kernel, use.op.padding))
    return FigurePart(f"{use.name} bias", outputs, 0, "1 per output of a plain convolution")


def _upsample(use: LayerUse) -> FigurePart:
    size, scale = use.op.size, use.op.scale_factor
    if use.call is not None and isinstance(size, int):  # a source that is imported names them all
        size = (size,) * (len(use.inputs[0]) - 2)
    if size is not None:
        return FigurePart(use.name, numel(size) if isinstance(size, tuple) else size, 0, "the sizes multiplied, once")
    if isinstance(scale, tuple) and len(scale) != use.inputs[0][0]:
        raise ToolFailsError("it fails on upsample with a scale_factor per dimension, unless the batch is as large")
    return FigurePart(use.name, use.elements, 0, "1 per input element")


def _refuses(report: Report) -> str:
    if not report.inputs:
        return "it takes no model without inputs"
    return "" if report.totals.params else "it fails on a model without params, whose device it looks up"


_RANKS = (1, 2, 3)
_FUNCTIONS = (
    *("linear", "embedding", "interpolate", "softmax", "relu", "prelu", "elu", "leaky_relu", "relu6", "silu", "gelu"),
    *(f"{name}_norm" for name in ("batch", "layer", "instance", "group")),
    *(f"{name}{rank}d" for name in ("conv", "conv_transpose", *POOLS) for rank in _RANKS),
)
PATCHES = frozenset(
    {
        *(FUNCTIONAL + name for name in _FUNCTIONS),
        *("torch.matmul", "torch.Tensor.matmul", "torch.einsum"),
        *ADDMM,
        *MULTIPLIED,
        *ADDED,
    }
)
_ONCE = (per_input(1),)

CONVENTION = Convention(
    name="calflops",
    tool="calflops",
    version="0.3.2",
    unit=FLOPS,
    word="FLOPS",
    called="`calculate_flops(model, args=inputs)`",
    factor=2,
    refuses=_refuses,
    works={
        Work.CONVOLUTION: (convolution, convolution_bias),
        Work.TRANSPOSED: (transposed, transposed_bias),
        Work.PRODUCT: (by_addmm(added_bias(2), products(2)),),
        Work.ATTENTION: (unseen("a function that it does not patch"),),
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
        "multihead_attention": (projections(2), inner_products(0)),
        **dict.fromkeys(("mul", "layer_scale"), (elementwise(MULTIPLIED),)),
        "add": (elementwise(ADDED),),
    },
    sources={
        **hooked(by_matrices(2)),
        "multihead_attention": (projections(2), inner_products(0), weights_softmax),
        "mixture_of_experts": (router(2), grouped, activated, scored),
    },
    patches=PATCHES,
)
