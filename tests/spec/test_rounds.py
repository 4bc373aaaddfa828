"""Modifiers that multiply, drop and tie steps: repeat, when, share."""

from __future__ import annotations

import pytest
from language import KEPT, paths, reads, report, shapes

from archcost.errors import SpecError

CONV = "conv2d: {out_channels: 8, kernel_size: 1, bias: false}"

READS = {
    "rounds are chained": (
        "layers: [relu, {id: r, tanh: , repeat: 3}, gelu]",
        {"relu": "input", "r.0": "relu", "r.1": "r.0", "r.2": "r.1", "gelu": "r.2"},
    ),
    "the default name is that of the kind": (
        "layers: [{relu: , repeat: 2}, {relu: , repeat: 1}]",
        {"relu.0": "input", "relu.1": "relu.0", "relu_1.0": "relu.1"},
    ),
    "the id is the last round, and each round has its own": (
        "layers: [{id: r, tanh: , repeat: 3}, {add: , from: [r, r.0, r.2]}]",
        {"r.0": "input", "r.1": "r.0", "r.2": "r.1", "add": "r.2 r.0 r.2"},
    ),
    "no rounds pass the input on": (
        "layers: [relu, {id: r, tanh: , repeat: 0}, {add: , from: [r, input]}]",
        {"relu": "input", "add": "relu input"},
    ),
    "a block is repeated as a whole": (
        "blocks:\n  unit: {layers: [relu, tanh]}\nlayers: [{id: u, unit: , repeat: 2}]",
        {"u.0.relu": "input", "u.0.tanh": "u.0.relu", "u.1.relu": "u.0.tanh", "u.1.tanh": "u.1.relu"},
    ),
    "the first input is chained and the others stay": (
        (
            "archcost: 1\ninputs: {x: [8], memory: [8]}\n"
            "blocks:\n  layer: {inputs: [q, m], layers: [{add: , from: [q, m]}]}\n"
            "layers: [{id: l, layer: , repeat: 3, from: [x, memory]}]"
        ),
        {"l.0.add": "x memory", "l.1.add": "l.0.add memory", "l.2.add": "l.1.add memory"},
    ),
    "an op with several inputs too": (
        "layers: [relu, {mul: , from: [relu, input], repeat: 2}]",
        {"relu": "input", "mul.0": "relu input", "mul.1": "mul.0 input"},
    ),
    "branches start from each round's input": (
        "layers: [{id: r, add: , repeat: 2, branches: {body: [relu], skip: []}}]",
        {"body.relu": "input", "r.0": "body.relu input", "body_1.relu": "r.0", "r.1": "body_1.relu r.0"},
    ),
    "a round may be repeated inside": (
        "blocks:\n  unit: {layers: [{id: in, relu: , repeat: 2}]}\nlayers: [{id: out, unit: , repeat: 2}]",
        {"out.0.in.0": "input", "out.0.in.1": "out.0.in.0", "out.1.in.0": "out.0.in.1", "out.1.in.1": "out.1.in.0"},
    ),
    "the rounds of a recurrent layer go on with its sequence": (
        "archcost: 1\ninput: [6, 8]\nlayers: [{id: r, gru: {hidden_size: 8}, repeat: 2}]",
        {"r.0": "input", "r.1": "r.0.0"},
    ),
}


@pytest.mark.parametrize("name", READS)
def test_repeat(name: str) -> None:
    text, expected = READS[name]
    assert reads(text) == expected


def test_the_index_counts_from_0_and_may_be_renamed() -> None:
    text = (
        "layers: [{id: a, linear: {out_features: $(10 + i)}, repeat: 2}, "
        "{id: b, linear: {out_features: $(20 + k)}, repeat: 2, as: k}]"
    )
    assert {path: shape[-1] for path, shape in shapes(text).items()} == {"a.0": 10, "a.1": 11, "b.0": 20, "b.1": 21}


def test_the_index_shadows_a_param_and_is_gone_after_the_step() -> None:
    text = (
        "archcost: 1\nparams: {i: 30}\ninput: [8]\n"
        "layers: [{linear: {out_features: $(10 + i)}, repeat: 2}, linear: {out_features: $i}]"
    )
    assert [shape[-1] for shape in shapes(text).values()] == [10, 11, 30]


def test_the_index_is_seen_in_branches() -> None:
    text = "layers: [{add: , repeat: 2, branches: {a: [dropout: {p: $(0.1 * i)}], b: [{relu: , when: $(i > 0)}]}}]"
    assert paths(text) == "a.dropout add.0 a_1.dropout b_1.relu add.1"


def test_repeat_takes_expressions_and_whole_floats() -> None:
    text = (
        "archcost: 1\nparams: {depths: [1, 2]}\ninput: [8, 4, 4]\nlayers: [{id: r, relu: , repeat: '$(sum(depths))'}]"
    )
    assert paths(text) == "r.0 r.1 r.2"
    assert paths("layers: [{id: r, relu: , repeat: 2.0}]") == "r.0 r.1"
    assert paths("layers: [{id: r, relu: , repeat: $(in_channels // 4)}]") == "r.0 r.1"


# --- when -----------------------------------------------------------------------------------------------------------

CONDITIONS = {
    "false leaves the step out": ("layers: [relu, {tanh: , when: false}, gelu]", {"relu": "input", "gelu": "relu"}),
    "true keeps it": ("layers: [{tanh: , when: true}]", {"tanh": "input"}),
    "its id stands for its input": (
        "layers: [relu, {id: a, tanh: , when: false}, {add: , from: [a, input]}]",
        {"relu": "input", "add": "relu input"},
    ),
    "with from, for that": (
        "layers: [relu, {id: a, tanh: , when: false, from: input}, gelu]",
        {"relu": "input", "gelu": "input"},
    ),
    "its default name stays taken": (
        "layers: [{relu: , when: false}, relu, {add: , from: [relu, relu_1]}]",
        {"relu_1": "input", "add": "input relu_1"},
    ),
    "a block is left out as a whole": (
        "blocks:\n  unit: {layers: [relu, relu]}\nlayers: [{unit: , when: false}, tanh]",
        {"tanh": "input"},
    ),
    "branches are left out with their step": (
        "layers: [relu, {add: , when: false, branches: {a: [tanh], b: []}}, gelu]",
        {"relu": "input", "gelu": "relu"},
    ),
    "it is decided before the rounds": ("layers: [{relu: , when: false, repeat: 3}, tanh]", {"tanh": "input"}),
    "it may look at the input": (
        "layers: [{relu: , when: $(in_channels == 8)}, {tanh: , when: '$(in_shape[1] > 8)'}]",
        {"relu": "input"},
    ),
    "numbers count as conditions": ("layers: [{relu: , when: 0}, {tanh: , when: 2}]", {"tanh": "input"}),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_when(name: str) -> None:
    text, expected = CONDITIONS[name]
    assert reads(text) == expected


def test_training_is_known_to_conditions_and_outputs() -> None:
    text = (
        "layers: [{id: body, relu: }, {id: aux, tanh: , when: $training}]\n"
        'outputs: $(["body", "aux"] if training else ["body"])'
    )
    assert paths(text) == "body"
    assert paths(text, training=True) == "body aux"
    assert list(report(text, training=True).outputs) == ["body", "aux"]


# --- share ----------------------------------------------------------------------------------------------------------


def test_shared_weights_count_once_and_macs_every_time() -> None:
    found = report(f"layers: [{{id: a, {CONV}}}, {{id: b, {CONV}, share: a}}]")
    assert [layer.params for layer in found.layers] == [8 * 8, 0]
    assert [layer.macs for layer in found.layers] == [4 * 4 * 8 * 8] * 2
    assert found.totals.params == 8 * 8


def test_a_tied_output_shares_the_weight_and_keeps_its_bias() -> None:
    text = (
        "archcost: 1\ninput: {shape: [16], dtype: int64}\nlayers: [{id: embed, embedding: {num_embeddings: 100, "
        "embedding_dim: 8}}, {id: head, linear: {out_features: 100}, share: embed}]"
    )
    found = report(text)
    assert [layer.params for layer in found.layers] == [100 * 8, 100]
    assert found.totals.params == 100 * 8 + 100


def test_a_step_may_share_with_one_that_shares() -> None:
    text = (
        "archcost: 1\ninput: {shape: [16], dtype: int64}\nlayers: [{id: embed, embedding: {num_embeddings: 100, "
        "embedding_dim: 8}}, {id: head, linear: {out_features: 100}, share: embed}, "
        "{id: second, linear: {out_features: 100}, share: head, from: embed}]"
    )
    assert [layer.params for layer in report(text).layers] == [100 * 8, 100, 0]


def test_blocks_share_layer_by_layer() -> None:
    block = f"blocks:\n  unit: {{layers: [{CONV}, batch_norm2d, relu]}}\n"
    found = report(block + "layers: [{id: a, unit: }, {id: b, unit: , share: a}]")
    assert found.totals.params == 8 * 8 + 2 * 8
    assert found.totals.buffers == 8 + 8 + 1


def test_every_round_shares_with_the_step_before() -> None:
    block = f"blocks:\n  unit: {{layers: [{CONV}, relu]}}\n"
    found = report(block + "layers: [{id: first, unit: }, {id: rest, unit: , repeat: 11, share: first}]")
    assert found.totals.params == 8 * 8
    assert found.totals.macs == 12 * 4 * 4 * 8 * 8


def test_sharing_inside_of_a_block_stays_in_each_use_of_it() -> None:
    block = f"blocks:\n  pair: {{layers: [{{id: a, {CONV}}}, {{id: b, {CONV}, share: a}}]}}\n"
    found = report(block + "layers: [pair, pair]")
    assert [layer.params for layer in found.layers] == [8 * 8, 0, 8 * 8, 0]
    assert found.totals.params == 2 * 8 * 8


def test_shared_steps_keep_their_shapes() -> None:
    assert shapes(f"layers: [{{id: a, {CONV}}}, {{id: b, {CONV}, share: a}}]") == {"a": KEPT, "b": KEPT}


@pytest.mark.parametrize(
    ("layers", "used"),
    [
        ("[pair, {id: b, pair: {p: 2}}]", ["pair"]),  # another body, whose text is the same
        ("[{add: , branches: {left: [{id: x, pair: , repeat: 2}], right: [pair: {p: 2}]}}]", ["left.x.0"]),
        ("[outer, {outer: , repeat: 2}, pair]", ["outer.pair"]),
        ("[pair, {id: b, pair: {width: 4}}]", ["pair", "b"]),  # other shapes
    ],
)
def test_weights_that_cannot_be_shared_are_told_once_for_all_uses_of_a_block(layers: str, used: list[str]) -> None:
    text = (
        "archcost: 1\nname: tied\ninput: [8, 4, 4]\nblocks:\n"
        "  pair:\n    params: {p: 1, width: 8}\n    layers:\n"
        "      - {id: a, conv2d: {out_channels: $width, kernel_size: 3, padding: 1}}\n"
        "      - {concat: , branches: {side: [conv2d: {out_channels: 8, kernel_size: 1}]}}\n"
        "      - {conv2d: {out_channels: $width, kernel_size: 1}, share: a, repeat: 2}\n"
        f"  outer: {{layers: [relu, {{pair: {{p: 3}}}}]}}\nlayers: {layers}\n"
    )
    with pytest.raises(SpecError) as caught:
        report(text)
    problems = caught.value.diagnostics
    assert [problem.notes[0].split("'")[3] for problem in problems] == used
    assert all(" in 'a': it cannot be shared" in problem.message for problem in problems)
