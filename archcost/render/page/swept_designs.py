"""Designs of a space as they are shown: what sets them apart, their figures, and which of them are on the front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.render.design_table import value_texts
from archcost.sweeping.asking import usual_plane

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.sweeping.asking import Objective
    from archcost.sweeping.data import SweepData
    from archcost.sweeping.row_values import DesignRow

_PLANE = 2  # metrics


class SweptDesign(NamedTuple):
    """A design: the text of what each axis sets, a figure of each metric (None: unknown), and what is wrong with it."""

    at: tuple[str, ...]
    figures: tuple[int | None, ...]
    error: str = ""


class BudgetLine(NamedTuple):
    """A limit on a metric."""

    metric: str
    limit: int


class SweptDesigns:
    """Some designs of a space. ``axes`` are params; the elements of a list that vary are one of them.

    ``objectives`` are what the front is about, none where there are not two metrics; ``front`` the places of the
    designs that no other listed one beats, of equal ones the first.
    """

    def __init__(
        self,
        name: str,
        axes: Sequence[str],
        metrics: Sequence[str],
        designs: Sequence[SweptDesign],
        objectives: Sequence[Objective] = (),
        budgets: Sequence[BudgetLine] = (),
    ) -> None:
        self.name = name
        self.axes = tuple(axes)
        self.metrics = tuple(metrics)
        self.designs = tuple(designs)
        chosen = tuple(objectives) or (usual_plane(metrics) if len(metrics) >= _PLANE else ())
        self.objectives: tuple[Objective, ...] = chosen
        self.budgets = tuple(budgets)
        self.front: tuple[int, ...] = self._front()

    def figure(self, place: int, metric: str) -> int | None:
        """A figure of a design."""
        return self.designs[place].figures[self.metrics.index(metric)]

    def best(self, objective: Objective) -> int | None:
        """The place of a design with the least, or the most, of a metric."""
        metric, sense = objective
        known = [place for place in range(len(self.designs)) if self.figure(place, metric) is not None]
        chosen = min if sense == "min" else max
        return chosen(known, key=lambda place: self.figure(place, metric) or 0) if known else None

    def _front(self) -> tuple[int, ...]:
        if not self.objectives:
            return ()
        columns = [(self.metrics.index(metric), 1 if sense == "min" else -1) for metric, sense in self.objectives]
        known = [
            (tuple([sign * (design.figures[column] or 0) for column, sign in columns]), place)
            for place, design in enumerate(self.designs)
            if all(design.figures[column] is not None for column, _ in columns)
        ]
        found: list[tuple[tuple[int, ...], int]] = []
        for costs, place in sorted(known):
            beaten = found[-1:] if len(columns) == _PLANE else found  # in a plane the last one has the least yet
            if not any(all(one <= other for one, other in zip(best, costs, strict=True)) for best, _ in beaten):
                found.append((costs, place))
        return tuple([place for _, place in found])


def swept_of(document: SweepData) -> SweptDesigns:
    """The designs that a document lists; none where it has only counts."""
    rows = list(document.get("rows", ()))
    names = list(dict.fromkeys(name for axis in document["axes"] for name in axis["sets"]))
    metrics = list(dict.fromkeys(document["metrics"]))
    objectives: list[Objective] = [(each["metric"], each["sense"]) for each in document.get("pareto", ())]
    known = objectives if all(metric in metrics for metric, _ in objectives) else []
    budgets = [
        BudgetLine(each["metric"], limit)
        for each in document["budgets"]
        for limit in (each["low"], each["high"])
        if limit is not None
    ]
    values = [row["values"] for row in rows]
    figures = [tuple([row["figures"].get(metric) for metric in metrics]) for row in rows]
    errors = [row["error"]["message"] if "error" in row else "" for row in rows]
    axes, texts = axis_texts(names, values)
    designs = list(map(SweptDesign, texts, figures, errors))
    return SweptDesigns(document["space"], axes, metrics, designs, known, budgets)


def swept_rows(
    name: str,
    targets: Sequence[str],
    metrics: Sequence[str],
    rows: Iterable[DesignRow],
    objectives: Sequence[Objective] = (),
    budgets: Sequence[BudgetLine] = (),
) -> SweptDesigns:
    """Designs of a space that are at hand as rows."""
    found = list(rows)
    axes, texts = axis_texts(targets, [row.values for row in found])
    designs = [
        SweptDesign(at, tuple([row.figures.get(metric) for metric in metrics]), row.error.message if row.error else "")
        for at, row in zip(texts, found, strict=True)
    ]
    return SweptDesigns(name, axes, metrics, designs, objectives, budgets)


def axis_texts(
    targets: Sequence[str], values: Sequence[Mapping[str, Any]]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """What varies, a name for each param, and its text in each design; elements of a list stand together."""
    params: dict[str, list[str]] = {}
    for target in targets:
        params.setdefault(target.partition("[")[0], []).append(target)
    columns = []
    for parts in params.values():
        texts = [value_texts([each.get(part, "") for each in values]) for part in parts]
        columns.append([",".join(each) for each in zip(*texts, strict=True)])
    names = tuple([parts[0] if len(parts) == 1 else f"{param}[…]" for param, parts in params.items()])
    return names, list(zip(*columns, strict=True)) if columns else [()] * len(values)
