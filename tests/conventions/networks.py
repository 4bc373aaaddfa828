"""The networks of the zoo as tools see them: torchvision's own where it has a convolutional one, else archcost's."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import nn

from archcost.pytorch.counters import fill_with_zeros, real_inputs
from archcost.pytorch.module import Network, example_inputs
from archcost.pytorch.tracing import traceable
from tests.conventions import peers

if TYPE_CHECKING:
    from torch import Tensor

    from archcost.analysis.report import Report

ON_CPU = ("ptflops",)  # on the meta device it sees linear layers twice
PLAIN_NAMES = {"torchvision_googlenet": "googlenet", "googlenet": ""}  # the plain name is the paper's
WITHOUT_HEADS = {"googlenet": {"aux_logits": False, "init_weights": False}, "inception_v3": {"init_weights": False}}


def torchvision_name(report: Report) -> str:
    """The name that a convolutional network has in torchvision; empty if it has none."""
    from torchvision import models

    name = PLAIN_NAMES.get(report.name, report.name)
    attends = any(layer.node.op.family == "Attention" for layer in report.layers)
    return name if name in models.list_models() and not attends else ""


def torchvision_model(name: str) -> nn.Module:
    """Torchvision's model on the meta device, without what inference does not run."""
    from torchvision import models

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                model: nn.Module = models.get_model(name, weights=None, **WITHOUT_HEADS.get(name, {}))
        except NotImplementedError:  # RegNet computes its widths with tensors
            model = models.get_model(name, weights=None).to("meta")
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
    """What every tool says of a model on the meta device, which the model leaves for those that need a CPU."""
    on_cpu = set(ON_CPU)
    fused = (nn.MultiheadAttention, nn.RNNBase)  # one kernel on a CPU, products of matrices on the meta device
    if any(isinstance(module, fused) for module in model.modules()):
        on_cpu |= {"torch", "fvcore", "ptflops-aten"}
    seen = {}
    for tool in tools:
        if tool not in on_cpu:
            with traceable() if tool == "fvcore" else nullcontext():
                seen[tool] = peers.run(tool, model, inputs)
    if on_cpu & set(tools):
        model, inputs = fill_with_zeros(model), real_inputs(inputs)
        seen |= {tool: peers.run(tool, model, inputs) for tool in tools if tool in on_cpu}
    return seen
