"""Elimination: a problem is split into parts that share no axis, or an axis of it is fixed at each of its values.

What solutions are, and how they combine, is for a *ring* to say: distributions (``distributions.py``) or the designs
that no other dominates (``labels.py``). Parts with the same content are solved once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from archcost.sweeping.exact.problem import (
    SumProblem,
    components,
    content,
    dividing_axis,
    part,
    restricted,
    simplified,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LISTED = 1 << 15  # designs of a part that are listed rather than divided further
MAX_BRANCHES = 512  # divisions at the top

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Solution(Generic[Node]):
    """A node, the axes that its columns stand for, and what to add to each of its metrics."""

    node: Node
    axes: tuple[int, ...]
    shifts: tuple[int, ...]

    def over(self, axes: tuple[int, ...]) -> Solution[Node]:
        """The same with its axes, numbers of places in ``axes``, replaced by these."""
        return replace(self, axes=tuple([axes[axis] for axis in self.axes]))

    def shifted(self, shifts: tuple[int, ...]) -> Solution[Node]:
        """The same with more to add."""
        return replace(self, shifts=tuple([old + new for old, new in zip(self.shifts, shifts, strict=True)]))


@dataclass(frozen=True, slots=True)
class Branch(Generic[Node]):
    """Some axes at an index each, and solutions of the parts of the rest; ``shifts`` is the sum of the fixed axes."""

    fixed: tuple[tuple[int, int], ...]
    parts: tuple[Solution[Node], ...]
    shifts: tuple[int, ...]


class Ring(Protocol[Node]):
    """How solutions are made and combined; columns of a node are axes of designs."""

    def listed(self, problem: SumProblem) -> Node | None:
        """All designs of a small problem, a column for each axis; None where none meets the conditions."""

    def product(self, first: Solution[Node], second: Solution[Node]) -> Node:
        """Every design of one beside every design of the other: the columns of the first, then those of the second."""

    def union(self, axis: int, count: int, parts: list[tuple[int, Solution[Node]]]) -> Node:
        """Designs of ``count`` columns: along one axis an index, and along the rest a design of its solution."""


class Solver(Generic[Node]):
    """Solves problems over a ring, those with the same content once."""

    def __init__(self, ring: Ring[Node]) -> None:
        self._ring = ring
        self._known: dict[tuple[Any, ...], Node | None] = {}

    def listing(self, problem: SumProblem) -> Solution[Node]:
        """A problem that is known to have a design, design by design."""
        node = self._ring.listed(problem)
        assert node is not None
        return Solution(node, tuple(range(len(problem.lengths))), (0,) * len(problem.costs))

    def solve(self, problem: SumProblem) -> Solution[Node] | None:
        """The solution, or None if no design meets the conditions."""
        simple = simplified(problem)
        if simple is None:
            return None
        problem, shifts = simple
        parts = self._parts(problem)
        if parts is None:
            return None
        first, *others = parts
        for other in others:
            first = self.beside(first, other)
        return first.shifted(shifts)

    def _parts(self, problem: SumProblem) -> list[Solution[Node]] | None:
        found = []
        for axes in components(problem):
            solution = self._known_or_solved(part(problem, axes))
            if solution is None:
                return None
            found.append(solution.over(axes))
        return found

    def beside(self, first: Solution[Node], second: Solution[Node]) -> Solution[Node]:
        """Every design of one beside every design of the other, over the axes of both."""
        return Solution(self._ring.product(first, second), first.axes + second.axes, (0,) * len(first.shifts))

    def _known_or_solved(self, problem: SumProblem) -> Solution[Node] | None:
        key = content(problem)
        if key not in self._known:
            self._known[key] = self._connected(problem)
        node = self._known[key]
        if node is None:
            return None
        return Solution(node, tuple(range(len(problem.lengths))), (0,) * len(problem.costs))

    def _connected(self, problem: SumProblem) -> Node | None:
        if problem.size <= MAX_LISTED or len(problem.lengths) == 1:
            return self._ring.listed(problem)
        axis = dividing_axis(problem)
        rest = tuple([each for each in range(len(problem.lengths)) if each != axis])
        parts = []
        for index in range(problem.lengths[axis]):
            solution = self.solve(restricted(problem, axis, index))
            if solution is not None:
                parts.append((index, solution.over(rest)))
        return self._ring.union(axis, len(problem.lengths), parts) if parts else None

    def branches(self, problem: SumProblem) -> Iterator[Branch[Node]]:
        """The problem as few alternatives, each of parts whose solutions are not combined yet.

        An axis is fixed while one part has most of the designs: what is left then falls into halves of a size.
        """
        axes = tuple(range(len(problem.lengths)))
        yield from self._divided(problem, axes, (), (0,) * len(problem.costs), MAX_BRANCHES)

    def _divided(
        self,
        problem: SumProblem,
        axes: tuple[int, ...],
        fixed: tuple[tuple[int, int], ...],
        shifts: tuple[int, ...],
        room: int,
    ) -> Iterator[Branch[Node]]:
        simple = simplified(problem)
        if simple is None:
            return
        problem, more = simple
        shifts = tuple([old + new for old, new in zip(shifts, more, strict=True)])
        pieces = components(problem)
        largest = max(pieces, key=lambda piece: prod(problem.lengths[axis] for axis in piece), default=())
        size = prod(problem.lengths[axis] for axis in largest)
        if size > MAX_LISTED and size**3 > problem.size**2:
            axis = largest[dividing_axis(part(problem, largest))]
            length = problem.lengths[axis]
            if length <= room:
                rest = axes[:axis] + axes[axis + 1 :]
                for index in range(length):
                    smaller = restricted(problem, axis, index)
                    yield from self._divided(smaller, rest, (*fixed, (axes[axis], index)), shifts, room // length)
                return
        parts = self._parts(problem)
        if parts is not None:
            yield Branch(fixed, tuple([solution.over(axes) for solution in parts]), shifts)
