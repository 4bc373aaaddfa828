"""Meta and fake tensors stand in for numbers on a CPU: every tool says the same, of a model of each family.

The models are small settings of the zoo's own specs (``tests/small_models.py``), so that a run with numbers takes no
time; at full size ``test_zoo_against_tools.py`` runs the tools without numbers.
"""

from __future__ import annotations

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.conventions import TOOLS, convention
from archcost.conventions.tool_report import read
from archcost.pytorch.module import Network, example_inputs
from tests.conventions import networks, peers
from tests.cover import some
from tests.small_models import SMALL, small_report

QUICK = (  # those of the small models that run without --all
    "bart",
    "chinchilla_44m",
    "dpn98",
    "mamba_130m",
    "tcn",
    "unet",
)


def test_every_family_is_there() -> None:
    assert {archcost.load(name).family for name in SMALL} == {archcost.load(name).family for name in zoo.names()}


@pytest.mark.parametrize("name", some(SMALL, QUICK))
def test_tools_agree_on_a_cpu_and_without_numbers(name: str) -> None:
    """In single layers the tools run on a CPU anyway (``test_rules_against_tools.py``)."""
    report = small_report(name)
    network, inputs = Network(report.graph), example_inputs(report.graph)
    on_cpu = {tool: peers.run(tool, network, inputs).total for tool in TOOLS}
    without = networks.run_all(networks.built_model(report), networks.inputs_of(report), TOOLS)
    assert {tool: seen.total for tool, seen in without.items()} == on_cpu
    assert {tool: read(report, convention(tool)).total for tool in TOOLS} == on_cpu
