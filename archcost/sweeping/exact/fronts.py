"""The designs that no other beats in several metrics at once, and the best in one, under bounds: exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from archcost.errors import UsageError
from archcost.sweeping.arrays import np
from archcost.sweeping.exact.bounds import FigureBound, joined, naming_axes, sum_of
from archcost.sweeping.exact.effort import SolvingEffort
from archcost.sweeping.exact.labels import Labels, Pairs, UndominatedLabels, undominated
from archcost.sweeping.exact.problem import Scale, SumProblem, problem_of, reduced
from archcost.sweeping.exact.solving import Alternative, Elimination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from archcost.sweeping.tables import Factor, SpaceTables

Sense = Literal["min", "max"]
Objective = tuple[str, Sense]


@dataclass(frozen=True, slots=True)
class FrontDesign:
    """One design, by an index for each axis, and its figures in the metrics that were asked for.

    ``sharing`` is how many designs have the same figures, itself included; None where bounds of other metrics hide it.
    """

    indices: tuple[int, ...]
    figures: Mapping[str, int]
    sharing: int | None


@dataclass(frozen=True, slots=True)
class FrontColumn:
    """A metric times ``sign``: to be minimised, or ``exact`` where both less and more may matter.

    The ends are reduced sums between which the figure must be; only an exact column has a lower one.
    """

    metric: str
    sign: int
    exact: bool
    scale: Scale
    factors: tuple[Factor, ...]
    least: int | None
    most: int | None

    def figure(self, cost: int) -> int:
        """The figure of the metric at a reduced sum."""
        return self.sign * self.scale.figure(cost)


def front(
    tables: SpaceTables,
    objectives: Sequence[Objective],
    bounds: Iterable[FigureBound] = (),
    conditions: Iterable[Factor] = (),
    effort: SolvingEffort | None = None,
) -> tuple[FrontDesign, ...]:
    """A design for each of the undominated figures in the objectives, of those that meet bounds and conditions.

    In ascending order of the objectives, the best of the first one first.
    """
    if not objectives or any(sense not in {"min", "max"} for _, sense in objectives):
        raise UsageError("a front needs metrics, each with the sense 'min' or 'max'")
    demands = joined(bounds)
    columns = _columns(tables, objectives, demands)
    problem = problem_of(tables, [column.factors for column in columns], tuple(conditions))
    if not tables.space.size:
        return ()
    with naming_axes(tables, problem):
        found = _Front(columns, problem, effort or SolvingEffort()).designs(objectives)
    hidden = {bound.metric for bound in demands} - {metric for metric, _ in objectives}
    return tuple([replace(design, sharing=None) for design in found] if hidden else found)


def best(
    tables: SpaceTables,
    metric: str,
    sense: Sense,
    bounds: Iterable[FigureBound] = (),
    conditions: Iterable[Factor] = (),
    effort: SolvingEffort | None = None,
) -> FrontDesign | None:
    """A design with the least or greatest figure of those that meet bounds and conditions; None if none does."""
    demands, conditions = joined(bounds), tuple(conditions)
    for number, bound in enumerate(demands):
        if bound.low is None or bound.high is None or bound.metric == metric:
            continue
        for half in (replace(bound, low=None), replace(bound, high=None)):  # far cheaper, and mostly enough
            looser = best(tables, metric, sense, (*demands[:number], half, *demands[number + 1 :]), conditions, effort)
            if looser is None:
                return None
            if bound.low <= looser.figures[bound.metric] <= bound.high:
                return looser
    return next(iter(front(tables, ((metric, sense),), demands, conditions, effort)), None)


def _columns(tables: SpaceTables, objectives: Sequence[Objective], bounds: Sequence[FigureBound]) -> list[FrontColumn]:
    """A column for each metric; its signs are those in which something asks for less."""
    signs: dict[str, set[int]] = {}
    for metric, sense in objectives:
        signs.setdefault(metric, set()).add(1 if sense == "min" else -1)
    by_metric = {bound.metric: bound for bound in bounds}
    for bound in bounds:
        asked = {1} if bound.high is not None else set()
        signs.setdefault(bound.metric, set()).update(asked | ({-1} if bound.low is not None else set()))
    columns = []
    for metric, wanted in signs.items():
        sign = 1 if len(wanted) != 1 else min(wanted)
        scale, factors = reduced(sum_of(tables, metric), sign)
        bound = by_metric.get(metric, FigureBound(metric))
        low, high = (bound.low, bound.high) if sign > 0 else (_negated(bound.high), _negated(bound.low))
        least = None if low is None else scale.least(low)
        most = None if high is None else scale.most(high)
        columns.append(FrontColumn(metric, sign, wanted == {1, -1}, scale, factors, least, most))
    return columns


def _negated(figure: int | None) -> int | None:
    return None if figure is None else -figure


class _Front:
    """The labels of all branches, each of whose parts are combined within the bounds."""

    def __init__(self, columns: Sequence[FrontColumn], problem: SumProblem, effort: SolvingEffort) -> None:
        self._columns, self._effort = columns, effort
        self._exact = [column.exact for column in columns]
        self._elimination: Elimination[Labels] = Elimination(UndominatedLabels(self._exact, effort))
        self._width = len(problem.lengths)
        self._found = [self._combined(branch) for branch in self._elimination.branches(problem)]

    def _combined(
        self, branch: Alternative[Labels]
    ) -> tuple[Alternative[Labels], Labels, tuple[int, ...], tuple[Any, ...]]:
        """The labels within the bounds, the axes of their columns, and their costs."""
        whole = self._elimination.listing(SumProblem((), tuple([() for _ in self._columns]))).shifted(branch.shifts)
        parts = branch.parts or (replace(whole, shifts=(0,) * len(self._columns)),)
        for number, second in enumerate(parts):
            within = self._within(parts[number + 1 :])
            node = Pairs(whole, second, self._exact, self._effort, within)
            whole = replace(whole, node=node, axes=whole.axes + second.axes, shifts=(0,) * len(self._columns))
        return branch, whole.node, whole.axes, whole.node.costs

    def _within(self, rest: Sequence[Any]) -> Callable[[tuple[Any, ...]], Any]:
        """Which costs may meet the bounds with the least and the most that the rest can add."""
        ends = []
        for number, column in enumerate(self._columns):
            lows = sum(int(part.node.costs[number].min()) + part.shifts[number] for part in rest)
            highs = sum(int(part.node.costs[number].max()) + part.shifts[number] for part in rest)
            most = None if column.most is None else min(column.most, column.scale.top) - lows
            least = None if column.least is None else max(column.least, -1) - highs
            ends.append((least, most))

        def within(costs: tuple[Any, ...]) -> Any:
            meets = np.ones(len(costs[0]), dtype=bool)
            for cost, (least, most) in zip(costs, ends, strict=True):
                if least is not None:
                    meets &= (cost >= least).astype(bool)
                if most is not None:
                    meets &= (cost <= most).astype(bool)
            return meets

        return within

    def designs(self, objectives: Sequence[Objective]) -> list[FrontDesign]:
        """What is undominated in the objectives alone, in their order."""
        if not self._found:
            return []
        place = {column.metric: number for number, column in enumerate(self._columns)}
        costs = [np.concatenate([costs[number] for *_, costs in self._found]) for number in range(len(self._columns))]
        counts = np.concatenate([labels.counts.astype(object) for _, labels, _, _ in self._found])
        senses = []
        for metric, sense in objectives:
            column = self._columns[place[metric]]
            senses.append(costs[place[metric]] * (column.sign if sense == "min" else -column.sign))
        kept, counts = undominated(tuple(senses), counts, [False] * len(senses), self._effort)
        starts = np.cumsum([0, *(len(labels) for _, labels, _, _ in self._found)])
        indices = np.empty((len(kept), self._width), dtype=np.int32)
        for number, (branch, labels, axes, _) in enumerate(self._found):
            rows = np.flatnonzero((kept >= starts[number]) & (kept < starts[number + 1]))
            columns = np.array(axes, dtype=np.intp)
            indices[rows[:, None], columns] = labels.designs(kept[rows] - starts[number])
            for axis, index in branch.fixed:
                indices[rows, axis] = index
        figures = [
            [column.figure(int(cost)) for cost in costs[number][kept]] for number, column in enumerate(self._columns)
        ]
        names = [column.metric for column in self._columns]
        return [
            FrontDesign(tuple(design), dict(zip(names, row, strict=True)), int(sharing))
            for design, row, sharing in zip(indices.tolist(), zip(*figures, strict=True), counts, strict=True)
        ]
