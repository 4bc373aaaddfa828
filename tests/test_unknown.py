"""Unknown is never zero: what a spec does not declare is shown as unknown wherever it would count."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import archcost
from archcost.comparing import compare
from archcost.render.schemas import document_schema
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NET = """\
archcost: 1
name: net
params: {macs: , flops: }
input: [3, 8, 8]
layers:
  - {id: stem, conv2d: {out_channels: 4, kernel_size: 1, bias: false}}
  - {id: fft, custom: {name: fft2, output: [$batch, 4, 8, 8], params: 10, macs: $macs, flops: $flops}}
  - relu
"""
STEM = 8 * 8 * 4 * 3
RELU = 8 * 8 * 4


@pytest.fixture
def net(tmp_path: Path) -> Callable[..., str]:
    def make(more: str = "", macs: str = "null", flops: str = "null") -> str:
        path = tmp_path / "net.yaml"
        text = NET.replace("macs: $macs", f"macs: {macs}").replace("flops: $flops", f"flops: {flops}")
        path.write_text(text.replace("params: {macs: , flops: }\n", "") + more, encoding="utf-8")
        return str(path)

    return make


def analyzed(macs: int | None = None, flops: int | None = None) -> Any:
    text = NET.replace("{macs: , flops: }", "{x: 1}")
    given = {"macs": "null" if macs is None else str(macs), "flops": "null" if flops is None else str(flops)}
    return archcost.analyze(loads(text.replace("$macs", given["macs"]).replace("$flops", given["flops"])))


def test_totals_are_the_known_part() -> None:
    report = analyzed()
    assert (report.totals.macs, report.totals.flops) == (STEM, 2 * STEM + RELU)
    assert report.totals.params == 4 * 3 + 10
    assert report.unknown("macs") == report.unknown("flops") == ["fft"]
    assert report.unknown("params") == []
    assert report.layers[1].unknown == ("macs", "flops")


@pytest.mark.parametrize(
    ("macs", "flops", "unknown"),
    [(5, None, {"flops": ["fft"]}), (None, 500, {"macs": ["fft"]}), (5, 30, None), (0, 0, None)],
)
def test_each_figure_is_known_by_itself(macs: int | None, flops: int | None, unknown: dict[str, Any] | None) -> None:
    document = analyzed(macs, flops).to_dict()
    jsonschema.validate(document, document_schema("report"))
    assert document.get("unknown") == unknown
    assert (document["layers"][1]["macs"], document["layers"][1]["flops"]) == (macs, flops)
    assert document["totals"]["macs"] == STEM + (macs or 0)


@pytest.mark.parametrize("kind", ["table", "markdown", "tree"])
def test_tables_say_so(kind: str, net: Callable[..., str], run: Callable[..., Run]) -> None:
    out = run("analyze", net(), "--format", kind).out
    assert "unknown" in out
    assert "≥ 768" in out
    assert "MACs are unknown for fft: declare" in out.replace("\\", "")


def test_csv_leaves_unknown_empty(net: Callable[..., str], run: Callable[..., Run]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("analyze", net(), "--format", "csv").out)))
    assert [(row["macs"], row["flops"]) for row in rows] == [("768", "1536"), ("", ""), ("0", "256")]


def test_what_is_unknown_comes_first_when_sorted(net: Callable[..., str], run: Callable[..., Run]) -> None:
    out = run("analyze", net(), "--sort", "macs", "--top", "1", "--format", "markdown").out
    assert "| fft |" in out
    assert "| stem |" not in out


def test_a_budget_on_it_cannot_be_met(net: Callable[..., str], run: Callable[..., Run]) -> None:
    path = net("budgets: {macs: 1 G, params: 22}\n")
    result = run("check", path)
    assert result.code == 1
    assert "net: MACs cannot be judged by the limit of 1 G: unknown for fft" in result.out
    assert "help: declare `macs` of the custom op" in result.out
    document = json.loads(run("check", path, "--format", "json").out)
    jsonschema.validate(document, document_schema("verdict"))
    (spec,) = document["specs"]
    assert [(finding["metric"], finding["status"]) for finding in spec["findings"]] == [
        ("macs", "fail"),
        ("params", "ok"),
    ]
    assert spec["findings"][0]["unknown"] == ["fft"]
    assert spec["totals"]["macs"] == {"figure": STEM, "baseline": None, "unknown_layers": 1}


@pytest.mark.parametrize("kind", ["full", "concise", "markdown", "github", "gitlab", "junit", "sarif"])
def test_every_format_says_why(kind: str, net: Callable[..., str], run: Callable[..., Run]) -> None:
    result = run("check", net("budgets: {macs: 1 G}\n"), "--format", kind)
    assert result.code == 1
    assert "unknown" in result.out


def test_a_known_part_that_is_too_much_is_too_much(net: Callable[..., str], run: Callable[..., Run]) -> None:
    assert "over the limit of 700 by 68" in run("check", net("budgets: {macs: 700}\n")).out


def test_budgets_of_layers_that_are_known(net: Callable[..., str], run: Callable[..., Run]) -> None:
    assert run("check", net("budgets: {layers: {stem: {macs: 768}}}\n")).code == 0
    assert run("check", net("budgets: {layers: {f*: {macs: 768}}}\n")).code == 1


def test_once_declared_it_is_judged(net: Callable[..., str], run: Callable[..., Run]) -> None:
    assert run("check", net("budgets: {macs: 800}\n", macs="32")).code == 0
    assert run("check", net("budgets: {macs: 800}\n", macs="33")).code == 1


def test_expected_figures_are_not_met(net: Callable[..., str], run: Callable[..., Run]) -> None:
    result = run("check", net("expect: {params: 22, macs: 768}\n"), "--expect")
    assert result.code == 1
    assert "macs are unknown for fft, stated 768" in result.out


def test_growth_is_not_told_from_an_unknown_baseline(
    net: Callable[..., str], run: Callable[..., Run], tmp_path: Path
) -> None:
    growth, lock = "budgets: {macs: 0%}\n", str(tmp_path / "archcost.lock")
    assert run("baseline", "update", net(growth), "--baseline", lock).code == 0
    result = run("check", net(growth, macs="5"), "--baseline", lock)
    assert result.code == 1
    assert "MACs cannot be judged by the allowed 0%: unknown for fft" in result.out
    run("baseline", "update", net(growth, macs="5"), "--baseline", lock, "--allow-increase")
    assert run("check", net(growth, macs="5"), "--baseline", lock).code == 0
    assert run("check", net(growth), "--baseline", lock).code == 1


def test_differences_are_unknown() -> None:
    before, after = analyzed(), analyzed(5, 30)
    difference = compare(before, after).total("macs")
    assert (difference.before, difference.after, difference.known, difference.percent) == (STEM, STEM + 5, False, None)
    assert compare(after, after).total("macs").known


@pytest.mark.parametrize("kind", ["table", "markdown", "json", "csv"])
def test_comparisons_say_so(kind: str, net: Callable[..., str], run: Callable[..., Run]) -> None:
    out = run("compare", net(), "conv5x5", "--format", kind).out
    wanted = {"table": "unknown", "markdown": "≥ 768", "json": '"unknown_layers": 1', "csv": "-,fft,custom,10,0,,0"}
    assert wanted[kind] in out
    assert run("compare", net(), "conv5x5", "--fail-on", "macs:900000%").code == 1


@pytest.mark.parametrize("kind", ["table", "markdown", "json", "csv"])
def test_three_beside_each_other(kind: str, net: Callable[..., str], run: Callable[..., Run]) -> None:
    out = run("compare", net(), "conv5x5", "conv1x1", "--format", kind).out
    assert {"table": "≥ 768", "markdown": "≥ 768", "json": '"unknown": {', "csv": "net,22,22,22,,,"}[kind] in out


def test_explanations_say_so(net: Callable[..., str], run: Callable[..., Run]) -> None:
    path = net()
    assert "MACs             unknown: the spec does not declare it" in run("explain", path, "fft").out
    assert "MACs             ≥ 768; FLOPs, with all other arithmetic, ≥ 1,792" in run("explain", path).out
    (macs,) = [
        equation
        for equation in json.loads(run("explain", path, "fft", "--format", "json").out)["equations"]
        if equation["figure"] == "macs"
    ]
    assert macs["value"] is None
    assert "unknown" in run("explain", path, "fft", "--format", "markdown").out
    story = run("explain", path).out
    assert "  stem           ≤ 100.0%: " in story
    assert "2 of the 2 layers that compute (and 1 of unknown FLOPs), with 100.0% of the bytes moved" in " ".join(
        story.split()
    )
    assert "≥ 1 of the ≥ 1 layers with MACs" in story
    assert "stem: ≤ 100.0%, $" in run("explain", path, "--format", "markdown").out
    document = json.loads(run("explain", path, "--format", "json").out)
    (stem,) = document["macs"]
    assert (stem["value"], stem["share"], stem["share_at_most"]) == (STEM, None, 1.0)
    assert (document["memory_bound"]["of_layers"], document["memory_bound"]["unknown_layers"]) == (2, 1)
    assert document["depth"]["unknown_layers"] == 1


def test_counters_do_not_cover_it(net: Callable[..., str]) -> None:
    verification = archcost.verify(net(macs="400"))
    assert verification.ok
    assert verification.layers[1].torch_macs is None
    assert (verification.covered("torch"), verification.uncovered("fvcore")) == (STEM, {"custom": 400})
    document = archcost.verify(net()).to_dict()
    assert document["unknown"] == {"macs": ["fft"]}


def test_tools_do_not_cover_it(net: Callable[..., str], run: Callable[..., Run]) -> None:
    out = run("analyze", net(), "--convention", "fvcore").out
    assert "768 †" in out
    assert "not covered: 1 declared layer. custom: the spec only declares it" in out


def test_the_field_is_the_whole_input(net: Callable[..., str]) -> None:
    field = archcost.analyze(net()).receptive_fields()[1]
    assert field is not None
    assert field.whole
