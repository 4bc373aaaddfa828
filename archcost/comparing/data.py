"""Comparisons, of two models and of several, as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict, cast

from archcost.analysis.data import settings_data, spec_data
from archcost.documents import (
    Count,
    Identified,
    LoraData,
    Positive,
    Shape,
    ShapesByName,
    WarnedData,
    figures_data,
    holding,
    identified,
)
from archcost.figures import OF_LAYERS, TOTALS, UNDECLARED, told_of
from archcost.timing.data import TIMED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report
    from archcost.comparing.comparison import Change, Comparison, Difference

_WORDS = {"+": "added", "-": "removed", "~": "changed", " ": "same"}


class ComparedModelData(WarnedData):
    """A model that is compared, and under which settings."""

    name: str
    path: str
    sha256: str
    params: dict[str, Any]
    inputs: NotRequired[ShapesByName]
    lora: NotRequired[LoraData]
    batch: Positive


class DifferenceData(TypedDict):
    """A figure before and after: the known part where it is unknown of layers, null where all of it is."""

    before: Count | None
    after: Count | None
    delta: int | None
    unknown_layers: NotRequired[Positive]


@holding(figures_data(sorted(TOTALS, key=lambda name: name not in OF_LAYERS), DifferenceData))
class TotalDifferencesData(TypedDict):
    """The figures of the whole models before and after."""


@holding(figures_data(OF_LAYERS, DifferenceData), before="change")
class ChangeData(TypedDict):
    """A scope or layer in both models or in one, with those below it where something changed there."""

    change: Literal["added", "removed", "changed", "same"]
    path: str
    name: str
    old_name: str
    op: str
    old_op: str
    output: list[Shape]
    old_output: list[Shape]
    children: list[ChangeData]


@holding(TIMED)
class ComparisonData(Identified):
    """What differs between two models, whole and by scope."""

    before: ComparedModelData
    after: ComparedModelData
    totals: TotalDifferencesData
    changes: list[ChangeData]


@holding(figures_data(TOTALS, Count))
class TotalsData(TypedDict):
    """The figures of a whole model; the known part where ``unknown`` names layers."""


@holding(dict.fromkeys(UNDECLARED, NotRequired[list[str]]))
class UnknownData(TypedDict):
    """The paths of the layers of which a figure is not known."""


class BesideData(TypedDict):
    """One of several models, with its totals."""

    name: str
    path: str
    params: dict[str, Any]
    inputs: NotRequired[ShapesByName]
    batch: Positive
    totals: TotalsData
    unknown: NotRequired[UnknownData]


@holding(TIMED)
class SideBySideData(Identified):
    """The totals of three models and more."""

    models: list[BesideData]


def comparison_data(comparison: Comparison) -> ComparisonData:
    """The JSON form of what differs between two models."""
    totals, of_layers = [told_of(names, training=comparison.training) for names in (TOTALS, OF_LAYERS)]
    return {
        **identified("comparison"),
        "before": _model(comparison.before),
        "after": _model(comparison.after),
        "totals": cast("TotalDifferencesData", {metric: _sides(comparison.total(metric)) for metric in totals}),
        "changes": [_change(item, of_layers) for item in comparison.changes],
    }


def side_by_side_data(reports: Sequence[Report]) -> SideBySideData:
    """The JSON form of several models beside each other."""
    return {**identified("side-by-side"), "models": [_beside(report) for report in reports]}


def _model(report: Report) -> ComparedModelData:
    return cast("ComparedModelData", {**spec_data(report), "batch": report.batch})


def _change(item: Change, metrics: Sequence[str]) -> ChangeData:
    found: dict[str, Any] = {
        "change": _WORDS[item.mark],
        "path": item.path,
        "name": item.name,
        "old_name": item.old_name,
        "op": item.op,
        "old_op": item.old_op,
        "output": [list(shape) for shape in item.output],
        "old_output": [list(shape) for shape in item.old_output],
        **{metric: _sides(item.difference(metric)) for metric in metrics},
        "children": [_change(child, metrics) for child in item.children],
    }
    return cast("ChangeData", found)


def _sides(difference: Difference) -> DifferenceData:
    """Figures and their difference; of figures with unknown parts the known part (null for none), and no difference."""
    found: DifferenceData = {
        "before": None if difference.unknown_before and not difference.before else difference.before,
        "after": None if difference.unknown_after and not difference.after else difference.after,
        "delta": difference.delta if difference.known else None,
    }
    if not difference.known:
        found["unknown_layers"] = difference.unknown_before + difference.unknown_after
    return found


def _beside(report: Report) -> BesideData:
    found: dict[str, Any] = {
        "name": report.name,
        "path": report.spec.place,
        **settings_data(report),
        "batch": report.batch,
        "totals": {
            metric: getattr(report.totals, metric) for metric in told_of(TOTALS, training=report.totals.training)
        },
    }
    unknown = report.unknown_layers()
    if unknown:
        found["unknown"] = unknown
    return cast("BesideData", found)
