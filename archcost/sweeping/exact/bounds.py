"""What an answer is about: a metric between two figures, and the metrics and designs that it names."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.sweeping.exact.effort import EffortError, TooCoupledError
from archcost.sweeping.exact.problem import SumProblem, neighbours, simplified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archcost.sweeping.tables import MetricSum, SpaceTables

NAMED_AXES = 3  # in an error


@dataclass(frozen=True, slots=True)
class FigureBound:
    """``low`` ≤ figure ≤ ``high``, both ends included; None leaves a side open."""

    metric: str
    low: int | None = None
    high: int | None = None


def joined(bounds: Iterable[FigureBound]) -> tuple[FigureBound, ...]:
    """The same demands with one bound a metric, in the order in which metrics first appear."""
    found: dict[str, FigureBound] = {}
    for bound in bounds:
        old = found.get(bound.metric, FigureBound(bound.metric))
        lows = [each for each in (old.low, bound.low) if each is not None]
        highs = [each for each in (old.high, bound.high) if each is not None]
        found[bound.metric] = FigureBound(bound.metric, max(lows, default=None), min(highs, default=None))
    return tuple(found.values())


def sum_of(tables: SpaceTables, metric: str) -> MetricSum:
    """The sum of a metric by its name."""
    if metric not in tables.metrics:
        known = ", ".join(sorted(tables.metrics))
        raise UsageError(f"no sum over the space is known for '{metric}'", f"it is known for {known}")
    return tables.metrics[metric]


@contextmanager
def naming_axes(tables: SpaceTables, problem: SumProblem) -> Iterator[None]:
    """Make a TooCoupledError of a limit that is passed: with the axes of the problem that meet most others."""
    try:
        yield
    except EffortError as passed:
        simple = simplified(problem)
        met = neighbours(simple[0] if simple else problem).most_common(NAMED_AXES)
        names = [tables.space.axes[axis].name for axis, count in met if count]
        raise TooCoupledError(names, passed.limit) from None
