"""A block that is used again is copied from where it was unrolled first: the same graph as if it were unrolled anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from archcost.graph import blocks, unroll
from archcost.graph.blocks import block_names
from archcost.spec import expressions
from archcost.spec.loader import load, loads

if TYPE_CHECKING:
    from archcost.graph.model import Graph
    from archcost.spec.model import Spec

HEAD = "archcost: 1\nname: copied\ninputs: {a: [4, 8, 8], b: [4, 8, 8]}\nblocks:\n"
CASES = {
    "a body is copied again and again": (
        "  unit: {layers: [conv2d: {out_channels: 4, kernel_size: 1}, relu]}\nlayers: [{unit: , from: a, repeat: 3}]"
    ),
    "inside of another that is copied, too": (
        "  inner: {layers: [relu, {branches: {l: [tanh, relu], r: []}, add: }]}\n"
        "  outer: {layers: [inner, {inner: , repeat: 2}]}\nlayers: [{outer: , from: a}, outer, inner]"
    ),
    "two inputs that are one value, and then two": (
        "  join: {inputs: [x, y], outputs: [both, x], layers: [{id: both, sub: , from: [x, y]}]}\n"
        "layers: [{id: p, join: , from: [a, a]}, {id: q, join: , from: [p.0, b]}, {id: r, join: , from: [q.0, q.0]},"
        " {id: s, join: , from: [b, a]}, {add: , from: [r.0, s.0]}]"
    ),
    "the inputs are outputs of the model": (
        "  both: {inputs: [x, y], outputs: [y, x], layers: []}\n"
        "layers: [{id: p, both: , from: [a, b]}, {id: q, both: , from: [p.0, p.1]}, {add: , from: [q.0, q.1]}]"
    ),
    "its first use shares the weights of another": (
        "  unit: {params: {p: 0.1}, layers: [inner, dropout: {p: $p}]}\n"
        "  inner: {layers: [linear: {out_features: 8}]}\n"
        "layers: [{id: one, unit: , from: a}, {id: two, unit: {p: 0.2}, share: one}, {id: three, unit: {p: 0.2}},"
        " {id: four, unit: {p: 0.2}, share: three}, {id: five, unit: {p: 0.2}}]"
    ),
    "a layer of several outputs is in it": (
        "  unit: {layers: [{id: parts, chunk: {chunks: 2, dim: 1}}, {concat: {dim: 1}, from: [parts.1, parts.0]}]}\n"
        "layers: [{unit: , from: a, repeat: 3}, relu]"
    ),
    "weights are shared within it": (
        "  unit: {layers: [{id: l, linear: {out_features: 8}}, {id: m, linear: {out_features: 8}, share: l}, inner]}\n"
        "  inner: {layers: [linear: {out_features: 8}]}\n"
        "layers: [{unit: , from: a, repeat: 3}, inner]"
    ),
}


class _Forgetful(dict[Any, Any]):
    def get(self, key: object, default: object = None) -> None:
        del key, default


def seen(graph: Graph) -> tuple[object, ...]:
    nodes = [(node.path, node.op, node.inputs, node.first_value, node.weights_of) for node in graph.nodes]
    return nodes, graph.scopes, graph.outputs, [node.outputs for node in graph.nodes]


def unrolled_anew(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> Graph:
    with monkeypatch.context() as patch:
        made = unroll.Unroller.__init__

        def forgetful(self: Any, *arguments: Any) -> None:
            made(self, *arguments)
            self._bodies.known = _Forgetful()

        patch.setattr(unroll.Unroller, "__init__", forgetful)
        patch.setattr(unroll, "copy_body", None)
        return unroll.unroll(spec)


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_copies_are_as_good_as_unrolled(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = loads(HEAD + text)
    assert seen(unroll.unroll(spec)) == seen(unrolled_anew(spec, monkeypatch))


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "densenet121", "llama_3_8b", "albert_base"])
def test_models_of_the_zoo_are_as_good_as_unrolled(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = load(name)
    assert seen(unroll.unroll(spec)) == seen(unrolled_anew(spec, monkeypatch))


def test_a_body_whose_weights_were_shared_has_its_own_where_it_is_used_again() -> None:
    """`two` uses the weights of `one`; `three`, which is the same block as `two`, has its own, and `four` those."""
    graph = unroll.unroll(loads(HEAD + CASES["its first use shares the weights of another"]))
    owners = {node.path: node.weights_of for node in graph.nodes if node.op.kind == "linear"}
    assert owners == {
        f"{name}.inner.linear": owner
        for name, owner in zip(("one", "two", "three", "four", "five"), (-1, 0, -1, 4, -1), strict=True)
    }


@pytest.mark.parametrize(("given", "resolved"), [("4", 1), ("$(4 if i < 1 else 8)", 2), ("$(4 + i)", 50)])
def test_rounds_that_give_the_same_are_resolved_once(
    given: str, resolved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 rounds: the defaults of a block's params are worked out where what a round gives differs from the last."""
    calls: list[object] = []

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return block_names(*arguments)

    monkeypatch.setattr(blocks, "block_names", counted)
    unit = "  unit: {params: {c: , d: $(2 * c)}, layers: [linear: {out_features: $d}, linear: {out_features: 8}]}\n"
    graph = unroll.unroll(loads(f"{HEAD}{unit}layers: [{{unit: {{c: {given}}}, from: a, repeat: 50}}]"))
    assert len(graph.nodes) == 100
    assert len(calls) == resolved


ROUNDS = {  # the channels that come out; those of `a` are 4
    "a default depends on the input": (
        (
            "  unit: {params: {c: $(2 * in_channels)}, layers: [conv2d: {out_channels: $c, kernel_size: 1}]}\n"
            "layers: [{unit: , from: a, repeat: 3}]"
        ),
        [2 * 4, 2 * 8, 2 * 16],
    ),
    "a default depends on the input and on another": (
        (
            "  unit: {params: {c: 3, d: $(c * in_channels)}, layers: [conv2d: {out_channels: $d, kernel_size: 1}]}\n"
            "layers: [{unit: , from: a, repeat: 2}]"
        ),
        [3 * 4, 3 * 12],
    ),
    "one step uses blocks of equal params": (
        (
            "  one: {params: {c: 5}, layers: [conv2d: {out_channels: $c, kernel_size: 1}]}\n"
            "  two: {params: {c: 7}, layers: [conv2d: {out_channels: $c, kernel_size: 1}]}\n"
            "  any: {params: {kind: }, layers: [$kind]}\n"
            "layers: [{any: {kind: one}, from: a}, {any: {kind: two}, from: a}, {any: {kind: one}, from: a}]"
        ),
        [5, 7, 5],
    ),
}


@pytest.mark.parametrize(("text", "channels"), ROUNDS.values(), ids=ROUNDS)
def test_params_are_resolved_anew_where_what_they_depend_on_differs(text: str, channels: list[int]) -> None:
    assert [node.outputs[0].shape[1] for node in unroll.unroll(loads(HEAD + text)).nodes] == channels


def test_an_expression_of_equal_text_is_parsed_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + "  unit: {layers: [linear: {out_features: $(3 * 5 + 1234)}]}\nlayers: [{unit: , from: a}]"
    first = unroll.unroll(loads(text))
    monkeypatch.setattr(expressions, "_parse", None)
    assert seen(unroll.unroll(loads(text.replace("name: copied", "name: other"))))[0] == seen(first)[0]
