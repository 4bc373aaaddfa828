"""LoRA: the predicted step is the measured one of PyTorch with peft's forward pass, to the byte while it is watched."""

from __future__ import annotations

import warnings

import pytest

import archcost
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import training_memory
from archcost.graph.adapters import BASE
from archcost.graph.unroll import unroll
from archcost.paths import above, last
from archcost.pytorch import memory
from archcost.settings import Lora, Settings
from archcost.spec.loader import loads
from tests.cover import cover_spec, some
from tests.memory.adapters import adapted, quantised
from tests.memory.networks import adam
from tests.memory.test_training_measured import WATCHED, same

MODELS = {  # by name: what names the layers with adapters; none: all linear layers but the last
    "albert_base": (),
    "alexnet": (),
    "bert_base": ("**.linear1", "**.linear2"),
    "convnext_tiny": (),
    "crossvit_tiny_240": (),
    "gmlp_ti16": (),
    "gpt2": (),
    "mixer_s16": (),
    "mobilenet_v1_0_25": ("fc",),
    "poolformer_s12": ("**.fc*",),
    "resnet18": ("**.conv1", "**.conv2"),
    "resnet50": ("**",),
    "se_resnet50": ("**.conv?",),
    "squeezenet1_1": ("**.conv*",),
    "swin_t": (),
    "t5_small": (),
    "transformer_base": (),
    "vgg11": ("**",),
    "vit_b_16": (),
    "wav2vec2_base": (),
    "whisper_tiny": (),
    "xcit_tiny_12_p16_384": (),
}


QUANTISED = """\
archcost: 1
input: [16, 64]
layers:
  - {linear: 64, id: embed}
  - repeat: 2
    id: layers
    layers:
      - layer_norm
      - {linear: 256, id: fc1}
      - gelu
      - {linear: 64, id: fc2}
  - {linear: 10, id: head}
"""


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")


@pytest.mark.parametrize("model", some(MODELS, {"albert_base", "alexnet", "gpt2", "mixer_s16", "resnet18", "vgg11"}))
def test_adapters(model: str) -> None:
    settings = Settings(training=True)
    spec = cover_spec(model)
    graph = unroll(spec, settings._replace(lora=Lora(4, MODELS[model])))
    paths = [above(node.path) for node in graph.nodes if last(node.path) == BASE]
    assert paths
    predicted = training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adam"]))
    same(memory.training(*adapted(unroll(spec, settings), paths, 4), adam), predicted)
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("targets", [(), ("embed",), ("**.fc1", "head")])
def test_frozen_weights_in_4_bits(targets: tuple[str, ...], dtype: str) -> None:
    """As bitsandbytes' ``MatMul4Bit``: half a byte an element is stored, and kept for the backward pass."""
    spec, given = loads(QUANTISED), Settings(training=True, batch=2, dtype=dtype)
    graph = unroll(spec, given._replace(lora=Lora(4, targets), weight_dtype="int4"))
    paths = [above(node.path) for node in graph.nodes if last(node.path) == BASE]
    network, inputs = adapted(unroll(spec, given), paths, 4)
    quantised(network)
    predicted = training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adam"]))
    same(memory.training(network, inputs, adam), predicted)
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live


def test_weights_that_are_stored_are_those_of_the_report() -> None:
    report = archcost.analyze("gpt2", lora=8, weight_dtype="int4", training=True)
    found = archcost.memory("gpt2", lora=8, weight_dtype="int4", what_if=False)
    assert found.training is not None
    assert found.training.params == report.totals.weight_bytes
    plain = archcost.analyze("gpt2", weight_dtype="int4").totals.weight_bytes
    assert report.totals.weight_bytes - plain == 4 * report.totals.trainable_params
