"""Optimizers of 8 bits, accumulated gradients and master weights: the predicted step is the measured one."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import torch

import archcost
from archcost.analysis.memory.checkpoints import checkpoint_ranges
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import training_memory
from archcost.graph.adapters import BASE
from archcost.graph.unroll import unroll
from archcost.paths import above, last
from archcost.pytorch import memory
from archcost.pytorch.module import build, example_inputs
from archcost.settings import Lora, Settings
from tests.cover import cover_spec, some
from tests.memory.adapters import Blockwise, MasterWeights, adapted
from tests.memory.networks import Checkpointed, adam, momentum, sgd
from tests.memory.test_training_measured import WATCHED, same

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCKWISE = {"adamw8bit": 2, "lion8bit": 1}
MODELS = ("alexnet", "googlenet", "gpt2", "mobilenet_v1", "resnet18", "squeezenet1_1", "swin_t", "t5_small", "vit_b_32")
SMALL = ("alexnet", "gpt2", "squeezenet1_1")


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")


def adamw(params: Any) -> torch.optim.Optimizer:
    return torch.optim.AdamW(params)


def rmsprop(params: Any) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(params)


def rmsprop_foreach(params: Any) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(params, foreach=True)


@pytest.mark.parametrize("name", BLOCKWISE)
@pytest.mark.parametrize("model", some(MODELS, SMALL))
def test_optimizers_in_8_bits(model: str, name: str) -> None:
    graph = unroll(cover_spec(model), Settings(training=True, batch=2))
    measured = memory.training(*memory.fake(graph), partial(Blockwise, states=BLOCKWISE[name]))
    same(measured, training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS[name])))


@pytest.mark.parametrize(("name", "make"), [("adamw", adamw), ("rmsprop", rmsprop)])
@pytest.mark.parametrize("model", some(["alexnet", "resnet18"], ["resnet18"]))
def test_further_optimizers(model: str, name: str, make: Callable[[Any], torch.optim.Optimizer]) -> None:
    graph = unroll(cover_spec(model), Settings(training=True, batch=2))
    measured = memory.training(build(graph), example_inputs(graph), make)
    same(measured, training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS[name])))


def test_rmsprop_of_all_params_at_once() -> None:
    graph = unroll(archcost.load("resnet18"), Settings(training=True, batch=2))
    setting = WATCHED._replace(optimizer=OPTIMIZERS["rmsprop"], foreach=True)
    same(memory.training(*memory.fake(graph), rmsprop_foreach), training_memory(graph, setting))


@pytest.mark.parametrize("model", some([*MODELS, "albert_base", "inception_v3", "whisper_tiny"], SMALL))
def test_gradients_that_add_up(model: str) -> None:
    """The second pass finds the gradients of the first; a third would find the same."""
    graph = unroll(cover_spec(model), Settings(training=True, batch=2))
    predicted = training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adam"], passes=2))
    same(memory.training(*memory.fake(graph), adam, passes=2), predicted)
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live
    assert predicted == training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adam"], passes=7))
    once = training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adam"]))
    assert once.phase_peak("forward") + predicted.gradients == predicted.phase_peak("forward")


@pytest.mark.parametrize("model", ["alexnet", "resnet18", "gpt2"])
@pytest.mark.parametrize(("name", "make"), [("adam", adam), ("momentum", momentum), ("sgd", sgd)])
def test_master_weights(model: str, name: str, make: Callable[[Any], torch.optim.Optimizer]) -> None:
    graph = unroll(cover_spec(model), Settings(training=True, batch=2, dtype="bfloat16"))
    measured = memory.training(*memory.fake(graph), partial(MasterWeights, make=make))
    same(measured, training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS[name], master=True)))


@pytest.mark.parametrize("model", some(["gpt2", "resnet18", "t5_small", "vit_b_32"], ["gpt2", "vit_b_32"]))
def test_all_at_once(model: str) -> None:
    """Adapters, an optimizer of 8 bits, checkpoints, and a second pass."""
    settings = Settings(training=True, batch=2)
    spec, pattern = cover_spec(model), "*" if model == "resnet18" else "*.*"
    lora = Lora(8, ("**.conv1", "**.conv2") if model == "resnet18" else ())
    graph, plain = unroll(spec, settings._replace(lora=lora)), unroll(spec, settings)
    paths = [above(node.path) for node in graph.nodes if last(node.path) == BASE]
    network, inputs = adapted(plain, paths, 8)
    whole = Checkpointed(network, plain, checkpoint_ranges(plain, [pattern]))
    measured = memory.training(whole, inputs, Blockwise, passes=2)
    setting = WATCHED._replace(optimizer=OPTIMIZERS["adamw8bit"], passes=2)
    predicted = training_memory(graph, setting._replace(checkpoints=checkpoint_ranges(graph, [pattern])))
    assert abs(predicted.peak.live - measured.peak_bytes) <= 0.01 * measured.peak_bytes
    assert (measured.param_bytes, measured.gradient_bytes) == (predicted.params, predicted.gradients)
    assert measured.optimizer_bytes == predicted.state
    assert predicted.peak.live < training_memory(graph, setting).peak.live
