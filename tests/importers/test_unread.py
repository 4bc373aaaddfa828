"""What nobody reads is named so that a spec has no warning, and everything else keeps its name."""

from __future__ import annotations

from archcost.analysis.report import check
from archcost.importers.flat import flat
from archcost.importers.imported import import_text
from archcost.importers.unread import marked
from archcost.importers.writing import NO_FIGURES, write
from archcost.spec.loader import loads
from tests.importers.idioms.building import Building


def test_a_step_that_nobody_reads() -> None:
    """The gain of a convolution is a parameter that takes part in no layer of its own."""
    build = Building(8)
    build.within("conv", "ScaledConv")
    build.step("parameter", shape=(8,), called="gain")
    model = build.done(build.step("linear", build.x, out_features=4))
    new = marked(model)
    assert [new.path_of(step) for step in new.steps] == ["conv._gain", "conv.linear"]
    assert [model.path_of(step) for step in model.steps] == ["conv.gain", "conv.linear"]
    for flatly in (False, True):
        assert check(loads(import_text(model, flat=flatly).text)) == ()


def test_a_module_that_nobody_reads() -> None:
    """It is the outermost one that has the mark; steps in it that are read by others of it have none."""
    build = Building(8)
    body = build.step("linear", build.x, out_features=4)
    outer = build.within("aux", "Head")
    build.within("classifier", "Classifier", outer)
    build.step("relu", build.step("linear", body, out_features=2))
    build.scope = 0
    model = build.done(build.step("relu", body))
    new = marked(model)
    assert [new.path_of(step) for step in new.steps] == [
        "linear",
        "_aux.classifier.linear",
        "_aux.classifier.relu",
        "relu",
    ]
    assert [step.id for step in flat(new).layers] == [None, "_aux_classifier_linear", "_aux_classifier_relu", None]
    assert check(loads(write(new, flat(new), NO_FIGURES))) == ()
    assert check(loads(import_text(model).text)) == ()


def test_a_model_of_which_all_is_read_is_left_alone() -> None:
    build = Building(8)
    model = build.done(build.step("relu", build.x))
    assert marked(model) is model
