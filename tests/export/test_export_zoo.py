"""Every model of the zoo as source: the same tensors and numbers as archcost's module, one class for a block."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING

import pytest

from archcost import zoo
from tests.export.support import (
    assert_same_outputs,
    assert_same_tensors,
    assert_tidy,
    class_text,
    classes_of,
    exported,
    meta_shapes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from archcost.analysis.report import Report

NAMES = zoo.names()
WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3", "torchvision_googlenet")
MODELS = [(name, False) for name in NAMES] + [(name, True) for name in WITH_AUXILIARY_HEADS]
SMALL = 30_000_000  # params; larger models only on the meta device
SMALL_MACS = 6 * 10**9


@cache
def source(name: str, training: bool) -> tuple[str, Report]:
    return exported(name, training=training)


@pytest.mark.parametrize(("name", "training"), MODELS)
def test_same_tensors_under_the_same_keys(name: str, training: bool) -> None:
    text, report = source(name, training)
    assert_same_tensors(text, report)
    assert meta_shapes(text, report.graph) == list(report.outputs.values())


@pytest.mark.parametrize(("name", "training"), MODELS)
def test_same_numbers(name: str, training: bool) -> None:
    text, report = source(name, training)
    if report.totals.params <= SMALL and report.totals.macs <= SMALL_MACS:
        assert_same_outputs(text, report.graph)
    else:
        assert meta_shapes(text, report.graph) == list(report.outputs.values())


@pytest.mark.parametrize(("name", "training"), MODELS)
def test_one_class_for_every_block_that_is_used(name: str, training: bool) -> None:
    text, report = source(name, training)
    layers = [layer.path for layer in report.layers]
    blocks = [scope for scope in report.graph.scopes if scope.params is not None]
    kinds = {scope.kind for scope in blocks if any(path.startswith(f"{scope.path}.") for path in layers)}
    assert len(classes_of(text)) == len(kinds) + 1


@pytest.mark.parametrize(("name", "training"), MODELS)
def test_it_stands_alone_and_says_what_it_is(name: str, training: bool) -> None:
    text, report = source(name, training)
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"torch", "torch.nn.functional", "collections"}
    docstring = ast.get_docstring(tree) or ""
    assert docstring.startswith(name)
    assert " ".join(report.spec.source.split()) in " ".join(docstring.split())
    assert f"Parameters: {report.totals.params:,}. MACs: {report.totals.macs:,}" in docstring
    assert "archcost" not in text.replace(docstring, "")


def test_tidy(tmp_path: Path) -> None:
    assert_tidy({f"{name}_{training}": source(name, training)[0] for name, training in MODELS}, tmp_path)


def test_params_of_the_spec_are_params_of_the_source() -> None:
    text, report = exported("mobilenet_v1", params={"width": 0.5, "middle": 2, "resolution": 32})
    assert "Params: width=0.5, resolution=32, middle=2." in text
    assert "self.middle = nn.Sequential(*[Separable(256, out_channels=256) for _ in range(2)])" in text
    assert_same_outputs(text, report.graph)
    paper, _ = exported("resnet50", params={"stride_in_1x1": True})
    assert "kernel_size=1, stride=stride if stride_in_1x1 else 1, bias=False)" in paper


BOTTLENECK = """\
class Bottleneck(nn.Module):
    def __init__(self, in_channels: int, width: int, inner: int, stride: int = 1, downsample: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, inner, kernel_size=1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(inner, inner, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.relu_1 = nn.ReLU()
        self.conv3 = nn.Conv2d(inner, 4 * width, kernel_size=1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = Shortcut(in_channels, out=4 * width, stride=stride) if downsample else nn.Identity()
        self.relu_2 = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv1(x)
        y = self.bn1(y)
        y = self.relu(y)
        y = self.conv2(y)
        y = self.bn2(y)
        y = self.relu_1(y)
        y = self.conv3(y)
        x = self.bn3(y) + self.downsample(x)
        return self.relu_2(x)"""
STAGE = """
        self.layer3 = nn.Sequential(
            Bottleneck(512, width=256, inner=256, stride=2, downsample=True),
            *[Bottleneck(1024, width=256, inner=256) for _ in range(5)],
        )
"""
VGG_STAGE = """
        self.conv = nn.Sequential(
            ConvRelu(in_channels, width=width), *[ConvRelu(width, width=width) for _ in range(depth - 1)]
        )
"""


def test_a_residual_block_with_and_without_projection_is_one_class() -> None:
    text, _ = source("resnet50", False)
    assert class_text(text, "Bottleneck") == BOTTLENECK
    assert STAGE in text


def test_a_count_of_rounds_is_a_parameter() -> None:
    assert VGG_STAGE in source("vgg16", False)[0]


def test_inputs_of_functions_stand_inside_of_them() -> None:
    text, _ = source("inception_v3", False)
    joined = "torch.cat((self.branch1x1(x), self.branch5x5(x), self.branch3x3dbl(x), self.branch_pool(x)), dim=1)"
    assert f"return {joined}" in class_text(text, "InceptionA")
    assert "self.branch_pool = nn.MaxPool2d(kernel_size=3, stride=2)" in class_text(text, "InceptionB")
    assert 'self.add_module("1x3", nn.Sequential(OrderedDict(' in class_text(text, "Split3x3")


def test_what_is_read_later_has_the_name_of_its_step() -> None:
    text, _ = source("googlenet", True)
    assert "inception_4a = self.inception_4a(x)  # N×512×14×14" in text
    assert "return self.softmax(x), self.aux1(inception_4a), self.aux2(inception_4d)" in text
