"""What a library's model takes where nobody says it."""

from __future__ import annotations

import pytest
import torch

from archcost.importers.sources import required_source
from archcost.importers.torch.targets import target_of

pytest.importorskip("torchvision")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("resnet18", (3, 224, 224)),
        ("fcn_resnet50", (3, 520, 520)),
        ("fasterrcnn_resnet50_fpn", (3, 800, 800)),  # the smaller side of an image is scaled to 800
        ("fasterrcnn_mobilenet_v3_large_320_fpn", (3, 320, 320)),
        ("keypointrcnn_resnet50_fpn", (3, 800, 800)),  # 640 to 800 in training, the last of them elsewhere
        ("ssd300_vgg16", (3, 300, 300)),
        ("ssdlite320_mobilenet_v3_large", (3, 320, 320)),
    ],
)
def test_models_of_torchvision_take_what_their_weights_do(name: str, shape: tuple[int, ...]) -> None:
    target = target_of(required_source(f"torchvision:{name}"))
    with torch.device("meta"):
        usual = target.sample(target.make())
    assert usual is not None
    assert [each.shape for each in usual.inputs] == [shape]
