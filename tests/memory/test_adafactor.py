"""Adafactor: what PyTorch's own and that of transformers hold and make, to the byte."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import torch

import archcost
from archcost.analysis.memory.optimizers import OPTIMIZERS, UpdatedTensor, learnt
from archcost.analysis.memory.training import training_memory
from archcost.graph.unroll import unroll
from archcost.pytorch import memory
from archcost.pytorch.module import build, example_inputs
from archcost.settings import Settings
from archcost.spec.loader import loads
from tests.memory.test_training_measured import WATCHED, same

if TYPE_CHECKING:
    from archcost.graph.model import Graph

FLOAT = 4
CONVS = """archcost: 1
input: [3, 16, 16]
layers:
  - {conv2d: {out_channels: 8, kernel_size: [3, 5]}}
  - batch_norm2d
  - {conv2d: {out_channels: 64, kernel_size: 1, bias: false}}
  - relu
  - {adaptive_avg_pool2d: 1}
  - {flatten: }
  - {linear: 100}
"""
VECTORS_FIRST = """archcost: 1
input: [6, 40]
layers:
  - {layer_norm: {normalized_shape: [6, 40]}}
  - {linear: {out_features: 7}}
  - {layer_norm: {normalized_shape: [7]}}
  - {lstm: {hidden_size: 5}}
"""
MODELS = {"convolutions": CONVS, "norms": VECTORS_FIRST}


def graph_of(model: str, **settings: Any) -> Graph:
    spec = loads(MODELS[model]) if model in MODELS else archcost.load(model)
    return unroll(spec, Settings(training=True, batch=2, **settings))


def test_states_by_hand() -> None:
    tensors = [learnt(shape, FLOAT) for shape in ((10, 20), (8, 3, 3, 5), (7,), ())]
    matrix, stack, vector, number = 10 + 20, 8 * 3 * 3 + 8 * 3 * 5, 7, 1
    counters = 4 * FLOAT
    assert OPTIMIZERS["adafactor"].state_bytes(tensors) == FLOAT * (matrix + stack + vector + number) + counters
    halves = [tensor._replace(size=2) for tensor in tensors]
    assert OPTIMIZERS["adafactor"].state_bytes(halves) == 2 * (matrix + stack + vector + number) + counters
    own = OPTIMIZERS["adafactor-transformers"]
    assert own.state_bytes(halves) == own.state_bytes(tensors) == OPTIMIZERS["adafactor"].state_bytes(tensors)


def test_work_by_hand() -> None:
    tensors = [UpdatedTensor(200, FLOAT, (10, 20)), UpdatedTensor(7, FLOAT, (7,)), UpdatedTensor(50, FLOAT, (5, 10))]
    adafactor = OPTIMIZERS["adafactor"]
    # the first: its factors, its estimate, a mean of the rows; the second: its squares and a copy beside all of that
    assert adafactor.step_bytes(tensors[:1]) == FLOAT * (10 + 20 + 200 + 1)
    assert adafactor.step_bytes(tensors) == FLOAT * (10 + 20 + 200 + 7 + 7)
    assert adafactor.step_bytes(tensors, foreach=True) == FLOAT * (200 + 50 + 1 + 1 + 7 - 2)
    assert adafactor.step_bytes([]) == adafactor.step_bytes([], foreach=True) == 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", [*MODELS, "alexnet", "gpt2", "mobilenet_v1", "resnet18"])
def test_the_state_is_that_of_pytorch(model: str, dtype: str) -> None:
    """Of the module that archcost builds, counted in the optimizer's own ``state_dict``."""
    graph = graph_of(model, dtype=dtype)
    with torch.device("meta"):
        params = [param for param in build(graph).parameters() if param.requires_grad]
    for param in params:
        param.grad = torch.zeros_like(param)
    optimizer = torch.optim.Adafactor(params)
    optimizer._init_group(optimizer.param_groups[0], [], [], [], [], [], [])  # type: ignore[no-untyped-call]
    states = optimizer.state_dict()["state"].values()
    counted = sum(tensor.numel() * tensor.element_size() for state in states for tensor in state.values())
    assert training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adafactor"])).state == counted


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("model", [*MODELS, "resnet18", "squeezenet1_1"])
def test_the_step_is_that_of_pytorch(model: str, foreach: bool) -> None:
    graph = graph_of(model)
    make = partial(torch.optim.Adafactor, foreach=foreach)
    measured = memory.training(build(graph), example_inputs(graph), make)
    same(measured, training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adafactor"], foreach=foreach)))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("model", [*MODELS, "resnet18"])
def test_that_of_transformers(model: str, dtype: str) -> None:
    """The state to the byte; what the step makes up to a few numbers and one a param, which the measuring keeps."""
    optimization = pytest.importorskip("transformers.optimization")
    graph = graph_of(model, dtype=dtype)
    measured = memory.training(build(graph), example_inputs(graph), optimization.Adafactor)
    predicted = training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adafactor-transformers"]))
    assert measured.optimizer_bytes == predicted.state
    params = sum(len(node.signature.weights()) for node in graph.nodes)
    assert 0 <= measured.step.peak_bytes - predicted.phase_peak("update") <= FLOAT * (params + 8)
