"""Exact answers against a listing of all designs, of random small spaces."""

from __future__ import annotations

from contextlib import suppress
from itertools import accumulate, product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archcost.sweeping.exact import free_draws, rounded_draws
from archcost.sweeping.exact.bounds import FigureBound
from archcost.sweeping.exact.budgets import BudgetCounts
from archcost.sweeping.exact.counting import count, distribution
from archcost.sweeping.exact.effort import SolvingEffort
from archcost.sweeping.exact.fronts import best, front
from archcost.sweeping.exact.sampling import sample
from archcost.sweeping.exact.several import count_within
from archcost.sweeping.exact.words import UniformWords, WeightEnds
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


@settings(max_examples=examples(100, usual=25))
@given(questions(), sizes)
def test_counts(question, chosen):
    tables, conditions, listed, bounds = question
    with working_with(chosen):
        assert count(tables, bounds, conditions) == len(listed.within(bounds))


@settings(max_examples=examples(100, usual=25))
@given(questions(most_bounds=3), sizes)
def test_counts_within_several_budgets(question, chosen):
    tables, conditions, listed, bounds = question
    with working_with(chosen):
        assert count_within(tables, bounds, conditions) == len(listed.within(bounds))


@settings(max_examples=examples(60, usual=25))
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


@settings(max_examples=examples(100, usual=25))
@given(questions(), sizes)
def test_every_way_to_draw_is_another_design_and_every_design_has_one(question, chosen):
    """What is drawn uniformly, a figure of one half and a rank in each, corresponds one to one to the designs."""
    tables, conditions, listed, bounds = question
    bound = bounds[0] if bounds else FigureBound("a")
    found = []
    with working_with(chosen):
        counts = BudgetCounts(tables, tables.metrics[bound.metric], conditions)
        for number, window in counts.windows(bound.low, bound.high):
            ways = [
                (place, rank, other)
                for place, (ranks, others) in enumerate(zip(window.halves.first.counts, window.shares, strict=True))
                for rank, other in product(range(ranks), range(others))
            ]
            assert len(ways) == window.ends.total
            designs = window.designs(*(np.array(column) for column in zip(*ways, strict=True)))
            for design in designs.tolist():
                named = {**dict(zip(window.halves.axes, design, strict=True)), **dict(counts.fixed(number))}
                found.append(tuple(named[axis] for axis in sorted(named)))
    assert sorted(found) == sorted(listed.within([bound]))


class EveryWord:
    """Stands for a stream of words: gives each first number once for each of the ways to go on, and these in turn."""

    def __init__(self, ways: int) -> None:
        self._ways = ways
        self._is_first = True

    def weighted(self, ends, number):
        assert len(ends.sums) == 1
        return np.zeros(number, dtype=np.intp)

    def below(self, limit, number):
        first, self._is_first = self._is_first, False
        if first:
            assert number == limit * self._ways
            return np.repeat(np.arange(limit), self._ways)
        assert limit == self._ways
        return np.tile(np.arange(limit), number // limit)


@settings(max_examples=examples(150, usual=35))
@given(questions(), st.sampled_from((1, 2, 36)), st.sampled_from((1, 3, 512)), st.sampled_from((1, 4, 1 << 15)))
def test_every_way_to_draw_from_rounded_sums_is_another_design(question, weight_bits, sums, listed_at_most):
    """All numbers that a draw may begin with give each design within the bounds once, and others not at all.

    With weights of few bits some are given up. Of three parts and more, whose last bits depend on each other, two with
    such bits are left out: their chances are the same product.
    """
    tables, conditions, listed, bounds = question
    bound = bounds[0] if bounds else FigureBound("a")
    with (
        patch.object(rounded_draws, "WEIGHT_BITS", weight_bits),
        patch.object(rounded_draws, "SUMS", sums),
        patch.object(rounded_draws, "MAX_PACKED", listed_at_most),
        patch.object(rounded_draws, "LEAST_SHARE", 10**9),
        suppress(rounded_draws.TooRoundError),
    ):
        counts = BudgetCounts(tables, tables.metrics[bound.metric], conditions)
        draws = rounded_draws.RoundedDraws(counts, bound.low, bound.high)
        assert draws.among >= len(listed.within([bound]))
        found = []
        for branch in draws._branches:
            bits = [table.bits for table in branch._tables]
            if len([one for one in bits if one]) > 1 or branch.weight > 10**5:
                return
            words = EveryWord(1 << sum(bits))
            designs, kept = branch.draw(branch.weight, words)
            indices = np.full((int(kept.sum()), len(tables.space.lengths)), -1, dtype=np.int32)
            branch.fill(indices, slice(None), designs[:, kept])
            found += map(tuple, indices.tolist())
        assert sorted(found) == sorted(listed.within([bound]))


@settings(max_examples=examples(100, usual=25))
@given(questions(most_bounds=0), st.sampled_from((0, 3, 50)))
def test_parts_that_are_drawn_by_themselves_hold_every_design_once(question, listed_at_most):
    """Weights included: each index of an axis that is drawn first has as many designs as its parts make."""
    tables, conditions, listed, _ = question
    with patch.object(free_draws, "MAX_LISTED", listed_at_most):
        draws = free_draws.FreeDraws(tables, conditions)

    def designs(parts):
        for chosen in product(*map(one_part, parts)):
            yield dict(item for each in chosen for item in each.items())

    def one_part(part):
        if isinstance(part, free_draws.DesignList):
            return [dict(zip(part.axes, column, strict=True)) for column in part.columns.T.tolist()]
        found, ends = [], []
        for index, branch in zip(part.indices, part.branches, strict=True):
            found += [{part.axis: index, **design} for design in designs(branch)]
            ends.append(len(found))
        assert part.ends.sums.tolist() == ends
        return found

    found = [tuple(design[axis] for axis in sorted(design)) for design in designs(draws.parts)]
    assert sorted(found) == sorted(listed.within([]))
    assert draws.among == len(found)


@settings(max_examples=examples(40, usual=25))
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


@settings(max_examples=examples(200, usual=40))
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


@settings(max_examples=examples(100, usual=25))
@given(questions(most_bounds=2), sizes, st.sampled_from(METRICS), st.sampled_from(("min", "max")))
def test_best(question, chosen, metric, sense):
    tables, conditions, listed, bounds = question
    with working_with(chosen):
        found = best(tables, metric, sense, bounds, conditions, SolvingEffort())
    meeting = listed.within(bounds)
    if not meeting:
        assert found is None
        return
    figures = [figures[metric] for figures in meeting.values()]
    assert meeting[found.indices][metric] == found.figures[metric] == (min if sense == "min" else max)(figures)


def words_of(seed, number):
    return np.random.Philox(np.random.SeedSequence(seed)).random_raw(number).tolist()


def test_draws_below_a_limit_are_words():
    """The top bits of Philox's words, those that are too great left out."""
    expected = [word >> 61 for word in words_of(3, 100)]
    assert UniformWords(3).below(5, 20).tolist() == [drawn for drawn in expected if drawn < 5][:20]


def test_draws_below_a_limit_beyond_int64():
    words = words_of((1, 2), 4)
    expected = [((words[0] << 64) + words[1]) >> 28, ((words[2] << 64) + words[3]) >> 28]  # 100 bits of 128
    assert UniformWords((1, 2)).below(2**100, 2).tolist() == expected
    assert UniformWords(0).below(1, 3).tolist() == [0, 0, 0]


def test_draws_below_a_limit_each():
    """The low bits of words, until they are below: 3 bits for 5, none for 1; Python ints one after the other."""
    limits = [5, 1, 2**62, 8] * 50
    found = UniformWords(3).below_each(np.array(limits)).tolist()
    words, left, expected = iter(words_of(3, 1000)), [row for row in range(200) if limits[row] > 1], [0] * 200
    while left:
        drawn = {row: next(words) % (1 << (limits[row] - 1).bit_length()) for row in left}
        expected = [drawn.get(row, expected[row]) for row in range(200)]
        left = [row for row in left if drawn[row] >= limits[row]]
    assert found == expected
    big = UniformWords(3).below_each(np.array([2**70, 3], dtype=object)).tolist()
    again = UniformWords(3)
    assert big == [again.below(2**70, 1)[0], again.below(3, 1)[0]]


@pytest.mark.parametrize("weights", [[1, 2, 3], [0, 5, 0], [2**70, 1, 2**71], [7]])
def test_places_by_weights_are_where_a_real_number_falls(weights):
    """u = word / 2^64: the first place whose end is above it."""
    sums = list(accumulate(weights))
    found = UniformWords(9).weighted(WeightEnds(np.array(sums, dtype=object)), 200).tolist()
    if len(weights) > 1:
        expected = [next(i for i, end in enumerate(sums) if word * sums[-1] < end << 64) for word in words_of(9, 200)]
    else:
        expected = [0] * 200
    assert found == expected


class Words:
    """Given words, in place of Philox."""

    def __init__(self, *words):
        self._words = list(words)

    def random_raw(self, size=None):
        taken = [self._words.pop(0) for _ in range(size or 1)]
        return np.array(taken, dtype=np.uint64) if size else taken[0]


def test_a_word_that_leaves_the_place_open_is_followed_by_others():
    """⅓ is 0x5555… without an end: a second word like it leaves it open again, one below or above does not."""
    third = 0x5555_5555_5555_5555
    ends = WeightEnds(np.array([1, 3]))
    for words, place in [
        ((third - 1,), 0),
        ((third + 1,), 1),
        ((third, third - 1), 0),
        ((third, third + 1), 1),
        ((third, third, third, 0), 0),
        ((third, third, 2**64 - 1), 1),
    ]:
        uniform = UniformWords(0)
        uniform._words = Words(*words)
        assert uniform.weighted(ends, 1).tolist() == [place]
    half = WeightEnds(np.array([1, 2]))
    uniform._words = Words(2**63 - 1, 2**63)
    assert uniform.weighted(half, 2).tolist() == [0, 1]
    none_above = WeightEnds(np.array([2, 2]))
    uniform._words = Words(2**64 - 1)
    assert uniform.weighted(none_above, 1).tolist() == [0]
