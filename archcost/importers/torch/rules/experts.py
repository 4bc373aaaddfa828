"""Mixtures of experts: grouped products, and a router with its experts as one op where it is just that.

torch's counter reads grouped products as 0; here they count by formula: rows × elements of one expert's matrix.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcost.importers.form import Batched, shape_at, size_at
from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Attribute, Size
    from archcost.importers.torch.recorded import ModuleCall, TorchCall
    from archcost.importers.torch.spans import Span

GROUPED = ("_grouped_mm", "grouped_mm", "transformers::grouped_mm_fallback")
_ACTIVATIONS = ("silu", "gelu", "relu")
_ROUTERS = ("gate", "router")
_MATRIX, _STACK = 2, 3  # dims of one matrix, and of one for each expert


@rule(*GROUPED, signature="input, weight, offs=None, bias=None, out_dtype=None")
def grouped_mm(call: BoundCall, maker: Maker) -> int:
    """A product of groups of rows with a matrix each: which rows are whose is in the data, the products are not."""
    rows = maker.tensor(call.tensor("input")).shape
    matrices = maker.recorded(call.recorded("weight")).shape
    if len(rows) != _MATRIX or len(matrices) != _STACK or call.has_tensor("bias"):
        raise Unmapped("only rows times a stack of matrices are known")
    inputs = [call.tensor("input"), call.tensor("weight"), *([call.tensor("offs")] if call.has_tensor("offs") else [])]
    macs = _product(rows[0], (rows[1], matrices[-1]))
    return maker.step("custom", inputs, {"name": "grouped_mm", "output": call.result.shape, "macs": macs})


def mixture_at(modules: Sequence[ModuleCall], number: int) -> int | None:
    """A module that has a router, and experts whose matrices are stacked."""
    experts = getattr(modules[number].module, "experts", None)
    return number if hasattr(experts, "down_proj") else None


def routed_from(modules: Sequence[ModuleCall], number: int) -> int | None:
    """A router that is called before the experts of the same module."""
    around = modules[number].parent
    experts = getattr(modules[around].module, "experts", None)
    if not hasattr(experts, "down_proj") or modules[number].path.rpartition(".")[2] not in _ROUTERS:
        return None
    later = range(number + 1, len(modules))
    return next((each for each in later if modules[each].parent == around and modules[each].module is experts), None)


def mixture(span: Span, maker: Maker) -> list[int]:
    """A router and its experts as one op; raises Unmapped if there is anything else in the module."""
    if len(span.inputs) != 1 or len(span.outputs) != 1:
        raise Unmapped("more than one tensor goes in or comes out")
    named = {span.recording.values[value].name.rpartition(".")[2]: value for value in span.parameters}
    shapes = {name: maker.recorded(value).shape for name, value in named.items()}
    ways_in = next((name for name in ("gate_up_proj", "up_proj") if name in named), None)
    router = next((name for name, shape in shapes.items() if name == "weight" and len(shape) == _MATRIX), None)
    if router is None or ways_in is None or "down_proj" not in named:
        raise Unmapped("its weights are not those of a router and experts")
    holds = {"router": named[router], "w1": named[ways_in], "w2": named["down_proj"]}
    biases = {"bias1": f"{ways_in}_bias", "bias2": "down_proj_bias"}
    holds |= {name: named[given] for name, given in biases.items() if given in named}
    if len(holds) != len(span.parameters):
        raise Unmapped("it has other weights as well")
    experts, features = (_whole(size) for size in shapes[router])
    hidden = prod(_whole(size) for size in shapes["down_proj"]) // (experts * features)
    attributes: dict[str, Attribute] = {
        "num_experts": experts,
        "top_k": _top_k(span, maker, features),
        "hidden_features": hidden,
        "activation": _activation(span.calls),
        "gated": prod(_whole(size) for size in shapes[ways_in]) == 2 * experts * features * hidden,
        "bias": "bias1" in holds,
    }
    inputs = [span.value(span.inputs[0])]
    (result,) = maker.layer("mixture_of_experts", inputs, attributes, holds, joined=True)
    wanted = maker.recorded(span.outputs[0]).shape
    return [result if maker.tensor(result).shape == wanted else maker.step("reshape", [result], {"shape": wanted})]


def _top_k(span: Span, maker: Maker, features: int) -> int:
    """How many experts process a token: there are so many rows of a grouped product for each."""
    grouped = [call.args[0] for call in span.calls if call.function in GROUPED]
    rows = {size_at(maker.recorded(value.value).shape[0], 1) for value in grouped if isinstance(value, Ref)}
    tokens = prod(shape_at(maker.recorded(span.inputs[0]).shape, 1)) // features
    if len(rows) != 1 or max(rows) % tokens:
        raise Unmapped("how many experts are chosen is not known")
    return max(rows) // tokens


def _activation(calls: list[TorchCall]) -> str:
    """The activation of the experts, and none but that."""
    found = [call.function for call in calls if call.function in _ACTIVATIONS]
    products = [call.function for call in calls if call.macs]
    if len(found) != 1 or products != ["linear"]:
        raise Unmapped("its experts compute something else")
    return found[0]


def _whole(size: Size) -> int:
    if isinstance(size, Batched):
        raise Unmapped("the size of a weight follows the batch")
    return size


def _product(size: Size, factors: tuple[Size, ...]) -> Size:
    count = prod(_whole(factor) for factor in factors)
    return Batched(size.times * count, size.plus * count) if isinstance(size, Batched) else size * count
