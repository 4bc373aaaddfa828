"""A model becomes a text: in blocks where these are proven, flat otherwise, and never a wrong one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.analysis.expectations import deviations
from archcost.analysis.report import analyze, check
from archcost.errors import UsageError
from archcost.importers import folding
from archcost.importers.form import Batched, Truth
from archcost.importers.imported import import_text
from archcost.spec.loader import loads
from archcost.spec.source_calls import SourceCall
from tests.importers.graph_models import model_of
from tests.importers.idioms.building import Building

if TYPE_CHECKING:
    from archcost.importers.draft import Draft
    from archcost.importers.form import Form


def recorded(name: str) -> Form:
    return model_of(archcost.load(name))


def two_layers() -> Form:
    """8·4 + 4 and 4·2 + 2 params; 8·4 + 4·2 MACs for each sample."""
    build = Building(8)
    build.step("linear", build.x, out_features=4, called="first")
    return build.done(build.step("linear", 1, out_features=2, called="second"))


@pytest.mark.parametrize("name", ["resnet50", "vit_b_16", "swin_t", "densenet121"])
def test_a_spec_says_what_it_must_meet_and_meets_it(name: str) -> None:
    model = recorded(name)
    imported = import_text(model)
    spec = loads(imported.text)
    report = analyze(spec)
    assert imported.unfolded == ""
    assert deviations(report) == []
    assert {metric: figure.source for metric, figure in spec.expect[""].figures.items()} == {
        "params": "as imported",
        "macs": "as imported",
    }
    assert spec.expect[""].output == next(iter(report.outputs.values()))
    assert check(spec) == ()
    assert spec.source == model.source


def test_an_import_is_the_same_each_time_and_leaves_the_model_alone() -> None:
    model = recorded("swin_t")
    before = repr(model)
    assert import_text(model) == import_text(model)
    assert repr(model) == before


def test_flat_on_request_is_no_reason_to_explain() -> None:
    imported = import_text(two_layers(), flat=True)
    assert imported.text.partition("layers:\n")[2] == (
        "  - {id: first, linear: 4}\n"
        "  - {id: second, linear: 2}\n"
        "expect: {output: [1, 2], params: 46, macs: 40, source: as imported}\n"
    )
    assert imported.unfolded == ""


def test_blocks_that_would_say_another_model_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(model: Form) -> Draft:
        return replace(right(model), layers=right(model).layers[:1])

    right = folding.fold
    monkeypatch.setattr(folding, "fold", wrong)
    imported = import_text(two_layers())
    assert "second" in imported.text
    assert imported.unfolded == (
        "Written without blocks, since these would say another model: params: archcost gives 36, the model has 46."
    )


def test_what_blocks_cannot_say_is_written_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: Form) -> Draft:
        raise folding.UnfoldableError("two streams cross")

    monkeypatch.setattr(folding, "fold", refuses)
    assert import_text(two_layers()).unfolded == (
        "Written without blocks, which cannot say this model: two streams cross."
    )


def test_a_model_that_archcost_counts_otherwise_is_refused_with_both_figures() -> None:
    model = two_layers()
    model.truth = Truth(46, Batched(39))
    with pytest.raises(UsageError, match="MACs: archcost gives 40, the model has 39") as refusal:
        import_text(model)
    assert "nothing is written" in refusal.value.help


def test_a_model_without_steps_is_refused() -> None:
    build = Building(8)
    with pytest.raises(UsageError, match="computes nothing"):
        import_text(build.done(build.x))


def test_what_is_not_proven_is_said_in_the_text() -> None:
    model = two_layers()
    model.remarks = ["Recorded on the CPU."]
    model.truth = Truth(46, 0, ("linear",))
    imported = import_text(model)
    gap = "The source's counter does not see all products of linear: 40 MACs are archcost's own count."
    assert imported.remarks == ("Recorded on the CPU.", gap)
    assert imported.text.startswith(f"# Recorded on the CPU.\n# {gap}\narchcost: 1\n")
    assert imported.text.endswith("params: 46, macs: 40, source: as imported}\n")


def test_unknown_macs_are_not_expected() -> None:
    build = Building(8)
    model = build.done(build.step("custom", build.x, name="fft", output=(Batched(1), 8)))
    model.truth.macs = 0
    imported = import_text(model)
    assert imported.text.endswith("expect: {output: [1, 8], params: 0, source: as imported}\n")
    assert imported.remarks == (
        "MACs are unknown for 1 layer that archcost has no op for (fft): the total is a lower bound.",
    )


def test_calls_have_the_paths_of_the_spec() -> None:
    model = two_layers()
    first, _ = [step for step in model.steps if step.tensors]
    first.call = SourceCall(
        "torch.nn.functional.linear", "torch.nn.modules.linear.Linear", "weight bias", "1n+0 0n+4", "nets.Net"
    )
    assert import_text(model).calls == {"first": first.call}
