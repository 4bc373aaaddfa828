"""The networks of the zoo as tools see them: torchvision's own where it has a convolutional one, else archcost's.

No number is computed: five of the tools run on the meta device, which knows sizes only. What PyTorch's dispatcher shows
depends on the device, so that torch's counter and ptflops's aten backend run on fake tensors, which take the kernels
that they would take on a CPU. ``test_stand_ins.py`` proves both by runs on a CPU.
"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from archcost.pytorch.counters import fill_with_zeros, real_inputs
from archcost.pytorch.module import Network, example_inputs
from archcost.pytorch.tracing import traceable
from tests.conventions import peers

if TYPE_CHECKING:
    from torch import Tensor

    from archcost.analysis.report import Report

BY_KERNELS = ("torch", "ptflops-aten")  # what they see depends on the kernels of a device
PLAIN_NAMES = {"torchvision_googlenet": "googlenet", "googlenet": ""}  # the plain name is the paper's
OPTIONS: dict[str, dict[str, Any]] = {  # so that it is what the weights of torchvision are for
    "googlenet": {"aux_logits": False, "init_weights": False},
    "inception_v3": {"init_weights": False},
    **{f"fcn_resnet{depth}": {"aux_loss": True} for depth in (50, 101)},
    **{f"deeplabv3_{name}": {"aux_loss": True} for name in ("resnet50", "resnet101", "mobilenet_v3_large")},
}
ATTENDING = frozenset({"matmul", "einsum"})  # as attention is written beside the family of that name


def torchvision_name(report: Report) -> str:
    """The name that a convolutional network has in torchvision; empty if it has none.

    Detectors are not among them: torchvision's scale their input and sort what they find, in code that is no network.
    """
    from torchvision import models

    name = PLAIN_NAMES.get(report.name, report.name)
    attends = any(layer.op in ATTENDING or layer.node.op.family == "Attention" for layer in report.layers)
    detects = name in models.list_models(models.detection)
    return name if name in models.list_models() and not attends and not detects else ""


def torchvision_model(name: str) -> nn.Module:
    """Torchvision's model on the meta device, without what inference does not run."""
    from torchvision import models

    options = {"weights": None, **OPTIONS.get(name, {})}
    if name in models.list_models(models.segmentation):
        options["weights_backbone"] = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                model: nn.Module = models.get_model(name, **options)
        except NotImplementedError:  # RegNet computes its widths with tensors
            model = models.get_model(name, **options).to("meta")
    return model


def built_model(report: Report) -> nn.Module:
    """What archcost builds, on the meta device."""
    with torch.device("meta"):
        return Network(report.graph)


def inputs_of(report: Report) -> tuple[Tensor, ...]:
    """Inputs on the meta device."""
    with torch.device("meta"):
        return example_inputs(report.graph)


def run_all(model: nn.Module, inputs: tuple[Tensor, ...], tools: tuple[str, ...]) -> dict[str, peers.Seen]:
    """What every tool says of a model on the meta device, which the model leaves for fake tensors."""
    seen = {}
    for tool in tools:
        if tool not in BY_KERNELS:
            with traceable() if tool == "fvcore" else nullcontext():
                seen[tool] = peers.run(tool, model, inputs)
    by_kernels = [tool for tool in tools if tool in BY_KERNELS]
    if by_kernels:
        with FakeTensorMode():
            model, inputs = fill_with_zeros(model), real_inputs(inputs)
            seen |= {tool: peers.run(tool, model, inputs) for tool in by_kernels}
    return seen
