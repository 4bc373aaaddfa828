"""``archcost suggest``, and the suggestions beside other commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

LIMITED = """archcost: 1
name: limited
input: [192, 28, 28]
layers: [{id: wide, conv2d: {out_channels: 32, kernel_size: 5, padding: 2}}]
budgets: {macs: %s}
"""


def test_the_naive_module_becomes_the_reduced_one(run: Callable[..., Run], tmp_path: Path) -> None:
    written = run("suggest", "inception_naive", "--apply", "all", "-o", "x.yaml", cwd=tmp_path)
    assert written.code == 0, written.err
    assert "wrote x.yaml: MACs 308 M → 128 M" in written.out
    compared = json.loads(run("compare", "inception_naive", "x.yaml", "--format", "json", cwd=tmp_path).out)
    reduced = archcost.analyze("inception_reduced").totals
    assert compared["totals"]["macs"]["after"] == reduced.macs
    assert compared["totals"]["params"]["after"] == reduced.params
    assert archcost.load(tmp_path / "x.yaml").name == "x"


def test_vgg_comes_to_a_fifth_of_its_params(run: Callable[..., Run]) -> None:
    found = run("suggest", "vgg16", "--goal", "params", "--target", "20%", "--format", "json")
    assert found.code == 0
    document = json.loads(found.out)
    assert document["target"]["reached"]
    assert document["target"]["allowed"] == 138_357_544 // 5
    left = document["before"]["params"] - sum(one["saved"]["params"] for one in _chosen(document))
    assert left == document["together"]["after"]["params"] <= 138_357_544 // 5


def _chosen(document: dict[str, object]) -> list[dict[str, dict[str, int]]]:
    """The suggestions of the plan, all of which are in the list."""
    suggestions: list[dict[str, dict[str, int]]] = document["suggestions"]  # type: ignore[assignment]  # JSON
    numbers = document["together"]["numbers"]  # type: ignore[index]  # JSON
    return [one for one in suggestions if one["number"] in numbers]


def test_a_target_out_of_reach_exits_with_1(run: Callable[..., Run]) -> None:
    found = run("suggest", "conv5x5", "--target", "1%")
    assert found.code == 1
    assert "✗ target 1.20 M MACs: out of reach, the best together leave 8.58 M (7.1%)" in found.out


def test_nothing_to_suggest_is_said(run: Callable[..., Run]) -> None:
    found = run("suggest", "conv1x1")
    assert found.code == 0
    assert "nothing to suggest: no rewrite that was looked for makes conv1x1 cheaper" in found.out


def test_the_text_goes_to_standard_output(run: Callable[..., Run]) -> None:
    printed = run("suggest", "conv5x5", "--apply", "1")
    assert printed.code == 0
    assert "\narchcost: 1\n" in printed.out
    assert "reduced_conv2d" in printed.out


WRONG = [
    (("suggest",), "suggest takes a SPEC"),
    (("suggest", "conv5x5", "--apply", "1", "-o", "x.json"), "does not end in .yaml"),
    (("suggest", "conv5x5", "--apply", "1", "--format", "json"), "leave --format out"),
    (("suggest", "conv5x5", "--apply", "7"), "there is no suggestion 7"),
    (("suggest", "conv5x5", "--explain", "7"), "there is no suggestion 7"),
    (("suggest", "conv5x5", "--boldness", "brave"), "--boldness is one of exact, gentle, bold"),
    (("suggest", "conv5x5", "--goal", "latency@4080x"), "4080x"),
    (("suggest", "nowhere"), "cannot read nowhere"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_wrong_words(words: tuple[str, ...], message: str, run: Callable[..., Run], tmp_path: Path) -> None:
    result = run(*words, cwd=tmp_path)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


def test_a_failed_limit_names_what_would_help(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(LIMITED % "50 M", encoding="utf-8")
    failed = run("check", "net.yaml", cwd=tmp_path)
    assert failed.code == 1
    told = "help: a 1×1 reduction before wide (a gentle rewrite) would save 108 M, which is enough: see"
    assert f"{told} `archcost suggest net.yaml --target 50M`; or make it" in " ".join((failed.err + failed.out).split())
    (tmp_path / "net.yaml").write_text(LIMITED % "5 M", encoding="utf-8")
    failed = run("check", "net.yaml", cwd=tmp_path)
    told = "would save 108 M, which alone is not enough: see `archcost suggest net.yaml --target 5M`"
    assert told in " ".join((failed.err + failed.out).split())


def test_the_command_that_a_check_suggests_has_the_model_as_it_was_judged(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    text = LIMITED.replace("input:", "params: {side: 28, word: a}\ninput:").replace("28, 28", "$side, $side") % "50 M"
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    asked = ("--set", "side=56", "--set", "word='1'", "--batch", "2", "--dtype", "float16")
    failed = run("check", "net.yaml", *asked, "--format", "concise", cwd=tmp_path)
    assert failed.code == 1
    failed = run("check", "net.yaml", *asked, cwd=tmp_path)
    told = "archcost suggest net.yaml --target 50M --set side=56 --set 'word=\"1\"' --batch 2 --dtype float16`"
    assert told in " ".join((failed.err + failed.out).split())


def test_what_saves_next_to_nothing_is_counted_unless_it_is_asked_for(run: Callable[..., Run]) -> None:
    """The 512·1000 MACs of the last layer of ResNet-18 are 0.03% of the whole."""
    everything = json.loads(run("suggest", "resnet18", "--format", "json").out)
    assert (everything["small"], [one["rewrite"] for one in everything["suggestions"]].count("low_rank")) == (1, 0)
    assert min(one["saved"]["macs"] for one in everything["suggestions"]) >= everything["before"]["macs"] / 1000
    for words in (("--at", "fc"), ("--only", "low_rank")):
        found = json.loads(run("suggest", "resnet18", *words, "--format", "json").out)
        assert found["small"] == 0
        assert "fc" in [one["path"] for one in found["suggestions"]]
    assert "1 more saves less than 0.1% of the MACs" in run("suggest", "resnet18").out


def test_the_list_of_rewrites_is_as_wide_as_other_lists(run: Callable[..., Run]) -> None:
    assert max(map(len, run("suggest", "--list").out.splitlines())) <= 145


def test_a_check_that_passes_asks_for_no_suggestion(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archcost.suggesting.best.best_for", None)  # so that a call would fail
    (tmp_path / "net.yaml").write_text(LIMITED % "130 M", encoding="utf-8")
    assert run("check", "net.yaml", cwd=tmp_path).code == 0


def test_an_explanation_names_the_best() -> None:
    found = archcost.explain("inception_naive", "5x5")
    assert isinstance(found.to_dict()["suggestion"], dict)
    assert found.to_dict()["suggestion"]["rewrite"] == "reduction"
    assert found.to_dict()["suggestion"]["saved"]["macs"] == 28 * 28 * (25 * 192 * 32 - 192 * 16 - 25 * 16 * 32)
    assert "suggestion" not in archcost.explain("inception_naive", "concat").to_dict()


def test_the_page_names_the_best_of_each_part() -> None:
    (model,) = archcost.page("inception_naive").to_dict()["models"]
    told = {
        node["path"]: model["suggestions"][node["suggestion"]]["text"]
        for node in model["nodes"]
        if "suggestion" in node
    }
    assert told["5x5.conv_relu.conv2d"] == told["5x5"] == "1×1 reduction before 5x5, to 16 channels"
    assert told["3x3"] == "1×1 reduction before 3x3, to 96 channels"
    assert "concat" not in told


def test_all_rewrites_are_listed(run: Callable[..., Run]) -> None:
    listed = json.loads(run("suggest", "--list", "--format", "json").out)
    assert len(listed) >= 15
    assert all(one["paper"] and one["does"] and one["training"] for one in listed)


def test_a_notebook_shows_before_and_after() -> None:
    shown = archcost.suggest("inception_naive")._repr_html_() or ""
    assert "308 M → 128 M" in shown
    assert "1×1 reduction" in shown
