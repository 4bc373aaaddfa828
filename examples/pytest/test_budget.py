"""Budgets inside of a test suite: `pytest` here.

A test for each spec, without any code: `pytest -p archcost.pytest_plugin --archcost specs` in ../ci.
"""


def test_the_models_stay_within_their_budgets(archcost_budget):
    archcost_budget("../ci/specs/doorbell.yaml", "../ci/specs/keyword.yaml")


def test_half_the_width_is_enough(archcost_budget):
    archcost_budget("net.yaml", width=0.5)
