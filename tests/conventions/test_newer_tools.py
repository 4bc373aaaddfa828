"""The conventions of the tools of 2026, and of earlier versions, against what they printed, and against the tools.

What they printed is on disk, with their versions and the day, for every case of an op and every model of the cover. The
tools themselves run where `make peers` has put them.
"""

from __future__ import annotations

import pytest

import archcost
from archcost.commands.options import CONVENTIONS
from archcost.conventions import ALL_TOOLS, NAMES, convention
from archcost.conventions.tool_report import read
from archcost.conventions.torchvision_style import patterns
from archcost.pytorch.module import Network, example_inputs
from tests.conventions import networks, newer_peers
from tests.conventions.newer_figures import NAMES as RUN
from tests.conventions.newer_figures import printed
from tests.cover import zoo_cover
from tests.ops.cases import CASES, Case, for_each_kind
from tests.pytorch.support import document, everything, report_of
from tests.shared import zoo_report

FEW = ("googlenet", "torchvision_googlenet", "detr_resnet50", "crossvit_tiny_240")
ROWS = {  # over a batch of 2 of 3×6×8
    "packed_attention": [
        {"flatten": {"start_dim": 2}, "id": "x"},
        {"relu": None, "id": "y"},
        {"multihead_attention": {"num_heads": 4}, "from": ["x", "y", "y"]},
    ],
    "packed_attention_without_bias": [
        {"flatten": {"start_dim": 2}, "id": "x"},
        {"relu": None, "id": "y"},
        {"multihead_attention": {"num_heads": 4, "bias": False}, "from": ["x", "y"]},
    ],
    "odd_windows": [
        {"avg_pool2d": {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}},
        {"adaptive_avg_pool2d": {"output_size": [3, 2]}},
    ],
    "upsample_of_two": [{"upsample": {"scale_factor": [1.0, 2.0]}}],
    "upsample_by_three": [{"upsample": {"scale_factor": 3.0, "mode": "bilinear"}}],
}


def test_the_choice_of_a_command_has_every_name() -> None:
    assert CONVENTIONS == NAMES
    assert set(RUN) < set(NAMES)


def test_versions_are_those_that_were_read() -> None:
    assert printed().versions == {name: convention(name).version for name in RUN}


@for_each_kind(CASES)
def test_cases_are_what_the_tools_printed(case: Case) -> None:
    report = report_of(case)
    assert {name: read(report, convention(name)).total for name in RUN} == printed().cases[str(case)]


def test_the_cover_is_what_the_tools_printed() -> None:
    assert set(zoo_cover()) <= set(printed().models)
    for model, figures in printed().models.items():
        report = zoo_report(model)
        written = patterns(("torchvision",), model) if networks.torchvision_name(report) else ()
        assert {name: read(report, convention(name), written).total for name in RUN} == figures, model


@pytest.mark.parametrize("name", RUN)
def test_parts_stand_for_all_macs(name: str) -> None:
    for case in CASES:
        report = report_of(case)
        (count,) = read(report, convention(name)).counts
        assert count.failure or sum(part.macs for part in count.parts) == report.totals.macs, case


@pytest.fixture(params=RUN)
def tool(request: pytest.FixtureRequest) -> str:
    """A tool that is there."""
    name: str = request.param
    if not newer_peers.version(name):
        pytest.skip(f"{name} is not there: run `make peers`")
    return name


def test_the_tool_is_of_the_version_that_was_read(tool: str) -> None:
    assert newer_peers.version(tool) == convention(tool).version


def test_tools_agree_on_cases(tool: str) -> None:
    for case in CASES:
        report = report_of(case)
        graph = everything(report.graph)
        seen = newer_peers.run(tool, Network(graph), example_inputs(graph))
        assert seen.total == read(report, convention(tool)).total, (str(case), seen.error)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("batch", [1, 2, 3])
def test_tools_agree_on_rows(tool: str, row: str, batch: int) -> None:
    report = archcost.analyze(document({"input": [3, 6, 8], "layers": ROWS[row]}), batch=batch)
    seen = newer_peers.run(tool, Network(report.graph), example_inputs(report.graph))
    assert seen.total == read(report, convention(tool)).total, seen.error


@pytest.mark.parametrize("model", FEW)
def test_tools_agree_on_models(tool: str, model: str) -> None:
    report = zoo_report(model)
    other = networks.torchvision_name(report)
    written = patterns(("torchvision",), model) if other else ()
    module = networks.torchvision_model(other) if other else networks.built_model(report)
    seen = newer_peers.run(tool, module, networks.inputs_of(report))
    assert seen.total == read(report, convention(tool), written).total, seen.error


def test_a_function_is_no_module_to_ultralytics() -> None:
    """48 outputs of 3·9 taps for a convolution, nothing for one that is a call."""
    spec = document({"input": [3, 6, 6], "layers": [{"conv2d": {"out_channels": 3, "kernel_size": 3}}]})
    report = archcost.analyze(spec)
    assert read(report, convention("ultralytics-thop")).total == 3 * 4 * 4 * 3 * 9
    called = read(report, convention("ultralytics-thop"), ("conv2d",))
    assert (called.total, called.missed) == (0, 3 * 4 * 4 * 3 * 9)


def test_what_changed_between_versions() -> None:
    """A transposed convolution of 2 groups, 4 channels to 6, 3×3 at stride 2 on 5×5, without a bias."""
    layer = {"conv_transpose2d": {"out_channels": 6, "kernel_size": 3, "stride": 2, "groups": 2, "bias": False}}
    report = archcost.analyze(document({"input": [4, 5, 5], "layers": [layer]}))
    macs = 5 * 5 * 4 * (6 // 2) * 9
    assert report.totals.macs == macs
    figures = {name: read(report, convention(name)).total for name in NAMES}
    assert figures["thop"] == 11 * 11 * 6 * (4 // 2) * 9  # by output positions
    assert figures["ultralytics-thop@2.0.18"] == figures["ultralytics-thop"] == macs
    assert figures["calflops"] == figures["deepspeed@0.16.9"] == 2 * 5 * 5 * 4 * (3 // 2) * 9  # groups divided twice
    assert figures["deepspeed"] == 2 * macs


def test_the_tools_that_are_asked_without_a_choice() -> None:
    found = archcost.reconcile(document({"input": [4], "layers": [{"linear": {"out_features": 2}}]}))
    assert [each.reading.convention.name for each in found.explanations] == list(ALL_TOOLS)
