"""Modifiers that multiply, drop and tie steps: repeat, when, share."""

from __future__ import annotations

from typing import Any

import pytest
from language import KEPT, paths, reads, report, shapes

from archcost.errors import SpecError
from archcost.graph import unroll

CONV = "conv2d: {out_channels: 8, kernel_size: 1, bias: false}"

SWAP = (
    "archcost: 1\ninputs: {x: [8], m: [8]}\nblocks:\n  swap: {inputs: [q, m], outputs: [sum, left], "
    "layers: [{id: sum, add: , from: [q, m]}, {id: left, relu: , from: q}]}\n"
)

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
        {"r.0.body.relu": "input", "r.0.add": "r.0.body.relu input"}
        | {"r.1.body.relu": "r.0.add", "r.1.add": "r.1.body.relu r.0.add"},
    ),
    "a round may be repeated inside": (
        "blocks:\n  unit: {layers: [{id: in, relu: , repeat: 2}]}\nlayers: [{id: out, unit: , repeat: 2}]",
        {"out.0.in.0": "input", "out.0.in.1": "out.0.in.0", "out.1.in.0": "out.0.in.1", "out.1.in.1": "out.1.in.0"},
    ),
    "the rounds of a recurrent layer go on with its sequence": (
        "archcost: 1\ninput: [6, 8]\nlayers: [{id: r, gru: {hidden_size: 8}, repeat: 2}]",
        {"r.0": "input", "r.1": "r.0.0"},
    ),
    "a round takes the outputs of the one before, if they are as many as it takes": (
        SWAP + "layers: [{id: s, swap: , repeat: 3, from: [x, m]}, {add: , from: s}, {sub: , from: [s.2.1, s.0.0]}]",
        {"s.0.sum": "x m", "s.0.left": "x", "s.1.sum": "s.0.sum s.0.left", "s.1.left": "s.0.sum"}
        | {"s.2.sum": "s.1.sum s.1.left", "s.2.left": "s.1.sum", "add": "s.2.sum s.2.left"}
        | {"sub": "s.2.left s.0.sum"},
    ),
    "they take the place of the first inputs, and the others stay": (
        SWAP.replace("inputs: [q, m]", "inputs: [q, m, n]") + "layers: [{id: s, swap: , repeat: 2, from: [x, m, x]}]",
        {"s.0.sum": "x m", "s.0.left": "x", "s.1.sum": "s.0.sum s.0.left", "s.1.left": "s.0.sum"},
    ),
    "the last round may give any number": (
        "layers: [{id: c, chunk: {chunks: 2, dim: 1}, repeat: 1}, add]",
        {"c.0": "input", "add": "c.0.0 c.0.1"},
    ),
    "states of a recurrent layer are not handed on": (
        (
            "archcost: 1\ninputs: {x: [6, 8], h: {shape: [1, 1, 8], batch: false}}\n"
            "layers: [{id: r, gru: {hidden_size: 8}, repeat: 2, from: [x, h]}]"
        ),
        {"r.0": "x h", "r.1": "r.0.0 h"},
    ),
    "all rounds of a step may be read": (
        "layers: [{id: r, relu: , repeat: 3}, {id: all, add: , from: r.*}, {concat: , from: [input, r.*, all]}]",
        {"r.0": "input", "r.1": "r.0", "r.2": "r.1", "all": "r.0 r.1 r.2", "concat": "input r.0 r.1 r.2 all"},
    ),
    "a from that uses the index is what each round reads": (
        'layers: [{id: p, chunk: {chunks: 2, dim: 1}}, {id: r, tanh: , repeat: 2, from: \'$(["p.1", "p.0"][i])\'}]',
        {"p": "input", "r.0": "p.1", "r.1": "p.0"},
    ),
    "which may be the round before and others": (
        ('layers: [relu, {id: r, concat: , repeat: 3, from: \'$([["relu"], ["r.0", "relu"], ["r.0", "r.1"]][i])\'}]'),
        {"relu": "input", "r.0": "relu", "r.1": "r.0 relu", "r.2": "r.0 r.1"},
    ),
    "without rounds it passes the step before on": (
        "layers: [relu, {id: r, tanh: , repeat: 0, from: '$([\"input\"][i])'}, gelu]",
        {"relu": "input", "gelu": "relu"},
    ),
    "nor where it is left out as a whole": (
        "layers: [relu, {id: r, tanh: , repeat: 2, from: '$([\"input\"][i])', when: $training}, gelu]",
        {"relu": "input", "gelu": "relu"},
    ),
    "each round may have a kind of its own": (
        'layers: [{id: r, repeat: 3, \'$(["relu", "tanh", "gelu"][i])\': }]',
        {"r.0": "input", "r.1": "r.0", "r.2": "r.1"},
    ),
    "and takes what that kind takes": (
        (
            "layers: [{id: p, chunk: {chunks: 2, dim: 1}}, "
            '{id: r, repeat: 2, \'$(["mul", "relu"][i])\': , from: \'$(["p", "r.0"][i])\'}]'
        ),
        {"p": "input", "r.0": "p.0 p.1", "r.1": "r.0"},
    ),
    "a round for each item of a list": (
        "layers: [{id: r, relu: , repeat: [5, 7], as: width}, {id: s, tanh: , repeat: [], as: w}]",
        {"r.0": "input", "r.1": "r.0"},
    ),
    "the name of an item decides too": (
        "layers: [{id: r, repeat: [relu, tanh, gelu], as: act, $act: , when: '$(act != \"tanh\")'}]",
        {"r.0": "input", "r.2": "r.0"},
    ),
}

LEFT_OUT = {
    "the first": ("$(i > 0)", {"r.1": "input", "r.2": "r.1", "add": "input r.2"}),
    "one in between": ("$(i != 1)", {"r.0": "input", "r.2": "r.0", "add": "r.0 r.2"}),
    "the last": ("$(i < 2)", {"r.0": "input", "r.1": "r.0", "add": "r.0 r.1"}),
    "all": ("$(i > 2)", {"add": "input input"}),
    "none": ("$(i >= 0)", {"r.0": "input", "r.1": "r.0", "r.2": "r.1", "add": "r.0 r.2"}),
    "by what comes in": ("$(i >= 0 and in_channels > 8)", {"add": "input input"}),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_rounds_that_are_left_out_pass_on_what_comes_in_and_keep_their_numbers(name: str) -> None:
    condition, expected = LEFT_OUT[name]
    text = f"layers: [{{id: r, relu: , repeat: 3, when: '{condition}'}}, {{add: , from: [r.0, r]}}]"
    assert reads(text) == expected


def test_a_round_that_is_left_out_passes_on_all_that_comes_in() -> None:
    text = SWAP + "layers: [{id: s, swap: , repeat: 3, from: [x, m], when: $(i == 1)}, {add: , from: s}]"
    assert reads(text) == {"s.1.sum": "x m", "s.1.left": "x", "add": "s.1.sum s.1.left"}


def test_items_and_their_number_are_seen_by_attributes() -> None:
    text = "layers: [{id: r, linear: {out_features: $(width + i)}, repeat: [10, 20], as: width}]"
    assert [shape[-1] for shape in shapes(text).values()] == [10 + 0, 20 + 1]
    pairs = "layers: [{id: r, linear: {out_features: '$(pair[0] * pair[1])'}, repeat: [[2, 3], [4, 5]], as: pair}]"
    assert [shape[-1] for shape in shapes(pairs).values()] == [2 * 3, 4 * 5]


def test_an_outer_index_is_seen_where_the_inner_one_has_another_name() -> None:
    text = (
        "layers: [{id: r, add: , repeat: 2, branches: {a: [{id: s, linear: {out_features: 4}, repeat: 2, as: k, "
        "when: $(k <= i)}], b: {from: input, layers: [linear: {out_features: 4}]}}}]"
    )
    assert paths(text) == "r.0.a.s.0 r.0.b.linear r.0.add r.1.a.s.0 r.1.a.s.1 r.1.b.linear r.1.add"


def test_rounds_with_branches_share_weights_with_the_step_before() -> None:
    body = f"branches: {{body: [{CONV}], skip: []}}"
    found = report(f"layers: [{{id: first, add: , {body}}}, {{id: rest, add: , {body}, repeat: 3, share: first}}]")
    assert found.totals.params == 8 * 8
    assert found.totals.macs == 4 * 4 * 4 * 8 * 8


def test_equal_rounds_are_made_once_whatever_decides_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100 rounds of a block, 50 left out: one is unrolled, and the other 49 are copied."""
    calls: list[object] = []
    real = unroll.copy_body

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(unroll, "copy_body", counted)
    text = "blocks:\n  unit: {layers: [relu, tanh]}\nlayers: [{unit: , repeat: 100, when: $(i % 2)}]"
    assert len(report(text).layers) == 50 * 2
    assert len(calls) == 50 - 1


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
    assert paths(text) == "add.0.a.dropout add.0.add add.1.a.dropout add.1.b.relu add.1.add"


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
