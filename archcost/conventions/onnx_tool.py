"""onnx-tool's MACs of what torch.onnx.export writes: 1 per multiply-add, and a constant per element of the rest.

The file is that of torch 2.14.1 with onnxscript 0.7.2 by default (dynamo, opset 20, optimised), of a model that is
trained: the exporter takes a bias away whose values are all 0. A batch norm goes into the convolution before it, as
its bias. A layer without a rule has no figure: what is written for it was not held against the tool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import MACS, NOTHING, Convention, FigurePart, ToolFailsError
from archcost.conventions.onnx_nodes import ADD, DIV, MUL, PER_ELEMENT, SQRT, nodes
from archcost.conventions.part_rules import per_input, products
from archcost.dims import numel
from archcost.ops import REGISTRY
from archcost.ops.facets import row_of

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.conventions.model import LayerUse, Rule, Rules, Term
    from archcost.ops.base import Op

_TOO_SMALL = "it fails on a product of a tensor with fewer than two dims"


def _unknown(use: LayerUse) -> FigurePart | None:
    raise ToolFailsError(f"what the exporter writes for {use.name} so is not known")


def _bias(use: LayerUse) -> FigurePart | None:
    """1 per output: its own bias, or the shift of the norm that went into it."""
    if not (use.biased or use.folds):
        return None
    return FigurePart(f"{use.name} bias", use.results, 0, "1 per output")


def _transposed(use: LayerUse) -> FigurePart:
    _, *window = use.op.kernel(use.inputs)
    amount = use.results * numel(window)
    rate = "1 per MAC" if amount == use.macs else "outputs × filters of a group × kernel, not input channels"
    return FigurePart(use.name, amount, use.macs, rate)


def _linear(use: LayerUse) -> FigurePart | None:
    if len(use.inputs[0]) < 2:  # noqa: PLR2004 - a matrix
        raise ToolFailsError(_TOO_SMALL)
    return products()(use)


def _batch_norm(use: LayerUse) -> FigurePart | None:
    """31 per element, and 5 where it measures its input; nothing if it has gone into the layer before it."""
    if use.folded:
        return None
    measured = 0 if use.op.track_running_stats else 5 * ADD
    return per_input(PER_ELEMENT["BatchNormalization"] + measured)(use)


def _instance_norm(use: LayerUse) -> FigurePart | None:
    kept = use.op.track_running_stats
    return per_input(PER_ELEMENT["BatchNormalization" if kept else "InstanceNormalization"])(use)


def _layer_norm(use: LayerUse) -> FigurePart:
    """7 per element, and 29 for every slice of the first of the dims that are normalised: it looks at no other."""
    size = use.op.last_dims(use.inputs)[0]
    amount = use.elements * (3 * MUL + 4 * ADD) + use.elements // size * (ADD + SQRT + DIV)
    return FigurePart(use.name, amount, 0, "7 per element, 29 per slice of the first normalised dim")


def _pool(use: LayerUse) -> FigurePart | None:
    """The window, of which it takes dim 0 alone where there are three."""
    if getattr(use.op, "return_indices", False):
        return _unknown(use)
    kernel = use.op.kernel_size
    if use.op.ceil_mode and _own_sizes(use) != use.outputs[0][2:]:
        return _unknown(use)
    window = numel(kernel) if len(kernel) < 3 else kernel[0]  # noqa: PLR2004 - a volume
    return FigurePart(use.name, use.results * window, 0, "1 per output and place of the window; in 3-D, of its dim 0")


def _own_sizes(use: LayerUse) -> tuple[int, ...]:
    """Its own output size under ceil_mode, ⌈(n + 2p - d·(k - 1) - 1) / s⌉ + 1: windows may begin in the padding."""
    op = use.op
    dilation = getattr(op, "dilation", (1,) * len(op.kernel_size))
    geometry = zip(use.inputs[0][2:], op.kernel_size, op.stride or op.kernel_size, op.padding, dilation, strict=True)
    return tuple([-(-(n + 2 * p - d * (k - 1) - 1) // s) + 1 for n, k, s, p, d in geometry])


def _adaptive(use: LayerUse) -> FigurePart | None:
    """A mean over all positions; windows of other sizes are written in several ways."""
    return per_input(1)(use) if numel(use.outputs[0][2:]) == 1 else _unknown(use)


def _combined(name: str) -> Term:
    """1 node for every input after the first, each as large as what the layer gives."""

    def term(use: LayerUse) -> FigurePart | None:
        count = max(1, len(use.inputs) - 1)
        if count > 1 and use.inputs[0] != use.outputs[0]:
            return _unknown(use)
        return nodes(*[name] * count)(use)

    return term


def _matmul(use: LayerUse) -> FigurePart | None:
    left, right = use.inputs
    if min(len(left), len(right)) < 2:  # noqa: PLR2004 - a matrix
        raise ToolFailsError(_TOO_SMALL)
    return (products() if left[:-2] == right[:-2] else _unknown)(use)


def _softplus(use: LayerUse) -> FigurePart | None:
    scaled = () if use.op.beta == 1 else ("Mul", "Div")
    return nodes("Softplus", "Greater", *scaled)(use)


def _no_scalar(use: LayerUse) -> FigurePart | None:
    return None if use.inputs[0] else _unknown(use)


_CONVOLUTION: Rule = (products(), _bias)
_TRANSPOSED: Rule = (_transposed, _bias)
_RULES: Rules = {
    "conv": _CONVOLUTION,
    "functional_conv": _CONVOLUTION,
    "conv_transpose": _TRANSPOSED,
    "functional_conv_transpose": _TRANSPOSED,
    **dict.fromkeys(("linear", "functional_linear"), (_linear, _bias)),
    "batch_norm": (_batch_norm,),
    "instance_norm": (_instance_norm,),
    "layer_norm": (_layer_norm,),
    "group_norm": (per_input(PER_ELEMENT["InstanceNormalization"] + MUL + ADD),),
    "relu": (nodes("Relu"),),
    "relu6": (nodes("Clip"),),
    "hardtanh": (nodes("Clip"),),
    "leaky_relu": (nodes("LeakyRelu"),),
    "prelu": (nodes("PRelu"),),
    "elu": (nodes("Elu"),),
    "gelu": (nodes("Gelu"),),
    "silu": (nodes("Sigmoid", "Mul"),),
    "sigmoid": (nodes("Sigmoid"),),
    "hardsigmoid": (nodes("HardSigmoid"),),
    "hardswish": (nodes("HardSwish"),),
    "log_sigmoid": (nodes("Sigmoid", "Log"),),
    "tanh": (nodes("Tanh"),),
    "tanhshrink": (nodes("Tanh", "Sub"),),
    "softsign": (nodes("Abs", "Add", "Div"),),
    "hardshrink": (nodes("Abs", "LessOrEqual"),),
    "threshold": (nodes("LessOrEqual"),),
    "softplus": (_softplus,),
    "softmax": (nodes("Softmax"),),
    "softmax2d": (nodes("Softmax"),),
    "softmin": (nodes("Neg", "Softmax"),),
    "log_softmax": (nodes("LogSoftmax"),),
    "glu": (nodes("Sigmoid", "Mul"),),
    "layer_scale": (nodes("Mul"),),
    "matmul": (_matmul,),
    **{kind: (_combined(kind.capitalize()),) for kind in ("add", "mul", "sub", "div")},
    **dict.fromkeys(("maximum", "minimum"), (_combined("Max"),)),
    "clamp": (nodes("Clip"),),
    **{kind: (nodes(kind.capitalize()),) for kind in ("exp", "log", "abs", "sign", "floor", "ceil", "round")},
    **dict.fromkeys(("max_pool", "avg_pool"), (_pool,)),
    **dict.fromkeys(("adaptive_avg_pool", "adaptive_max_pool"), (_adaptive,)),
    **dict.fromkeys(("flatten",), (_no_scalar,)),
    **dict.fromkeys(
        (
            *("identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "stochastic_depth"),
            *("embedding", "parameter", "buffer", "constant", "unflatten", "reshape", "permute", "transpose"),
            *("squeeze", "unsqueeze", "expand", "concat", "stack"),
        ),
        NOTHING,
    ),
}


def _refuses(report: Report) -> str:
    return "what the exporter writes for the source's own code is not known" if report.graph.spec.calls else ""


def _rule(op: type[Op]) -> Rule:
    found = row_of(_RULES, op)
    return (_unknown,) if found is None else found


CONVENTION = Convention(
    name="onnx-tool",
    tool="onnx-tool",
    version="1.0.1",
    unit=MACS,
    word="MACs",
    called="`model_profile(file)`, of `torch.onnx.export(model, inputs, file)`",
    traces=True,
    exported=True,
    refuses=_refuses,
    works={},
    kinds={kind: _rule(op) for kind, op in REGISTRY.items()},
)
