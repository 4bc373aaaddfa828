"""ptflops's pytorch backend: hooks on modules, averaged over the batch, and patches of functions, which are not.

A module whose hook and whose function are both counted counts twice: nn.ReLU calls F.relu. Hooks go by the very class
of a module, so nothing derived from nn.LSTM or nn.MultiheadAttention is seen.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.conventions.model import MACS, OWN_TO_ARCHCOST, Amount, Convention, FigurePart, unseen
from archcost.conventions.part_rules import activated, bias, gated, left_operand, operators, per_input, products
from archcost.dims import numel
from archcost.ops.facets import Work, WrittenAs

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.conventions.model import LayerUse, Rule, Term


def _exact(amount: Fraction) -> Amount:
    return int(amount) if amount.denominator == 1 else amount


def _averaged(rate: str, use: LayerUse) -> str:
    return rate if use.batch == 1 else f"{rate}, averaged over a batch of {use.batch}"


def hook(term: Term) -> Term:
    """What the hook of a module counts, averaged over the batch; nothing where a function is called instead."""

    def averaged(use: LayerUse) -> FigurePart | None:
        part = term(use)
        if part is None or (use.functional and not part.macs):
            return None
        if use.functional:
            return part._replace(amount=0, rate=use.written)
        return part._replace(amount=_exact(Fraction(part.amount) / use.batch), rate=_averaged(part.rate, use))

    return averaged


_once = per_input(1)  # in the function


def _twice(use: LayerUse) -> FigurePart | None:
    """1 per input element in the hook of the module, averaged over the batch, and 1 in the function that it calls."""
    if use.functional:
        return _once(use)
    amount = _exact(Fraction(use.elements, use.batch) + use.elements)
    rate = f"2 per input element, as a module{_averaged('', use)} and as a function"
    return FigurePart(use.name, amount, 0, rate)


def _norm(use: LayerUse) -> FigurePart:
    rate = 2 if getattr(use.op, "affine", False) else 1  # layer_norm's flag has another name, which it does not know
    return FigurePart(use.name, rate * use.elements, 0, f"{rate} per element")


def response_norm(use: LayerUse) -> FigurePart:
    """The functions within local_response_norm: two products and a sum, and a pool over the padded channels."""
    n, channels, *positions = use.inputs[0]
    padded = n * (channels + use.op.size - 1) * numel(positions)
    return FigurePart(use.name, 3 * use.elements + padded, 0, "3 per element, 1 with size - 1 more channels")


def _upsample(use: LayerUse) -> FigurePart:
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
    hooked = 0 if use.functional else Fraction(numel(use.outputs[0][1:]), use.batch)
    return FigurePart(use.name, _exact(hooked + Fraction(called)), 0, "1 per output, as a module and as a function")


def _refuses(report: Report) -> str:
    shapes = list(report.inputs.values())
    return "it fails on an input without dims, whose length it takes for the batch" if shapes == [()] else ""


_PRODUCTS: Rule = (hook(products()), hook(bias))

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
        Work.PRODUCT: _PRODUCTS,
        Work.NORM: (hook(_norm),),
        Work.POOL: (_twice,),
    },
    kinds={
        **dict.fromkeys(("relu", "prelu", "elu", "gelu"), (_twice,)),
        **dict.fromkeys(("leaky_relu", "relu6"), (hook(_once),)),
        **dict.fromkeys(("silu", "softmax", "softmax2d"), (_once,)),
        "local_response_norm": (response_norm,),
        "upsample": (_upsample,),
        "matmul": (left_operand(1),),
        "selective_scan": (operators(1), gated),
        "mixture_of_experts": (unseen(OWN_TO_ARCHCOST), activated),
    },
    hides={WrittenAs.FUNCTION: "a function that it does not patch", WrittenAs.OWN: OWN_TO_ARCHCOST},
)
