"""The ring of labels: designs that no other dominates, by several reduced figures at once.

One label dominates another if it is nowhere greater and somewhere smaller, in columns to be minimised, and equal in
*exact* columns. What is dominated in a part is dominated in the whole, since figures are sums. Labels that are equal
in all columns are one, with the number of their designs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.exact.problem import SAFE, SumProblem, enumerated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.sweeping.exact.effort import SolvingEffort
    from archcost.sweeping.exact.solving import Solution

    Costs = tuple[Any, ...]  # an array for each column

BLOCK = 1 << 20  # labels that are made at a time
COST = 4  # of a label, where a figure of a distribution costs 1
CHUNK = 256  # labels that are compared at a time with those accepted


class Labels(ABC):
    """Undominated labels: their ``costs``, ``counts`` of the designs of each, and one of these designs."""

    costs: Costs
    counts: Any
    width: int  # axes of a design
    size: int  # designs at most

    def __len__(self) -> int:
        return len(self.counts)

    @abstractmethod
    def designs(self, places: Any) -> Any:
        """A design of each of these labels: indices, an axis a column."""


class _Listed(Labels):
    def __init__(self, problem: SumProblem, exact: Sequence[bool], effort: SolvingEffort) -> None:
        self._lengths, self.width, self.size = problem.lengths, len(problem.lengths), problem.size
        places, costs = enumerated(problem)
        kept, self.counts = undominated(costs, np.ones(len(places), dtype=np.int64), exact, effort)
        self._places, self.costs = places[kept], tuple([column[kept] for column in costs])

    def designs(self, places: Any) -> Any:
        if not self._lengths:
            return np.zeros((len(places), 0), dtype=np.int32)
        return np.stack(np.unravel_index(self._places[places], self._lengths), axis=1).astype(np.int32)


class Pairs(Labels):
    """Every label of one beside every label of another; ``within`` says which sums may still meet the bounds."""

    def __init__(
        self,
        first: Solution[Labels],
        second: Solution[Labels],
        exact: Sequence[bool],
        effort: SolvingEffort,
        within: Callable[[Costs], Any] | None = None,
    ) -> None:
        self._first, self._second = first.node, second.node
        self.width, self.size = first.node.width + second.node.width, first.node.size * second.node.size
        many, few = len(first.node), len(second.node)
        effort.spend(COST * many * few)
        shifts = [a + b for a, b in zip(first.shifts, second.shifts, strict=True)]
        dtype: Any = np.int64 if self.size < SAFE else object
        first_counts, second_counts = first.node.counts.astype(dtype), second.node.counts.astype(dtype)
        self.costs = tuple([column[:0] for column in first.node.costs])
        self.counts = first_counts[:0]
        self._rows = np.zeros(0, dtype=np.intp)  # label of the first · few + label of the second
        step = max(BLOCK // max(few, 1), 1)
        for start in range(0, many, step):
            part = slice(start, start + step)
            costs = tuple(
                [
                    (a[part, None] + (b + shift)[None, :]).ravel()
                    for a, b, shift in zip(first.node.costs, second.node.costs, shifts, strict=True)
                ]
            )
            rows = np.arange(start * few, start * few + len(costs[0]), dtype=np.intp)
            counts = (first_counts[part, None] * second_counts[None, :]).ravel()
            if within is not None:
                meets = np.flatnonzero(within(costs))
                costs, rows, counts = tuple([column[meets] for column in costs]), rows[meets], counts[meets]
            costs = tuple([np.concatenate(pair) for pair in zip(self.costs, costs, strict=True)])
            counts, rows = np.concatenate((self.counts, counts)), np.concatenate((self._rows, rows))
            kept, self.counts = undominated(costs, counts, exact, effort)
            self.costs, self._rows = tuple([column[kept] for column in costs]), rows[kept]
            effort.keep(len(self))

    def designs(self, places: Any) -> Any:
        first, second = np.divmod(self._rows[places], max(len(self._second), 1))
        return np.concatenate((self._first.designs(first), self._second.designs(second)), axis=1)


class _Union(Labels):
    def __init__(
        self,
        axis: int,
        count: int,
        parts: list[tuple[int, Solution[Labels]]],
        exact: Sequence[bool],
        effort: SolvingEffort,
    ) -> None:
        self._axis, self._parts, self.width = axis, parts, count
        self.size = sum(solution.node.size for _, solution in parts)
        lengths = [len(solution.node) for _, solution in parts]
        dtype: Any = np.int64 if self.size < SAFE else object
        costs = tuple(
            [
                np.concatenate([solution.node.costs[column] + solution.shifts[column] for _, solution in parts])
                for column in range(len(exact))
            ]
        )
        counts = np.concatenate([solution.node.counts.astype(dtype) for _, solution in parts])
        kept, self.counts = undominated(costs, counts, exact, effort)
        self.costs = tuple([column[kept] for column in costs])
        self._part = np.repeat(np.arange(len(parts)), lengths)[kept]
        self._row = np.concatenate([np.arange(length) for length in lengths])[kept]
        effort.keep(len(self))

    def designs(self, places: Any) -> Any:
        found = np.empty((len(places), self.width), dtype=np.int32)
        for number, (index, solution) in enumerate(self._parts):
            rows = np.flatnonzero(self._part[places] == number)
            found[rows, self._axis] = index
            columns = np.array(solution.axes, dtype=np.intp)
            found[rows[:, None], columns] = solution.node.designs(self._row[places[rows]])
        return found


class UndominatedLabels:
    """The ring; ``exact`` says of each column whether labels dominate only where they are equal in it."""

    def __init__(self, exact: Sequence[bool], effort: SolvingEffort) -> None:
        self._exact, self._effort = tuple(exact), effort

    def listed(self, problem: SumProblem) -> Labels | None:
        """The undominated of all designs."""
        self._effort.spend(problem.size)
        node = _Listed(problem, self._exact, self._effort)
        return node if len(node) else None

    def product(self, first: Solution[Labels], second: Solution[Labels]) -> Labels:
        """The undominated sums."""
        return Pairs(first, second, self._exact, self._effort)

    def union(self, axis: int, count: int, parts: list[tuple[int, Solution[Labels]]]) -> Labels:
        """What is undominated in all parts together."""
        return _Union(axis, count, parts, self._exact, self._effort)


def undominated(costs: Costs, counts: Any, exact: Sequence[bool], effort: SolvingEffort) -> tuple[Any, Any]:
    """The places of labels that no other dominates, in ascending order of their columns, exact ones first; counts.

    Equal labels are one: the first of them, with the sum of their counts.
    """
    if not len(counts):
        return np.zeros(0, dtype=np.intp), counts
    ints = [column if column.dtype != object else np.unique(column, return_inverse=True)[1] for column in costs]
    keys = [column for column, is_exact in zip(ints, exact, strict=True) if is_exact]
    falls = [column for column, is_exact in zip(ints, exact, strict=True) if not is_exact]
    order = np.lexsort(tuple(reversed([*keys, *falls]))) if ints else np.arange(len(counts))
    new_key, new = _changes([column[order] for column in keys], len(order)), None
    new = new_key | _changes([column[order] for column in falls], len(order))
    starts = np.flatnonzero(new)
    rows = order[starts]
    group = np.cumsum(new_key[starts]) - 1
    kept = _front(group, [column[rows] for column in falls], effort)
    return rows[kept], np.add.reduceat(counts[order], starts)[kept]


def _changes(columns: Sequence[Any], count: int) -> Any:
    """Where a row differs from the one before; the first always does."""
    found = np.zeros(count, dtype=bool)
    found[0] = True
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found


def _front(group: Any, falls: Sequence[Any], effort: SolvingEffort) -> Any:
    """Of different rows in ascending order, by group and then by columns: which none of their group dominates."""
    count = len(group)
    if not falls:
        return np.ones(count, dtype=bool)
    _, *others = falls
    if not others:
        return _changes([group], count)
    if others[1:]:
        return _compared(group, falls, effort)
    last = np.unique(falls[1], return_inverse=True)[1]
    last = last - group * (int(last.max()) + 1)  # below all of the groups before
    best = np.minimum.accumulate(last)
    return np.concatenate((np.ones(1, dtype=bool), last[1:] < best[:-1]))


def _compared(group: Any, falls: Sequence[Any], effort: SolvingEffort) -> Any:
    """Each row against all that are accepted before it: what dominates it comes before it in this order."""
    rows = np.stack((group, *falls), axis=1)
    accepted = rows[:0]
    keep = np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        effort.spend(len(chunk) * (len(accepted) + len(chunk)) // 8)
        free = np.flatnonzero(~_dominated(chunk, accepted))
        chunk = chunk[free]
        free, chunk = (each[~_dominated(chunk, chunk)] for each in (free, chunk))
        keep[start + free] = True
        accepted = np.concatenate((accepted, chunk))
        accepted = accepted[accepted[:, 0] >= accepted[-1, 0]] if len(accepted) else accepted
    return keep


def _dominated(rows: Any, others: Any) -> Any:
    """Which rows another one dominates: of its group, nowhere greater, and not the same."""
    meets = rows[:, None, 0] == others[None, :, 0]
    same = meets.copy()
    for column in range(1, rows.shape[1]):
        meets &= others[None, :, column] <= rows[:, None, column]
        same &= others[None, :, column] == rows[:, None, column]
    return (meets & ~same).any(axis=1)
