"""Training: the predicted step is the measured one, to the byte while PyTorch is watched."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
import torch

import archcost
from archcost.analysis.memory.checkpoints import checkpoint_ranges
from archcost.analysis.memory.inference import inplace_nodes
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import Setting, training_memory
from archcost.graph.unroll import unroll
from archcost.pytorch import memory
from archcost.pytorch.module import build, example_inputs
from archcost.settings import Settings
from archcost.spec.loader import loads
from tests.cover import one_of_each, some
from tests.memory.networks import (
    OF_FLOATS,
    Checkpointed,
    adam,
    adam_foreach,
    case_graph,
    module_of,
    momentum,
    set_inplace,
    sgd,
)
from tests.ops.cases import CASES, Case, for_each_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.analysis.memory.training import TrainingMemory
    from archcost.spec.model import Spec

PHASES = ("forward", "backward", "update")
WATCHED = Setting(watched=True)
# On fake tensors an average over batches (momentum: null) has no value, so that these run on the CPU.
REAL = {"batch_norm1d", "batch_norm2d", "batch_norm3d"}


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")


def same(measured: memory.Training, predicted: TrainingMemory) -> None:
    """Phase by phase, and what is there all the time."""
    phases = (measured.forward, measured.backward, measured.step)
    assert [phase.peak_bytes for phase in phases] == [predicted.phase_peak(phase) for phase in PHASES]
    assert measured.peak_bytes == predicted.peak.live
    kept = (measured.param_bytes, measured.buffer_bytes, measured.gradient_bytes, measured.optimizer_bytes)
    assert kept == (predicted.params, predicted.buffers, predicted.gradients, predicted.state)


@pytest.mark.few
def test_models_of_the_zoo(zoo_spec: Spec) -> None:
    """All of the zoo is in the table of docs/figures.md, which ``python -m benchmarks.memory`` measures."""
    graph = unroll(zoo_spec, Settings(training=True, batch=2))
    setting = WATCHED._replace(optimizer=OPTIMIZERS["adam"])
    predicted = training_memory(graph, setting)
    same(memory.training(*module_of(graph), adam), predicted)
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live
    unwatched = training_memory(graph, setting._replace(watched=False), details=False)
    assert abs(unwatched.peak.live - predicted.peak.live) <= max(predicted.peak.live // 20, 1024)


@pytest.mark.parametrize(("name", "make"), [("sgd", sgd), ("momentum", momentum), ("adam", adam)])
@pytest.mark.parametrize("model", some(["alexnet", "inception_reduced", "resnet18"], ["inception_reduced", "resnet18"]))
def test_optimizers_on_real_tensors(model: str, name: str, make: Callable[[Any], torch.optim.Optimizer]) -> None:
    graph = unroll(archcost.load(model), Settings(training=True))
    measured = memory.training(build(graph), example_inputs(graph), make)
    same(measured, training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS[name])))


@pytest.mark.parametrize("model", ["alexnet", "resnet18"])
def test_an_optimizer_that_updates_all_params_at_once(model: str) -> None:
    graph = unroll(archcost.load(model), Settings(training=True))
    setting = WATCHED._replace(optimizer=OPTIMIZERS["adam"], foreach=True)
    same(memory.training(*memory.fake(graph), adam_foreach), training_memory(graph, setting))


@for_each_kind(CASES)
def test_every_kind_of_op(case: Case) -> None:
    every_phase(case, "float32")


@pytest.mark.parametrize("case", one_of_each(OF_FLOATS, lambda case: case.kind), ids=str)
def test_every_kind_of_op_in_half_precision(case: Case) -> None:
    every_phase(case, "bfloat16")


def every_phase(case: Case, floats: str) -> None:
    """With inputs that need gradients, so that all of the op's backward pass runs."""
    graph = case_graph(case, learnt=True, floats=floats)
    if case.kind in REAL and case.attributes.get("momentum", 0.1) is None:
        network, inputs = build(graph), example_inputs(graph)
    else:
        network, inputs = module_of(graph)
    same(memory.training(network, inputs, sgd), training_memory(graph, WATCHED))


@pytest.mark.parametrize(
    ("model", "pattern"),
    some(
        [
            ("resnet18", "layer?"),
            ("resnet18", "layer?.*"),
            ("resnet50", "*.*"),
            ("googlenet", "inception_*"),
            ("vgg11", "conv*"),
            ("mobilenet_v1", "*"),
            ("inception_v3", "*"),
            ("inception_reduced", "*"),  # whose peak is in the middle of what is computed again
        ],
        [("resnet18", "layer?"), ("resnet18", "layer?.*"), ("vgg11", "conv*"), ("inception_reduced", "*")],
    ),
)
def test_checkpoints(model: str, pattern: str) -> None:
    graph = unroll(archcost.load(model), Settings(training=True, batch=2))
    ranges = checkpoint_ranges(graph, [pattern])
    network, inputs = memory.fake(graph)
    measured = memory.training(Checkpointed(network, graph, ranges), inputs, sgd).peak_bytes
    predicted = training_memory(graph, WATCHED._replace(checkpoints=ranges))
    assert 0 <= predicted.peak.live - measured <= 0.003 * measured  # PyTorch leaves out a last layer that saves nothing
    assert predicted.peak.live < training_memory(graph, WATCHED).peak.live
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live


@pytest.mark.parametrize(
    "model",
    some(
        ["alexnet", "googlenet", "inception_v3", "mobilenet_v1", "resnet18", "resnet50", "vgg11_bn"],
        ["alexnet", "mobilenet_v1", "resnet18"],
    ),
)
def test_mixed_precision(model: str) -> None:
    graph = unroll(archcost.load(model), Settings(training=True, batch=2))
    autocast = torch.autocast("cpu", dtype=torch.bfloat16)
    measured = memory.training(*memory.fake(graph), sgd, autocast).peak_bytes
    predicted = training_memory(graph, WATCHED._replace(half="bfloat16")).peak.live
    assert abs(predicted - measured) <= 0.001 * measured


@pytest.mark.parametrize("model", ["alexnet", "resnet18", "squeezenet1_1", "vgg11"])
def test_activations_in_place(model: str) -> None:
    graph = unroll(archcost.load(model), Settings(training=True, batch=2))
    network, inputs = memory.fake(graph)
    nodes = inplace_nodes(graph)
    set_inplace(network, nodes)
    same(memory.training(network, inputs, sgd), training_memory(graph, WATCHED._replace(inplace=nodes)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(dtype: str) -> None:
    graph = unroll(archcost.load("resnet18"), Settings(training=True, dtype=dtype))
    same(memory.training(*memory.fake(graph), sgd), training_memory(graph, WATCHED))


@pytest.mark.parametrize("given", ["[x, x, v]", "[x, v]", "[x, v, v]"])
@pytest.mark.parametrize("between", ["identity: {}", "relu: {}", "dropout: {p: 0.1}"])
def test_attention_to_one_tensor_under_two_names(between: str, given: str) -> None:
    """One that is passed on as it is needs one product for query, key and value."""
    steps = f"  - {{id: v, {between}, from: x}}\n  - {{multihead_attention: {{num_heads: 2}}, from: {given}}}\n"
    graph = archcost.analyze(loads(f"archcost: 1\ninputs: {{x: [5, 8]}}\nlayers:\n{steps}"), batch=3).graph
    same(memory.training(*memory.fake(graph), sgd), training_memory(graph, WATCHED))
