"""Counts within budgets of metrics of which one is least where another is greatest, when axes are fixed one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from archcost.settings import Settings
from archcost.sweeping.exact.bounds import FigureBound
from archcost.sweeping.exact.several import count_within
from archcost.sweeping.space import Axis, AxisTarget, Space
from archcost.sweeping.tables import Factor, MetricSum, SpaceTables
from tests.sweeping.small_sums import Sizes, working_with

ONE_APART = [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
CROSSED = [[0, 3, 1, 2], [5, 0, 2, 2], [1, 1, 0, 4]]


def tables_of(*metrics: list[list[int]]) -> SpaceTables:
    axes = tuple(
        [Axis((AxisTarget(f"x{axis}"),), tuple([(index,) for index in range(n)])) for axis, n in enumerate((3, 4))]
    )
    sums = {
        name: MetricSum(0, (Factor((0, 1), np.array(entries)),)) for name, entries in zip("abc", metrics, strict=False)
    }
    return SpaceTables(Space(None, Settings(), axes), sums, (), ())


@pytest.mark.parametrize("listed", [1, 3, 6, 100])
@pytest.mark.parametrize("first", [ONE_APART, CROSSED], ids=["one apart", "crossed"])
def test_figures_that_go_against_each_other(first: list[list[int]], listed: int) -> None:
    second = [[7 - entry for entry in row] for row in first]
    tables = tables_of(first, second)
    for low, high in product((None, 0, 1, 2, 4), repeat=2):
        bounds = [FigureBound("a", None, low), FigureBound("b", None, None if high is None else 7 - high)]
        expected = sum(
            (low is None or entry <= low) and (high is None or entry >= high) for row in first for entry in row
        )
        with working_with(Sizes(listed, block=1, bins=0)):
            assert count_within(tables, bounds) == expected, (low, high)
