"""Figures that used to lean on a name or on a list beside the truth: roles of weights, activations, cached costs."""

from __future__ import annotations

import json
from typing import Any

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.analysis.intervals import Run, coarse, hull
from archcost.analysis.memory import Storages
from archcost.analysis.report import Report
from archcost.graph.unroll import unroll
from archcost.ops.base import BIAS, MATRIX, OTHER, REGISTRY, SCALE
from archcost.render.table_rows import first_rows
from archcost.spec.loader import loads
from tests.ops.cases import CASES


def report_of(*layers: Any, shape: list[int], weight_dtype: str | None = None, **more: Any) -> Report:
    spec = loads(json.dumps({"archcost": 1, "input": shape, "layers": list(layers), **more}))
    return archcost.analyze(spec, weight_dtype=weight_dtype)


# --- what a learnable tensor is -------------------------------------------------------------------------------------

ROLES = {
    MATRIX: {
        *[f"{kind}{ndim}d.weight" for kind in ("conv", "conv_transpose") for ndim in (1, 2, 3)],
        *[f"{kind}_cell.weight_{name}" for kind in ("rnn", "lstm", "gru") for name in ("ih", "hh")],
        *("deform_conv2d.weight", "linear.weight", "embedding.weight", "parameter.weight"),
        *[f"multihead_attention.{name}_proj_weight" for name in ("in", "q", "k", "v")],
        *("multihead_attention.out_proj.weight", "relative_position_bias.relative_position_bias_table"),
        *[f"mixture_of_experts.{name}" for name in ("router", "w1", "w2", "w3")],
        *[f"{kind}.weight_{name}" for kind in ("rnn", "lstm", "gru") for name in ("ih", "hh")],
        "lstm.weight_hr",
    },
    SCALE: {
        *[f"{kind}_norm{ndim}d.weight" for kind in ("batch", "instance") for ndim in (1, 2, 3)],
        *("layer_norm.weight", "rms_norm.weight", "group_norm.weight", "layer_scale.weight", "prelu.weight"),
    },
    BIAS: {
        *[f"{kind}{ndim}d.bias" for kind in ("conv", "conv_transpose") for ndim in (1, 2, 3)],
        *[f"{kind}_norm{ndim}d.bias" for kind in ("batch", "instance") for ndim in (1, 2, 3)],
        *[f"{kind}_cell.bias_{name}" for kind in ("rnn", "lstm", "gru") for name in ("ih", "hh")],
        *("deform_conv2d.bias", "linear.bias", "layer_norm.bias", "group_norm.bias"),
        *[f"multihead_attention.{name}" for name in ("in_proj_bias", "out_proj.bias", "bias_k", "bias_v")],
        *[f"mixture_of_experts.bias{number}" for number in (1, 2, 3)],
        *[f"{kind}.bias_{name}" for kind in ("rnn", "lstm", "gru") for name in ("ih", "hh")],
    },
    OTHER: {"custom.declared", "parameter.weight"},
}


def test_the_role_of_every_learnable_tensor_is_one_that_somebody_chose() -> None:
    """A new op with learnable tensors comes with a row here."""
    found: dict[str, set[str]] = {role: set() for role in ROLES}
    for case in CASES:
        op = REGISTRY[case.kind](**case.attributes)
        for name in op.weights(case.input_shapes):
            stem = name.split("_l")[0] if op.family == "Recurrent" else name  # of every layer and direction
            found[op.role(name)].add(f"{op.kind}.{stem}")
    assert found == ROLES


# Two bytes of int4 hold four numbers; float32 takes four for one.
HELD = {
    "a table whose name says bias": (
        [{"relative_position_bias": {"window_size": [7, 7], "num_heads": 4}, "id": "r", "from": []}],
        [8, 4],
        13 * 13 * 4 // 2,  # (2·7 − 1)² rows, a column for each head
    ),
    "biases with two dims": (
        [{"mixture_of_experts": {"num_experts": 4, "top_k": 1, "hidden_features": 6, "gated": False, "bias": True}}],
        [10, 8],
        (4 * 8 + 2 * 4 * 6 * 8) // 2 + 4 * (4 * 6 + 4 * 8),  # router and two matrices an expert; biases of both
    ),
    "biases with three dims": (
        [{"multihead_attention": {"num_heads": 2, "add_bias_kv": True, "bias": False}}],
        [10, 8],
        (3 * 8 * 8 + 8 * 8) // 2 + 4 * (2 * 8),
    ),
    "scales with three dims": (
        [{"layer_norm": {"normalized_shape": [4, 6, 6]}}, {"layer_scale": {"dim": 1}}],
        [4, 6, 6],
        4 * (2 * 4 * 6 * 6 + 4),
    ),
    "a kernel and its bias": ([{"conv2d": {"out_channels": 8, "kernel_size": 3}}], [4, 6, 6], 8 * 4 * 9 // 2 + 4 * 8),
    "a table and a vector": (
        [
            {"parameter": {"shape": [6, 8]}},
            {"parameter": {"shape": [8]}},
            {"add": None, "from": ["parameter", "input"]},
        ],
        [6, 8],
        6 * 8 // 2 + 4 * 8,
    ),
    "what is declared": (
        [{"custom": {"name": "scan", "output": [1, 4], "params": 100, "macs": 0, "flops": 0}}],
        [4],
        4 * 100,
    ),
    "cells": (
        [{"lstm": {"hidden_size": 6, "bidirectional": True}}],
        [5, 8],
        2 * (4 * 6 * (8 + 6) // 2 + 4 * 2 * 4 * 6),
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_what_is_held_in_four_bits(name: str) -> None:
    layers, shape, expected = HELD[name]
    report = report_of(*layers, shape=shape, weight_dtype="int4")
    assert report.totals.weight_bytes == expected
    assert report.totals.weight_bytes == sum(layer.weight_bytes for layer in report.layers)


def test_weights_are_what_is_no_bias() -> None:
    table = report_of(
        {"relative_position_bias": {"window_size": [7, 7], "num_heads": 4}, "id": "r", "from": []}, shape=[8, 4]
    )
    assert table.costs.weights == table.costs.params == 13 * 13 * 4
    experts = {"num_experts": 4, "top_k": 1, "hidden_features": 6, "gated": False, "bias": True}
    assert report_of({"mixture_of_experts": experts}, shape=[10, 8]).costs.weights == 4 * 8 + 2 * 4 * 6 * 8
    assert archcost.analyze("googlenet").costs.weights == 6_990_272  # Table 1 of its paper, layer by layer


def test_the_tables_of_a_transformer_with_windows_are_quantised() -> None:
    """Swin-T: 12 blocks with a table of (2·7 − 1)² rows and a column for each of 3, 6, 12 and 24 heads."""
    tables = 13 * 13 * (2 * 3 + 2 * 6 + 6 * 12 + 2 * 24)
    report = archcost.analyze("swin_t", weight_dtype="int8")
    found = [layer for layer in report.layers if layer.op == "relative_position_bias"]
    assert sum(layer.params for layer in found) == sum(layer.weight_bytes for layer in found) == tables


@pytest.mark.parametrize("name", ["alexnet", "gpt2", "swin_t"])
def test_reports_of_one_graph_under_two_settings_are_those_of_two_graphs(name: str) -> None:
    """Nothing of the first report is kept where the second would find it."""
    first = archcost.analyze(name)
    for weight_dtype in ("int8", "int4"):
        settings = first.graph.settings._replace(weight_dtype=weight_dtype)
        again = Report(first.graph._replace(settings=settings))
        assert again.totals == archcost.analyze(name, weight_dtype=weight_dtype).totals
    assert Report(first.graph).totals == first.totals
    assert Report(first.graph._replace(dtype="float16")).totals.weight_bytes * 2 == first.totals.weight_bytes


# --- activations ----------------------------------------------------------------------------------------------------

ONE = 4 * 8 * 6 * 6 * 4  # bytes of (4, 8, 6, 6) in float32
TURNED = {"permute": {"dims": [0, 2, 3, 1]}, "id": "x"}
ACTIVATIONS: dict[str, tuple[list[Any], list[int]]] = {
    "what is computed": ([{"relu": None}, {"add": None, "from": ["relu", "input"]}], [ONE, ONE]),
    "views of shape": (
        [
            {"flatten": None},
            {"unflatten": {"dim": 1, "unflattened_size": [8, 6, 6]}},
            {"unsqueeze": {"dim": 1}},
            {"squeeze": None},
        ],
        [0, 0, 0, 0],
    ),
    "views of order": ([TURNED, {"transpose": {"dim0": 1, "dim1": 2}}], [0, 0]),
    "parts": (
        [
            {"chunk": {"chunks": 2, "dim": 1}, "id": "c"},
            {"split": {"split_size_or_sections": [1, 3], "dim": 1}, "from": "c.0", "id": "s"},
            {"slice": {"dim": 1, "start": 1}, "from": "s.1"},
        ],
        [0, 0, 0],
    ),
    "what does nothing outside of training": (
        [{"identity": None}, {"dropout": None}, {"stochastic_depth": {"p": 0.1, "mode": "row"}}],
        [0] * 3,
    ),
    "work in place": ([{"sigmoid": None}, {"relu": {"inplace": True}}], [ONE, 0]),
    "a repeated tensor": ([{"parameter": {"shape": [1, 1, 1, 1]}}, {"expand": {"sizes": [4, 8, 6, 6]}}], [0, 0]),
    "a parameter and a buffer": (
        [
            {"parameter": {"shape": [8, 1, 1]}, "id": "p"},
            {"buffer": {"shape": [8, 1, 1]}, "id": "b"},
            {"add": None, "from": ["input", "p", "b"]},
        ],
        [0, 0, ONE],
    ),
    "a reshape that is a copy": ([TURNED, {"reshape": {"shape": [4, -1]}}], [0, ONE]),
    "a reshape that is a view": ([{"reshape": {"shape": [4, -1]}}], [0]),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_the_new_memory_of_the_outputs(name: str) -> None:
    layers, expected = ACTIVATIONS[name]
    spec = loads(json.dumps({"archcost": 1, "input": [8, 6, 6], "layers": layers}))
    report = archcost.analyze(spec, batch=4)
    assert [layer.activation_bytes for layer in report.layers] == expected
    assert report.totals.activation_bytes == sum(expected)
    assert [traffic.written > 0 for traffic in report.traffic()] == [True] * len(layers)


def test_equal_layers_that_make_different_memory_do_not_fold() -> None:
    """A reshape of what lies in order, and one of the same shape that must be copied."""
    steps = [
        {"reshape": {"shape": [4, 8, 36]}, "from": "input"},
        {"permute": {"dims": [0, 1, 3, 2]}, "from": "input", "id": "turned"},
        {"reshape": {"shape": [4, 8, 36]}, "id": "reshape_1"},
        {"add": None, "from": ["reshape", "reshape_1"]},
    ]
    report = archcost.analyze(loads(json.dumps({"archcost": 1, "input": [8, 6, 6], "layers": steps})), batch=4)
    assert [layer.activation_bytes for layer in report.layers] == [0, 0, ONE, ONE]
    rows = first_rows(report, None).rows
    assert sum(row.costs.activation_bytes for row in rows) == report.totals.activation_bytes
    beside = [*steps[:1], steps[2] | {"from": "input"}, *steps[3:]]
    report = archcost.analyze(loads(json.dumps({"archcost": 1, "input": [8, 6, 6], "layers": beside})), batch=4)
    assert [row.times for row in first_rows(report, None).rows] == [2, 1]


@pytest.mark.parametrize("name", ["vit_b_16", "swin_t", "gpt2", "googlenet", "shufflenet_v2_x1_0", "lstm_lm"])
def test_the_memory_engine_and_the_layers_say_the_same(name: str) -> None:
    """All storages but the inputs are made by some layer, and no layer makes another."""
    report = archcost.analyze(name)
    storages = Storages(unroll(archcost.load(name)))
    made = sum(size for size, maker in zip(storages.sizes, storages.makers, strict=True) if maker >= 0)
    assert report.totals.activation_bytes == made
    assert report.totals.peak_activation_bytes == storages.peak()
    whole = sum(traffic.written for traffic in report.traffic())
    assert report.totals.activation_bytes < whole  # views


# --- receptive fields by coarse runs --------------------------------------------------------------------------------


def test_a_coarse_run_holds_the_intervals_of_all_places() -> None:
    """Places 2q and 2q + 1 read 4q … 4q + 1 and 4q + 3 … 4q + 5: with 2 a place, bounds are 0 − 0 and 5 − 2."""
    run = Run(4, (0, 3), (1, 5))
    low, high = min(0 - 0 * 2, 3 - 1 * 2), max(1 - 0 * 2, 5 - 1 * 2)
    assert (low, high) == (0, 3)
    assert coarse(run) == Run(2, (low,), (high,))
    # The other way round, the second place reads the lower end and the first the upper one.
    assert coarse(Run(4, (1, 0), (7, 3))) == Run(2, (min(1, 0 - 2),), (max(7, 3 - 2),)) == Run(2, (-2,), (7,))
    assert coarse(Run(3, (1,), (2,))) == Run(3, (1,), (2,))


def test_runs_of_too_long_a_common_period_are_joined_by_their_bounds() -> None:
    """Periods 64, 63 and 61 meet after 64·63·61 places, more than are kept apart."""
    runs = [Run(period, tuple(range(period)), tuple(range(period))) for period in (64, 63, 61)]
    shifted = Run(64, tuple(place - 5 for place in range(64)), tuple(place + 7 for place in range(64)))
    assert hull([*runs, shifted]) == Run(1, (-5,), (7,))


def test_every_model_says_which_of_its_bytes_are_new() -> None:
    """A sample of the zoo: the layers' own bytes never exceed those that they write."""
    for name in zoo.names()[::40]:
        report = archcost.analyze(name)
        for layer, traffic in zip(report.layers, report.traffic(), strict=True):
            assert layer.activation_bytes in (0, traffic.written)
