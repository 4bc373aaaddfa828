"""What elimination works on: lengths of axes, sums of factors and conditions, and nothing of networks.

Sums are reduced before: every factor loses its least entry and is divided by what all differences have in common, so
that a figure = base + unit · (sum of reduced entries), each ≥ 0. Reduced sums mostly fit into int64 where figures do
not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import gcd, prod
from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.tables import Factor, MetricSum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.sweeping.tables import SpaceTables

SAFE = 1 << 62  # what int64 holds with a bit to spare


@dataclass(frozen=True, slots=True, eq=False)
class SumProblem:
    """Designs are an index along each axis, of these lengths; those count for which all conditions are true.

    ``costs``: for each metric the factors whose sum is its reduced figure.
    """

    lengths: tuple[int, ...]
    costs: tuple[tuple[Factor, ...], ...]
    conditions: tuple[Factor, ...] = ()

    @property
    def size(self) -> int:
        """Π lengths."""
        return prod(self.lengths)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """All of them, whatever they say."""
        return (*(factor for factors in self.costs for factor in factors), *self.conditions)


@dataclass(frozen=True, slots=True)
class Scale:
    """A figure = ``base`` + ``unit`` · reduced, with reduced from 0 to at most ``top``."""

    base: int
    unit: int
    top: int

    def figure(self, reduced: int) -> int:
        """The figure of a reduced sum."""
        return self.base + self.unit * reduced

    def least(self, figure: int) -> int:
        """⌈(figure − base) / unit⌉: the least reduced sum of a figure that is not below this one."""
        return -((self.base - figure) // self.unit)

    def most(self, figure: int) -> int:
        """⌊(figure − base) / unit⌋: the greatest reduced sum of a figure that is not above this one."""
        return (figure - self.base) // self.unit


def reduced(metric: MetricSum, sign: int = 1) -> tuple[Scale, tuple[Factor, ...]]:
    """The factors of ``sign`` · metric without their least entries and their common divisor."""
    base, unit, top = sign * metric.constant, 0, 0
    lifted = []
    for factor in metric.terms:
        figures = [sign * int(entry) for entry in factor.entries.ravel().tolist()]
        least = min(figures, default=0)
        lifted.append([figure - least for figure in figures])
        base += least
        top += max(lifted[-1], default=0)
        unit = gcd(unit, *lifted[-1])
    unit = unit or 1
    top //= unit
    dtype: Any = np.int64 if top < SAFE else object
    factors = []
    for factor, figures in zip(metric.terms, lifted, strict=True):
        entries = np.array([figure // unit for figure in figures], dtype=dtype)
        factors.append(Factor(factor.axes, entries.reshape(factor.entries.shape)))
    return Scale(base, unit, top), tuple(factors)


def problem_of(
    tables: SpaceTables, costs: Sequence[tuple[Factor, ...]], conditions: Iterable[Factor] = ()
) -> SumProblem:
    """The problem of the valid and distinct designs of a space that meet more conditions."""
    return SumProblem(tables.space.lengths, tuple(costs), (*tables.valid, *tables.distinct, *conditions))


def simplified(problem: SumProblem) -> tuple[SumProblem, tuple[int, ...]] | None:
    """The same with each factor over the axes alone along which it varies, and what that adds to each metric.

    None where a condition is false whatever the design.
    """
    conditions: dict[tuple[int, ...], Any] = {}
    for factor in problem.conditions:
        axes, entries = _varying(factor)
        if axes:
            conditions[axes] = conditions[axes] & entries if axes in conditions else entries
        elif not entries:
            return None
    shifts, costs = [], []
    for factors in problem.costs:
        shift, added = 0, dict[tuple[int, ...], Any]()
        for factor in factors:
            axes, entries = _varying(factor)
            least = int(entries.min())
            shift += least
            if axes:
                added[axes] = added.get(axes, 0) + (entries - least)
        shifts.append(shift)
        costs.append(_sorted(added))
    return SumProblem(problem.lengths, tuple(costs), _sorted(conditions)), tuple(shifts)


def _sorted(found: dict[tuple[int, ...], Any]) -> tuple[Factor, ...]:
    return tuple([Factor(axes, found[axes]) for axes in sorted(found)])


def _varying(factor: Factor) -> tuple[tuple[int, ...], Any]:
    """The axes along which a factor varies, and its entries over them."""
    axes, entries = list(factor.axes), np.asarray(factor.entries)
    for place in reversed(range(len(axes))):
        first = entries.take(0, axis=place)
        if (entries == np.expand_dims(first, place)).all():
            entries = np.asarray(first, dtype=entries.dtype)
            del axes[place]
    return tuple(axes), entries


def restricted(problem: SumProblem, axis: int, index: int) -> SumProblem:
    """The designs with one index along an axis, which goes: the axes after it move up."""

    def cut(factor: Factor) -> Factor:
        entries: Any = factor.entries
        if axis in factor.axes:
            entries = np.asarray(entries.take(index, axis=factor.axes.index(axis)), dtype=entries.dtype)
        return Factor(tuple([each - (each > axis) for each in factor.axes if each != axis]), entries)

    return SumProblem(
        problem.lengths[:axis] + problem.lengths[axis + 1 :],
        tuple([tuple(map(cut, factors)) for factors in problem.costs]),
        tuple(map(cut, problem.conditions)),
    )


def components(problem: SumProblem, without: int | None = None) -> list[tuple[int, ...]]:
    """The axes in groups that meet in no factor, in their order; ``without`` an axis, as if it were fixed."""
    group = list(range(len(problem.lengths)))

    def root(axis: int) -> int:
        while group[axis] != axis:
            group[axis] = group[group[axis]]
            axis = group[axis]
        return axis

    for factor in problem.factors:
        kept = [axis for axis in factor.axes if axis != without]
        for axis in kept[1:]:
            first, second = sorted((root(kept[0]), root(axis)))
            group[second] = first
    found: dict[int, list[int]] = {}
    for axis in range(len(group)):
        if axis != without:
            found.setdefault(root(axis), []).append(axis)
    return [tuple(axes) for axes in found.values()]


def part(problem: SumProblem, axes: tuple[int, ...]) -> SumProblem:
    """The problem of some axes that meet no other, which are numbered anew."""
    place = {axis: number for number, axis in enumerate(axes)}

    def moved(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
        return tuple(
            [
                Factor(tuple([place[axis] for axis in factor.axes]), factor.entries)
                for factor in factors
                if factor.axes and factor.axes[0] in place
            ]
        )

    lengths = tuple([problem.lengths[axis] for axis in axes])
    return SumProblem(lengths, tuple(map(moved, problem.costs)), moved(problem.conditions))


def neighbours(problem: SumProblem) -> Counter[int]:
    """For each axis that meets others: how many."""
    met: dict[int, set[int]] = {}
    for factor in problem.factors:
        for axis in factor.axes:
            met.setdefault(axis, set()).update(factor.axes)
    return Counter({axis: len(others) - 1 for axis, others in met.items()})


def dividing_axis(problem: SumProblem) -> int:
    """The axis to fix: what it leaves is in the smallest pieces; of such axes the one with most neighbours."""
    met = neighbours(problem)

    def rank(axis: int) -> tuple[int, int, int]:
        pieces = components(problem, without=axis)
        largest = max((prod(problem.lengths[each] for each in piece) for piece in pieces), default=1)
        return largest * problem.lengths[axis], -met[axis], problem.lengths[axis]

    return min(range(len(problem.lengths)), key=rank)


def content(problem: SumProblem) -> tuple[Any, ...]:
    """What is the same for problems with the same solution."""

    def of(factor: Factor) -> tuple[Any, ...]:
        entries = factor.entries
        return factor.axes, entries.dtype.str, tuple(entries.ravel()) if entries.dtype == object else entries.tobytes()

    return problem.lengths, tuple([tuple(map(of, each)) for each in (*problem.costs, problem.conditions)])


def enumerated(problem: SumProblem) -> tuple[Any, tuple[Any, ...]]:
    """The designs that meet the conditions, as flat positions, and their reduced figures, an array for each metric."""

    def spread(factor: Factor) -> Any:
        shape = [length if axis in factor.axes else 1 for axis, length in enumerate(problem.lengths)]
        return factor.entries.reshape(shape)

    meets = np.ones(problem.lengths, dtype=bool)
    for condition in problem.conditions:
        meets &= spread(condition)
    places = np.flatnonzero(meets)
    figures = []
    for factors in problem.costs:
        total: Any = np.zeros(problem.lengths, dtype=np.int64)
        for factor in factors:
            total = total + spread(factor)
        figures.append(total.ravel()[places])
    return places, tuple(figures)
