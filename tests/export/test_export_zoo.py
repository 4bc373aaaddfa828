"""Models of the zoo as source: the same tensors and arithmetic as archcost's module, one class for a block."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.exporting.source import ModelSource
from archcost.paths import split
from tests.cover import cover_spec, zoo_models
from tests.export.computation import computation_of
from tests.export.support import (
    assert_same_outputs,
    assert_tidy,
    both_models,
    class_text,
    exported,
    own_classes_of,
)
from tests.small_models import SMALL, small_report

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from archcost.analysis.report import Report

WITH_AUXILIARY_HEADS = ("googlenet", "inception_v3", "torchvision_googlenet")
SMALL_PARAMS, SMALL_MACS = 40 * 10**6, 10**9


def models(config: pytest.Config) -> list[tuple[str, bool]]:
    """As they are in inference, and those that training adds something to as they are there."""
    return [(name, False) for name in zoo_models(config, few=True)] + [(name, True) for name in WITH_AUXILIARY_HEADS]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if {"zoo_name", "training"} <= set(metafunc.fixturenames):
        metafunc.parametrize(("zoo_name", "training"), models(metafunc.config))


@cache
def source(name: str, training: bool, *, whole: bool = True) -> tuple[str, Report]:
    return exported(cover_spec(name, whole=whole), training=training)


@pytest.fixture
def made(zoo_name: str, training: bool, pytestconfig: pytest.Config) -> tuple[str, Report]:
    """The source of a model of the cover, which may have fewer layers than in the zoo, and its report."""
    return source(zoo_name, training, whole=pytestconfig.getoption("--all"))


def test_same_tensors_and_arithmetic(made: tuple[str, Report], training: bool) -> None:
    """The source is that of batch 1; it runs beside archcost's module for batch 2, without numbers."""
    text, one = made
    report = archcost.analyze(one.spec, training=training, batch=2)
    theirs, ours = both_models(text, report)
    computed = computation_of(theirs, report.graph)
    assert [shape for shape, _ in computed] == list(report.outputs.values())
    assert computed == computation_of(ours, report.graph)


def small_models() -> list[str]:
    """Of each family the model with the fewest MACs at its small settings, if it is small."""
    families: dict[str, list[tuple[int, str]]] = {}
    for name in SMALL:
        report = small_report(name)
        if report.totals.params <= SMALL_PARAMS and report.totals.macs <= SMALL_MACS:
            families.setdefault(report.spec.family, []).append((report.totals.macs, name))
    return [min(models)[1] for models in families.values()]


def test_same_numbers(pytestconfig: pytest.Config) -> None:
    """Numbers of one small model of each family, or of every fourth: the computation is the same, as others say."""
    names = small_models()
    assert len(names) >= 50
    for name in names[:: 1 if pytestconfig.getoption("--all") else 4]:
        text, report = exported(name, params=SMALL[name])
        assert_same_outputs(text, report.graph)


@pytest.mark.parametrize("name", WITH_AUXILIARY_HEADS)
def test_same_numbers_of_auxiliary_heads(name: str) -> None:
    text, report = source(name, True)
    assert_same_outputs(text, report.graph)


def structures(report: Report) -> dict[str, set[Any]]:
    """What the uses of every block are made of and how they are wired, each way once, without any numbers."""
    found: dict[str, set[Any]] = {}
    paths = [node.path for node in report.graph.nodes]
    for scope in report.graph.scopes:
        inside = [place for place, path in enumerate(paths) if path.startswith(f"{scope.path}.")]
        if scope.params is None or not inside:
            continue
        nodes = report.graph.nodes[inside[0] : inside[-1] + 1]
        first = nodes[0].first_value
        taken = {value: -1 - scope.inputs.index(value) for value in scope.inputs}
        parts = [
            (node.path[len(scope.path) :], node.op.kind, *[taken.get(value, value - first) for value in node.inputs])
            for node in nodes
        ]
        found.setdefault(scope.kind, set()).add((*parts, *[taken.get(value, value - first) for value in scope.outputs]))
    return found


def test_one_class_for_every_block_and_structure(made: tuple[str, Report]) -> None:
    """Uses of one structure are one class; so are many that differ in what a ``when`` or a count leaves out."""
    text, report = made
    classes = Counter([made.kind for made in ModelSource(report).plans if made.kind])
    ways = structures(report)
    groups = {name for scope in report.graph.scopes if scope.params is None for name in split(scope.path)[-2:]}
    assert ways.keys() <= classes.keys() <= ways.keys() | groups
    assert [kind for kind in ways if classes[kind] > len(ways[kind])] == []
    assert len(own_classes_of(text)) == classes.total() + 1


CLASSES = {
    "resnet50": "Shortcut Bottleneck Resnet50",
    "yolov4": "ConvBn ConvBnLeakyRelu Residual CspStage CspDarknet53 SpatialPyramid Lateral ConvSet YoloHead Yolov4",
    "mobilenet_v2": "ConvBnAct ConvBn Mbconv MbconvAdd MobilenetV2",
    "repvgg_a0_train": "ConvBn SumOfBranches SumOfBranchesIdentity RepvggBlock RepvggBlock2 Stage Stage2 RepvggA0Train",
}


@pytest.mark.parametrize("name", CLASSES)
def test_variants_have_classes_of_their_own(name: str) -> None:
    assert own_classes_of(source(name, False)[0]) == CLASSES[name].split()


def test_it_stands_alone_and_says_what_it_is(zoo_name: str, made: tuple[str, Report]) -> None:
    text, report = made
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"torch", "torch.nn.functional", "collections", "math"}
    docstring = ast.get_docstring(tree) or ""
    assert docstring.startswith(zoo_name)
    assert " ".join(report.spec.source.split()) in " ".join(docstring.split())
    assert f"Parameters: {report.totals.params:,}. MACs: {report.totals.macs:,}" in docstring
    assert "archcost" not in text.replace(docstring, "")


def test_tidy(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    whole = pytestconfig.getoption("--all")
    found = {f"{name}_{training}": source(name, training, whole=whole) for name, training in models(pytestconfig)}
    assert_tidy({name: text for name, (text, _) in found.items()}, tmp_path)


def test_params_of_the_spec_are_params_of_the_source() -> None:
    text, report = exported("mobilenet_v1", params={"width": 0.5, "middle": 2, "resolution": 32})
    assert "Params: width=0.5, resolution=32, middle=2, " in text
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
