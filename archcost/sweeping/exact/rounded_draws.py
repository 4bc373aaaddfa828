"""Uniform draws within bounds of a metric, whose sums are rounded first: few enough to have them all in a table.

The parts of a space that share no axis are listed, each design with its figure v ≥ 0. With x = ⌊v / q⌋, Σ v ≤ high
implies Σ x ≤ ⌊high / q⌋, and Σ v ≥ low implies Σ x ≥ ⌈(low − k (q − 1)) / q⌉ for k parts. So designs whose rounded sum
is within are all that are wanted and few others. One of them is drawn part by part, each by the weight of what may
follow, and those aside that are not wanted, which leaves the rest exactly uniform.

The weight of what follows at a rest r of the sum is U(r) = ⌈T(r) / 2^b⌉, where T(r) = Σ n(x) U'(r − x) over the n(x)
designs of the next part: integers of at most 36 bits. A draw from U(r) · 2^b that is not below T(r) is given up. So
each design has the same chance: 1 over the first T, times 2^-b for each part after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.exact.problem import SAFE
from archcost.sweeping.exact.words import UniformWords, WeightEnds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.sweeping.exact.budgets import BudgetCounts
    from archcost.sweeping.exact.distributions import Distribution
    from archcost.sweeping.exact.solving import Alternative, Solution

SUMS = 1 << 9  # rounded sums
MAX_LISTED = MAX_PACKED = 1 << 15  # designs of a part, and of small parts that are listed as one
MAX_ENTRIES = 1 << 22  # of all tables together
MAX_CELLS = 1 << 24  # indices and figures of all lists together
WEIGHT_BITS = 36  # with 15 of designs and 10 of sums, all of a table adds up to 2^61
LEAST_SHARE = 8  # one draw in so many has to be within the bounds
_TRIED = 1 << 12
_SORTED_BITS = 16


class TooRoundError(Exception):
    """Rounded sums do not tell what is within the bounds, or parts have too many designs to list."""


class RoundedDraws:
    """Draws from the designs within bounds of a metric; ``among`` is a few more than there are.

    Raises TooRoundError where there are no such designs, or others have to draw.
    """

    def __init__(self, counts: BudgetCounts, low: int | None, high: int | None) -> None:
        least, most = counts.reduced_bounds(low, high)
        self._axes = counts.axes
        listed, cells = [], 0
        for each in counts.branches:
            listed.append((each, _lists(each)))
            cells += sum(one.columns.size + one.values.size for one in listed[-1][1])
            if cells > MAX_CELLS:
                raise TooRoundError
        sums = SUMS
        while True:
            branches = [_Branch(each, lists, least, most, sums) for each, lists in listed]
            self._branches = [each for each in branches if each.weight]
            if sum(each.entries for each in branches) <= MAX_ENTRIES:
                break
            sums //= 2
            if not sums:
                raise TooRoundError
        if not self._branches:
            raise TooRoundError
        self._ends = WeightEnds(np.cumsum(np.array([each.weight for each in self._branches], dtype=object)))
        self.among = self._ends.total
        self._share = 1.0
        kept = len(self._batch(_TRIED, UniformWords(0)))
        if kept * LEAST_SHARE < _TRIED:
            raise TooRoundError
        self._share = kept / _TRIED

    def draw(self, number: int, words: UniformWords) -> Any:
        """So many designs, each from all: indices (n × axes, int32, a column after the other)."""
        found, missing = [np.empty((0, self._axes), dtype=np.int32, order="F")], number
        while missing:
            batch = self._batch(int(missing / self._share * 1.02) + 64, words)[:missing]
            found.append(batch)
            missing -= len(batch)
        return found[1] if len(found) == 2 else np.concatenate(found)  # noqa: PLR2004 - one batch, not copied

    def _batch(self, number: int, words: UniformWords) -> Any:
        """What is within the bounds of so many draws."""
        places = words.weighted(self._ends, number)
        kept = np.zeros(number, dtype=bool)
        drawn = []
        for place, branch in enumerate(self._branches):
            rows = np.flatnonzero(places == place)
            designs, own = branch.draw(len(rows), words)
            kept[rows] = own
            drawn.append((branch, rows[own], designs[:, own]))
        where = np.cumsum(kept) - 1
        found = np.empty((int(kept.sum()), self._axes), dtype=np.int32, order="F")
        for branch, rows, designs in drawn:
            branch.fill(found, slice(None) if len(rows) == len(found) else where[rows], designs)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _List:
    """The designs of a part by their figures, in ascending order: a row of indices for each of its axes."""

    axes: tuple[int, ...]
    values: Any
    columns: Any

    def beside(self, other: _List) -> _List:
        """Every design of this with every design of the other."""
        values = (self.values[:, None] + other.values[None, :]).ravel()
        order = np.argsort(values, kind="stable")
        first, second = np.divmod(order, len(other.values))
        columns = np.concatenate((self.columns[:, first], other.columns[:, second]))
        return _List(self.axes + other.axes, values[order], columns)


def _lists(branch: Alternative[Distribution]) -> list[_List]:
    """The parts of a branch, small ones beside each other as one; one of them at least."""
    lists = sorted(map(_listed, branch.parts), key=lambda each: len(each.values))
    packed: list[_List] = []
    while lists:
        first = lists.pop()
        for other in reversed(lists.copy()):
            if len(first.values) * len(other.values) <= MAX_PACKED:
                first = first.beside(other)
                lists = [each for each in lists if each is not other]
        packed.append(first)
    return packed or [_List((), np.zeros(1, np.int64), np.zeros((0, 1), np.int32))]


def _listed(part: Solution[Distribution]) -> _List:
    node = part.node
    count = int(node.counts.sum())
    if count > MAX_LISTED or node.values.dtype == object:
        raise TooRoundError
    counts = node.counts.astype(np.int64)
    places = np.repeat(np.arange(len(node)), counts)
    ranks = np.arange(count) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = np.ascontiguousarray(node.designs(places, ranks).T)
    return _List(part.axes, node.values[places] + part.shifts[0], columns)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A part with what may follow, by the rest of the sum.

    ``rounded`` are its different x, ``starts`` the first design of each; ``limits`` and ``wholes`` have U(r) · 2^b and
    T(r), ``ends`` and ``before`` where in Σ T over all r and x the share of each ends and begins, and ``begins`` where
    that of r begins.
    """

    rounded: Any
    starts: Any
    limits: Any
    wholes: Any
    begins: Any
    ends: Any
    before: Any
    after: Any  # U'(r)
    bits: int


class _Branch:
    """The designs of an alternative whose rounded sums are within bounds; ``weight`` is a bit more than there are."""

    def __init__(
        self, branch: Alternative[Distribution], lists: Sequence[_List], low: int, high: int, sums: int
    ) -> None:
        self._fixed, self._lists = branch.fixed, lists
        shift = branch.shifts[0]
        self._high = min(high - shift, sum(int(each.values[-1]) for each in lists))
        self._low = max(low - shift, 0)
        self._tables: list[_Table] = []
        self.weight = self.entries = 0
        if self._low > self._high or self._high >= SAFE:
            return
        quantum = self._high // sums + 1
        self._top = self._high // quantum
        bottom = max(-((len(lists) * (quantum - 1) - self._low) // quantum), 0)
        after = (np.arange(self._top + 1) <= self._top - bottom).astype(np.int64)
        bits = 0
        for place, each in reversed(list(enumerate(lists))):
            table = _table(each.values // quantum, after, self._top, is_first=place == 0)
            self._tables.insert(0, table)
            self.entries += len(table.ends)
            after = table.limits >> table.bits
            bits += table.bits
        self.weight = int(self._tables[0].limits[-1]) << (bits - self._tables[0].bits)

    def draw(self, number: int, words: UniformWords) -> tuple[Any, Any]:
        """The numbers of so many designs, a row for each list, and which of them are within the bounds.

        What a draw is above the share of its design, of U', is the draw of the next part, but for its last b bits.
        """
        designs = np.zeros((len(self._lists), number), dtype=np.int64)
        rows, rest = np.arange(number), np.full(number, self._top)
        drawn = words.below(int(self._tables[0].limits[-1]), number)
        for place, table in enumerate(self._tables):
            if table.bits:
                drawn = (drawn << table.bits) + words.below(1 << table.bits, len(rows))
                goes_on = drawn < table.wholes[rest]
                if not goes_on.all():
                    rows, rest, drawn = rows[goes_on], rest[goes_on], drawn[goes_on]
            drawn += table.begins[rest]
            order = _about_ascending(drawn, int(table.ends[-1]))  # what is looked up in order stays in the cache
            rows, rest, drawn = rows[order], rest[order], drawn[order]
            places = table.ends.searchsorted(drawn, side="right")
            columns = places - (rest * len(table.rounded) if place else 0)
            drawn -= table.before[places]
            rest = rest - table.rounded[columns]
            after = table.after[rest]
            ranks = drawn // after
            drawn -= ranks * after
            designs[place, rows] = table.starts[columns] + ranks
        kept = np.zeros(number, dtype=bool)
        kept[rows] = True
        figures = sum([each.values[own] for each, own in zip(self._lists, designs, strict=True)])
        return designs, kept & (figures >= self._low) & (figures <= self._high)

    def fill(self, found: Any, rows: Any, designs: Sequence[Any]) -> None:
        """Write designs, by their numbers in the lists, to rows of indices."""
        for each, own in zip(self._lists, designs, strict=True):
            for axis, column in zip(each.axes, each.columns, strict=True):
                found[rows, axis] = column.take(own)
        for axis, index in self._fixed:
            found[rows, axis] = index


def _table(rounded: Any, after: Any, top: int, *, is_first: bool) -> _Table:
    """The table of a part, whose x are in ascending order; the first part has all of the sum before it."""
    values, starts, counts = np.unique(rounded, return_index=True, return_counts=True)
    inside = values <= top
    values, starts, counts = values[inside], starts[inside], counts[inside]
    rests = np.array([top]) if is_first else np.arange(top + 1)
    left = rests[:, None] - values[None, :]
    weights = np.where(left >= 0, after[np.maximum(left, 0)], 0) * counts[None, :]
    wholes = weights.sum(axis=1)
    bits = 0 if is_first else max(int(wholes.max()).bit_length() - WEIGHT_BITS, 0)
    ends = np.cumsum(weights.ravel())
    begins = np.concatenate((np.zeros(1, np.int64), np.cumsum(wholes)[:-1]))
    limits = -(-wholes >> bits) << bits
    if is_first:  # of which one row is there, found by its rest
        limits, wholes, begins = (np.concatenate((np.zeros(top, np.int64), one)) for one in (limits, wholes, begins))
    before = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    return _Table(values, starts, limits, wholes, begins, ends, before, after, bits)


def _about_ascending(drawn: Any, end: int) -> Any:
    """An order in which numbers below ``end`` ascend by their first 16 bits, which are sorted in two passes."""
    bits = max(end.bit_length() - _SORTED_BITS, 0)
    return (drawn >> bits).astype(np.uint16).argsort(kind="stable")
