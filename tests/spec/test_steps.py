"""Steps: default names, ids, from, branches, several outputs."""

from __future__ import annotations

import pytest
from language import HEAD, KEPT, outputs, paths, reads, shapes

DEFAULT_NAMES = {
    "the first of a kind has its name": ("layers: [relu, tanh]", "relu tanh"),
    "the next ones count from 1": ("layers: [relu, tanh, relu, relu]", "relu tanh relu_1 relu_2"),
    "with attributes the same": ("layers: [dropout: {p: 0.1}, dropout]", "dropout dropout_1"),
    "an id takes no default name": ("layers: [{id: a, relu: }, relu]", "a relu"),
    "a default name steps aside for an id before": ("layers: [{id: relu_1, tanh: }, relu, relu]", "relu_1 relu relu_2"),
    "a default name steps aside for an id after": ("layers: [relu, {id: relu, tanh: }]", "relu_1 relu"),
    "a default name steps aside for an input": (
        "archcost: 1\ninputs: {relu: [8]}\nlayers: [relu, relu]",
        "relu_1 relu_2",
    ),
    "a kind by expression is named by its value": (
        "archcost: 1\nparams: {act: tanh}\ninput: [8]\nlayers: [$act, relu, $act, tanh]",
        "tanh relu tanh_1 tanh_2",
    ),
    "ids keep their spelling": ("layers: [{id: Conv-1x1, relu: }, {id: 層, relu: }]", "Conv-1x1 層"),
    "an op's name and attributes may be in block style": (
        "layers:\n  - conv2d:\n      out_channels: 8\n      kernel_size: 1\n    id: wide\n  - relu:\n",
        "wide relu",
    ),
}


@pytest.mark.parametrize("name", DEFAULT_NAMES)
def test_names(name: str) -> None:
    text, expected = DEFAULT_NAMES[name]
    assert paths(text) == expected


READS = {
    "a step reads the one before": ("layers: [relu, tanh]", {"relu": "input", "tanh": "relu"}),
    "from names one step": (
        "layers: [relu, tanh, {sigmoid: , from: relu}, gelu]",
        {"relu": "input", "tanh": "relu", "sigmoid": "relu", "gelu": "sigmoid"},
    ),
    "from names the input": ("layers: [relu, {tanh: , from: input}]", {"relu": "input", "tanh": "input"}),
    "from names several": (
        "layers: [relu, tanh, {add: , from: [relu, tanh, input]}]",
        {"relu": "input", "tanh": "relu", "add": "relu tanh input"},
    ),
    "from may be an expression": (
        (
            "archcost: 1\nparams: {wide: true}\ninput: [8]\n"
            'layers:\n  - relu\n  - tanh\n  - add:\n    from: $(["relu", "tanh"] if wide else ["relu", "relu"])\n'
        ),
        {"relu": "input", "tanh": "relu", "add": "relu tanh"},
    ),
    "an expression may give one id": (
        "layers: [relu, tanh, {gelu: , from: '$(\"relu\")'}]",
        {"relu": "input", "tanh": "relu", "gelu": "relu"},
    ),
    "the same may be read twice": ("layers: [{mul: , from: [input, input]}]", {"mul": "input input"}),
    "a source reads nothing": (
        "layers: [relu, parameter: {shape: [8, 1, 1]}, {mul: , from: [relu, parameter]}]",
        {"relu": "input", "parameter": "", "mul": "relu parameter"},
    ),
    "a source may say so": (
        "layers: [{parameter: {shape: [4]}, from: []}, {add: , from: [input, parameter]}]",
        {"parameter": "", "add": "input parameter"},
    ),
    "inputs are read by their names": (
        "archcost: 1\ninputs: {left: [8], right: [8]}\nlayers: [{sub: , from: [right, left]}]",
        {"sub": "right left"},
    ),
}


@pytest.mark.parametrize("name", READS)
def test_what_a_step_reads(name: str) -> None:
    text, expected = READS[name]
    assert reads(text) == expected


BRANCHES = {
    "every branch starts from the step's input": (
        "layers: [relu, {concat: , branches: {a: [tanh], b: [gelu]}}]",
        {"relu": "input", "a.tanh": "relu", "b.gelu": "relu", "concat": "a.tanh b.gelu"},
    ),
    "an empty branch is the identity": (
        "layers: [relu, {add: , branches: {body: [tanh], skip: []}}]",
        {"relu": "input", "body.tanh": "relu", "add": "body.tanh relu"},
    ),
    "from moves the step's own input": (
        "layers: [relu, {add: , from: input, branches: {body: [tanh], skip: }}]",
        {"relu": "input", "body.tanh": "input", "add": "body.tanh input"},
    ),
    "a branch has its own from": (
        "layers: [relu, tanh, {add: , branches: {a: {from: relu, layers: [gelu]}, b: {from: input}, c: {layers: []}}}]",
        {"relu": "input", "tanh": "relu", "a.gelu": "relu", "add": "a.gelu input tanh"},
    ),
    "branches nest, each scope named by the branch alone": (
        "layers: [{add: , branches: {a: [relu, {mul: , branches: {b: [tanh], c: [gelu]}}, relu], d: []}}]",
        {
            "a.relu": "input",
            "a.b.tanh": "a.relu",
            "a.c.gelu": "a.relu",
            "a.mul": "a.b.tanh a.c.gelu",
            "a.relu_1": "a.mul",
            "add": "a.relu_1 input",
        },
    ),
    "a branch sees the ids around it": (
        "layers: [{id: stem, relu: }, {add: , branches: {a: [tanh, {mul: , from: [tanh, stem]}], b: []}}]",
        {"stem": "input", "a.tanh": "stem", "a.mul": "a.tanh stem", "add": "a.mul stem"},
    ),
    "an id in a branch shadows the one around it": (
        (
            "layers: [{id: x, relu: }, "
            "{add: , branches: {a: [{id: x, tanh: }, {gelu: , from: x}], b: [{gelu: , from: x}]}},"
            " {sigmoid: , from: x}]"
        ),
        {
            "x": "input",
            "a.x": "x",
            "a.gelu": "a.x",
            "b.gelu": "x",
            "add": "a.gelu b.gelu",
            "sigmoid": "x",
        },
    ),
    "a second branch of the same name is numbered": (
        "layers: [{add: , branches: {a: [relu], b: [relu]}}, {add: , branches: {a: [relu], b: [relu]}}]",
        {
            "a.relu": "input",
            "b.relu": "input",
            "add": "a.relu b.relu",
            "a_1.relu": "add",
            "b_1.relu": "add",
            "add_1": "a_1.relu b_1.relu",
        },
    ),
    "branch names and ids share a namespace": (
        "layers: [{id: a, relu: }, {add: , branches: {a: [tanh], relu: [tanh]}}, relu]",
        {"a": "input", "a_1.tanh": "a", "relu.tanh": "a", "add": "a_1.tanh relu.tanh", "relu_1": "add"},
    ),
    "default names count afresh in each branch": (
        "layers: [relu, {add: , branches: {a: [relu, relu], b: [relu]}}]",
        {"relu": "input", "a.relu": "relu", "a.relu_1": "a.relu", "b.relu": "relu", "add": "a.relu_1 b.relu"},
    ),
    "branches feed a block with several inputs": (
        (
            "blocks:\n  join: {inputs: [x, y], layers: [{sub: , from: [y, x]}]}\n"
            "layers: [{join: , branches: {left: [relu], right: []}}]"
        ),
        {"left.relu": "input", "join.sub": "input left.relu"},
    ),
    "branch names may be numbers and sizes": (
        "layers: [{concat: , branches: {1x1: [relu], 3: [tanh]}}]",
        {"1x1.relu": "input", "3.tanh": "input", "concat": "1x1.relu 3.tanh"},
    ),
}


@pytest.mark.parametrize("name", BRANCHES)
def test_branches(name: str) -> None:
    text, expected = BRANCHES[name]
    assert reads(text) == expected


def test_branches_are_joined_in_order() -> None:
    layers = (
        "layers: [{concat: , branches: {a: [conv2d: {out_channels: 3, kernel_size: 1}], b: [], "
        "c: [conv2d: {out_channels: 5, kernel_size: 3, padding: 1}]}}]"
    )
    assert shapes(layers)["concat"] == (1, 3 + 8 + 5, 4, 4)


def test_chunks_are_picked_by_number() -> None:
    text = (
        "layers: [{id: halves, chunk: {chunks: 2, dim: 1}}, {relu: , from: halves.1}, {mul: , from: [relu, halves.0]}]"
    )
    assert reads(text) == {"halves": "input", "relu": "halves.1", "mul": "relu halves.0"}
    assert shapes(text)["relu"] == (1, 8 // 2, 4, 4)


def test_a_bare_reference_to_a_recurrent_layer_means_its_sequence() -> None:
    text = "archcost: 1\ninput: [6, 8]\nlayers: [{id: cells, lstm: {hidden_size: 5}}, linear: {out_features: 3}, "
    text += "{add: , from: [cells.1, cells.2]}, {linear: {out_features: 2}, from: cells.0}]"
    assert reads(text) == {"cells": "input", "linear": "cells.0", "add": "cells.1 cells.2", "linear_1": "cells.0"}
    found = shapes(text)
    assert found["linear"] == (1, 6, 3)
    assert found["add"] == (1, 1, 5)
    assert found["linear_1"] == (1, 6, 2)


OUTPUTS = {
    "the last step by default": ("layers: [relu, tanh]", ["tanh"]),
    "one id": ("layers: [relu, tanh]\noutputs: relu", ["relu"]),
    "several, in their order": ("layers: [relu, tanh]\noutputs: [tanh, relu]", ["tanh", "relu"]),
    "an output of several": ("layers: [{id: c, chunk: {chunks: 2, dim: 1}}]\noutputs: [c.1]", ["c.1"]),
    "all of several when they come last": ("layers: [{id: c, chunk: {chunks: 2, dim: 1}}]", ["c.0", "c.1"]),
    "an expression": (
        'layers: [relu, tanh]\noutputs: $(["relu", "tanh"] if not training else ["relu"])',
        ["relu", "tanh"],
    ),
    "an expression that gives one": ('layers: [relu, tanh]\noutputs: $("relu")', ["relu"]),
    "the input itself": ("layers: [relu]\noutputs: [relu, input]", ["relu", "input"]),
    "a round": ("layers: [{id: r, relu: , repeat: 3}]\noutputs: r.1", ["r.1"]),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs(name: str) -> None:
    text, expected = OUTPUTS[name]
    assert list(outputs(HEAD + text)) == expected


def test_steps_may_be_shared_by_alias() -> None:
    text = "layers:\n  - &conv {conv2d: {out_channels: 8, kernel_size: 1}}\n  - relu\n  - *conv\n"
    assert shapes(text) == {"conv2d": KEPT, "relu": KEPT, "conv2d_1": KEPT}
