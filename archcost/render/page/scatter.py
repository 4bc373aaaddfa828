"""Designs in the plane of two metrics as inline SVG without a script: all of them, their front, and budgets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from archcost.figures import BYTES, METRICS, TIME
from archcost.quantities import format_bytes, format_count, format_nanoseconds
from archcost.render.page.icicle import FONTS, SCHEMES
from archcost.render.page.page_text import safe_text
from archcost.render.sweep_words import metric_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.render.page.swept_designs import SweptDesigns

WIDTH, HEIGHT = 720, 340
_LEFT, _RIGHT, _TOP, _FOOT = 70, 20, 26, 44
_WIDE = 30  # a range that only a logarithmic scale shows
_TICKS = 5
FRONT, BUDGET, POINT = "#c2453d", "#b36b00", "#8299b5"  # on light and on dark ground


class ScatterLook(NamedTuple):
    """How much a picture tells, and whether it is a file of its own, which knows light and dark."""

    points: int  # on the front, and beside it, at most
    told: bool = True  # a point says what it is where the pointer rests
    alone: bool = False


PAGE = ScatterLook(points=400, told=False)  # where a script draws another one, and printers see this
FILE = ScatterLook(points=4_000, alone=True)
NOTEBOOK = ScatterLook(points=400)


class PlotScale(NamedTuple):
    """Figures along a side, from ``start`` to ``end`` on paper."""

    low: float
    high: float
    is_log: bool
    start: float
    end: float

    def place(self, value: int) -> float:
        """Where a figure is."""
        one, low, high = (math.log(each) if self.is_log else each for each in (value, self.low, self.high))
        return self.start + (self.end - self.start) * (one - low) / ((high - low) or 1)

    def ticks(self) -> Iterator[int]:
        """Round figures: steps of 1, 2 or 5 times a power of ten, or those themselves on a logarithmic scale."""
        if self.is_log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            found = [digit * 10**power for power in powers if power >= 0 for digit in (1, 2, 5)]
            shown = [each for each in found if self.low <= each <= self.high]
            yield from shown[:: max(1, -(-len(shown) // (_TICKS + 1)))]
            return
        rough = (self.high - self.low) / _TICKS
        power = 10 ** max(0, math.floor(math.log10(rough))) if rough > 0 else 1
        step = next((digit * power for digit in (1, 2, 5) if digit * power >= rough), 10 * power)
        first = -(-int(self.low) // step) * step
        yield from range(first, int(self.high) + 1, step)


def scatter(designs: SweptDesigns, look: ScatterLook) -> str:
    """The picture; empty where there are not two metrics, or no design has both."""
    if len(designs.objectives) < 2:  # noqa: PLR2004 - a plane
        return ""
    x, y = (metric for metric, _ in designs.objectives[:2])
    found = {
        place: (across, up)
        for place in range(len(designs.designs))
        for across, up in [(designs.figure(place, x), designs.figure(place, y))]
        if across is not None and up is not None
    }
    if not found:
        return ""
    limits = {name: [each.limit for each in designs.budgets if each.metric == name] for name in (x, y)}
    across = _scale([*[pair[0] for pair in found.values()], *limits[x]], _LEFT, WIDTH - _RIGHT)
    up = _scale([*[pair[1] for pair in found.values()], *limits[y]], HEIGHT - _FOOT, _TOP)
    front = [place for place in designs.front if place in found]
    others = [place for place in found if place not in set(front)]
    drawn, beside = (each[:: max(1, -(-len(each) // look.points))] for each in (front, others))
    said = f"{designs.name}: {metric_label(y)} against {metric_label(x)}, {len(front):,} designs on the front"
    ink = 'class="ac-words"' if look.alone else 'fill="currentColor"'
    size = f'width="{WIDTH}" height="{HEIGHT}"' if look.alone else 'width="100%"'
    place_of = {place: (across.place(pair[0]), up.place(pair[1])) for place, pair in found.items()}
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {size} role="img"',
            f' font-family="{FONTS}" font-size="11"><title>{safe_text(said)}</title>',
            SCHEMES if look.alone else "",
            f"<g {ink}>",
            *_axis_texts(designs, across, up, (x, y)),
            "</g>",
            *_budgets(across, up, limits[x], limits[y]),
            f'<g fill="{POINT}">',
            *[_dot(designs, place, place_of[place], 3, look) for place in beside],
            f'</g><g fill="{FRONT}">',
            *_staircase(designs, [place_of[place] for place in drawn]),
            *[_dot(designs, place, place_of[place], 4, look) for place in drawn],
            "</g></svg>",
        ]
    )


def _scale(values: Sequence[int], start: float, end: float) -> PlotScale:
    low, high = min(values), max(values)
    is_log = low > 0 and high > _WIDE * low
    room = 0.04 * (high - low) or 1
    return (
        PlotScale(low / 1.1, high * 1.1, True, start, end)
        if is_log
        else PlotScale(max(0, low - room) if low >= 0 else low - room, high + room, False, start, end)
    )


def figure_text(metric: str, value: int) -> str:
    """A figure in few digits and its unit."""
    unit = METRICS[metric].unit if metric in METRICS else ""
    short = format_bytes if unit == BYTES else format_nanoseconds if unit == TIME else format_count
    return short(value)


def _axis_texts(designs: SweptDesigns, across: PlotScale, up: PlotScale, names: tuple[str, str]) -> Iterator[str]:
    """Ticks with their lines, the names of the metrics, and what the colours are."""
    x, y = names
    for tick in up.ticks():
        at = _number(up.place(tick))
        yield f'<path d="M{_LEFT} {at}H{WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity=".15"/>'
        yield f'<text x="{_LEFT - 6}" y="{at}" dy="4" text-anchor="end">{figure_text(y, tick)}</text>'
    for tick in across.ticks():
        at = _number(across.place(tick))
        yield f'<text x="{at}" y="{HEIGHT - _FOOT + 16}" text-anchor="middle">{figure_text(x, tick)}</text>'
    yield f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{safe_text(metric_label(x))} →</text>'
    yield f'<text x="4" y="14">↑ {safe_text(metric_label(y))}</text>'
    count = sum(not design.error for design in designs.designs)
    told = f"● front, {len(designs.front):,} of {count:,} designs"
    yield f'<text x="{WIDTH - _RIGHT}" y="14" text-anchor="end" fill="{FRONT}">{told}</text>'


def _budgets(across: PlotScale, up: PlotScale, xs: Sequence[int], ys: Sequence[int]) -> Iterator[str]:
    ways = [f"M{_number(across.place(limit))} {_TOP}V{HEIGHT - _FOOT}" for limit in xs]
    ways += [f"M{_LEFT} {_number(up.place(limit))}H{WIDTH - _RIGHT}" for limit in ys]
    for way in ways:
        yield f'<path d="{way}" stroke="{BUDGET}" stroke-dasharray="5 3"><title>budget</title></path>'


def _staircase(designs: SweptDesigns, places: Sequence[tuple[float, float]]) -> Iterator[str]:
    """What the front leaves to all other designs, where it is of two metrics."""
    if len(designs.objectives) != 2 or len(places) < 2:  # noqa: PLR2004 - a plane
        return
    ordered = sorted(places)
    holds = designs.objectives[0][1] == "min"  # a step keeps its height up to the next design
    way = f"M{_number(ordered[0][0])} {_number(ordered[0][1])}" + "".join(
        f"H{_number(right)}V{_number(height)}" if holds else f"V{_number(height)}H{_number(right)}"
        for right, height in ordered[1:]
    )
    yield f'<path d="{way}" fill="none" stroke="{FRONT}" stroke-opacity=".6"/>'


def _dot(designs: SweptDesigns, place: int, at: tuple[float, float], radius: int, look: ScatterLook) -> str:
    said = f"<title>{safe_text(_said(designs, place))}</title>" if look.told else ""
    return f'<circle cx="{_number(at[0])}" cy="{_number(at[1])}" r="{radius}">{said}</circle>'


def _said(designs: SweptDesigns, place: int) -> str:
    """What a design is, and its figures."""
    design = designs.designs[place]
    at = ", ".join(f"{name}={value}" for name, value in zip(designs.axes, design.at, strict=True))
    told = ", ".join(
        f"{figure_text(metric, value)} {metric_label(metric)}"
        for metric, value in zip(designs.metrics, design.figures, strict=True)
        if value is not None
    )
    return f"{at}: {told}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
