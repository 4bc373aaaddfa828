"""thop: multiply-adds by output positions, norms 2 or 4 per element, average pools and softmax; no biases.

Hooks are chosen by the exact class of a module; functions count nothing, nor do modules that it has no hook for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import MACS, NOTHING, OWN_TO_ARCHCOST, Convention, FigurePart, ToolFailsError, unseen
from archcost.conventions.part_rules import normalised, per_input, per_output, products
from archcost.conventions.recurrent import by_gates, hooked
from archcost.dims import numel
from archcost.ops.axes import axis
from archcost.ops.facets import Work, WrittenAs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.conventions.model import LayerUse, Term

_RATES = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 224 + 35}  # of upsampling, per output


def _transposed(use: LayerUse) -> FigurePart:
    amount = use.results * (use.inputs[0][1] // use.op.groups) * numel(use.op.kernel_size)
    if amount == use.macs:
        return FigurePart(use.name, amount, amount, "1 per MAC")
    return FigurePart(use.name, amount, use.macs, "weights × output positions, not input positions")


def _adaptive_average(use: LayerUse) -> FigurePart:
    """⌊outputs × (window + 1)⌋ with the window, input size / output size in each dimension, in double precision."""
    window = 1.0
    for before, after in zip(use.inputs[0][2:], use.outputs[0][2:], strict=True):
        window *= before / after
    return FigurePart(use.name, int((window + 1) * use.results), 0, "window + 1 per output")


def _softmax(use: LayerUse) -> FigurePart:
    shape = use.inputs[0]
    if not shape:
        raise ToolFailsError("it fails on softmax of a tensor without dims")
    features = shape[axis(use.op.dim, len(shape))]
    return FigurePart(use.name, use.elements // features * (3 * features - 1), 0, "3 per element, less 1 per row")


def upsample(rates: Mapping[str, int]) -> Term:
    """The rate of a mode per output."""

    def term(use: LayerUse) -> FigurePart | None:
        rate = rates.get(use.op.mode)
        return per_output(rate)(use) if rate else None

    return term


CONVENTION = Convention(
    name="thop",
    tool="thop",
    version="0.1.1.post2209072238",
    unit=MACS,
    word="MACs",
    called="`profile(model, inputs)`",
    functions=False,
    by_class=True,
    works={
        Work.CONVOLUTION: (products(),),
        Work.TRANSPOSED: (_transposed,),
        Work.PRODUCT: (products(),),
        Work.NORM: (normalised(4, 2),),
    },
    kinds={
        "group_norm": NOTHING,
        "prelu": (per_input(1),),
        "softmax": (_softmax,),
        "avg_pool": (per_output(1),),
        "adaptive_avg_pool": (_adaptive_average,),
        "upsample": (upsample(_RATES),),
        "multihead_attention": (unseen("it has no hook for nn.MultiheadAttention"),),
    },
    sources=hooked(by_gates),
    hides={WrittenAs.FUNCTION: "it is a function, not a module", WrittenAs.OWN: OWN_TO_ARCHCOST},
)
