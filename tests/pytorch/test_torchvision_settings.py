"""The zoo at other sizes and batches than those of the published weights, against torchvision's own models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

import archcost
from archcost.importers.torch.plain_attention import plain_attention
from tests.cover import some

SEGMENTATION = {"weights_backbone": None, "aux_loss": True}
CASES: list[tuple[str, dict[str, object], int, dict[str, Any]]] = [
    ("vit_b_16", {"resolution": 384}, 2, {"image_size": 384}),
    ("vit_l_16", {"resolution": 512}, 1, {"image_size": 512}),
    ("vit_h_14", {"resolution": 224}, 1, {"image_size": 224}),
    ("swin_t", {"resolution": 300}, 2, {}),  # windows are padded in every stage
    ("swin_t", {"resolution": 384}, 1, {}),
    ("swin_v2_t", {"resolution": 224}, 2, {}),
    ("convnext_tiny", {"resolution": 288}, 2, {}),
    ("maxvit_t", {"resolution": 448}, 2, {"input_size": (448, 448)}),
    ("r3d_18", {"frames": 8, "resolution": 128}, 2, {}),
    ("mc3_18", {"frames": 10, "resolution": 100}, 1, {}),
    ("r2plus1d_18", {"frames": 10, "resolution": 100}, 1, {}),
    ("s3d", {"frames": 32, "resolution": 256}, 1, {}),
    ("swin3d_t", {"frames": 32, "resolution": 256}, 1, {}),
    ("mvit_v1_b", {}, 2, {}),
    ("mvit_v2_s", {}, 2, {}),
    ("fcn_resnet50", {"resolution": 481}, 2, SEGMENTATION),
    ("deeplabv3_resnet50", {"auxiliary": False}, 1, {"weights_backbone": None}),
    ("deeplabv3_mobilenet_v3_large", {"resolution": 333}, 2, SEGMENTATION),
    ("lraspp_mobilenet_v3_large", {"resolution": 333}, 2, {"weights_backbone": None}),
]


QUICK = ("convnext_tiny", "lraspp_mobilenet_v3_large", "mc3_18", "vit_b_16")


@pytest.mark.parametrize(
    ("name", "params", "batch", "options"),
    some(CASES, [case for case in CASES if case[0] in QUICK]),
    ids=[f"{c[0]}-{c[1]}-{c[2]}" for c in CASES],
)
def test_other_settings(name: str, params: dict[str, object], batch: int, options: dict[str, Any]) -> None:
    report = archcost.analyze(name, params=params, batch=batch)
    with torch.device("meta"):
        network = models.get_model(name, weights=None, **options).eval()
        image = torch.empty(report.inputs["input"])
    with plain_attention(), FlopCounterMode(display=False) as counter:
        network(image)
    assert report.inputs["input"][0] == batch
    assert report.totals.params == sum(parameter.numel() for parameter in network.parameters())
    assert report.totals.macs * 2 == counter.get_total_flops()
