"""Imported models under every convention, against the tools on the models themselves: one way of writing at a time.

What the tools see depends on how a model is written. The sample of libraries' models is in docs/conventions.md. What
the newer tools printed is on disk; the tools themselves run where `make peers` has put them.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from archcost.conventions import NEWER, TOOLS, convention
from tests.conventions import newer_imports, newer_peers, peers
from tests.conventions.newer_imports import printed
from tests.cover import some

torch = pytest.importorskip("torch")
from benchmarks.import_conventions import SAMPLE, compare, figures, report_of  # noqa: E402 - torch may be missing
from tests.conventions.ways_of_writing import WAYS  # noqa: E402 - as above

if TYPE_CHECKING:
    from archcost.analysis.report import Report

FEW = ("timm:mobilenetv3_small_050", "torchvision:shufflenet_v2_x0_5", "transformers:bert", "transformers:mixtral")
QUICK = ("timm:mobilenetv3_small_050", "transformers:bert")
ONE_OF_EACH = (*FEW, "timm:botnet26t_256", "timm:sequencer2d_s", "torchvision:vit_b_32", "transformers:gpt2")


@cache
def report_of_way(way: str) -> Report:
    return newer_imports.imported_way(way)[0]


@pytest.mark.parametrize("way", WAYS)
def test_a_way_of_writing(way: str) -> None:
    report, model, inputs = newer_imports.imported_way(way)
    seen = {tool: peers.run(tool, model, inputs) for tool in TOOLS}
    assert figures(report) == {tool: each.total for tool, each in seen.items()}


@pytest.mark.parametrize("model", some(FEW, QUICK))
def test_a_model_of_a_library(model: str) -> None:
    pytest.importorskip(model.partition(":")[0])
    assert model in SAMPLE
    found = compare(model)
    assert found.ours == found.theirs, found.errors


def differing(ours: dict[str, int | None], theirs: dict[str, int | None]) -> set[str]:
    """The tools of whose figures archcost has others."""
    return {tool for tool in ours if ours[tool] != theirs[tool]}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_of_writing_is_what_the_newer_tools_printed(way: str) -> None:
    assert differing(figures(report_of_way(way), NEWER), printed().ways[way]) == newer_imports.DIFFERENT.get(way, set())


@pytest.mark.parametrize("model", some(ONE_OF_EACH, QUICK))
def test_a_model_is_what_the_newer_tools_printed(model: str) -> None:
    pytest.importorskip(model.partition(":")[0])
    found = differing(figures(report_of(model), NEWER), printed().models[model])
    assert found == newer_imports.DIFFERENT.get(model, set())


def test_all_of_the_sample_is_on_disk() -> None:
    assert printed().versions == {name: convention(name).version for name in NEWER}
    assert list(printed().models) == list(SAMPLE)
    assert list(printed().ways) == list(WAYS)
    assert set(newer_imports.DIFFERENT) < {*SAMPLE, *WAYS}


@pytest.mark.parametrize("tool", NEWER)
def test_the_newer_tools_still_print_it(tool: str) -> None:
    if not newer_peers.version(tool):
        pytest.skip(f"{tool} is not there: run `make peers`")
    for way in WAYS:
        _, model, inputs = newer_imports.imported_way(way)
        seen = newer_peers.run(tool, model, inputs)
        assert seen.total == printed().ways[way][tool], (way, seen.error)
