"""The cases that onnx has for every operator in every version: the shapes of results are those of its own reference."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
from onnx.backend.test.case.node import collect_testcases

from archcost.errors import UsageError
from archcost.importers.form import shape_at
from archcost.importers.onnx.reader import read_model
from archcost.importers.onnx.rules import RULES

# Operators without a rule that the cases show; all else is said in ops, or refused with a reason.
_NARROW = ("FLOAT8", "FLOAT4", "INT4", "INT2")  # numbers for which the reference has no numpy arrays


def test_no_operator_has_another_shape_than_the_reference() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of the reference's own arithmetic
        cases = collect_testcases(None)
    verdicts: Counter[str] = Counter()
    said: set[str] = set()
    for case in cases:
        try:
            form = read_model(case.model.SerializeToString(), "case.onnx", "case", {})
        except UsageError as refusal:
            assert refusal.message
            verdicts["refused"] += 1
            continue
        kinds = {step.kind for step in form.steps}
        verdicts["custom" if "custom" in kinds else "said"] += 1
        if "custom" not in kinds:
            said.update(node.op_type for node in case.model.graph.node)
        expected = _shapes(case)
        if expected and not any(name in case.name for name in _NARROW):
            assert [shape_at(form.shape(value), 1) for value in form.outputs] == expected, case.name
    assert verdicts["said"] > 700, verdicts
    never = {operator for operator in RULES if operator not in said}
    assert never <= _NOT_IN_CASES | _ONLY_AMONG_KNOWN, never - _NOT_IN_CASES - _ONLY_AMONG_KNOWN


_NOT_IN_CASES = {"SimplifiedLayerNormalization", "QLinearConv", "QLinearMatMul"}
_ONLY_AMONG_KNOWN: set[str] = set()


def _shapes(case: Any) -> list[tuple[int, ...]]:
    """The shapes of the results of a case; none where one is no tensor."""
    results = case.data_sets[0][1] if case.data_sets else []
    if any(isinstance(result, (list, tuple)) or result is None for result in results):
        return []
    return [np.asarray(result).shape for result in results]
