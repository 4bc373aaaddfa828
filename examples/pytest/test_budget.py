"""Budgets inside of a test suite: `pytest` here.

A test for each spec, without any code: `pytest -p archcost.pytest_plugin --archcost specs` here.
"""


def test_the_models_stay_within_their_budgets(archcost_budget):
    archcost_budget()  # all that archcost.toml lists


def test_half_the_width_does_as_well(archcost_budget):
    archcost_budget("specs/net.yaml", width=0.5)
