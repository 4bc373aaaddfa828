"""What detectors run on every image, backbone, neck and heads, against torchvision's own; U-Net against its paper."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable


def multiply_accumulates(run: Callable[[], object]) -> int:
    """Half of what PyTorch's own counter says of a run."""
    with FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops()) // 2


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("retinanet_resnet50_fpn", {}),
        ("retinanet_resnet50_fpn", {"height": 608, "width": 1003}),
        ("fcos_resnet50_fpn", {}),
        ("ssd300_vgg16", {}),
        ("ssdlite320_mobilenet_v3_large", {}),
    ],
)
def test_the_dense_part_is_torchvisions(name: str, size: dict[str, object]) -> None:
    report = archcost.analyze(name, params=size)
    with torch.device("meta"):
        detector = models.get_model(name, weights=None, weights_backbone=None).eval()
        image = torch.empty(report.inputs["input"])
    found: dict[str, torch.Tensor] = {}
    macs = multiply_accumulates(lambda: found.update(detector.head(list(detector.backbone(image).values()))))
    assert report.totals.params == sum(parameter.numel() for parameter in detector.parameters())
    assert report.totals.macs == macs
    assert sorted(report.outputs.values()) == sorted(tuple(tensor.shape) for tensor in found.values())


def double_conv(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out, 3), nn.ReLU(), nn.Conv2d(out, out, 3), nn.ReLU())


class UNet(nn.Module):
    """Figure 1 of Ronneberger et al. 2015."""

    def __init__(self) -> None:
        super().__init__()
        widths = [64, 128, 256, 512, 1024]
        self.down = nn.ModuleList([double_conv(*pair) for pair in pairwise([1, *widths])])
        self.up = nn.ModuleList([nn.ConvTranspose2d(width, width // 2, 2, 2) for width in widths[:0:-1]])
        self.joined = nn.ModuleList([double_conv(width, width // 2) for width in widths[:0:-1]])
        self.head = nn.Conv2d(64, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        across: list[torch.Tensor] = []
        for level, down in enumerate(self.down):
            x = down(functional.max_pool2d(x, 2) if level else x)
            across.insert(0, x)
        for up, joined, skip in zip(self.up, self.joined, across[1:], strict=True):
            x = up(x)
            border = (skip.shape[-1] - x.shape[-1]) // 2
            x = joined(torch.cat([skip[..., border:-border, border:-border], x], dim=1))
        found: torch.Tensor = self.head(x)
        return found


def test_unet() -> None:
    report = archcost.analyze("unet")
    with torch.device("meta"):
        network, tile = UNet(), torch.empty(1, 1, 572, 572)
    assert report.totals.params == sum(parameter.numel() for parameter in network.parameters())
    assert report.totals.macs == multiply_accumulates(lambda: network(tile))
    assert list(report.outputs.values()) == [(1, 2, 388, 388)]
