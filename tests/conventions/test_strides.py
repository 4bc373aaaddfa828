"""Strides as archcost works them out, against those of the tensors in PyTorch."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings

import archcost
from archcost.conventions.layout import contiguous_strides, graph_strides, is_contiguous, viewed
from archcost.pytorch.module import Network, example_inputs
from tests.pytorch.support import document
from tests.pytorch.test_random_graphs import layers

if TYPE_CHECKING:
    from torch import nn

    from archcost.graph.model import Graph, Node

torch.set_num_threads(1)
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
    """The shape and strides of every value in a run."""
    found = {}

    def note(node: Node, _: nn.Module, __: Any, output: Any) -> None:
        for number, tensor in enumerate(output if isinstance(output, tuple) else (output,)):
            found[node.first_value + number] = (tuple(tensor.shape), tensor.stride())

    for node in graph.nodes:
        network.get_submodule(network.module_path(node.path)).register_forward_hook(partial(note, node))
    network(*example_inputs(graph))
    return found


def check(graph: Graph) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = in_memory(Network(graph).eval(), graph)
    odd = graph_strides(graph)
    for value, (shape, strides) in found.items():
        ours = odd.get(value) or contiguous_strides(shape)
        assert is_contiguous(shape, ours) == is_contiguous(shape, strides), value


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(layers())
def test_random_graphs(parts: dict[str, Any]) -> None:
    if parts["layers"]:
        check(archcost.analyze(document(parts)).graph)


@pytest.mark.parametrize("step", KEEPING, ids=lambda step: next(iter(step)))
def test_channels_last(step: dict[str, Any]) -> None:
    check(archcost.analyze(document({"input": [5, 6, 4], "layers": [CHANNELS_LAST, step]}), batch=2).graph)


def test_views_and_copies() -> None:
    turned = torch.empty(2, 3, 4).permute(2, 0, 1)
    shape, strides = tuple(turned.shape), turned.stride()
    assert viewed(shape, strides, (4, 6)) == turned.view(4, 6).stride() == (1, 4)
    assert viewed(shape, strides, (2, 2, 6)) == turned.view(2, 2, 6).stride()
    assert viewed(shape, strides, (8, 3)) is None
    with pytest.raises(RuntimeError):
        turned.view(8, 3)
    assert viewed((2, 3, 4), (12, 4, 1), (24,)) == (1,)
