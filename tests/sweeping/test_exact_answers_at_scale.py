"""Exact answers about spaces that nobody could list, against other methods, and where they end."""

from __future__ import annotations

from itertools import pairwise, product
from math import comb
from time import process_time

import numpy as np
import pytest

from archcost.errors import UsageError
from archcost.settings import Settings
from archcost.sweeping.exact import sampling
from archcost.sweeping.exact.bounds import FigureBound
from archcost.sweeping.exact.budgets import BudgetCounts
from archcost.sweeping.exact.counting import count, distribution
from archcost.sweeping.exact.dots import exact_dot
from archcost.sweeping.exact.effort import SolvingEffort, TooCoupledError
from archcost.sweeping.exact.fronts import best, front
from archcost.sweeping.exact.intervals import Estimate, clopper_pearson, estimated
from archcost.sweeping.exact.sampling import Draws, figures_at, meets, sample
from archcost.sweeping.exact.several import count_within
from archcost.sweeping.space import Axis, AxisTarget, Space
from archcost.sweeping.tables import Factor, MetricSum, SpaceTables
from tests.sweeping.ofa_sums import ofa_tables

M = 1_000_000
STAGE = 9**2 + 9**3 + 9**4  # designs of a stage with two, three or four layers, each of 3 kernels × 3 expansions = 7371


def designs_of_stages(tables, stages):
    """The figures of all distinct designs of each stage: (macs, params), without the constants."""
    width = len(tables.space.axes) // stages
    found = []
    for stage in range(stages):
        axes = range(stage * width, (stage + 1) * width)
        grid = np.array(list(product(*(range(tables.space.lengths[axis]) for axis in axes))))
        rows = np.zeros((len(grid), len(tables.space.axes)), dtype=int)
        rows[:, axes] = grid
        rows = rows[meets(tables, rows, (), ())]
        at_zero = {name: figures_at(figures, rows[:1] * 0)[0] for name, figures in tables.metrics.items()}
        found.append([figures_at(tables.metrics[name], rows) - at_zero[name] for name in ("macs", "params")])
    return found, at_zero


def test_the_designs_of_once_for_all_are_counted():
    assert count(ofa_tables()) == STAGE**5 == 21_758_655_492_572_485_851


@pytest.mark.parametrize("stages", [4, pytest.param(5, marks=pytest.mark.long)])
def test_a_budget_of_once_for_all_takes_seconds(stages):
    """Each count again by the complement, and by the distribution."""
    tables = ofa_tables(stages=stages)
    budget = 60 * M * stages
    started = process_time()
    found = count(tables, [FigureBound("macs", None, budget)])
    assert process_time() - started < 20  # 10 on a machine with nothing else to do
    counts = BudgetCounts(tables, tables.metrics["macs"])
    assert 0 < found < STAGE**stages
    assert counts.count(budget + 1) == STAGE**stages - found
    assert counts.below([budget + 1]) == [found]


def test_counts_of_three_stages_are_those_of_a_dense_convolution():
    tables = ofa_tables(stages=3)
    stages, base = designs_of_stages(tables, 3)
    dense = np.ones(1, dtype=np.int64)
    for _, params in stages:
        values, counts = np.unique(params, return_counts=True)
        after = np.zeros(len(dense) + values[-1], dtype=np.int64)
        for value, number in zip(values.tolist(), counts.tolist(), strict=True):
            after[value : value + len(dense)] += number * dense
        dense = after
    below = np.cumsum(dense)
    assert below[-1] == STAGE**3 == count(tables)
    counts = BudgetCounts(tables, tables.metrics["params"])
    for budget in range(0, len(dense), len(dense) // 7):
        assert counts.count(None, int(base["params"]) + budget) == below[budget]
    found = distribution(tables, "params", bins=5)
    edges = np.array(found.edges) - base["params"]
    assert list(found.counts) == [dense[low : high + (high == edges[-1])].sum() for low, high in pairwise(edges)]


def test_two_budgets_are_counted_exactly_where_the_space_is_small():
    tables = ofa_tables(stages=2)
    (first, second), base = designs_of_stages(tables, 2)
    bounds = [FigureBound("macs", None, 80 * M), FigureBound("params", 10_050_000, 10_060_000)]
    expected = 0
    for macs, params in zip(*(each.tolist() for each in first), strict=True):
        params_of_both = second[1] + params + base["params"]
        inside = (params_of_both >= 10_050_000) & (params_of_both <= 10_060_000)
        expected += int((inside & (second[0] + macs + base["macs"] <= 80 * M)).sum())
    assert 0 < expected < STAGE**2
    assert count_within(tables, bounds) == expected


def test_two_budgets_of_a_large_space_are_an_estimate_that_says_so():
    tables = ofa_tables(stages=3)
    bounds = [FigureBound("macs", None, 220 * M), FigureBound("params", None, 10_500_000)]
    exact = count_within(tables, bounds, effort=SolvingEffort())
    found = count_within(tables, bounds, effort=SolvingEffort(states=100))
    assert isinstance(exact, int)
    assert isinstance(found, Estimate)
    assert found.low <= exact <= found.high
    assert found.high - found.low < exact // 50
    assert str(found) == (
        f"about {found.value:,}, an estimate from 262,144 uniform draws among {found.among:,} designs, "
        f"not an exact count: between {found.low:,} and {found.high:,} at 95% confidence"
    )


def test_the_front_of_two_stages_is_that_of_all_pairs():
    tables = ofa_tables(stages=2, layers=3)
    (first, second), base = designs_of_stages(tables, 2)
    macs = (first[0][:, None] + second[0]).ravel() + base["macs"]
    params = (first[1][:, None] + second[1]).ravel() + base["params"]
    assert len(macs) == (9**2 + 9**3) ** 2
    order = np.lexsort((-params, macs))
    most = np.maximum.accumulate(params[order])
    kept = order[np.concatenate(([True], params[order][1:] > most[:-1]))]
    found = front(tables, (("macs", "min"), ("params", "max")))
    assert [(design.figures["macs"], design.figures["params"]) for design in found] == [
        (macs[row], params[row]) for row in kept
    ]
    assert [design.sharing for design in found] == [
        ((macs == macs[row]) & (params == params[row])).sum() for row in kept
    ]


@pytest.mark.parametrize("resolutions", [pytest.param((224,), marks=pytest.mark.long), tuple(range(128, 257, 16))])
def test_the_front_of_once_for_all_takes_less_than_a_second(resolutions):
    tables = ofa_tables(resolutions=resolutions)
    started = process_time()
    found = front(tables, (("macs", "min"), ("params", "max")))
    assert process_time() - started < 2  # 1 on a machine with nothing else to do
    rows = np.array([design.indices for design in found])
    for metric in ("macs", "params"):
        assert figures_at(tables.metrics[metric], rows).tolist() == [design.figures[metric] for design in found]
    assert meets(tables, rows, (), ()).all()
    within = [design for design in found if design.figures["macs"] <= 200 * M]
    for bound in (FigureBound("macs", None, 200 * M), FigureBound("macs", 150 * M, 200 * M)):
        assert best(tables, "params", "max", [bound]).figures["params"] == within[-1].figures["params"]


def test_samples_of_a_budget_that_nothing_drawn_at_random_meets():
    """Of 7371³ designs 1,926 are within 10 M MACs of the least: 5 in 10⁹."""
    tables = ofa_tables(stages=3)
    least = front(tables, (("macs", "min"),))[0].figures["macs"]
    bound = FigureBound("macs", None, least + 10 * M)
    assert count(tables, [bound]) == 1_926
    found = sample(tables, 10_000, 7, [bound])
    assert found.shape == (10_000, 27)
    assert meets(tables, found, [bound], ()).all()
    assert (found == sample(tables, 10_000, 7, [bound])).all()
    assert not (found == sample(tables, 10_000, 8, [bound])).all()


def test_a_sample_within_two_budgets_that_hardly_any_design_meets_is_refused(monkeypatch):
    monkeypatch.setattr(sampling, "MAX_DRAWS", 1 << 12)
    tables = ofa_tables(stages=3)
    least = front(tables, (("macs", "min"),))[0].figures
    bounds = [FigureBound("macs", None, least["macs"] + 100_000), FigureBound("params", 10_500_000)]
    with pytest.raises(UsageError, match="draws met the condition, fewer than the 5 asked for\nhelp: draw fewer"):
        sample(tables, 5, 0, bounds)


def coupled(layers: int, widths: int) -> SpaceTables:
    """Every layer's width beside that of every other."""
    axes = tuple(Axis((AxisTarget(f"w{axis}"),), tuple((each,) for each in range(widths))) for axis in range(layers))
    entries = np.multiply.outer(np.arange(widths), np.arange(widths)) * 7919
    pairs = [(a, b) for a in range(layers) for b in range(a + 1, layers)]
    terms = tuple(Factor(pair, entries + 104729 * place) for place, pair in enumerate(pairs))
    return SpaceTables(Space(None, Settings(), axes), {"macs": MetricSum(0, terms), "params": MetricSum(0, terms[::2])})


def test_what_couples_too_much_is_named():
    tables = coupled(12, 8)
    with pytest.raises(TooCoupledError) as raised:
        front(tables, (("macs", "min"), ("params", "max")), effort=SolvingEffort(work=1 << 16))
    assert raised.value.axes == ("w0", "w1", "w2")
    assert str(raised.value) == (
        "an exact answer needs more than 65,536 partial sums: the axes that depend on most others are 'w0', 'w1', "
        "'w2'\nhelp: give one of them fewer values, fix it, or draw a sample, which gives an estimate"
    )


@pytest.mark.parametrize(
    ("hits", "draws", "low", "high"),
    [
        (0, 10, 0, 1 - 0.025 ** (1 / 10)),  # P(X = 0) = (1 − p)¹⁰ = 2.5%
        (10, 10, 0.025 ** (1 / 10), 1),
        (1, 10, 1 - 0.975 ** (1 / 10), 0.4450161),  # P(X ≥ 1) = 1 − (1 − p)¹⁰ = 2.5%; the rest of tables
        (50, 100, 0.3983211, 0.6016789),
    ],
)
def test_intervals_of_clopper_and_pearson(hits, draws, low, high):
    assert clopper_pearson(hits, draws) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(("draws", "hits"), [(40, 3), (100, 60), (300, 299)])
def test_the_ends_of_an_interval_leave_a_tail_on_each_side(draws, hits):
    """P(X ≥ hits) at the lower end and P(X ≤ hits) at the upper, by the sum of all their terms, are 2.5% each."""
    low, high = clopper_pearson(hits, draws)
    at_least = sum(comb(draws, k) * low**k * (1 - low) ** (draws - k) for k in range(hits, draws + 1))
    at_most = sum(comb(draws, k) * high**k * (1 - high) ** (draws - k) for k in range(hits + 1))
    assert (at_least, at_most) == pytest.approx((0.025, 0.025), rel=1e-9)


def test_an_estimate_stays_within_what_was_seen():
    """All draws hit: the rest of the designs may meet the bounds or not. None hit: at least one does not."""
    assert (estimated(10, 10, 5).low, estimated(10, 10, 5).high) == (int(5 * 0.025**0.1), 5)
    assert (estimated(0, 10, 50).low, estimated(0, 10, 50).high) == (0, 16)  # ⌈50 · (1 − 0.025^0.1)⌉ = ⌈15.4⌉


@pytest.mark.parametrize("dtype", [np.int64, object])
@pytest.mark.parametrize("top", [1, 2**20, 2**31, 2**62])
def test_dots_are_exact(dtype, top):
    first, second = np.array([top, 3, top - 1], dtype=dtype), np.array([top - 1, 5, top], dtype=dtype)
    assert exact_dot(first, second) == 2 * top * (top - 1) + 15


def test_draws_without_a_bound_take_no_ranks_of_the_whole():
    tables = ofa_tables()
    draws = Draws(tables)
    assert draws.among == 7371**5
    started = process_time()
    found = np.concatenate([draws.draw(1 << 15, (0, chunk)) for chunk in range(16)])
    assert process_time() - started < 1  # 0.1 on a machine with nothing else to do
    assert meets(tables, found, (), ()).all()
    deep = np.bincount(found[:, 0], minlength=3) / len(found)  # of 91 settings of the layers, 1, 9 and 81
    assert deep == pytest.approx(np.array([1, 9, 81]) / 91, abs=0.003)  # 7 standard deviations


def test_draws_where_one_axis_decides_how_many_others_are_read():
    """Of ``depth`` 1…48 layers each has one of three kinds: Σ 3^d designs, which no int64 counts."""
    depth, layers = 0, range(1, 49)
    axes = tuple(
        Axis((AxisTarget(f"a{axis}"),), tuple((each,) for each in range(48 if axis == 0 else 3))) for axis in range(49)
    )
    read = tuple(
        Factor((depth, layer), np.array([[d + 1 >= layer or i == 0 for i in range(3)] for d in range(48)]))
        for layer in layers
    )
    tables = SpaceTables(Space(None, Settings(), axes), {}, distinct=read)
    draws = Draws(tables)
    assert draws.among == sum(3**d for d in layers)
    found = draws.draw(40_000, 5)
    assert meets(tables, found, (), ()).all()
    shares = np.bincount(found[:, depth], minlength=48)[-3:] / len(found)
    assert shares == pytest.approx(np.array([2 / 27, 2 / 9, 2 / 3]), abs=0.015)  # 3^d of (3^49 - 3) / 2
