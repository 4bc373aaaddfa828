"""Recurrent layers and cells, as torch's own functions take them: all weights in one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.arguments import items_of
from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_KINDS = {"lstm": "lstm", "gru": "gru", "rnn_tanh": "rnn", "rnn_relu": "rnn"}
_MATRICES = 2  # of a cell, and as many biases
_GATES = {"lstm": 4, "gru": 3, "rnn": 1}


@rule(
    *_KINDS,
    signature="input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first=False",
)
def layers(call: BoundCall, maker: Maker) -> list[int]:
    """Layers over a sequence. A state that is made of zeros is the one that the layer has by itself."""
    if call.has_tensor("params") or not isinstance(call.get("has_biases"), bool):
        raise Unmapped("its input is a packed sequence")
    kind, bias, hidden = _KINDS[call.function], call.get("has_biases"), _states(call, maker)
    given = call.get("params")
    directions = 2 if call.get("bidirectional") else 1
    count = call.get("num_layers") * directions
    each = len(given) // count
    projected = each % 2 == 1
    weights = [maker.parameter(item.value) if isinstance(item, Ref) else None for item in given]
    width = maker.recorded(given[1].value).shape[-1]
    attributes: dict[str, Attribute] = {
        "hidden_size": _rows(maker, given[1]) // _GATES[kind],
        "num_layers": call.get("num_layers"),
        "bias": bias,
        "batch_first": call.get("batch_first"),
        "dropout": call.get("dropout"),
        "bidirectional": call.get("bidirectional"),
    }
    if projected:
        attributes["proj_size"] = width
    if kind == "rnn":
        attributes["nonlinearity"] = call.function.removeprefix("rnn_")
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else []), *(["weight_hr"] if projected else [])]
    suffixes = [f"_l{cell // directions}{'_reverse' * (cell % directions)}" for cell in range(count)]
    holds = _held([name + suffix for suffix in suffixes for name in names], weights)
    return maker.layer(kind, [call.tensor("input"), *hidden], attributes, holds)


@rule(
    "lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell", signature="input, hx, w_ih, w_hh, b_ih=None, b_hh=None"
)
def cells(call: BoundCall, maker: Maker) -> list[int]:
    """One step of one layer."""
    stem = call.function.removesuffix("_cell")
    kind = _KINDS[stem]
    given = {"weight_ih": "w_ih", "weight_hh": "w_hh", "bias_ih": "b_ih", "bias_hh": "b_hh"}
    present = {name: argument for name, argument in given.items() if call.has_tensor(argument)}
    weights = [maker.parameter(call.recorded(argument)) for argument in present.values()]
    attributes: dict[str, Attribute] = {
        "hidden_size": _rows(maker, call.get("w_hh")) // _GATES[kind],
        "bias": "bias_ih" in present,
    }
    if kind == "rnn":
        attributes["nonlinearity"] = stem.removeprefix("rnn_")
    inputs = [call.tensor("input"), *_states(call, maker)]
    return maker.layer(f"{kind}_cell", inputs, attributes, _held(list(present), weights))


def _states(call: BoundCall, maker: Maker) -> list[int]:
    """The initial states, none of them if all are zeros."""
    makers = [maker.call_of(item.value) for item in items_of(call.get("hx")) if isinstance(item, Ref)]
    if all(each is not None and each.function in ("zeros", "new_zeros", "zeros_like") for each in makers):
        return []
    return call.tensors("hx")


def _rows(maker: Maker, matrix: object) -> int:
    size = maker.recorded(matrix.value).shape[0] if isinstance(matrix, Ref) else None
    if not isinstance(size, int):
        raise Unmapped("the size of its weights is not known")
    return size


def _held(names: list[str], weights: list[int | None]) -> dict[str, int]:
    found = {name: weight for name, weight in zip(names, weights, strict=True) if weight is not None}
    if len(found) < len(names):
        raise Unmapped("its weights are no parameters of its own")
    return found
