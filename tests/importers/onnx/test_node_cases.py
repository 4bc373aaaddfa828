"""The cases that onnx has for every operator in every version: the shapes of results are those of its own reference."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper
from onnx.backend.test.case.node import collect_testcases

from archcost.errors import UsageError
from archcost.importers.form import shape_at
from archcost.importers.onnx.reader import read_model
from archcost.importers.onnx.rules import RULES

_NARROW = ("FLOAT8", "FLOAT4", "INT4", "UINT4", "INT2")  # for which the reference has no arrays
# Whose cases give the input as it is, give more outputs than the op has, or slopes for each element.
_NOT_IN_CASES = {"SimplifiedLayerNormalization", "ConvInteger", "QLinearConv"} | {
    *("Dropout", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "LayerNormalization", "PRelu"),
}


@pytest.fixture(scope="module")
def cases() -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of the reference's own arithmetic
        found: list[Any] = collect_testcases(None)
    return found


def test_results_have_the_shapes_of_the_reference(cases: list[Any]) -> None:
    verdicts, _ = _held(cases)
    assert verdicts["said"] > 700, verdicts


def test_with_stored_arguments_all_rules_give_the_shapes_of_the_reference(cases: list[Any]) -> None:
    # Axes, bounds and weights are inputs in the cases; models store them.
    for case in cases:
        _store(case)
    verdicts, said = _held(cases)
    assert verdicts["said"] > 900, verdicts
    assert RULES.keys() - said <= _NOT_IN_CASES


def _held(cases: list[Any]) -> tuple[Counter[str], set[str]]:
    verdicts: Counter[str] = Counter()
    said: set[str] = set()
    for case in cases:
        try:
            form = read_model(case.model.SerializeToString(), "case.onnx", "case", {})
        except UsageError:
            verdicts["refused"] += 1
            continue
        customs = any(step.kind == "custom" for step in form.steps)
        verdicts["custom" if customs else "said"] += 1
        if not customs:
            said.update(node.op_type for node in case.model.graph.node)
        expected = _shapes(case)
        if expected and not any(name in case.name for name in _NARROW):
            assert [shape_at(form.shape(value), 1) for value in form.outputs] == expected, case.name
    return verdicts, said


def _store(case: Any) -> None:
    """Store all inputs but the first, with the numbers of the case."""
    graph, given = case.model.graph, case.data_sets[0][0] if case.data_sets else []
    if len(given) != len(graph.input) or not all(isinstance(each, (np.ndarray, np.generic)) for each in given):
        return
    for value, array in list(zip(graph.input, given, strict=True))[1:]:
        stored = numpy_helper.from_array(np.asarray(array), value.name)
        if stored.data_type == value.type.tensor_type.elem_type:
            graph.initializer.append(stored)
            graph.input.remove(value)


def _shapes(case: Any) -> list[tuple[int, ...]]:
    """The shapes of the results of a case; none where one is no tensor."""
    results = case.data_sets[0][1] if case.data_sets else []
    if any(isinstance(result, (list, tuple)) or result is None for result in results):
        return []
    shapes = [np.asarray(result).shape for result in results]
    return [] if any(0 in shape for shape in shapes) else shapes  # specs have no empty tensors
