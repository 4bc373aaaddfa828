"""Every op in every configuration under every convention, against the tools themselves on one-layer models."""

from __future__ import annotations

import importlib.metadata
import platform

import pytest
import torch
from torch import nn

import archcost
from archcost.conventions import ARCHCOST, NAMES, TOOLS, convention
from archcost.conventions.tool_report import read
from archcost.ops import REGISTRY
from archcost.pytorch.module import Network, example_inputs
from tests.conventions import peers
from tests.ops.cases import CASES, Case, for_each_kind
from tests.pytorch.support import document, everything, report_of

# Kinds that an exact hook or a patched function would count, written another way, and kinds that no tool covers: what
# is not covered must be told. Everything else that has MACs is covered by the tool.
GIVEN_KERNELS = ("functional_conv1d", "functional_conv2d", "functional_conv3d")
GIVEN_TRANSPOSED = ("functional_conv_transpose1d", "functional_conv_transpose2d", "functional_conv_transpose3d")
GIVEN_WEIGHTS = (*GIVEN_KERNELS, *GIVEN_TRANSPOSED, "functional_linear")
CELLS = ("gru_cell", "lstm_cell", "rnn_cell")
NOT_COVERED = {
    "torch": {"einsum", "lstm", "matmul", "multihead_attention", "scaled_dot_product_attention"},
    "fvcore": {"conv1d", "conv2d", "conv3d", *GIVEN_KERNELS, "gru", "lstm", "matmul", "multihead_attention", "rnn"},
    "torchinfo": {"einsum", *GIVEN_WEIGHTS, "matmul", "mixture_of_experts", "multihead_attention", "selective_scan"},
    "ptflops": {
        *CELLS,
        *GIVEN_WEIGHTS,
        "deform_conv2d",
        "einsum",
        "gru",
        "lstm",
        "mixture_of_experts",
        "multihead_attention",
        "rnn",
    },
    "ptflops-aten": {"einsum", "lstm", "matmul", "multihead_attention", "scaled_dot_product_attention"},
    "thop": {
        *CELLS,
        *GIVEN_WEIGHTS,
        "deform_conv2d",
        "einsum",
        "gru",
        "lstm",
        "matmul",
        "mixture_of_experts",
        "multihead_attention",
        "rnn",
        "selective_scan",
    },
    "calflops": {*CELLS, "gru", "lstm", "multihead_attention", "rnn"},
}
FUNCTIONS = {"scaled_dot_product_attention"}  # unseen by all tools that do not look at operators
FAILURES = {
    "fvcore": {"layer_norm", "matmul", "max_unpool1d", "max_unpool2d", "max_unpool3d"},
    "torchinfo": {"parameter"},
}


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_has_a_rule_and_every_rule_a_kind(name: str) -> None:
    chosen = convention(name)
    assert all(isinstance(chosen.rule(op), tuple) for op in REGISTRY.values())
    assert set(chosen.kinds) <= {name for op in REGISTRY.values() for name in (op.kind, op.stem)}
    assert chosen.name == name


@for_each_kind(CASES)
def test_archcost_is_one_of_them(case: Case) -> None:
    report = report_of(case)
    reading = read(report, convention(ARCHCOST))
    assert (reading.total, reading.missed) == (report.totals.macs, 0)


@for_each_kind(CASES)
def test_parts_stand_for_all_macs(case: Case) -> None:
    """Every MAC of archcost is in one part: counted, or told to be missing."""
    report = report_of(case)
    for name in TOOLS:
        reading = read(report, convention(name))
        (count,) = reading.counts
        if not count.failure:
            assert sum(part.macs for part in count.parts) == report.totals.macs, name
        uncovered = case.kind == "custom" or (count.missed > 0 and reading.sum == 0)
        assert (count.amount is None) == (bool(count.failure) or uncovered), name


@for_each_kind(CASES)
def test_tools_agree(case: Case) -> None:
    """The total of a one-layer model as each tool prints it; where a tool fails, the convention says so."""
    report = report_of(case)
    graph = everything(report.graph)
    network, inputs = Network(graph), example_inputs(graph)
    for name in TOOLS:
        reading = read(report, convention(name))
        seen = peers.run(name, network, inputs)
        assert seen.total == reading.total, (name, reading.counts[0].parts, reading.failure, seen.error)


@pytest.mark.parametrize("family", sorted({op.family for op in REGISTRY.values()}))
def test_calflops_agrees_once_there_is_a_param(family: str) -> None:
    """It fails on a model without any; beside a layer that has some, the op counts what its rule says."""
    for case in CASES:
        if REGISTRY[case.kind].family == family and case.input_shapes and not report_of(case).totals.params:
            agrees_with_a_param(case)


def agrees_with_a_param(case: Case) -> None:
    report = report_of(case)
    network, inputs = Network(everything(report.graph)), example_inputs(report.graph)
    network.register_parameter("unused", torch.nn.Parameter(torch.zeros(())))
    reading = read(report, convention("calflops"))
    assert reading.total is None, case
    assert peers.run("calflops", network, inputs).total == (None if reading.failures else reading.sum), case


@pytest.mark.parametrize("name", TOOLS)
def test_what_is_not_covered_is_known(name: str) -> None:
    missing, failing = set(), set()
    for case in CASES:
        (count,) = read(report_of(case), convention(name)).counts
        if count.failure:
            failing.add(case.kind)
        if count.missed:
            missing.add(case.kind)
    functions = set() if name in ("torch", "ptflops-aten") else FUNCTIONS
    assert missing == NOT_COVERED[name] | functions | {"custom"}
    assert failing == FAILURES.get(name, set())


@pytest.mark.parametrize("name", TOOLS)
def test_versions_are_those_that_were_read(name: str) -> None:
    installed = peers.version(name)
    if name == "torch" and platform.machine() == "aarch64":
        pytest.skip("another version of torch is pinned there")
    assert convention(name).version == installed


def test_thop_needs_distutils() -> None:
    """Python 3.12 has none of its own: setuptools brings it."""
    assert importlib.metadata.version("setuptools")


SMALL = {
    "linear_from_transpose": [{"transpose": {"dim0": 1, "dim1": 2}}, {"linear": {"out_features": 5}}],
    "linear_from_relu_of_transpose": [{"transpose": {"dim0": 1, "dim1": 2}}, "relu", {"linear": {"out_features": 5}}],
    "linear_from_flatten": [{"flatten": {"start_dim": 1, "end_dim": 2}}, {"linear": {"out_features": 5}}],
    "linear_from_slice": [{"slice": {"dim": 1, "end": 3}}, {"linear": {"out_features": 5}}],
    "linear_from_rows": [{"slice": {"dim": 0, "end": 1}}, {"linear": {"out_features": 5}}],
    "linear_from_norm": [{"transpose": {"dim0": 1, "dim1": 2}}, "layer_norm", {"linear": {"out_features": 5}}],
    "linear_from_unsqueeze": [
        {"permute": {"dims": [1, 0, 2]}},
        {"unsqueeze": {"dim": 1}},
        {"linear": {"out_features": 5}},
    ],
    "linear_from_copy": [
        {"permute": {"dims": [0, 2, 1]}},
        {"reshape": {"shape": [2, -1]}},
        {"linear": {"out_features": 5}},
    ],
    "linear_from_view": [
        {"permute": {"dims": [2, 0, 1]}},
        {"reshape": {"shape": [8, 2, 3, 2]}},
        {"linear": {"out_features": 5}},
    ],
    "linear_from_expand": [
        {"slice": {"dim": 0, "end": 1}},
        {"expand": {"sizes": [4, -1, -1]}},
        {"linear": {"out_features": 5}},
    ],
    "linear_from_sum": [
        {"transpose": {"dim0": 1, "dim1": 2}, "id": "turned"},
        {"add": None, "from": ["turned", "turned"]},
        {"linear": {"out_features": 5}},
    ],
    "attention_from_transpose": [
        {"transpose": {"dim0": 0, "dim1": 1}},
        {"multihead_attention": {"num_heads": 2, "batch_first": False}},
    ],
    "attention_of_one": [
        {"relu": None, "id": "x"},
        {"multihead_attention": {"num_heads": 2}, "from": ["x", "x", "x"]},
    ],
    "attention_of_two": [
        {"relu": None, "id": "x"},
        {"tanh": None, "id": "y"},
        {"multihead_attention": {"num_heads": 2}, "from": ["x", "y", "y"]},
    ],
    "attention_of_a_sequence_of_one": [
        {"slice": {"dim": 1, "end": 1}},
        {"multihead_attention": {"num_heads": 2}},
    ],
    "product_of_turned": [
        {"transpose": {"dim0": 1, "dim1": 2}, "id": "x"},
        {"scaled_dot_product_attention": None, "from": ["x", "x", "x"]},
    ],
    "product_of_wide": [
        {"linear": {"out_features": 4}, "id": "x"},
        {"scaled_dot_product_attention": None, "from": ["x", "x", "input"]},
    ],
    "recurrent_from_transpose": [
        {"transpose": {"dim0": 0, "dim1": 1}},
        {"gru": {"hidden_size": 3, "batch_first": False}},
    ],
    "recurrent_steps_first": [{"gru": {"hidden_size": 3, "num_layers": 2, "batch_first": False}}],
    "upsample_by_a_tuple": [{"unsqueeze": {"dim": 1}}, {"upsample": {"scale_factor": [1.0, 2.0]}}],
}


@pytest.mark.parametrize("name", SMALL)
def test_tools_agree_on_what_depends_on_the_layers_before(name: str) -> None:
    """Memory order and shared inputs: what decides whether a bias is inside of a product, and which kernel runs."""
    spec = document({"input": [6, 8], "layers": SMALL[name]})
    report = archcost.analyze(spec, batch=2)
    network, inputs = Network(report.graph), example_inputs(report.graph)
    for tool in TOOLS:
        reading = read(report, convention(tool))
        seen = peers.run(tool, network, inputs)
        assert seen.total == reading.total, (tool, seen.error)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_calflops_fails_on_a_scale_per_dimension_unless_the_batch_is_as_large(batch: int) -> None:
    layers = [{"conv2d": {"out_channels": 2, "kernel_size": 1}}, {"upsample": {"scale_factor": [1.0, 2.0]}}]
    spec = document({"input": [3, 6, 8], "layers": layers})
    report = archcost.analyze(spec, batch=batch)
    seen = peers.run("calflops", Network(report.graph), example_inputs(report.graph))
    reading = read(report, convention("calflops"))
    assert seen.total == reading.total
    assert (reading.total is None) is (batch != 2)


class OwnConvolution(nn.Conv2d):
    """Nothing but another class."""


class OwnActivation(nn.ReLU):
    """Nothing but another class."""


def test_classes_derived_from_torchs() -> None:
    """Thop and ptflops know a module by its very class; the functions that it calls ptflops sees all the same."""
    spec = document({"input": [3, 8, 8], "layers": [{"conv2d": {"out_channels": 4, "kernel_size": 3}}, "relu"]})
    report = archcost.analyze(spec)
    model, inputs = nn.Sequential(OwnConvolution(3, 4, 3), OwnActivation()), (torch.zeros(1, 3, 8, 8),)
    readings = {tool: read(report, convention(tool), ("derived:conv2d", "derived:relu")) for tool in TOOLS}
    assert {tool: peers.run(tool, model, inputs).total for tool in TOOLS} == {
        tool: reading.total for tool, reading in readings.items()
    }
    assert readings["thop"].total == 0
    assert readings["ptflops"].total == 6 * 6 * 4  # F.relu
    assert readings["torch"].total == 2 * 6 * 6 * 4 * 3 * 3 * 3


def test_one_tensor_is_told_from_two() -> None:
    spec = document({"input": [6, 8], "layers": SMALL["attention_of_one"]})
    other = document({"input": [6, 8], "layers": SMALL["attention_of_two"]})
    first, second = (read(archcost.analyze(each), convention("torch")) for each in (spec, other))
    assert first.sum == 0 < second.sum
    assert first.missed > second.missed > 0
