"""ptflops's pytorch backend: hooks on modules, averaged over the batch, and patches of functions, which are not.

A module whose hook and whose function are both counted counts twice: nn.ReLU calls F.relu. Hooks go by the very class
of a module, so nothing derived from nn.LSTM or nn.MultiheadAttention is seen.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.conventions.attention import gives_weights, projection_macs, three, weights_softmax
from archcost.conventions.experts import scored
from archcost.conventions.model import MACS, OWN_TO_ARCHCOST, UNPATCHED, Amount, Convention, FigurePart, unseen
from archcost.conventions.part_rules import (
    ADDED,
    FUNCTIONAL,
    MULTIPLIED,
    POOLS,
    activated,
    added_bias,
    bias,
    by_addmm,
    elementwise,
    gated,
    left_operand,
    nothing,
    operators,
    per_input,
    products,
)
from archcost.conventions.recurrent import by_matrices, hooked
from archcost.dims import numel
from archcost.ops.facets import Work, WrittenAs

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.conventions.model import LayerUse, Rule, Term


_ATTENTION = "timm.layers.attention.Attention"
_ABSORBED = "a part of timm's Attention, which is counted as a whole"
_ONCE_PATCHED = (
    *(FUNCTIONAL + name for name in ("relu", "prelu", "elu", "relu6", "gelu", "silu", "softmax")),
    *(f"{FUNCTIONAL}{name}{rank}d" for name in POOLS for rank in (1, 2, 3)),
)


def _exact(amount: Fraction) -> Amount:
    return int(amount) if amount.denominator == 1 else amount


def _averaged(rate: str, use: LayerUse) -> str:
    return rate if use.batch == 1 else f"{rate}, averaged over a batch of {use.batch}"


def hook(term: Term) -> Term:
    """What the hook of a module counts, averaged over the batch; nothing where a function is called instead."""

    def averaged(use: LayerUse) -> FigurePart | None:
        part = term(use)
        if part is None or ((use.functional or _absorbed(use)) and not part.macs):
            return None
        if use.functional or _absorbed(use):
            return part._replace(amount=0, rate=use.written if use.functional else _ABSORBED)
        return part._replace(amount=_exact(Fraction(part.amount) / use.batch), rate=_averaged(part.rate, use))

    return averaged


def _absorbed(use: LayerUse) -> bool:
    """Whether it is a part of a module that is counted as a whole."""
    return use.call is not None and use.call.caller == _ATTENTION


def patched(term: Term, *functions: str) -> Term:
    """What is counted in a function, if one of these is called: torch's modules call theirs."""
    names = frozenset(functions)

    def called(use: LayerUse) -> FigurePart | None:
        return (term if use.calls(names) else unseen(UNPATCHED))(use)

    return called


_once = patched(per_input(1), *_ONCE_PATCHED)


def _twice(use: LayerUse) -> FigurePart | None:
    """1 per input element in the hook of the module, averaged over the batch, and 1 in the function that it calls."""
    if use.functional or _absorbed(use):
        return _once(use)
    amount = _exact(Fraction(use.elements, use.batch) + use.elements)
    rate = f"2 per input element, as a module{_averaged('', use)} and as a function"
    return FigurePart(use.name, amount, 0, rate)


def _relu6(use: LayerUse) -> FigurePart | None:
    """1 per input element in the hook of the module, which calls another function; or in F.relu6."""
    return (_once if use.functional and use.call is not None else hook(per_input(1)))(use)


def _norm(use: LayerUse) -> FigurePart:
    rate = 2 if getattr(use.op, "affine", False) else 1  # layer_norm's flag has another name, which it does not know
    return FigurePart(use.name, rate * use.elements, 0, f"{rate} per element")


def response_norm(use: LayerUse) -> FigurePart:
    """The functions within local_response_norm: two products and a sum, and a pool over the padded channels."""
    n, channels, *positions = use.inputs[0]
    padded = n * (channels + use.op.size - 1) * numel(positions)
    return FigurePart(use.name, 3 * use.elements + padded, 0, "3 per element, 1 with size - 1 more channels")


def _upsample(use: LayerUse) -> FigurePart | None:
    """Outputs of the first sample in the hook; outputs, as far as whole factors give them, in the function."""
    shape, scale, size = use.inputs[0], use.op.scale_factor, use.op.size
    spatial = len(shape) - 2
    if isinstance(size, tuple):
        called: float = numel(size) * shape[0] * shape[1]
    elif size is not None:
        called = size**spatial * shape[0] * shape[1]
    elif isinstance(scale, tuple):
        called = use.elements * numel([int(factor) for factor in scale])
    else:
        called = use.elements * scale**spatial
    if use.functional and not use.calls({FUNCTIONAL + "interpolate"}):
        return None
    hooked = 0 if use.functional else Fraction(numel(use.outputs[0][1:]), use.batch)
    return FigurePart(use.name, _exact(hooked + Fraction(called)), 0, "1 per output, as a module and as a function")


def _refuses(report: Report) -> str:
    shapes = list(report.inputs.values())
    return "it fails on an input without dims, whose length it takes for the batch" if shapes == [()] else ""


def _multihead(use: LayerUse) -> FigurePart:
    """The hook of nn.MultiheadAttention: products, biases, the scaling of the query, and softmax."""
    query, key, value = three(use)
    width, heads, batch_dim = query[-1], use.op.num_heads, 0 if use.op.batch_first else 1
    samples, asked, given = query[batch_dim], query[1 - batch_dim], key[1 - batch_dim]
    amount = asked * width * (1 + width) + given * (key[-1] ** 2 + value[-1] ** 2)
    amount += (asked + 2 * given) * width if use.op.bias else 0
    amount += _heads(asked, given, heads, width // heads, value[-1] // heads)
    amount += asked * value[-1] * (value[-1] + 1)
    return FigurePart(
        use.name, samples * amount, use.macs, "products, scaling and softmax, by a formula for the module"
    )


def _multihead_products(use: LayerUse) -> FigurePart | None:
    """What its functions count of the products beside the hook, if they are made one by one."""
    macs = use.macs - projection_macs(use)
    return FigurePart(f"{use.name} products", macs, 0, "1 per MAC, once more") if gives_weights(use) else None


def _attention(use: LayerUse) -> FigurePart | None:
    """The hook of timm's Attention, which is of the products of attention, and leaves out the layers in the module."""
    if use.call is None or use.call.module != _ATTENTION:
        return unseen(UNPATCHED)(use)
    samples, heads, tokens, width = use.inputs[0]
    amount = samples * (tokens * width * heads + _heads(tokens, tokens, heads, width, width))
    return FigurePart(use.name, amount, use.macs, "products, scaling and softmax, by a formula for timm's module")


def _heads(asked: int, given: int, heads: int, width: int, value_width: int) -> int:
    """The two products and the softmax between them."""
    return heads * asked * given * (width + 1 + value_width)


_PRODUCTS: Rule = (hook(products()), hook(bias))
_MATMULS = ("torch.matmul", "torch.Tensor.matmul", "torch.mm", "torch.Tensor.mm", "torch.bmm", "torch.Tensor.bmm")
_LINEAR = by_addmm(added_bias(1), hook(products())), by_addmm(nothing, hook(bias))

CONVENTION = Convention(
    name="ptflops",
    tool="ptflops",
    version="0.7.5",
    unit=MACS,
    word="Mac",
    called='`get_model_complexity_info(model, …, backend="pytorch")`',
    averages=True,
    by_class=True,
    refuses=_refuses,
    works={
        Work.CONVOLUTION: _PRODUCTS,
        Work.TRANSPOSED: _PRODUCTS,
        Work.PRODUCT: _LINEAR,
        Work.NORM: (hook(_norm),),
        Work.POOL: (_twice,),
    },
    kinds={
        **dict.fromkeys(("relu", "prelu", "elu", "gelu"), (_twice,)),
        "leaky_relu": (hook(per_input(1)),),
        "relu6": (_relu6,),
        **dict.fromkeys(("silu", "softmax", "softmax2d"), (_once,)),
        "local_response_norm": (response_norm,),
        "upsample": (_upsample,),
        "matmul": (patched(left_operand(1), *_MATMULS),),
        "scaled_dot_product_attention": (_attention,),
        **dict.fromkeys(("mul", "layer_scale"), (elementwise(MULTIPLIED),)),
        "add": (elementwise(ADDED),),
        "selective_scan": (operators(1), gated),
        "mixture_of_experts": (unseen(OWN_TO_ARCHCOST), activated),
    },
    sources={
        **hooked(hook(by_matrices(1))),
        "multihead_attention": (hook(_multihead), _multihead_products, weights_softmax),
        "mixture_of_experts": (unseen(UNPATCHED), activated, scored),
    },
    hides={WrittenAs.FUNCTION: UNPATCHED, WrittenAs.OWN: OWN_TO_ARCHCOST},
)
