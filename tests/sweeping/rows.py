"""Rows of tables held against single analyses: what the walk says of a design, and what its own analysis does."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from archcost.errors import SpecError
from archcost.sweeping.singles import analysis_of
from archcost.sweeping.walk import METRICS, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.sweeping.space import Space
    from archcost.sweeping.tables import Factor, MetricSum, SpaceTables

COMPARED: Counter[str] = Counter()  # what was compared so far: rows, those that are invalid, and wrong ones


def entry(factor: Factor, indices: Sequence[int]) -> Any:
    """The entry of a factor for a design."""
    return factor.entries[tuple([indices[axis] for axis in factor.axes])]


def figure(total: MetricSum, indices: Sequence[int]) -> int:
    """A figure of a design."""
    return total.constant + sum([int(entry(term, indices)) for term in total.terms])


def row(found: SpaceTables, indices: Sequence[int]) -> dict[str, int] | None:
    """The figures of a design as the walk has them; None for an invalid one."""
    if not all(entry(factor, indices) for factor in found.valid):
        return None
    return {name: figure(total, indices) for name, total in found.metrics.items()} | {
        f"unknown {name}": figure(total, indices) for name, total in found.unknown.items()
    }


def analysed(space: Space, indices: Sequence[int], unknown: Sequence[str]) -> dict[str, int] | None:
    """The figures of a design as its own analysis has them."""
    try:
        report = analysis_of(space, indices)
    except SpecError:
        return None
    totals = report.totals
    return {name: getattr(totals, name) for name in METRICS} | {
        f"unknown {name}": report.costs.unknown(name) for name in unknown
    }


def assert_rows_agree(space: Space, count: int, seed: object = 0) -> tuple[int, int]:
    """Hold some random designs, or all if there are no more, against their analyses; how many, and how many failed."""
    found = tables(space)
    chance = random.Random(f"{seed}")
    if space.size <= count:
        rows = [[number // before % length for before, length in _places(space)] for number in range(space.size)]
    else:
        rows = [[chance.randrange(length) for length in space.lengths] for _ in range(count)]
    failed = 0
    for indices in rows:
        expected = analysed(space, indices, tuple(found.unknown))
        failed += expected is None
        COMPARED.update(rows=1, invalid=expected is None)
        if row(found, indices) != expected:
            COMPARED["wrong"] += 1
        assert row(found, indices) == expected, f"seed {seed}, {indices}: {space.values_of(indices)}"
    return len(rows), failed


def _places(space: Space) -> list[tuple[int, int]]:
    """For each axis the number of designs before its next index, and its length."""
    before, found = 1, []
    for length in space.lengths:
        found.append((before, length))
        before *= length
    return found
