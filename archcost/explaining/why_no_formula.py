"""Why a figure is no polynomial in a variable, as far as analyses at neighbours of its value tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.explaining.polynomials import interpolated
from archcost.explaining.steps import MOST_DEGREE, NEIGHBOURS
from archcost.figures import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from archcost.analysis.report import Layer, Report
    from archcost.explaining.samples import Samples

_SHOWN = 4  # values of a row that follows no polynomial


def why_none(samples: Samples, name: str) -> str:
    """The reason why a figure has no formula."""
    places = _neighbours(samples)
    reports = []
    for x in places:
        report = samples.report_at(x)
        if isinstance(report, str):
            return f"too few values near {samples.shown(samples.value)} are valid; at {samples.shown(x)}: {report}"
        reports.append(report)
    if not METRICS[name].additive:
        return f"it is the largest of many sums, and near {samples.shown(samples.value)} not always the same of them"
    return _first_odd(samples, name, places, reports)


def _neighbours(samples: Samples) -> list[Fraction]:
    return [samples.value + place for place in range(NEIGHBOURS)]


def _first_odd(samples: Samples, name: str, places: Sequence[Fraction], reports: Sequence[Report]) -> str:
    """The number of layers, or the first layer, that follows no polynomial."""
    general = f"there is no polynomial of degree {MOST_DEGREE} or less at any step that was tried"
    counts = [len(report.layers) for report in reports]
    if len(set(counts)) > 1:
        if _follows(places, counts):
            return general
        if len(set(counts[1:])) > 1:
            return f"{general}; the number of layers is {_row(samples, places, counts)}"
        places, reports = places[1:], reports[1:]
    for layers in zip(*[report.layers for report in reports], strict=True):
        figures = [getattr(layer.costs, name) for layer in layers]
        if not _follows(places, figures):
            broken = _broken(samples, name, places, layers)
            return f"{general}; the first layer that breaks it is {layers[0].path}: {broken}"
    return general


def _broken(samples: Samples, name: str, places: Sequence[Fraction], layers: Sequence[Layer]) -> str:
    """The sizes of a layer's output that follow no polynomial; else its figure."""
    shapes = [layer.output[0] for layer in layers]
    for axis, sizes in enumerate(zip(*shapes, strict=False)):
        if not _follows(places, sizes):
            return f"dim {axis} of its output is {_row(samples, places, sizes)}"
    figures = [getattr(layer.costs, name) for layer in layers]
    return f"{METRICS[name].label} {_row(samples, places, figures)}"


def _follows(places: Sequence[Fraction], numbers: Sequence[int]) -> bool:
    return interpolated(list(zip(places, numbers, strict=True)), MOST_DEGREE) is not None


def _row(samples: Samples, places: Sequence[Fraction], numbers: Sequence[int]) -> str:
    """A few numbers in a row, from just before the first change on, and where they are."""
    change = next(place for place, number in enumerate(numbers) if number != numbers[0])
    start = max(change - 2, 0)
    shown = slice(start, start + _SHOWN)
    values = ", ".join([f"{number:,}" for number in numbers[shown]])
    return f"{values} at {samples.variable} {', '.join(map(samples.shown, places[shown]))}"
