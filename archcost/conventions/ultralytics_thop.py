"""ultralytics-thop, which carries thop on: MACs, norms 2 or 4 per element, and pools by the inputs that they read.

A rule holds for a class and those derived from it. Outside of modules with a rule, the products of some functions
count too: ``torch.matmul`` and ``@``, ``torch.bmm``, ``torch.einsum``, ``F.linear`` and the fused attention; not the
functions of convolutions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.conventions import thop
from archcost.conventions.attention import projections, seen_products, three
from archcost.conventions.experts import grouped, router
from archcost.conventions.model import MACS, Convention, FigurePart, unseen
from archcost.conventions.part_rules import CELLS, FUNCTIONAL, normalised, operators, per_input, products
from archcost.conventions.recurrent import by_projected_gates
from archcost.dims import numel
from archcost.ops.axes import axis
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse, Term

_RATES = {"linear": 5, "bilinear": 11, "bicubic": 259, "trilinear": 31}  # of upsampling, per output
_NO_FUNCTION = "a function that it has no rule for"
_OPERANDS = 2
_FUNCTIONS = (
    *("torch.matmul", "torch.Tensor.matmul", "torch.Tensor.__matmul__", "torch.bmm", "torch.Tensor.bmm"),
    *(FUNCTIONAL + name for name in ("linear", "scaled_dot_product_attention")),
)
_RANKS = (1, 2, 3)
_WITH_RULES = {  # the modules whose rule counts more than nothing, so that the functions in them do not count
    *(
        f"{name}{rank}d"
        for name in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm", "AvgPool")
        for rank in _RANKS
    ),
    *(f"AdaptiveAvgPool{rank}d" for rank in _RANKS),
    *("LayerNorm", "GroupNorm", "RMSNorm", "SyncBatchNorm", "PReLU", "Softmax", "LogSoftmax", "Softmin", "Softmax2d"),
    *("Linear", "Bilinear", "Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d", "Embedding"),
    *("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell", "MultiheadAttention"),
}


def hook(term: Term) -> Term:
    """What the rule of a module counts; nothing where a function is called instead."""

    def hooked(use: LayerUse) -> FigurePart | None:
        return (unseen(use.written) if use.functional else term)(use)

    return hooked


def _product(use: LayerUse) -> FigurePart | None:
    """1 per MAC, in the rule of the module; or in a function that has one, outside of modules with rules."""
    call = use.call
    if call is None or call.torchs == use.op.torch_name:
        return products()(use)
    if call.torchs in _WITH_RULES:
        return unseen(f"within a module with a rule for nn.{call.torchs}")(use)
    return (products() if call.function in ("", *_FUNCTIONS) else unseen(_NO_FUNCTION))(use)


def _average(use: LayerUse) -> FigurePart:
    """Inputs of all windows, and outputs; zeros of the padding are inputs if they are in the mean."""
    op, dims = use.op, len(use.op.kernel_size)
    inputs = numel(use.inputs[0][:-dims])
    geometry = zip(
        use.inputs[0][-dims:],
        use.outputs[0][-dims:],
        op.kernel_size,
        op.stride or op.kernel_size,
        op.padding,
        strict=True,
    )
    for size, outputs, kernel, stride, padding in geometry:
        low, high = (-padding, size + padding) if op.count_include_pad else (0, size)
        starts = [place * stride - padding for place in range(outputs)]
        inputs *= sum(max(min(start + kernel, high) - max(start, low), 0) for start in starts)
    return FigurePart(use.name, inputs + use.results, 0, "1 per input of every window and 1 per output")


def _adaptive_average(use: LayerUse) -> FigurePart:
    """Inputs of all windows, and outputs: output j of n reads ⌊j·s/n⌋ up to ⌈(j + 1)·s/n⌉ of s inputs."""
    inputs = 1
    for size, outputs in zip(use.inputs[0], use.outputs[0], strict=True):
        bounds = [(place * size // outputs, -(-(place + 1) * size // outputs)) for place in range(outputs)]
        inputs *= outputs if size == outputs else sum(high - low for low, high in bounds)
    return FigurePart(use.name, inputs + use.results, 0, "1 per input of every window and 1 per output")


def _softmax(more_per_element: int = 0, more_per_row: int = 0) -> Term:
    """3 per element, less 1 per row, and what a function beside softmax takes."""
    each, row = 3 + more_per_element, 1 - more_per_row
    rate = f"{each} per element" + ", less 1 per row" * row

    def term(use: LayerUse) -> FigurePart:
        shape = use.inputs[0]
        dim = getattr(use.op, "dim", -3)
        features = shape[axis(dim, len(shape))] if shape else 1
        return FigurePart(use.name, use.elements * each - use.elements // features * row, 0, rate)

    return term


def _einsum(use: LayerUse) -> FigurePart | None:
    """The sizes of the letters of two operands, but for those that one alone has and sums over."""
    if len(use.inputs) != _OPERANDS:
        return unseen("an einsum of one or more than two operands")(use)
    (first, second), output = use.op.names(use.inputs)
    left, right = (
        {name: size for name, size in zip(names, shape, strict=True) if size != 1}
        for names, shape in zip((first, second), use.inputs, strict=True)
    )
    kept = [name for name in {**left, **right} if (name in left and name in right) or name in output]
    amount = numel([left.get(name, right.get(name, 1)) for name in kept])
    rate = "1 per MAC" if amount == use.macs else "1 per product of the letters of both"
    return FigurePart(use.name, amount, use.macs, rate)


def _multihead_softmax(use: LayerUse) -> FigurePart:
    query, key, _ = three(use)
    batch_dim = 0 if use.op.batch_first else 1
    keys = key[1 - batch_dim] + use.op.add_bias_kv + use.op.add_zero_attn
    amount = query[batch_dim] * use.op.num_heads * query[1 - batch_dim] * (3 * keys - 1)
    return FigurePart(f"{use.name} softmax", amount, 0, "3 per weight, less 1 per row")


_NORM = hook(normalised(4, 2))

CONVENTION = Convention(
    name="ultralytics-thop",
    tool="ultralytics-thop",
    version="2.2.3",
    unit=MACS,
    word="MACs",
    called="`profile(model, inputs)`",
    by_base=True,
    works={
        Work.CONVOLUTION: (hook(products()),),
        Work.TRANSPOSED: (hook(products()),),
        Work.PRODUCT: (_product,),
        Work.ATTENTION: (_product,),
        Work.RECURRENT: (hook(by_projected_gates),),
        Work.NORM: (_NORM,),
    },
    kinds={
        **dict.fromkeys(
            (f"functional_{name}{rank}d" for name in ("conv", "conv_transpose") for rank in (1, 2, 3)),
            (unseen(_NO_FUNCTION),),
        ),
        **dict.fromkeys(CELLS, (hook(by_projected_gates),)),
        "deform_conv2d": (unseen(_NO_FUNCTION),),
        "rms_norm": (_NORM,),
        "prelu": (hook(per_input(1)),),
        "softmax": (hook(_softmax()),),
        "softmax2d": (hook(_softmax()),),
        "softmin": (hook(_softmax(more_per_element=1)),),
        "log_softmax": (hook(_softmax(more_per_row=1)),),
        "avg_pool": (hook(_average),),
        "adaptive_avg_pool": (hook(_adaptive_average),),
        "upsample": (hook(thop.upsample(_RATES)),),
        "einsum": (_einsum,),
        "selective_scan": (operators(1),),
        "multihead_attention": (projections(1), seen_products(1), _multihead_softmax),
    },
    sources={"mixture_of_experts": (router(1), grouped)},
)
EARLIER = {
    "2.0.18": replace(
        thop.CONVENTION,
        name="ultralytics-thop@2.0.18",
        tool="ultralytics-thop",
        version="2.0.18",
        works={**thop.CONVENTION.works, Work.TRANSPOSED: (products(),)},
        kinds={**thop.CONVENTION.kinds, "upsample": (thop.upsample(_RATES | {"nearest": 1}),)},
    )
}
