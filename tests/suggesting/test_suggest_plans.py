"""What is suggested of models: figures that analyses have, plans, and what goes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.spec.loader import loads
from archcost.suggesting.best import best_by_path
from archcost.suggesting.trials import Trials
from tests.cover import some

if TYPE_CHECKING:
    from pathlib import Path

    from archcost.suggesting.suggestion import Suggestion

WIDE = """archcost: 1
name: wide
input: [16, 12, 12]
layers:
  - {id: first, conv2d: {out_channels: 32, kernel_size: 5, padding: 2}}
  - {id: second, conv2d: {out_channels: 32, kernel_size: 5, padding: 2}}
  - {id: head, linear: 8}
"""
FIGURES = ("params", "macs", "run_bytes")


def test_the_naive_inception_module_becomes_the_reduced_one() -> None:
    found = archcost.suggest("inception_naive", only="reduction")
    assert [one.words for one in found.found] == ["1×1 reduction before 5x5", "1×1 reduction before 3x3"]
    reduced = archcost.analyze("inception_reduced").totals
    after = archcost.analyze(loads(found.apply("all"))).totals
    # at 28·28 positions 192·96 + 9·96·128 for 9·192·128, and 192·16 + 25·16·32 for 25·192·32
    assert after.macs == reduced.macs == 308_281_344 - 784 * (92_160 + 137_728)
    assert after.params == reduced.params


def test_the_wide_convolution_costs_a_tenth() -> None:
    (one,) = archcost.suggest("conv5x5", only="reduction").found
    assert one.before.macs == 28 * 28 * 32 * 5 * 5 * 192
    assert one.after.macs == 28 * 28 * 16 * 192 + 28 * 28 * 32 * 5 * 5 * 16
    assert one.saves == one.before.macs - one.after.macs


GOALS = ("macs", "params", "memory", "latency@t4")
ASKED = [(model, goal) for model in ("resnet18", "inception_naive", "gpt2") for goal in GOALS]
LONGER = {("gpt2", goal) for goal in GOALS[1:]}  # which takes long for each


@pytest.mark.parametrize(("model", "goal"), some(ASKED, {*ASKED} - LONGER))
def test_savings_are_what_a_comparison_says(model: str, goal: str) -> None:
    found = archcost.suggest(model, goal=goal, top=3)
    assert found.listed
    for one in found.listed:
        assert one.saves > 0
        changed = archcost.analyze(loads(found.apply(one.number)))
        compared = archcost.compare(found.report, changed)
        for name in FIGURES:
            before, after = (getattr(report.totals, name) for report in (compared.before, compared.after))
            assert before - after == one.saved.of(name)
        assert {*found.report.outputs.values()} == {*changed.outputs.values()}
    savings = [one.saves for one in found.listed]
    assert savings == sorted(savings, reverse=True)


def test_what_is_saved_at_many_places_at_once_is_what_each_saves_alone() -> None:
    found = archcost.suggest("googlenet", boldness="bold")
    assert len(found.found) > 3
    assert found.before.macs - found.plan.after.macs == sum(one.saves for one in found.found)


def test_a_change_of_a_block_is_one_suggestion() -> None:
    found = archcost.suggest("resnet18", only="bottleneck")
    assert [(one.times, one.path) for one in found.found] == [(8, "layer*.*.conv1")]


def test_a_part_is_looked_at_alone() -> None:
    found = archcost.suggest("resnet18", only="bottleneck", at="layer2.1")
    assert [(one.times, one.path) for one in found.found] == [(1, "layer2.1.conv1")]
    text = found.apply(1)
    changed = archcost.analyze(loads(text))
    kept = [layer for layer in found.report.layers if not layer.path.startswith("layer2.1")]
    there = {layer.path: layer for layer in changed.layers}
    assert all(there[layer.path].costs == layer.costs for layer in kept)


# two convolutions of 5×5 over 12·12 positions, and a linear layer over the last of the dims, 12 to 8
WIDE_MACS = 12 * 12 * 32 * 25 * (16 + 32) + 32 * 12 * 12 * 8


@pytest.mark.parametrize(("target", "allowed"), [("50%", WIDE_MACS // 2), ("2.5 M", 2_500_000)])
def test_a_target_is_come_to(target: str, allowed: int) -> None:
    found = archcost.suggest(loads(WIDE), target=target)
    assert found.before.macs == WIDE_MACS
    assert found.target is not None
    assert found.target.allowed == allowed
    assert found.reached
    assert found.plan.after.macs <= allowed
    assert found.exit_code == 0


def test_a_target_out_of_reach_says_how_far_it_gets() -> None:
    found = archcost.suggest(loads(WIDE), target="1%", boldness="gentle")
    assert not found.reached
    assert found.exit_code == 1
    assert found.plan.after.macs < found.before.macs


def test_what_is_bold_is_told_and_taken_only_when_asked_for() -> None:
    told = archcost.suggest("resnet18")
    bold = {one.number for one in told.found if one.boldness.name == "BOLD"}
    assert bold
    assert not any(one.boldness.name == "BOLD" for one in told.plan.suggestions)
    taken = archcost.suggest("resnet18", boldness="bold")
    assert {one.number for one in taken.plan.suggestions} == {one.number for one in taken.found}
    gentle = archcost.suggest("resnet18", boldness="gentle")
    assert not any(one.boldness.name == "BOLD" for one in _all(gentle.found))


def _all(found: tuple[Suggestion, ...]) -> list[Suggestion]:
    return [one for choice in found for one in (choice, *choice.beside)]


def test_alternatives_have_numbers() -> None:
    found = archcost.suggest("inception_naive")
    other = found.found[0].alternatives[0]
    assert other.number.startswith("1")
    changed = archcost.analyze(loads(found.apply([other.number])))
    assert found.before.macs - changed.totals.macs == other.saves


def test_nothing_is_suggested_of_what_is_small() -> None:
    found = archcost.suggest("conv1x1")
    assert found.found == ()
    assert found.exit_code == 0
    assert archcost.suggest("conv1x1", target="50%").exit_code == 1
    with pytest.raises(archcost.UsageError, match="nothing is suggested"):
        found.apply("all")


def test_bounded_work_is_said() -> None:
    from archcost.suggesting.goals import Goal
    from archcost.suggesting.making import suggestions_of

    report = archcost.analyze("googlenet")
    found = suggestions_of(report, Goal("macs"), allowed=1500)
    assert 0 < found.looked.tried < found.looked.found
    assert not found.looked.whole


WRONG = [
    ({"goal": "speed"}, "a goal is one of macs, params, memory"),
    ({"goal": "latency"}, "a latency is that of a device"),
    ({"goal": "latency@nothing"}, "nothing"),
    ({"target": "half"}, "--target"),
    ({"target": "100%"}, "below 100%"),
    ({"target": "5 MiB"}, "--target"),
    ({"only": "redction"}, "there is no rewrite 'redction'"),
    ({"at": "nowhere"}, "no layer or scope 'nowhere'"),
    ({"boldness": "brave"}, "a boldness is one of exact, gentle, bold"),
]


@pytest.mark.parametrize(("asked", "message"), WRONG)
def test_words_that_name_nothing(asked: dict[str, str], message: str) -> None:
    with pytest.raises(archcost.UsageError, match=message):
        archcost.suggest("conv5x5", **asked)  # type: ignore[arg-type]  # words of its options


NUMBERS = [("9", "there is no suggestion 9"), ("1,1b", "both of"), ("", "takes numbers"), ("one", "no suggestion one")]


@pytest.mark.parametrize(("numbers", "message"), NUMBERS)
def test_numbers_that_name_nothing(numbers: str, message: str) -> None:
    with pytest.raises(archcost.UsageError, match=message):
        archcost.suggest("conv5x5").apply(numbers)


def test_the_name_and_the_folder_of_the_text(tmp_path: Path) -> None:
    text = archcost.suggest("conv5x5").apply(1, name="cheaper", folder=str(tmp_path))
    path = tmp_path / "cheaper.yaml"
    path.write_text(text, encoding="utf-8")
    assert archcost.load(path).name == "cheaper"
    assert "arXiv:1409.4842" in text


def test_beside_many_layers_what_saves_most_is_tried_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = "".join([f"  - {{id: l{number}, linear: {900 - number % 7}}}\n" for number in range(150)])
    report = archcost.analyze(loads(f"archcost: 1\nname: deep\ninput: [900]\nlayers:\n{layers}"))
    best = best_by_path(report, "macs")
    monkeypatch.setattr(Trials, "tried", None)  # so that a further trial would fail
    monkeypatch.setattr(Trials, "whole", None)
    assert 0 < len(best) < len(report.layers)
    assert [one for one in best.values() if not one.is_tried or one.saves <= 0] == []
    of_most = max(report.layers, key=lambda layer: layer.macs or 0)
    assert of_most.path in best
