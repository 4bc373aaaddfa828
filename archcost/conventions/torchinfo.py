"""torchinfo: params × what they are used for, so that biases and norms count, and a linear layer only once per sample.

Tensors named weight or bias count once for each output position of a convolution, and once for each sample of any other
module; the tensors of recurrent layers once for each sample and time step. Modules with children of their own, such as
attention, and functions count nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.experts import grouped, router
from archcost.conventions.model import MACS, Convention, FigurePart, ToolFailsError, unseen
from archcost.conventions.part_rules import CELLS, bias, products
from archcost.dims import numel
from archcost.ops.facets import Work, WrittenAs

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse
    from archcost.dims import Shape


def _samples(use: LayerUse) -> int:
    """The size of dim 0 of the output."""
    if not use.outputs[0]:
        raise ToolFailsError(f"it fails on a {use.name} without dims")
    return use.outputs[0][0]


def _transposed(use: LayerUse) -> FigurePart:
    shape: Shape = use.outputs[0]
    positions = shape[0] * numel(shape[2:])
    amount = positions * numel(use.op.kernel(use.inputs))
    if amount == use.macs:
        return FigurePart(use.name, amount, amount, "1 per MAC")
    return FigurePart(use.name, amount, use.macs, "weights × output positions, not input positions")


def _linear(use: LayerUse) -> FigurePart:
    amount = _samples(use) * numel(use.weights()["weight"])
    if amount == use.macs:
        return FigurePart(use.name, amount, amount, "1 per MAC")
    return FigurePart(use.name, amount, use.macs, "weights × size of dim 0 only")


def _linear_bias(use: LayerUse) -> FigurePart | None:
    if not use.op.bias:
        return None
    return FigurePart(f"{use.name} bias", _samples(use) * use.op.out_features, 0, "1 per bias and sample")


def _params(use: LayerUse) -> FigurePart | None:
    count = sum(map(numel, use.weights().values()))
    return FigurePart(use.name, _samples(use) * count, 0, "1 per param and sample") if count else None


def _of_source(use: LayerUse) -> FigurePart | None:
    """A module of the source of an import: its params × what their names and its own say that they are used for."""
    call = use.call
    if call is None or not call.output or len(call.params.split()) != len(use.weights()):
        return unseen("its params are not those of the layer")(use)
    shape, is_conv, amount = call.shape(use.samples), "Conv" in call.module.rpartition(".")[2], 0
    for name, param in zip(call.params.split(), use.weights().values(), strict=True):
        if name in ("weight", "bias"):
            amount += numel(param) * (shape[0] * numel(shape[2:]) if is_conv else shape[0])
        elif "weight" in name or "bias" in name:
            amount += numel(param) * numel(shape[:2])
    if amount == use.macs:
        return FigurePart(use.name, amount, amount, "1 per MAC") if amount else None
    return FigurePart(use.name, amount, use.macs, "params × sizes of the output that their names stand for")


def _table(use: LayerUse) -> FigurePart | None:
    """For each head, as if the ``bias_`` in the name of the table were that of a recurrent layer."""
    count = sum(map(numel, use.weights().values()))
    return FigurePart(use.name, use.outputs[0][1] * count, 0, "1 per param and head") if count else None


def _cell(use: LayerUse) -> FigurePart:
    """The hidden units of every sample as if they were the time steps of a layer."""
    matrices = sum(numel(shape) for name, shape in use.weights().items() if "weight" in name)
    amount = numel(use.outputs[0]) * matrices
    return FigurePart(use.name, amount, use.macs, "weights × size of the output")


def _recurrent_bias(use: LayerUse) -> FigurePart | None:
    biases = sum(numel(shape) for name, shape in use.weights().items() if "bias" in name)
    steps = numel(use.outputs[0][:2])
    return FigurePart(f"{use.name} bias", steps * biases, 0, "1 per bias and time step") if biases else None


def _expert_biases(use: LayerUse) -> FigurePart | None:
    biases = sum(numel(shape) for name, shape in use.weights().items() if "bias" in name)
    positions = numel(use.outputs[0][:2])
    return (
        FigurePart(f"{use.name} bias", positions * biases, 0, "1 per bias of all experts and position")
        if biases
        else None
    )


CONVENTION = Convention(
    name="torchinfo",
    tool="torchinfo",
    version="1.8.0",
    unit=MACS,
    word="mult-adds",
    called="`summary(model, input_data=inputs).total_mult_adds`",
    functions=False,
    works={
        Work.CONVOLUTION: (products(), bias),
        Work.TRANSPOSED: (_transposed, bias),
        Work.PRODUCT: (_linear, _linear_bias),
        Work.ATTENTION: (unseen("it counts modules that have params and no children"),),
        Work.RECURRENT: (products(), _recurrent_bias),
        **dict.fromkeys((Work.NORM, Work.DIVISION, Work.ELEMENTWISE, Work.TABLE), (_params,)),
    },
    kinds={
        **dict.fromkeys(CELLS, (_cell, _recurrent_bias)),
        "relative_position_bias": (_table,),
        "selective_scan": (unseen("it has no params"),),
        "mixture_of_experts": (unseen("it has no tensors named weight"), _expert_biases),
    },
    params=(_of_source,),
    sources={"mixture_of_experts": (router(1), grouped)},
    hides={WrittenAs.FUNCTION: "it has no params"},
)
