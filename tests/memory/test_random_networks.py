"""Random graphs of up to 30 layers of any kind: predicted and measured, to the byte in inference."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from archcost.analysis.memory.inference import MIN_PEAK, inference_memory
from archcost.analysis.memory.liveness import Storages
from archcost.analysis.memory.training import Setting, training_memory
from archcost.dims import numel
from archcost.graph.unroll import unroll
from archcost.pytorch import memory
from archcost.pytorch.module import build, example_inputs
from tests.memory.networks import is_ambiguous, sgd
from tests.profiles import examples
from tests.pytorch.support import document
from tests.pytorch.test_random_graphs import layers

if TYPE_CHECKING:
    from archcost.graph.model import Graph, Node

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def graph_of(parts: dict[str, Any]) -> Graph:
    assume(parts["layers"])
    graph = unroll(document(parts))
    # What experts take depends on where the router sends the tokens, and these are real; the rule assumes equal shares,
    # as fake tensors do, on which every configuration is held to the byte.
    assume(not any(node.op.kind == "mixture_of_experts" for node in graph.nodes))
    assume(not any(shrinks(node) for node in graph.nodes))
    odd = Storages(graph, watched=True).strides
    for node in graph.nodes:
        for value, output in enumerate(node.signature.outputs, node.first_value):
            assume(value not in odd or not is_ambiguous(output.shape, odd[value]))
    return graph


def shrinks(node: Node) -> bool:
    """Whether it is one of PyTorch's transposed convolutions of volumes with fewer elements out than in.

    On a CPU their result lies in a storage as large as the input.
    """
    given, made = node.signature.inputs, node.signature.outputs
    return node.op.kind == "conv_transpose3d" and numel(made[0].shape) < numel(given[0].shape)


def renames(graph: Graph) -> bool:
    """Whether an attention may be given one tensor under several names, as behind a dropout that does nothing.

    PyTorch sees that it is one; the figures of inference, which are found node by node, do not.
    """
    kinds = {node.first_value: node.op.kind for node in graph.nodes}
    same = [value for value, kind in kinds.items() if "dropout" in kind or kind in ("identity", "stochastic_depth")]
    return any(node.op.kind == "multihead_attention" and set(node.inputs) & set(same) for node in graph.nodes)


@settings(max_examples=examples(50, usual=25), suppress_health_check=CHECKS)
@given(layers())
def test_inference(parts: dict[str, Any]) -> None:
    graph = graph_of(parts)
    assume(not renames(graph))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            measured = memory.inference(build(graph), example_inputs(graph))
    except RuntimeError as error:  # what PyTorch cannot do in place
        assume("single memory location" not in str(error))
        raise
    live = Storages(graph, watched=True).live()
    assert measured.peak_bytes == max(live)
    for node, expected in zip(graph.nodes, live, strict=True):
        assert measured.layers.get(node.path, expected) == expected, node
    spec, best = inference_memory(graph), inference_memory(graph, schedule=MIN_PEAK)
    assert best.peak <= spec.peak <= Storages(graph).peak()
    assert sum(holder.bytes for holder in spec.holders) == spec.peak
    assert sum(holder.bytes for holder in best.holders) == best.peak


@settings(max_examples=examples(50, usual=25), suppress_health_check=CHECKS)
@given(layers())
def test_training(parts: dict[str, Any]) -> None:
    graph = graph_of(parts)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            measured = memory.training(build(graph), example_inputs(graph), sgd)
    except (RuntimeError, ValueError):  # in place on a leaf, one value per channel, …
        assume(False)
        pytest.fail("not reached")
    predicted = training_memory(graph, Setting(watched=True))
    assert abs(predicted.peak.live - measured.peak_bytes) <= max(32, measured.peak_bytes // 50)
    assert predicted.phase_peak("forward") == measured.forward.peak_bytes
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live
