"""Traces on the meta device show what traces on the CPU show: operators, their counts, shapes and dtypes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from archcost.pytorch.builders import VERIFYING
from archcost.pytorch.counters import Observed, count_by_fvcore, fill_with_zeros, real_inputs
from archcost.pytorch.module import Network, example_inputs
from archcost.pytorch.tracing import traceable
from tests.cover import one_of_each, some
from tests.ops.cases import CASES, Case
from tests.pytorch.support import everything, report_of
from tests.small_models import small_report

if TYPE_CHECKING:
    from archcost.graph.model import Graph

SMALL = (
    *("alexnet", "squeezenet1_1", "mobilenet_v1", "resnet18", "googlenet", "inception_reduced", "gru_lm", "tcn"),
    *("ddpm_cifar10", "swin_t", "swin_v2_t", "transformer_base", "vit_b_32", "wav2vec2_base"),
)


def seen(graph: Graph, *, real: bool) -> list[Observed]:
    """What fvcore sees of the nodes of a graph."""
    with torch.device("meta"):
        network, inputs = Network(graph, VERIFYING).eval(), example_inputs(graph)
    paths = [network.module_path(node.path) for node in graph.nodes]
    if real:
        return count_by_fvcore(fill_with_zeros(network), real_inputs(inputs), paths)
    with traceable():
        return count_by_fvcore(network, inputs, paths)


def assert_same(ours: list[Observed], theirs: list[Observed]) -> None:
    for meta, cpu in zip(ours, theirs, strict=True):
        assert (meta.shapes, meta.macs, meta.operators) == (cpu.shapes, cpu.macs, cpu.operators)
        assert meta.unknown == cpu.unknown


@pytest.mark.parametrize(
    "case", one_of_each([case for case in CASES if case.kind != "custom"], lambda case: case.kind), ids=str
)
def test_case(case: Case) -> None:
    graph = everything(report_of(case).graph)
    assert_same(seen(graph, real=False), seen(graph, real=True))


@pytest.mark.parametrize("name", some(SMALL, {"alexnet", "gru_lm", "tcn", "transformer_base", "vit_b_32"}))
def test_model(name: str) -> None:
    graph = small_report(name).graph
    assert_same(seen(graph, real=False), seen(graph, real=True))


def test_plain_functions_of_convolution() -> None:
    """With the settings by position, by name, and as single numbers."""

    class Convolutions(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            weight = x.new_zeros(4, 2, 3, 3)
            y = torch.nn.functional.conv2d(x, weight, None, 2, 1, 1, 2)
            y = torch.conv2d(y, weight=weight, padding=[1], groups=2)
            y = torch.conv2d(y, weight, padding="same", groups=2)
            return torch.conv_transpose2d(y, x.new_zeros(4, 3, 2, 2), stride=2)

    counts = []
    for device in ("cpu", "meta"):
        with torch.device(device):
            x = torch.zeros(1, 4, 8, 8)
        if device == "cpu":
            (figures,) = count_by_fvcore(Convolutions(), (x,), [""])
        else:
            with traceable():
                (figures,) = count_by_fvcore(Convolutions(), (x,), [""])
        counts.append((figures.shapes, figures.macs))
    products = 4 * 4 * 4 * 2 * 3 * 3  # positions, channels, channels of a group, kernel
    assert counts == [(((1, 3, 8, 8),), 3 * products + 4 * 4 * 4 * 3 * 2 * 2)] * 2
