"""ptflops's aten backend: 1 per multiply-add of convolutions and products of matrices, and 1 for a bias inside of them.

A linear layer has its bias inside of the product if its input has two dims or lies dim after dim in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.strides import is_contiguous
from archcost.conventions.attention import inner_products, projection_biases, projections
from archcost.conventions.cpu_operators import dispatched, hidden_product
from archcost.conventions.experts import grouped, router
from archcost.conventions.model import MACS, Convention, FigurePart
from archcost.conventions.part_rules import CELLS, bias, expert_biases, operators
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse


def _linear_bias(use: LayerUse) -> FigurePart | None:
    shape = use.inputs[0]
    inside = len(shape) == 2 or is_contiguous(shape, use.strides[0])  # noqa: PLR2004 - a matrix
    return bias(use) if inside else None


def _recurrent_bias(use: LayerUse) -> FigurePart | None:
    """1 per gate, sample and step for the state's bias of every cell, and for the input's where it lies step by step.

    The input of the first layer does not, where (N, L, features) is turned into (L, N, features); the others do.
    """
    op, shape, strides = use.op, use.inputs[0], use.strides[0]
    if not op.bias or hidden_product(use):
        return None
    turned = (1, 0, 2) if op.batch_first else (0, 1, 2)
    in_order = is_contiguous(tuple([shape[dim] for dim in turned]), tuple([strides[dim] for dim in turned]))
    biases = op.directions * (2 * op.num_layers - (not in_order))
    amount = shape[0] * shape[1] * op.gates * op.hidden_size * biases
    return FigurePart(f"{use.name} bias", amount, 0, "1 per output of a product whose input is contiguous")


def _cell_bias(use: LayerUse) -> FigurePart | None:
    """Both biases are added within products."""
    op = use.op
    if not op.bias:
        return None
    return FigurePart(f"{use.name} bias", 2 * use.inputs[0][0] * op.gates * op.hidden_size, 0, "1 per output")


CONVENTION = Convention(
    name="ptflops-aten",
    tool="ptflops",
    version="0.7.5",
    unit=MACS,
    word="Mac",
    called='`get_model_complexity_info(model, …, backend="aten")`, on a CPU',
    works={
        Work.CONVOLUTION: (operators(1), bias),
        Work.TRANSPOSED: (operators(1), bias),
        Work.PRODUCT: (dispatched(1),),
        Work.ATTENTION: (dispatched(1, gradients=True),),
        Work.RECURRENT: (dispatched(1), _recurrent_bias),
    },
    kinds={
        **dict.fromkeys(CELLS, (operators(1), _cell_bias)),
        **dict.fromkeys(("linear", "functional_linear"), (operators(1), _linear_bias)),
        "selective_scan": (operators(1),),
        "mixture_of_experts": (operators(1), expert_biases),
        "multihead_attention": (projections(1), projection_biases, inner_products(1)),
    },
    sources={"mixture_of_experts": (router(1), grouped)},
)
