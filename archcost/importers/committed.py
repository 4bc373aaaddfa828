"""Whether a model still gives a spec that was written before, and was perhaps laid out anew by hand since."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from archcost.settings import THE_ONLY, InputShape

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.graph.model import Node


def first_difference(before: Report, after: Report) -> str:
    """The path of the first layer that is not the same in both; empty if the models are.

    Same are layers of one path and op, on the same values, with the same shapes; how the text says it does not matter.
    """
    for old, new in zip_longest(before.graph.nodes, after.graph.nodes):
        if old is None or new is None or _said(old) != _said(new):
            return str((new or old).path)
    graphs = (before.graph, after.graph)
    ends = [(each.inputs, each.outputs) for each in graphs]
    return "" if ends[0] == ends[1] else "its inputs and outputs"


def _said(node: Node) -> tuple[object, ...]:
    return (node.path, node.op, node.inputs, [tensor.shape for tensor in node.outputs], node.weights_of)


def inputs_of(report: Report) -> dict[str, InputShape]:
    """What a spec takes, as it is asked of a model: without the batch, also where it was recorded at one alone."""
    given = {}
    for name, tensor in report.graph.inputs.items():
        key = THE_ONLY if name == "input" else name
        given[key] = InputShape(tensor.shape[1:], tensor.dtype)
    return given
