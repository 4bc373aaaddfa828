"""Recurrent layers. ONNX keeps the matrices of both directions in one tensor, and both biases in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, rule

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_KINDS = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}
_USUAL = {
    "LSTM": ("Sigmoid", "Tanh", "Tanh"),
    "GRU": ("Sigmoid", "Tanh"),
    "RNN": ("Tanh",),
}
_LENGTHS, _HIDDEN, _CELL, _PEEPHOLES = 4, 5, 6, 7  # places of inputs


@rule(*_KINDS)
def layers(maker: OnnxMaker) -> list[int]:
    """One layer over a sequence; its result is (sequence, directions, batch, hidden)."""
    op, kind = maker.node.op, _KINDS[maker.node.op]
    both = maker.attribute("direction", "forward") == "bidirectional"
    attributes: dict[str, Attribute] = {
        "hidden_size": maker.attribute("hidden_size"),
        "bias": maker.has(3),
        "batch_first": False,
        "bidirectional": both,
    }
    activations = tuple(maker.attribute("activations") or ())
    if op == "RNN" and set(activations) == {"Relu"}:
        attributes["nonlinearity"] = "relu"
    elif activations not in ((), _USUAL[op] * (1 + both)):
        raise Unmapped("its activations are others than usual")
    if maker.has(_PEEPHOLES):
        raise Unmapped("its gates look at the cell by weights of their own, peepholes")
    if maker.attribute("input_forget", 0):
        raise Unmapped("its input and forget gates are one")
    if maker.attribute("layout", 0):
        raise Unmapped("its batch comes first")
    if maker.has(_LENGTHS):
        raise Unmapped("its sequences have lengths of their own")
    tensors = {
        name: maker.whole(place) for name, place in (("weight_ih_l0", 1), ("weight_hh_l0", 2), ("bias_ih_l0", 3))
    }
    held = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    if len(held) < (3 if maker.has(3) else 2):
        raise Unmapped("its weights are computed")
    states = [maker.value(place) for place in (_HIDDEN, _CELL) if maker.has(place) and not maker.is_constant(place)]
    found = maker.layer(kind, [maker.value(0), *states], attributes, held, joined=True)
    if maker.is_read(0):
        size = maker.attribute("hidden_size")
        whole = maker.step("unflatten", [found[0]], {"dim": 2, "unflattened_size": (1 + both, size)})
        found[0] = maker.step("transpose", [whole], {"dim0": 1, "dim1": 2})
    return found
