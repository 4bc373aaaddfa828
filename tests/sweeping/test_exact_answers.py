"""Exact answers against a listing of all designs, of random small spaces."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.sweeping.exact.bounds import FigureBound
from archcost.sweeping.exact.budgets import BudgetCounts
from archcost.sweeping.exact.counting import count, distribution
from archcost.sweeping.exact.effort import Effort
from archcost.sweeping.exact.fronts import best, front
from archcost.sweeping.exact.sampling import UniformRanks, sample
from archcost.sweeping.exact.several import count_within
from tests.profiles import examples
from tests.sweeping.small_sums import METRICS, listing, sizes, spaces, working_with


@st.composite
def questions(draw, most_bounds=1):
    """A space, what listing it says, and bounds near its figures."""
    tables, conditions = draw(spaces())
    listed = listing(tables, conditions)
    bounds = []
    for metric in draw(st.lists(st.sampled_from(METRICS), unique=True, max_size=most_bounds)):
        figures = sorted({figures[metric] for figures in listed.designs.values()} | {0})
        near = st.none() | st.builds(int.__add__, st.sampled_from(figures), st.sampled_from((-1, 0, 1, 2**66)))
        bounds.append(FigureBound(metric, draw(near), draw(near)))
    return tables, conditions, listed, bounds


@settings(max_examples=examples(100))
@given(questions(), sizes)
def test_counts(question, chosen):
    tables, conditions, listed, bounds = question
    with working_with(chosen):
        assert count(tables, bounds, conditions) == len(listed.within(bounds))


@settings(max_examples=examples(100))
@given(questions(most_bounds=3), sizes)
def test_counts_within_several_budgets(question, chosen):
    tables, conditions, listed, bounds = question
    with working_with(chosen):
        assert count_within(tables, bounds, conditions) == len(listed.within(bounds))


@settings(max_examples=examples(60))
@given(questions(), sizes, st.sampled_from(METRICS), st.integers(1, 7))
def test_distributions(question, chosen, metric, bins):
    tables, conditions, listed, _ = question
    with working_with(chosen):
        found = distribution(tables, metric, bins, conditions)
    figures = [figures[metric] for figures in listed.designs.values()]
    if not figures:
        assert found is None
        return
    *edges, last = found.edges
    assert (edges[0], last) == (min(figures), max(figures))
    ends = [*edges[1:], last + 1]
    assert list(found.counts) == [
        sum(low <= figure < high for figure in figures) for low, high in zip(edges, ends, strict=True)
    ]


@settings(max_examples=examples(100))
@given(questions(), sizes)
def test_every_rank_is_another_design_and_every_design_has_one(question, chosen):
    """A uniform rank is a uniform design: ranks and designs correspond one to one."""
    tables, conditions, listed, bounds = question
    bound = bounds[0] if bounds else FigureBound("a")
    with working_with(chosen):
        counts = BudgetCounts(tables, tables.metrics[bound.metric], conditions)
        total = counts.count(bound.low, bound.high)
        designs = counts.designs(np.arange(total), bound.low, bound.high)
    assert sorted(map(tuple, designs.tolist())) == sorted(listed.within([bound]))


@settings(max_examples=examples(40))
@given(questions(most_bounds=2), sizes, st.integers(0, 40), st.integers(0, 5))
def test_samples_are_of_what_meets_the_bounds_and_of_a_seed(question, chosen, number, seed):
    tables, conditions, listed, bounds = question
    meeting = listed.within(bounds)
    with working_with(chosen):
        found = sample(tables, number, seed, bounds, conditions) if meeting else np.zeros((0, 0))
        again = sample(tables, number, seed, bounds, conditions) if meeting else found
    assert len(found) == (number if meeting else 0)
    assert set(map(tuple, found.tolist())) <= set(meeting)
    assert (found == again).all()


objectives = st.lists(st.tuples(st.sampled_from(METRICS), st.sampled_from(("min", "max"))), min_size=1, max_size=3)


def signed(figures, asked):
    return tuple(figures[metric] * (1 if sense == "min" else -1) for metric, sense in asked)


@settings(max_examples=examples(200))
@given(questions(most_bounds=2), sizes, objectives)
def test_fronts(question, chosen, asked):
    tables, conditions, listed, bounds = question
    with working_with(chosen):
        found = front(tables, asked, bounds, conditions)
    meeting = listed.within(bounds)
    costs = {design: signed(figures, asked) for design, figures in meeting.items()}
    undominated = {
        cost
        for cost in costs.values()
        if not any(other != cost and all(map(int.__le__, other, cost)) for other in costs.values())
    }
    assert [costs[design.indices] for design in found] == sorted(undominated)
    for design in found:
        assert dict(design.figures).items() <= meeting[design.indices].items()
        if {bound.metric for bound in bounds} <= {metric for metric, _ in asked}:
            assert design.sharing == list(costs.values()).count(costs[design.indices])
        else:
            assert design.sharing is None


@settings(max_examples=examples(100))
@given(questions(most_bounds=2), sizes, st.sampled_from(METRICS), st.sampled_from(("min", "max")))
def test_best(question, chosen, metric, sense):
    tables, conditions, listed, bounds = question
    with working_with(chosen):
        found = best(tables, metric, sense, bounds, conditions, Effort())
    meeting = listed.within(bounds)
    if not meeting:
        assert found is None
        return
    figures = [figures[metric] for figures in meeting.values()]
    assert meeting[found.indices][metric] == found.figures[metric] == (min if sense == "min" else max)(figures)


def test_ranks_are_uniform_words():
    """The top bits of Philox's words, those that are too great left out."""
    words = np.random.Philox(np.random.SeedSequence(3)).random_raw(100)
    expected = [int(word) >> 61 for word in words.tolist()]
    assert UniformRanks(3).draw(20, 5).tolist() == [rank for rank in expected if rank < 5][:20]


def test_ranks_beyond_int64():
    words = np.random.Philox(np.random.SeedSequence((1, 2))).random_raw(4).tolist()
    expected = [((words[0] << 64) + words[1]) >> 28, ((words[2] << 64) + words[3]) >> 28]  # 100 bits of 128
    assert UniformRanks((1, 2)).draw(2, 2**100).tolist() == expected
    assert UniformRanks(0).draw(3, 1).tolist() == [0, 0, 0]
