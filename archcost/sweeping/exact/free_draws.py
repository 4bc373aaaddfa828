"""Uniform draws where no metric is bounded: of parts of the space that share no axis, each is drawn by itself.

A uniform draw of the whole is a uniform draw of each part. So ranks stay small however many designs there are: a part
of few designs is a list of them, and of a larger one an axis is drawn first, by how many designs each index has.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.exact.bounds import naming_axes
from archcost.sweeping.exact.effort import SolvingEffort
from archcost.sweeping.exact.problem import (
    SumProblem,
    components,
    content,
    dividing_axis,
    enumerated,
    part,
    problem_of,
    restricted,
    simplified,
)
from archcost.sweeping.exact.words import UniformWords, WeightEnds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.sweeping.tables import Factor, SpaceTables

MAX_LISTED = 1 << 15  # designs of a list, whose columns a processor's cache holds


class FreeDraws:
    """Draws from the valid and distinct designs that meet conditions; ``among`` is how many that is."""

    def __init__(
        self, tables: SpaceTables, conditions: Iterable[Factor] = (), effort: SolvingEffort | None = None
    ) -> None:
        self._axes = len(tables.space.lengths)
        problem = problem_of(tables, (), tuple(conditions))
        with naming_axes(tables, problem):
            parts = _Parting(effort or SolvingEffort()).parts(problem)
        self.parts = _packed(parts)
        self.among = prod(each.count for each in self.parts)

    def draw(self, number: int, words: UniformWords) -> Any:
        """So many designs, each from all: indices (n × axes, int32, a column after the other)."""
        found = np.empty((number if self.among else 0, self._axes), dtype=np.int32, order="F")
        for each in self.parts:
            each.draw(found, slice(None), len(found), words)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class DesignList:
    """The designs of a part: a row of indices for each of ``axes``."""

    axes: tuple[int, ...]
    columns: Any

    @property
    def count(self) -> int:
        return int(self.columns.shape[1])

    def over(self, axes: Sequence[int]) -> DesignList:
        return DesignList(tuple([axes[axis] for axis in self.axes]), self.columns)

    def beside(self, other: DesignList) -> DesignList:
        """Every design of this with every design of the other."""
        columns = (np.repeat(self.columns, other.count, axis=1), np.tile(other.columns, self.count))
        return DesignList(self.axes + other.axes, np.concatenate(columns))

    def draw(self, found: Any, rows: Any, number: int, words: UniformWords) -> None:
        ranks = words.below(self.count, number)
        for axis, column in zip(self.axes, self.columns, strict=True):
            found[rows, axis] = column.take(ranks)


@dataclass(frozen=True, slots=True, eq=False)
class AxisChoice:
    """An axis, its indices that have designs, and for each of them the parts of the rest."""

    axis: int
    indices: tuple[int, ...]
    branches: tuple[tuple[Part, ...], ...]
    ends: WeightEnds

    @property
    def count(self) -> int:
        return self.ends.total

    def over(self, axes: Sequence[int]) -> AxisChoice:
        branches = tuple([tuple([each.over(axes) for each in branch]) for branch in self.branches])
        return AxisChoice(axes[self.axis], self.indices, branches, self.ends)

    def draw(self, found: Any, rows: Any, number: int, words: UniformWords) -> None:
        rows = np.arange(number) if isinstance(rows, slice) else rows
        places = words.weighted(self.ends, number)
        for place, (index, branch) in enumerate(zip(self.indices, self.branches, strict=True)):
            here = rows[places == place]
            found[here, self.axis] = index
            for each in branch:
                each.draw(found, here, len(here), words)


Part = DesignList | AxisChoice


class _Parting:
    """Parts problems, those with the same content once."""

    def __init__(self, effort: SolvingEffort) -> None:
        self._effort = effort
        self._known: dict[tuple[Any, ...], Part | None] = {}
        self._kept = 0

    def parts(self, problem: SumProblem) -> tuple[Part, ...]:
        """The parts of a problem over its axes; one without designs is all there is if no design meets all."""
        simple = simplified(problem)
        if simple is None:
            return (_NONE,)
        found = []
        for axes in components(simple[0]):
            each = self._known_or_made(part(simple[0], axes))
            if each is None:
                return (_NONE,)
            found.append(each.over(axes))
        return tuple(found)

    def _known_or_made(self, problem: SumProblem) -> Part | None:
        key = content(problem)
        if key not in self._known:
            small = problem.size <= MAX_LISTED or len(problem.lengths) == 1
            self._known[key] = self._listed(problem) if small else self._divided(problem)
        return self._known[key]

    def _listed(self, problem: SumProblem) -> DesignList | None:
        self._effort.spend(problem.size)
        places, _ = enumerated(problem)
        self._kept += len(places) * len(problem.lengths)
        self._effort.keep(self._kept)
        columns = np.array(np.unravel_index(places, problem.lengths), dtype=np.int32)
        return DesignList(tuple(range(len(problem.lengths))), columns) if len(places) else None

    def _divided(self, problem: SumProblem) -> AxisChoice | None:
        axis = dividing_axis(problem)
        rest = [each for each in range(len(problem.lengths)) if each != axis]
        found: dict[int, tuple[Part, ...]] = {}
        for index in range(problem.lengths[axis]):
            self._effort.spend(len(rest))
            parts = self.parts(restricted(problem, axis, index))
            if parts != (_NONE,):
                found[index] = tuple([each.over(rest) for each in parts])
        if not found:
            return None
        counts = [prod(each.count for each in branch) for branch in found.values()]
        ends = WeightEnds(np.array(list(accumulate(counts)), dtype=object))
        return AxisChoice(axis, tuple(found), tuple(found.values()), ends)


_NONE = DesignList((), np.zeros((0, 0), dtype=np.int32))


def _packed(parts: Sequence[Part]) -> list[Part]:
    """Small lists beside each other as one, so that there are fewer to draw from."""
    packed: list[Part] = [each for each in parts if isinstance(each, AxisChoice)]
    lists = sorted([each for each in parts if isinstance(each, DesignList)], key=lambda each: -each.count)
    while lists:
        first = lists.pop(0)
        for other in tuple(lists):
            if 0 < first.count * other.count <= MAX_LISTED:
                first = first.beside(other)
                lists = [each for each in lists if each is not other]
        packed.append(first)
    return packed
