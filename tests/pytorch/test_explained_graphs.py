"""Random graphs explained: every formula gives the engine's figure, in every format."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

import archcost
from archcost.explaining.data import explanation_data
from archcost.explaining.layer import explain_layer
from archcost.explaining.overview import explain_model
from archcost.explaining.overview_data import story_data
from archcost.render.explanation import ExplanationDocument, StoryDocument
from archcost.render.printers import latex, markdown, sheet, tree
from tests.explain.printed import on_terminal
from tests.explain.test_formulas import evaluated
from tests.profiles import examples
from tests.pytorch.support import document
from tests.pytorch.test_random_graphs import layers


@settings(
    max_examples=examples(60, usual=25),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(layers())
def test_random_graphs_are_explained(parts: dict[str, Any]) -> None:
    if not parts["layers"]:
        return
    report = archcost.analyze(document(parts))
    for index, layer in enumerate(report.layers):
        explanation = explain_layer(report, index)
        for equation in explanation.equations:
            if equation.figure != "intensity":
                assert equation.formula is not None
                assert equation.formula.value == equation.value
                assert evaluated(equation.formula.text(numbers=True)) == equation.value
        shown = ExplanationDocument(explanation)
        assert on_terminal(shown, 60).startswith(layer.path)
        assert all(printer.text(shown, None) for printer in (markdown, latex, tree, sheet))
        assert json.loads(json.dumps(explanation_data(explanation)))["path"] == layer.path
    story = explain_model(report)
    assert on_terminal(StoryDocument(story), 60)
    assert all(printer.text(StoryDocument(story), None) for printer in (markdown, latex, tree, sheet))
    assert json.loads(json.dumps(story_data(story)))["totals"]["macs"] == report.totals.macs
