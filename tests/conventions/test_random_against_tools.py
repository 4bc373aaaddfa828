"""Random graphs from the op registry under every convention, against the tools themselves."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, assume, given, settings

import archcost
from archcost.conventions import TOOLS, convention
from archcost.conventions.differences import explain
from archcost.conventions.tool_report import read
from archcost.pytorch.module import Network, example_inputs
from tests.conventions import peers
from tests.profiles import examples
from tests.pytorch.support import document
from tests.pytorch.test_random_graphs import layers

if TYPE_CHECKING:
    from archcost.analysis.report import Layer


def attends_to_one_feature(layer: Layer) -> bool:
    """Attention over a last dim of size 1, whose stride, which picks the kernel, may be anything."""
    return layer.op == "scaled_dot_product_attention" and layer.output[0][-1] == 1


@settings(max_examples=examples(60, usual=25), suppress_health_check=list(HealthCheck))
@given(layers())
def test_tools_agree_on_random_graphs(parts: dict[str, Any]) -> None:
    if not parts["layers"]:
        return
    report = archcost.analyze(document(parts))
    assume(not any(map(attends_to_one_feature, report.layers)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network, inputs = Network(report.graph), example_inputs(report.graph)
    for tool in TOOLS:
        reading = read(report, convention(tool))
        assert peers.run(tool, network, inputs).total == reading.total, tool
        explanation = explain(reading)
        assert explanation.base + sum(each.difference for each in explanation.differences) == reading.sum
