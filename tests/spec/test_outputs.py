"""Several outputs: what an id alone means to the step that reads it."""

from __future__ import annotations

import pytest
from language import outputs, reads, report

from archcost.errors import SpecError

TWO = "blocks:\n  two: {layers: [{id: x, relu: }, {id: y, tanh: , from: input}], outputs: [x, y]}\n"
PAIR = "  pair: {inputs: [a, b], layers: [{sub: , from: [a, b]}]}\n"
CELL = (
    "archcost: 1\ninput: [6, 8]\nblocks:\n"
    "  cell: {inputs: [x, h, c], layers: [{lstm: {hidden_size: 8}, from: [x, h, c]}]}\n"
)
BOTH = {"s.x": "input", "s.y": "input"}

READS = {
    "all outputs, by the id": (TWO + "layers: [{id: s, two: }, {concat: , from: s}]", BOTH | {"concat": "s.x s.y"}),
    "as without it": (TWO + "layers: [{id: s, two: }, concat]", BOTH | {"concat": "s.x s.y"}),
    "one of them by its number": (TWO + "layers: [{id: s, two: }, {gelu: , from: s.1}]", BOTH | {"gelu": "s.y"}),
    "all in a list with others": (
        TWO + "layers: [{id: s, two: }, {concat: , from: [s, input, s.0]}]",
        BOTH | {"concat": "s.x s.y input s.x"},
    ),
    "a block that takes as many": (
        TWO + PAIR + "layers: [{id: s, two: }, {relu: , from: s.0}, {pair: , from: s}]",
        BOTH | {"relu": "s.x", "pair.sub": "s.x s.y"},
    ),
    "a block right after": (TWO + PAIR + "layers: [{id: s, two: }, pair]", BOTH | {"pair.sub": "s.x s.y"}),
    "with a star, too": (TWO + "layers: [{id: s, two: }, {mul: , from: s.*}]", BOTH | {"mul": "s.x s.y"}),
    "by an expression": (
        TWO + 'layers: [{id: s, two: }, {mul: , from: \'$(["s", "input"])\'}]',
        BOTH | {"mul": "s.x s.y input"},
    ),
    "of a branch": (
        TWO + "layers: [{concat: , branches: {a: [{id: s, two: }], b: []}}]",
        {"a.s.x": "input", "a.s.y": "input", "concat": "a.s.x a.s.y input"},
    ),
    "where a branch starts": (
        TWO + "layers: [{id: s, two: }, {concat: , branches: {a: {from: s, layers: [mul]}, b: {from: s}}}]",
        BOTH | {"a.mul": "s.x s.y", "concat": "a.mul s.x s.y"},
    ),
    "a step that is left out hands one on where one is taken": (
        "layers: [tanh, {add: , from: [input, tanh], when: false}, relu]",
        {"tanh": "input", "relu": "input"},
    ),
    "and all where as many are taken": (
        TWO + PAIR + "layers: [tanh, {id: p, add: , from: [input, tanh], when: false}, {pair: , from: p}, relu]",
        {"tanh": "input", "pair.sub": "input tanh", "relu": "pair.sub"},
    ),
    "the main output of a recurrent layer": (
        "archcost: 1\ninput: [6, 8]\nlayers: [{id: l, lstm: {hidden_size: 8}}, tanh, {relu: , from: l}]",
        {"l": "input", "tanh": "l.0", "relu": "l.0"},
    ),
    "also where any number is taken": (
        (
            "archcost: 1\ninput: [6, 8]\nlayers: [{id: l, lstm: {hidden_size: 8}}, {add: , from: [l, input]}, "
            "{id: again, concat: , from: l}, {lstm: {hidden_size: 8}, from: l}]"
        ),
        {"l": "input", "add": "l.0 input", "again": "l.0", "lstm": "l.0"},
    ),
    "that of a block that ends in one, at every use": (
        (
            "archcost: 1\ninput: [6, 8]\nblocks: {b: {layers: [tanh, lstm: 8]}}\n"
            "layers: [b, relu, {repeat: 2, b: }, tanh, {b: , id: last}, {lstm: 8, from: last.*}]"
        ),
        {
            "b.tanh": "input",
            "b.lstm": "b.tanh",
            "relu": "b.lstm.0",
            "b_1.0.tanh": "relu",
            "b_1.0.lstm": "b_1.0.tanh",
            "b_1.1.tanh": "b_1.0.lstm.0",
            "b_1.1.lstm": "b_1.1.tanh",
            "tanh": "b_1.1.lstm.0",
            "last.tanh": "tanh",
            "last.lstm": "last.tanh",
            "lstm": "last.lstm.0 last.lstm.1 last.lstm.2",
        },
    ),
    "all of them where no fewer are": (
        CELL + "layers: [{id: l, lstm: {hidden_size: 8}}, cell, {id: d, cell: , from: l}]",
        {"l": "input", "cell.lstm": "l.0 l.1 l.2", "d.lstm": "l.0 l.1 l.2"},
    ),
    "all of them with a star": (
        "archcost: 1\ninput: [6, 8]\nlayers: [{id: l, lstm: {hidden_size: 8}}, {lstm: {hidden_size: 8}, from: l.*}]",
        {"l": "input", "lstm": "l.0 l.1 l.2"},
    ),
}


@pytest.mark.parametrize("name", READS)
def test_an_id_alone(name: str) -> None:
    text, expected = READS[name]
    assert reads(text) == expected


def test_outputs_are_all_of_them() -> None:
    text = TWO + "layers: [{id: s, two: }, {relu: , from: s.0}]\noutputs: [s, relu]"
    assert list(outputs(text)) == ["s.x", "s.y", "relu"]
    nested = TWO + "  outer: {layers: [{id: s, two: }], outputs: s}\nlayers: [outer, {concat: , from: outer}]"
    assert reads(nested)["concat"] == "outer.s.x outer.s.y"


ERRORS = {
    "an op of one input": (
        TWO + "layers: [{id: s, two: }, {relu: , from: s}]",
        "'s' has 2 outputs, and relu takes 1 input",
        "pick one: s.0 or s.1",
    ),
    "a block of one input": (
        TWO + "  one: {layers: [relu]}\nlayers: [{id: s, two: }, {one: , from: s}]",
        "'s' has 2 outputs, and the block 'one' takes 1 input (input)",
        "pick one: s.0 or s.1",
    ),
    "too many in a list": (
        TWO + "layers: [{id: s, two: }, {sub: , from: [input, s]}]",
        "'s' has 2 outputs, and sub takes 1 to 2 inputs",
        "pick some: `from: [s.0, s.1]`",
    ),
    "of a repeated step": (
        TWO + "layers: [{id: s, two: , repeat: 1}, {relu: , from: s}]",
        "'s' has 2 outputs, and relu takes 1 input",
        "pick one: s.0.0 or s.0.1",
    ),
    "of the step before, which is repeated": (
        TWO + "layers: [{id: s, two: , repeat: 1}, relu]",
        "relu takes 1 input, got 2",
        "the previous step has 2 outputs: pick one with `from: s.0.0`, or several with `from: [s.0.0, …]`",
    ),
    "all rounds": (
        "layers: [{id: s, relu: , repeat: 4}, {tanh: , from: s.*}]",
        "'s.*' has 4 outputs, and tanh takes 1 input",
        "pick one: s.0 or s.1 or s.2",
    ),
    "fewer than it takes": (
        TWO + "  three: {inputs: [a, b, c], layers: [{add: , from: [a, b, c]}]}\n"
        "layers: [{id: s, two: }, {three: , from: s}]",
        "the block 'three' takes 3 inputs (a, b, c), got 2",
        "",
    ),
    "a round that takes fewer": (
        TWO + "layers: [{id: s, two: , repeat: 3}]",
        "a round of 's' gives 2 outputs, and the block 'two' takes 1 input (input)",
        "a round hands all its outputs to the next: let it give one, or as many as it takes",
    ),
    "a round of an op that takes fewer": (
        "layers: [{chunk: {chunks: 2, dim: 1}, repeat: 2}]",
        "a round of 'chunk' gives 2 outputs, and chunk takes 1 input",
        "a round hands all its outputs to the next: let it give one, or as many as it takes",
    ),
    "a star of nothing": (
        "layers: [{tanh: , from: s.*}]",
        "unknown id 's.*'",
        "known ids before this step: input",
    ),
    "a list without a name for its items": (
        "layers: [{tanh: , repeat: [1, 2]}]",
        "'repeat' over a list needs `as`, a name of its items other than `i`",
        "`repeat: …, as: item` has a round for each item; `i` counts them",
    ),
    "rounds of many kinds without an id": (
        "layers: [{'$([\"relu\"][i])': , repeat: 1}]",
        "a step whose kind differs from round to round needs an id",
        "add `id: …`: its rounds are id.0, id.1 …",
    ),
    "an index past the end": (
        "archcost: 1\nparams: {w: [4, 5]}\ninput: [8]\nlayers: [{linear: {out_features: '$(w[i])'}, repeat: 3}]",
        "$(w[i]) cannot be evaluated: i is 2, and w has 2 items",
        "items are counted from 0: the last is w[1], or w[-1]",
    ),
    "an index in a block": (
        "blocks:\n  b: {layers: [linear: {out_features: $(1 + i)}]}\nlayers: [{b: , repeat: 3}]",
        "unknown name 'i' in $(1 + i)",
        "a block does not see the index of its step: pass it to the block, `b: {index: $i}`, as a param `index`",
    ),
    "an index of another name in a block": (
        "blocks:\n  b: {layers: [linear: {out_features: $k}]}\nlayers: [{b: , repeat: [3, 4], as: k}]",
        "unknown name 'k' in $k",
        "a block does not see the index of its step: pass it to the block, `b: {index: $k}`, as a param `index`",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_one_error_in_the_words_of_the_spec(name: str) -> None:
    text, message, hint = ERRORS[name]
    with pytest.raises(SpecError) as caught:
        report(text)
    assert [(problem.message, problem.help) for problem in caught.value.diagnostics] == [(message, hint)]
