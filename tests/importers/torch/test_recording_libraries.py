"""Models of libraries: recorded figures are those of torch's counter over the plain model."""

from __future__ import annotations

import time
from inspect import signature
from typing import TYPE_CHECKING

import pytest
from torchvision import models

from archcost.errors import UsageError
from archcost.importers.torch.recorded import Inputs, Origin
from archcost.importers.torch.recording import record
from tests.importers.torch.recording_support import counted, images, recorded, total_at, values_of
from tests.importers.torch.transformers_models import MODELS, maker

if TYPE_CHECKING:
    from torch import nn

IMAGE_MODELS = ["convnext_tiny", "efficientnet_b0", "shufflenet_v2_x1_0", "swin_t"]
# On paper: a published total of params, and products by the counter.
PUBLISHED = {"resnet50": (25_557_032, 4_089_184_256), "vit_b_16": (86_567_656, 17_563_828_224)}


def image_model(name: str) -> nn.Module:
    builder = models.get_model_builder(name)
    usual = {"weights": None, "weights_backbone": None}
    model: nn.Module = builder(**{key: value for key, value in usual.items() if key in signature(builder).parameters})
    return model


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_models_of_torchvision(name: str) -> None:
    recording = recorded(lambda: image_model(name), 3, 224, 224)
    assert recording.remarks == []
    assert recording.batch_sizes == (1, 6)
    assert total_at(recording, 3) == counted(lambda: image_model(name), images(3, 224, 224), 3)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_totals(name: str) -> None:
    recording = recorded(lambda: image_model(name), 3, 224, 224)
    assert (sum(recording.parameters.values()), total_at(recording, 1)) == PUBLISHED[name]


def test_a_recording_takes_little_time() -> None:
    recorded(lambda: image_model("resnet18"), 3, 224, 224)  # what is loaded once
    before = time.process_time()
    recording = recorded(lambda: image_model("resnet50"), 3, 224, 224)
    assert time.process_time() - before < 3  # about 0.4 on a quiet machine
    assert len(recording.calls) == 175  # 53 convolutions and norms, 49 ReLUs, 16 additions, 2 pools, flatten, linear


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("retinanet_resnet50_fpn", "getitem"),
        ("fasterrcnn_resnet50_fpn", "where"),
        ("ssd300_vgg16", "getitem"),
    ],
)
def test_detectors_are_refused_with_the_place(name: str, function: str) -> None:
    def listed(batch: int, device: object) -> Inputs:
        args, kwargs, names = images(3, 64, 64, batched=False)(batch, device)
        return Inputs((list(args) * batch,), kwargs, list(names) * batch)

    with pytest.raises(UsageError) as caught:
        record(lambda: image_model(name), listed, title=f"torchvision:{name}")
    words = f"torchvision:{name} cannot be recorded: the shape of what `{function}` gives at torchvision/"
    assert caught.value.message.startswith(words)
    assert "--until" in caught.value.help


# One of each kind of network; decoders with rotations, encoders and mixtures are many, and alike.
KINDS = (
    "albert", "clip", "deberta-v2", "fnet", "gpt2", "gpt_oss", "llama", "mamba", "mask2former", "modernbert", "resnet",
    "segformer", "swin", "t5", "vit_mae", "wav2vec2",
)  # fmt: skip
PAIRING = ("clip", "siglip")  # they multiply each text with each image: batch · batch rows


@pytest.mark.parametrize(
    "model_type", [name if name in KINDS else pytest.param(name, marks=pytest.mark.long) for name in MODELS]
)
def test_models_of_transformers(model_type: str) -> None:
    make, inputs = maker(model_type)
    recording = record(make, inputs)
    # The plain model is run on the CPU, as it reads numbers that recording computes.
    batch = 1 if model_type in PAIRING else 2
    assert total_at(recording.larger or recording, batch) == counted(make, inputs, batch, "cpu")
    assert not any("CPU" in remark for remark in recording.remarks)
    assert len((recording.larger or recording).batch_sizes) == (1 if model_type in PAIRING else 2)
    named = {value.name for value in values_of(recording, Origin.PARAMETER)}
    assert named <= set(recording.parameters)
