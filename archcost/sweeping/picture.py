"""A space in the plane of two metrics: where its designs lie, their front, the budgets, and what is best in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError
from archcost.sweeping.answers import Answers
from archcost.sweeping.asking import usual_plane
from archcost.sweeping.singles import PER_ROW
from archcost.sweeping.values import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.sweeping.asking import Objective
    from archcost.sweeping.listing import Listing
    from archcost.sweeping.tables import SpaceTables

DRAWN = 50_000
_FEW_AXES = 4  # whose values a label has room for


class Point(NamedTuple):
    """Figures of a design, and what sets it apart; empty for a point of a cloud."""

    x: int
    y: int
    label: str = ""


class Picture(NamedTuple):
    """``cloud`` are all designs, or ``DRAWN`` of them, drawn uniformly (``is_drawn``); ``front`` is by ascending x.

    ``budgets`` are limits on the two metrics, by name.
    """

    title: str
    objectives: tuple[Objective, Objective]
    cloud: Sequence[Point]
    is_drawn: bool
    front: Sequence[Point]
    budgets: Sequence[tuple[str, int]]
    best: Sequence[Point]


def picture(
    tables: SpaceTables, where: str, objectives: Sequence[Objective], metrics: Sequence[str], seed: int
) -> Picture:
    """The picture of a space by its objectives; without any, least of one of the first two metrics, most of the other.

    MACs come first where they are one of the two. Raises UsageError for metrics that are no sums.
    """
    plane = _plane(objectives, metrics)
    names = tuple([name for name, _ in plane])
    answers = Answers(tables, metrics=names)
    answers.refuse_if_none()
    is_drawn = not answers.goes_through
    cloud = answers.sample(DRAWN, seed) if is_drawn else answers.listing().chosen(~answers.listing().invalid())
    within = Answers(tables, where, metrics=names) if where else answers
    budgets = [
        (bound.metric, limit)
        for bound in within.where.bounds
        for limit in (bound.low, bound.high)
        if bound.metric in names and limit is not None
    ]
    best = [within.best(objective) for objective in (plane[1:] if where else plane)]
    return Picture(
        tables.space.name or tables.space.spec.name,
        plane,
        _points(cloud, names),
        is_drawn,
        sorted(_points(answers.front(plane), names)),
        budgets,
        [point._replace(label=_label(tables, found)) for found in best for point in _points(found, names)],
    )


def _plane(objectives: Sequence[Objective], metrics: Sequence[str]) -> tuple[Objective, Objective]:
    if objectives:
        if len(objectives) != 2:  # noqa: PLR2004 - paper has no more
            raise UsageError("a plot has two objectives", "for instance --pareto min:macs,max:params")
        plane = (objectives[0], objectives[1])
    else:
        if len(metrics) < 2:  # noqa: PLR2004
            raise UsageError("a plot is of two metrics", "for instance --metrics macs,params")
        plane = usual_plane(metrics)
    late = [name for name, _ in plane if name in PER_ROW]
    if late:
        raise UsageError(f"{late[0]} is not drawn: it takes an analysis for each design", "draw macs and params")
    return plane


def _points(listing: Listing, names: tuple[str, ...]) -> list[Point]:
    figures = listing.figures(names)
    return [Point(x, y) for x, y in zip(*[figures[name].tolist() for name in names], strict=True)]


def _label(tables: SpaceTables, listing: Listing) -> str:
    """What the axes set, where they are few."""
    axes = tables.space.axes
    if len(axes) > _FEW_AXES or not len(listing):
        return ""
    values = tables.space.values_of(listing.indices()[0].tolist())
    return ", ".join([f"{target}={shown(value)}" for target, value in values.items()])
