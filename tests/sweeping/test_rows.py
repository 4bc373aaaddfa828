from __future__ import annotations

import time
from math import prod
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.settings import Settings
from archcost.spec.loader import reads
from archcost.sweeping.rows import Gathers, grid, grid_chunks, numbered, rows
from archcost.sweeping.space import Axis, AxisTarget, Space
from archcost.sweeping.tables import Factor, MetricSum, SpaceTables


def space_of(lengths: tuple[int, ...]) -> Space:
    axes = tuple(
        [
            Axis((AxisTarget(f"a{place}"),), tuple([(value,) for value in range(length)]))
            for place, length in enumerate(lengths)
        ]
    )
    return Space(reads("archcost: 1\nname: n\n", name="n.yaml"), Settings(), axes)


@st.composite
def problems(draw: st.DrawFn) -> SpaceTables:
    lengths = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))

    def factor(high: int) -> Factor:
        axes = tuple([axis for axis in range(len(lengths)) if generator.random() < 0.5])
        entries = generator.integers(-high, high, tuple([lengths[axis] for axis in axes]))
        return Factor(axes, np.asarray(entries))

    big = draw(st.booleans())
    sums = {name: MetricSum(int(generator.integers(-99, 99)), tuple([factor(999) for _ in range(4)])) for name in "ab"}
    if big:
        huge = Factor((0,), np.array([2**70 + each for each in range(lengths[0])], object))
        sums["big"] = MetricSum(2**65, (huge, *sums["a"].terms))
    valid = Factor((0,), generator.random(lengths[0]) < 0.7)
    return SpaceTables(space_of(lengths), sums, (valid,))


@given(problems())
def test_rows_are_constant_plus_entries(tables: SpaceTables) -> None:
    lengths = tables.space.lengths
    chunk = rows(tables, grid(lengths, 0, prod(lengths)))
    for row, design in enumerate(chunk.indices.tolist()):
        for name, each in tables.metrics.items():
            entries = [int(one.entries[tuple([design[axis] for axis in one.axes])]) for one in each.terms]
            assert int(chunk.figures[name][row]) == each.constant + sum(entries)
        assert chunk.invalid[row] == (not tables.valid[0].entries[design[0]])


def test_the_grid_is_in_order() -> None:
    designs = [tuple(row) for chunk in grid_chunks((2, 3, 2), at_once=5) for row in chunk.tolist()]
    assert designs == [(a, b, c) for a in range(2) for b in range(3) for c in range(2)]
    assert numbered((2, 3, 2), np.array([0, 7, 11])).tolist() == [[0, 0, 0], [1, 0, 1], [1, 2, 1]]


def test_a_grid_beyond_int64() -> None:
    lengths = (3,) * 45  # 2.95e21 designs
    found = grid(lengths, 3**44 + 5, 3)  # 5 = 012 in base 3
    assert found[:, 0].tolist() == [1, 1, 1]
    assert found[:, -3:].tolist() == [[0, 1, 2], [0, 2, 0], [0, 2, 1]]


@pytest.mark.parametrize("lengths", [(5, 4, 3), (300, 300), (70_000,)])
def test_rows_are_the_same_however_they_lie(lengths: tuple[int, ...]) -> None:
    """Tables of less and of more than 2^16 entries; rows by rows, by columns, and every second one of them."""
    generator = np.random.default_rng(1)
    entries = generator.integers(0, 99, lengths)
    tables = SpaceTables(space_of(lengths), {"a": MetricSum(7, (Factor(tuple(range(len(lengths))), entries),))})
    drawn = np.stack([generator.integers(0, length, 999, dtype=np.int32) for length in lengths], axis=1)
    expected = (7 + entries[tuple(drawn.T)]).tolist()
    for laid in (drawn, np.asfortranarray(drawn), np.repeat(drawn, 2, axis=0)[::2]):
        assert rows(tables, laid).figures["a"].tolist() == expected


def test_no_rows() -> None:
    tables = SpaceTables(space_of((2,)), {"a": MetricSum(1)})
    chunk = rows(tables, np.zeros((0, 1), np.int32))
    assert len(chunk.invalid) == len(chunk.figures["a"]) == 0


@pytest.mark.parametrize("metrics", [("params", "macs")])
@pytest.mark.parametrize("order", ["C", "F"])
def test_five_million_rows_a_second(metrics: tuple[str, ...], order: Literal["C", "F"]) -> None:
    """Two metrics of 20 factors each over 45 axes, as a space of five stages has them."""
    generator = np.random.default_rng(0)
    stage = [(s, *range(5 + 4 * s, 9 + 4 * s)) for s in range(5)]
    terms = tuple(
        [
            Factor(axes, generator.integers(0, 10**7, (3,) * size))
            for all_axes in stage
            for size in (5, 4, 3, 2)
            for axes in [all_axes[:size]]
        ]
    )
    tables = SpaceTables(space_of((3,) * 45), {name: MetricSum(1, terms) for name in metrics})
    indices = np.asarray(generator.integers(0, 3, (300_000, 45), dtype=np.int32), order=order)
    gathers = Gathers(tables, metrics)
    best = 9.0
    for _ in range(3):
        start = time.process_time()
        gathers.chunk(indices)
        best = min(best, time.process_time() - start)
    assert len(indices) / best > 5e6
