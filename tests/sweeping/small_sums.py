"""Random small spaces as sums of factors, and what listing all of their designs says."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import strategies as st

from archcost.settings import Settings
from archcost.sweeping.exact import distributions, labels, solving
from archcost.sweeping.space import Axis, AxisTarget, Space
from archcost.sweeping.tables import Factor, MetricSum, SpaceTables

if TYPE_CHECKING:
    from collections.abc import Iterator

METRICS = ("a", "b", "c")


@st.composite
def factors(draw, lengths, entries, dtype):
    axes = draw(st.sets(st.sampled_from(range(len(lengths))), max_size=3)) if lengths else set()
    shape = tuple(lengths[axis] for axis in sorted(axes))
    size = int(np.prod(shape, dtype=int))
    found = draw(st.lists(entries, min_size=size, max_size=size))
    array = np.empty(size, dtype=dtype)
    array[:] = found
    return Factor(tuple(sorted(axes)), array.reshape(shape))


@st.composite
def spaces(draw):
    lengths = draw(st.lists(st.integers(1, 4), max_size=5))
    metrics = {}
    for metric in METRICS:
        unit = draw(st.sampled_from((1, 6, 2**70)))
        top = draw(st.sampled_from((0, 2, 9, 1000)))
        entries = st.integers(-top, top).map(lambda entry, unit=unit: entry * unit)
        dtype = object if unit > 2**60 else np.int64
        terms = draw(st.lists(factors(lengths, entries, dtype), max_size=5))
        metrics[metric] = MetricSum(draw(st.sampled_from((0, -7, 2**80))), tuple(terms))
    mostly = st.sampled_from((True, True, True, False))
    conditions = [tuple(draw(st.lists(factors(lengths, mostly, bool), max_size=2))) for _ in range(3)]
    axes = [Axis((AxisTarget(f"x{axis}"),), tuple((index,) for index in range(n))) for axis, n in enumerate(lengths)]
    tables = SpaceTables(Space(None, Settings(), tuple(axes)), metrics, conditions[0], conditions[1])
    return tables, conditions[2]


@dataclass
class Listing:
    """Every valid and distinct design that meets the conditions, with its figures."""

    designs: dict[tuple[int, ...], dict[str, int]]

    def within(self, bounds) -> dict[tuple[int, ...], dict[str, int]]:
        return {
            design: figures
            for design, figures in self.designs.items()
            if all(
                (bound.low is None or figures[bound.metric] >= bound.low)
                and (bound.high is None or figures[bound.metric] <= bound.high)
                for bound in bounds
            )
        }


def listing(tables, conditions=()) -> Listing:
    def entry(factor, design):
        return factor.entries[tuple(design[axis] for axis in factor.axes)]

    asked = (*tables.valid, *tables.distinct, *conditions)
    return Listing(
        {
            design: {
                metric: figures.constant + sum(int(entry(term, design)) for term in figures.terms)
                for metric, figures in tables.metrics.items()
            }
            for design in product(*map(range, tables.space.lengths))
            if all(entry(condition, design) for condition in asked)
        }
    )


@dataclass(frozen=True)
class Sizes:
    """How much is listed and made at a time, which must not matter."""

    listed: int
    block: int
    bins: int


@contextmanager
def working_with(sizes: Sizes) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, "MAX_LISTED", sizes.listed)
        patch.setattr(distributions, "BLOCK", sizes.block)
        patch.setattr(distributions, "SUMS", sizes.block)
        patch.setattr(distributions, "MAX_BINS", sizes.bins)
        patch.setattr(labels, "BLOCK", sizes.block)
        patch.setattr(labels, "CHUNK", sizes.block)
        yield


sizes = st.builds(Sizes, st.sampled_from((1, 6, 100)), st.sampled_from((1, 5, 1000)), st.sampled_from((0, 1000)))
