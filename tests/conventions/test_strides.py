"""Strides as archcost works them out, against those of the tensors in PyTorch."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

import archcost
from archcost.analysis.memory import Storages
from archcost.analysis.memory.strides import contiguous, is_contiguous
from archcost.conventions import convention
from archcost.conventions.tool_report import read
from archcost.pytorch.module import Network, example_inputs
from tests.conventions import peers
from tests.memory.networks import is_ambiguous
from tests.profiles import examples
from tests.pytorch.support import document
from tests.pytorch.test_random_graphs import layers

if TYPE_CHECKING:
    from torch import nn

    from archcost.graph.model import Graph, Node

CHANNELS_LAST = {"permute": {"dims": [0, 3, 1, 2]}, "id": "x"}
KEEPING = [
    {"conv2d": {"out_channels": 4, "kernel_size": 3}},
    {"conv_transpose2d": {"out_channels": 4, "kernel_size": 2}},
    {"max_pool2d": {"kernel_size": 2}},
    {"avg_pool2d": {"kernel_size": 2}},
    {"adaptive_avg_pool2d": {"output_size": 2}},
    {"adaptive_max_pool2d": {"output_size": 2}},
    {"batch_norm2d": None},
    {"instance_norm2d": None},
    {"group_norm": {"num_groups": 2}},
    {"local_response_norm": {"size": 2}},
    {"upsample": {"scale_factor": 2}},
    {"softmax2d": None},
    {"channel_shuffle": {"groups": 2}},
    {"roll": {"shifts": 1, "dims": 1}},
    {"roll": {"shifts": [1, -2], "dims": [-1, 2]}},
    {"roll": {"shifts": [1, 6], "dims": [1, 3]}},  # 6 of 6 columns: one piece is empty
    {"roll": {"shifts": 3}},
    {"pad": {"pad": [1, 1, 1, 1], "mode": "reflect"}},
    {"concat": None, "from": ["x", "x"]},
    {"add": None, "from": ["x", "x"]},
    {"gelu": None},
    {"layer_scale": None},
    {"normalize": None},
    {"clamp": {"max": 1}},
    {"stochastic_depth": {"p": 0.1, "mode": "row"}},
    {"einsum": {"equation": "bchw->bhwc"}},
    {"einsum": {"equation": "bchw,bkhw->bkc"}, "from": ["x", "x"]},
    {"rotary_embedding": None},
]


def in_memory(network: nn.Module, graph: Graph) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    """The shape and strides of every value in a run for its result alone: attention to a trained mask is not fused."""
    import torch

    found = {}

    def note(node: Node, _: nn.Module, __: Any, output: Any) -> None:
        for number, tensor in enumerate(output if isinstance(output, tuple) else (output,)):
            found[node.first_value + number] = (tuple(tensor.shape), tensor.stride())

    for node in graph.nodes:
        network.get_submodule(network.module_path(node.path)).register_forward_hook(partial(note, node))
    with torch.no_grad():
        network(*example_inputs(graph))
    return found


BROADCAST = {
    "an empty cache": {
        "input": [6, 8],
        "layers": [
            {"transpose": {"dim0": 1, "dim1": 2}},
            {"kv_cache": {"length": 0}},
            {"linear": {"out_features": 5}},
        ],
    },
    "a product of two broadcast tensors": {
        "inputs": {"x": [1, 8], "y": [6, 8]},
        "layers": [
            {"permute": {"dims": [0, 2, 1]}, "from": "y", "id": "yt"},
            {"add": None, "from": ["x", "x"], "id": "xx"},
            {"permute": {"dims": [0, 2, 1]}, "from": "xx", "id": "xt"},
            {"mul": None, "from": ["xt", "yt"]},
            {"linear": {"out_features": 5}},
        ],
    },
    "attention of turned heads": {
        "input": [6, 2, 8],
        "layers": [
            {"transpose": {"dim0": 1, "dim1": 2}, "id": "q"},
            {"scaled_dot_product_attention": None, "from": ["q", "q", "q"]},
            {"linear": {"out_features": 5}},
        ],
    },
    "channels last times a scale": {
        "input": [4, 6, 8],
        "layers": [
            {"permute": {"dims": [0, 3, 1, 2]}, "id": "a"},
            {"adaptive_avg_pool2d": {"output_size": 1}, "id": "g"},
            {"mul": None, "from": ["g", "a"]},
            {"linear": {"out_features": 5}},
        ],
    },
}
BOTH = [  # a permuted tensor that is contiguous as well as channels-last, and what takes it for channels-last
    *[
        ([1, 1, 6], step)
        for step in (
            {"conv2d": {"out_channels": 5, "kernel_size": 1, "padding": 4}},
            {"upsample": {"scale_factor": 3}},
            {"pad": {"pad": [1, 1, 1, 1]}},
            {"adaptive_avg_pool2d": {"output_size": 3}},
            {"concat": {"dim": 3}, "from": ["x", "x"]},
            {"batch_norm2d": None},
        )
    ],
    *[
        ([5, 4, 1], step)
        for step in (
            {"conv2d": {"out_channels": 5, "kernel_size": 3, "padding": 1}},
            {"conv_transpose2d": {"out_channels": 5, "kernel_size": 3}},
            {"concat": None, "from": ["x", "x"]},
        )
    ],
]


def measured(graph: Graph) -> dict[int, tuple[tuple[int, ...], tuple[int, ...]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return in_memory(Network(graph).eval(), graph)


def check(graph: Graph) -> None:
    agree(graph, measured(graph))


def agree(graph: Graph, found: dict[int, tuple[tuple[int, ...], tuple[int, ...]]]) -> None:
    odd = Storages(graph).strides
    for value, (shape, strides) in found.items():
        ours = odd.get(value) or contiguous(shape)
        assert is_contiguous(shape, ours) == is_contiguous(shape, strides), value


@settings(max_examples=examples(100, usual=50), suppress_health_check=list(HealthCheck))
@given(layers())
def test_random_graphs(parts: dict[str, Any]) -> None:
    if parts["layers"]:
        graph = archcost.analyze(document(parts)).graph
        found = measured(graph)
        assume(not any(is_ambiguous(*lies) for lies in found.values()))
        agree(graph, found)


@pytest.mark.parametrize("step", KEEPING, ids=str)
def test_channels_last(step: dict[str, Any]) -> None:
    check(archcost.analyze(document({"input": [5, 6, 4], "layers": [CHANNELS_LAST, step]}), batch=2).graph)


@pytest.mark.parametrize("name", BROADCAST)
def test_operands_that_lie_in_different_ways(name: str) -> None:
    check(archcost.analyze(document(BROADCAST[name]), batch=2).graph)


@pytest.mark.parametrize(("shape", "step"), BOTH, ids=str)
def test_contiguous_and_channels_last(shape: list[int], step: dict[str, Any]) -> None:
    check(archcost.analyze(document({"input": shape, "layers": [CHANNELS_LAST, step, {"linear": 3}]})).graph)


# Batch 2; the product goes over a tensor that does not lie dim after dim, so that ptflops-aten sees no bias.
@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("an empty cache", 2 * 8 * 5 * 6),
        ("a product of two broadcast tensors", 2 * 8 * 5 * 6),
        ("attention of turned heads", 2 * 2 * 6 * 5 * 8),
        ("channels last times a scale", 2 * 8 * 4 * 5 * 6),
    ],
)
def test_what_ptflops_sees_of_them(name: str, macs: int) -> None:
    report = archcost.analyze(document(BROADCAST[name]), batch=2)
    counted = read(report, convention("ptflops-aten"))
    assert counted.total == macs
    assert peers.run("ptflops-aten", Network(report.graph), example_inputs(report.graph)).total == macs
