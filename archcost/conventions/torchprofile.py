"""torchprofile 0.1.0: MACs of convolutions and matrices, and 1 per output of affine norms, averages and products.

It traces the model with torch.jit, gradients on, and looks at operators (its ``handlers.py``); those without a handler
count nothing. A trace holds what a layer is made of, down to the products of its sizes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.conventions.attention import projection_macs, projections, seen_products, three
from archcost.conventions.model import MACS, NOTHING, Convention, FigurePart, ToolFailsError, unseen
from archcost.conventions.part_rules import (
    CELLS,
    hidden,
    letters,
    normalised,
    operators,
    per_input,
    per_output,
    products,
)
from archcost.dims import numel
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse, Term

_SAMPLED = {"bilinear": 4, "bicubic": 16}  # products per output
_GATED = {"lstm_cell": 3, "gru_cell": 2}
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


def _matmul(use: LayerUse) -> FigurePart | None:
    """1 per MAC; a trace has ``torch.mm`` of an imported source as an operator of its own, which has no handler."""
    called = use.call is not None and use.call.function in ("torch.mm", "torch.Tensor.mm")
    return (unseen(_NO_HANDLER) if called else products())(use)


def _factors(use: LayerUse) -> FigurePart:
    """1 per output of every product of two tensors, or of a tensor and a number."""
    return FigurePart(use.name, max(1, len(use.inputs) - 1) * use.results, 0, "1 per output")


def _letters(use: LayerUse) -> FigurePart | None:
    """The product of the sizes of all letters."""
    if "..." in use.op.equation:
        return unseen("it skips an equation with an ellipsis")(use)
    return FigurePart(use.name, numel(letters(use).values()), use.macs, "1 per product of all letters")


def _attention(use: LayerUse) -> FigurePart | None:
    """1 per MAC of both products."""
    query, key, value = use.inputs[:3]
    if query[:-2] != key[:-2] or key[:-2] != value[:-2]:
        raise ToolFailsError("it fails on attention whose query and key differ in batch or heads")
    return products()(use)


def _unseen_products(use: LayerUse) -> FigurePart:
    """The two products of attention in a fused function."""
    return FigurePart(f"{use.name} products", 0, use.macs - projection_macs(use), _NO_HANDLER)


def _products_of_sizes(use: LayerUse) -> FigurePart:
    """Torch's attention module multiplies sizes on its way, which the trace holds as products of tensors."""
    op = use.op
    query, key, value = three(use)
    packed = not use.one_tensor and use.key_is_value and query[-1] == key[-1] == value[-1]
    return FigurePart(f"{use.name} sizes", 4 + packed * (1 + op.bias) + op.add_zero_attn, 0, "4 to 7 per layer")


def _rotary(use: LayerUse) -> FigurePart:
    """The angles, position by pair, and four products of each pair."""
    shape = use.inputs[0]
    pairs = (use.op.rotary_dim or shape[-1]) // 2
    return FigurePart(use.name, pairs * (4 * numel(shape[:-1]) + shape[-2]), 0, "1 per angle, 4 per pair")


def _leaky_relu(use: LayerUse) -> FigurePart | None:
    return None if use.op.inplace else per_input(1)(use)


def _grid_sample(use: LayerUse) -> FigurePart | None:
    rate = _SAMPLED.get(use.op.mode, 0)
    return per_output(rate)(use) if rate else None


def _samples(bilinear: int) -> Term:
    """The samples of a deformable convolution, and one product more under a mask; their moved places."""

    def term(use: LayerUse) -> FigurePart:
        masked = len(use.inputs) > 2  # noqa: PLR2004 - the input and the offsets
        sampled = numel(use.op.sampled(use.inputs, use.outputs))
        amount = (bilinear + masked) * sampled + numel(use.inputs[1]) + 5 + masked
        rate = f"{bilinear} or {bilinear + 1} per sampled value, 1 per offset, and sizes"
        return FigurePart(f"{use.name} samples", amount, 0, rate)

    return term


def _lstm(use: LayerUse) -> FigurePart:
    """4·H·(features + H) for each layer, step and direction, with H the size of the last state, projected or not."""
    op, (samples, steps, features) = use.op, use.inputs[0]
    state = op.proj_size or op.hidden_size
    gates = sum(
        [4 * state * ((state * op.directions if layer else features) + state) for layer in range(op.num_layers)]
    )
    amount = samples * steps * op.directions * gates
    rate = "1 per MAC" if amount == use.macs else "4 gates as wide as what they are projected to"
    return FigurePart(use.name, amount, use.macs, rate)


def _cell_products(use: LayerUse) -> FigurePart | None:
    """The products of the states of a cell with its gates."""
    rate = _GATED.get(use.op.kind, 0)
    amount = rate * use.inputs[0][0] * use.op.hidden_size
    return FigurePart(f"{use.name} gates", amount, 0, f"{rate} per hidden unit") if rate else None


def _scan(use: LayerUse) -> FigurePart:
    """The products of elements in a selective scan: those of its states by doubling, the last half step left out."""
    elements, states = use.elements, use.inputs[2][-1]
    doublings = (use.inputs[0][-1] - 1).bit_length()
    given = use.op.input_names[: len(use.inputs)]
    amount = elements * (states * (2 + max(0, 2 * doublings - 1)) + 1 + ("D" in given) + ("z" in given))
    return FigurePart(f"{use.name} elements", amount, 0, "1 per product of elements, the states by doubling")


def _mixed(use: LayerUse) -> FigurePart:
    """The gates within experts, and the shares of what they give."""
    op, *tokens, features = use.op, *use.inputs[0]
    amount = numel(tokens) * op.top_k * (features + op.gated * op.hidden_features)
    return FigurePart(f"{use.name} elements", amount, 0, "1 per gate and per share of a result")


def _max_unpool(use: LayerUse) -> FigurePart | None:
    if use.op.output_size is None:
        raise ToolFailsError("it fails on max_unpool without an output_size")
    return None


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
        "layer_scale": (per_input(1),),
        "leaky_relu": (_leaky_relu,),
        "matmul": (_matmul,),
        "mul": (_factors,),
        "local_response_norm": (per_input(3),),
        "upsample": (_upsample,),
        "einsum": (_letters,),
        "rotary_embedding": (_rotary,),
        "grid_sample": (_grid_sample,),
        "max_unpool": (_max_unpool,),
        "deform_conv2d": (operators(1), _samples(4)),
        "multihead_attention": (projections(1), seen_products(1), _products_of_sizes),
        "lstm": (_lstm,),
        **dict.fromkeys(CELLS, (products(), _cell_products)),
        "selective_scan": (operators(1), _scan),
        "mixture_of_experts": (products(), _mixed),
    },
)
EARLIER = {
    "0.0.4": replace(
        CONVENTION,
        name="torchprofile@0.0.4",
        version="0.0.4",
        works={**CONVENTION.works, Work.ATTENTION: (unseen(_NO_HANDLER),)},
        kinds={
            **CONVENTION.kinds,
            **dict.fromkeys(("einsum", "lstm"), (unseen(_NO_HANDLER),)),
            "grid_sample": NOTHING,
            "deform_conv2d": (operators(1), _samples(0)),
            "multihead_attention": (projections(1), _unseen_products, _products_of_sizes),
        },
    )
}
