"""Meta and fake tensors stand in for numbers on a CPU: every tool says the same, on models with every kind of op.

The models are small settings of the zoo's own specs (``tests/small_models.py``), so that a run with numbers takes no
time; at full size ``test_zoo_against_tools.py`` runs the tools without numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import archcost
from archcost import model_zoo as zoo
from archcost.conventions import TOOLS, convention
from archcost.conventions.tool_report import read
from archcost.pytorch.module import Network, example_inputs
from tests.conventions import networks, peers
from tests.cover import Structure, covering
from tests.small_models import SMALL, small_report

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest


def stand_ins(config: pytest.Config) -> tuple[str, ...]:
    """Of these models as many as have every kind of op that any has, or all under ``--all``.

    In single layers the tools run on a CPU anyway (``test_rules_against_tools.py``).
    """
    if config.getoption("--all"):
        return tuple(SMALL)
    reports = {name: small_report(name) for name in SMALL}
    models = {
        name: Structure(frozenset([layer.op for layer in report.layers]), report.totals.macs)
        for name, report in reports.items()
    }
    return covering(models)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stand_in" in metafunc.fixturenames:
        metafunc.parametrize("stand_in", stand_ins(metafunc.config))


def test_every_family_is_there() -> None:
    assert {archcost.load(name).family for name in SMALL} == {archcost.load(name).family for name in zoo.names()}


def test_every_kind_of_op_is_run(pytestconfig: pytest.Config) -> None:
    assert kinds(stand_ins(pytestconfig)) == kinds(SMALL)


def kinds(names: Iterable[str]) -> set[str]:
    """Every kind of op in some of the models."""
    return {layer.op for name in names for layer in small_report(name).layers}


def test_tools_agree_on_a_cpu_and_without_numbers(stand_in: str) -> None:
    report = small_report(stand_in)
    network, inputs = Network(report.graph), example_inputs(report.graph)
    on_cpu = {tool: peers.run(tool, network, inputs).total for tool in TOOLS}
    without = networks.run_all(networks.built_model(report), networks.inputs_of(report), TOOLS)
    assert {tool: seen.total for tool, seen in without.items()} == on_cpu
    assert {tool: read(report, convention(tool)).total for tool in TOOLS} == on_cpu
