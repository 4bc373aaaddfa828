"""Cases and small specs as reports, for the tests that build them in PyTorch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import archcost
from archcost.ops import REGISTRY
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.graph.model import Graph
    from archcost.spec.model import Spec
    from tests.ops.cases import Case

RECURRENT = ("gru", "lstm", "rnn")  # what fvcore does not cover


def case_spec(case: Case) -> Spec:
    """A spec of one layer."""
    dtypes = case.dtypes or ("float32",) * len(case.input_shapes)
    inputs = {
        f"x{index}": {"shape": list(shape), "dtype": dtype, "batch": False}
        for index, (shape, dtype) in enumerate(zip(case.input_shapes, dtypes, strict=True))
    }
    step = {case.kind: case.attributes, "id": "layer", "from": list(inputs)}
    outputs = ["layer"] if REGISTRY[case.kind].main_output else ["layer.0"]
    return document({"inputs": inputs, "layers": [step], "outputs": outputs})


def document(parts: dict[str, Any]) -> Spec:
    """A spec from its parts: JSON is YAML."""
    return loads(json.dumps({"archcost": 1, "name": "spec", **parts}))


REPORTS: dict[str, Report] = {}


def report_of(case: Case) -> Report:
    """Its report. It is for reading: it is made once in a session."""
    key = repr(case)
    if key not in REPORTS:
        REPORTS[key] = archcost.analyze(case_spec(case))
    return REPORTS[key]


def everything(graph: Graph) -> Graph:
    """The graph with every output of its last node as an output of the model."""
    last = graph.nodes[-1]
    return graph._replace(outputs=tuple(range(last.first_value, last.first_value + len(last.outputs))))
