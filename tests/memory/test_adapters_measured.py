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
from tests.memory.adapters import adapted
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


@pytest.fixture(autouse=True)
def _no_warnings() -> None:
    warnings.filterwarnings("ignore", message="Using padding='same' with even kernel lengths")


@pytest.mark.parametrize("model", MODELS)
def test_adapters(model: str) -> None:
    settings = Settings(training=True)
    spec = archcost.load(model)
    graph = unroll(spec, settings._replace(lora=Lora(4, MODELS[model])))
    paths = [above(node.path) for node in graph.nodes if last(node.path) == BASE]
    assert paths
    predicted = training_memory(graph, WATCHED._replace(optimizer=OPTIMIZERS["adam"]))
    same(memory.training(*adapted(unroll(spec, settings), paths, 4), adam), predicted)
    assert sum(held.bytes for held in predicted.held) + predicted.fixed == predicted.peak.live
