"""Budgets inside of a test suite: `pytest` here, or `pytest --archcost ../ci/specs` for a test a spec."""


def test_the_models_stay_within_their_budgets(archcost_budget):
    archcost_budget("../ci/specs/doorbell.yaml", "../ci/specs/keyword.yaml")


def test_half_the_width_is_enough(archcost_budget):
    archcost_budget("net.yaml", width=0.5)
