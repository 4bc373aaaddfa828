"""The networks of the zoo's cover under every convention, against the tools: totals, and layers where they tell them.

All are at full size, though some have fewer layers. A convolutional network that torchvision has is torchvision's own
model; anything else is what archcost builds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from archcost.conventions import TOOLS, convention
from archcost.conventions.tool_report import read
from archcost.conventions.torchvision_style import patterns
from tests.conventions import networks, peers
from tests.cover import some
from tests.shared import zoo_report

if TYPE_CHECKING:
    from torch import nn

    from archcost.analysis.report import Report
    from archcost.conventions.tool_report import ToolReport

pytest.importorskip("torchvision.models")

LAYERED = ("torch", "fvcore", "torchinfo", "thop", "calflops")  # ptflops's layers leave out what functions count
FUNCTIONS = {  # classes that torchvision's source calls as functions, too
    "torchvision_googlenet": {"relu"},
    "inception_v3": {"relu", "avgpool2d", "maxpool2d"},
    "mobilenet_v2": {"adaptiveavgpool2d"},
    **{f"densenet{depth}": {"relu", "adaptiveavgpool2d"} for depth in (121, 161, 169, 201)},
    **{f"fcn_resnet{depth}": {"upsample"} for depth in (50, 101)},
    **{f"deeplabv3_{name}": {"upsample"} for name in ("resnet50", "resnet101", "mobilenet_v3_large")},
    "lraspp_mobilenet_v3_large": {"upsample"},
}
BESIDE = (  # one of each family that torchvision has, and those that it writes otherwise
    "alexnet",
    "convnext_tiny",
    "deeplabv3_mobilenet_v3_large",
    "densenet121",
    "efficientnet_b0",
    "fcn_resnet50",
    "inception_v3",
    "lraspp_mobilenet_v3_large",
    "mc3_18",
    "mnasnet0_5",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "r2plus1d_18",
    "r3d_18",
    "regnet_y_400mf",
    "resnet18",
    "resnext50_32x4d",
    "s3d",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "torchvision_googlenet",
    "vgg11_bn",
    "wide_resnet50_2",
)
PRINTED = {
    "resnet152": {
        "torch": 23_027_253_248,
        "fvcore": 11_558_835_200,
        "torchinfo": 11_513_779_048,
        "ptflops": 11_602_639_848,
        "ptflops-aten": 11_513_627_624,
    },
    "torchvision_googlenet": {
        "torch": 2_996_752_384,
        "fvcore": 1_504_878_688,
        "torchinfo": 1_498_391_752,
        "ptflops": 1_513_907_448,
        "ptflops-aten": 1_498_377_192,
    },
}


@pytest.mark.few
def test_network(zoo_model: str, cover_model: Report) -> None:
    report = cover_model
    other = networks.torchvision_name(report)
    written = patterns(("torchvision",), zoo_model) if other else ()
    readings = {tool: read(report, convention(tool), written) for tool in TOOLS}
    model = networks.torchvision_model(other) if other else networks.built_model(report)
    seen = networks.run_all(model, networks.inputs_of(report), TOOLS)
    expected = {tool: reading.total for tool, reading in readings.items()}
    assert {tool: each.total for tool, each in seen.items()} == expected
    for tool in LAYERED:
        if seen[tool].total is not None:
            compare_layers(tool, seen[tool], readings[tool], model, by_path=not other)


@pytest.mark.parametrize("name", PRINTED)
def test_what_the_tools_have_printed(name: str) -> None:
    """Of torchvision's own, whether or not the tools run on it here."""
    report, written = zoo_report(name), patterns(("torchvision",), name)
    assert {tool: read(report, convention(tool), written).total for tool in PRINTED[name]} == PRINTED[name]


@pytest.mark.parametrize("name", some(BESIDE, {"alexnet", "mnasnet0_5", "resnet18", "torchvision_googlenet"}))
def test_built_module_beside_torchvision(name: str) -> None:
    """The module that archcost builds, layer by layer."""
    report = zoo_report(name)
    assert networks.torchvision_name(report)
    model = networks.built_model(report)
    for tool, seen in networks.run_all(model, networks.inputs_of(report), TOOLS).items():
        reading = read(report, convention(tool))
        assert seen.total == reading.total
        if tool in LAYERED:
            compare_layers(tool, seen, reading, model, by_path=True)


def compare_layers(tool: str, seen: peers.Seen, reading: ToolReport, model: nn.Module, *, by_path: bool) -> None:
    """Figures of the layers by their paths; where the paths are torchvision's, sums by class of module.

    Torchvision's residual blocks call one nn.ReLU several times. What no module tells was counted in functions.
    """
    if by_path:
        ours = {count.layer.path: count.amount or 0 for count in reading.counts}
        module_path = model.module_path
        theirs = {path: seen.layers.get(module_path(path), 0) for path in ours}  # type: ignore[operator]
        assert theirs == ours, tool
        return
    assert seen.total is not None
    by_class: Counter[str] = Counter()
    for count in reading.counts:
        by_class[count.layer.op.replace("_", "")] += count.amount or 0
    for path, module in model.named_modules():
        if path in seen.layers and not any(module.children()):
            by_class[torch_class(module)] -= seen.layers[path]
    functions = {kind: amount for kind, amount in by_class.items() if amount}
    assert set(functions) <= FUNCTIONS.get(reading.report.name, set()), tool
    assert all(amount > 0 for amount in functions.values()), tool


def torch_class(module: nn.Module) -> str:
    """The class of torch's that a module is of, or is derived from."""
    return next(each.__name__ for each in type(module).__mro__ if each.__module__.startswith("torch.nn")).lower()
