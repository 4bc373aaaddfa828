"""The headlines of a space of designs: how many there are, how many meet the condition, the front, and the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.figures import BYTES, METRICS, TIME
from archcost.quantities import format_count, format_exact, format_power, format_share
from archcost.render.page.scatter import figure_text
from archcost.render.page.summary_cards import CardPart
from archcost.render.sweep_words import metric_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.page.page_data import CardData, CardPartData
    from archcost.render.page.swept_designs import SweptDesigns
    from archcost.sweeping.asking import Objective
    from archcost.sweeping.data import SweepData

_MOST_PARTS = 6
_MOST_LETTERS = 40
_LARGE = 10**18


def sweep_cards(document: SweepData, designs: SweptDesigns) -> list[CardData]:
    """The headlines of a sweep."""
    return [
        _designs(document),
        *_meeting(document),
        *_invalid(document),
        *design_cards(designs),
    ]


def design_cards(designs: SweptDesigns) -> list[CardData]:
    """The headlines of designs that are listed: their front, and the best of them in each objective."""
    return [*_front(designs), *[card for each in designs.objectives for card in _best(designs, each)]]


def card(label: str, count: int, parts: Sequence[CardPartData] = ()) -> CardData:
    """A headline that is a count."""
    return {
        "label": label,
        "value": count_text(count),
        "exact": format_exact(count),
        "parts": list(parts),
        "state": None,
    }


def count_text(count: int) -> str:
    """A number of designs in few digits, however many there are."""
    return format_power(count) if count >= _LARGE else format_count(count)


def part(label: str, value: str, exact: str = "") -> CardPartData:
    """What is beside it, its text cut."""
    shown = value if len(value) <= _MOST_LETTERS else f"{value[:_MOST_LETTERS]}…"
    return CardPart(label, shown, exact or value).to_dict()


def exact_text(metric: str, value: int) -> str:
    """A figure to the unit."""
    unit = METRICS[metric].unit if metric in METRICS else ""
    return format_exact(value) + {BYTES: " B", TIME: " ns"}.get(unit, "")


def axis_parts(axes: Sequence[tuple[str, int]]) -> list[CardPartData]:
    """How many values there are along each axis, where they are few enough to tell."""
    told = [part(name, f"{count:,} values" if count != 1 else "1 value") for name, count in axes]
    return told if len(told) <= _MOST_PARTS else [part("axes", f"{len(axes)}")]


def _designs(document: SweepData) -> CardData:
    axes = [(",".join(axis["sets"]), len(axis["values"])) for axis in document["axes"]]
    settings = document["settings"]
    parts = axis_parts(axes)
    if settings != document["designs"]:
        parts.append(part("settings", count_text(settings), format_exact(settings)))
    return card("designs", document["designs"], parts)


def _meeting(document: SweepData) -> list[CardData]:
    found = document["meeting"]
    if not document["where"]:
        return []
    if found is None:
        return [{**card("condition", 0), "value": "not counted", "exact": document["where"] or ""}]
    share = format_share(found["designs"], document["designs"]) if document["designs"] else ""
    made = card("meet the condition", found["designs"], [part(document["where"] or "", share)])
    if not found["exact"]:
        made["value"] = f"about {made['value']}"
        made["parts"].append(part("estimate", f"{count_text(found['low'])} to {count_text(found['high'])}"))
    return [made]


def _invalid(document: SweepData) -> list[CardData]:
    if not document["invalid"]:
        return []
    causes = [
        part(cause["errors"][0]["message"], "" if cause["designs"] is None else format_count(cause["designs"]))
        for cause in document["causes"][:_MOST_PARTS]
    ]
    return [{**card("invalid settings", document["invalid"], causes), "state": "bad"}]


def _front(designs: SweptDesigns) -> list[CardData]:
    if not designs.objectives or not designs.designs:
        return []
    ends = [part("least" if sense == "min" else "most", metric_label(metric)) for metric, sense in designs.objectives]
    return [card("on the front", len(designs.front), ends)]


def _best(designs: SweptDesigns, objective: Objective) -> list[CardData]:
    place = designs.best(objective)
    if place is None:
        return []
    metric, sense = objective
    value = designs.figure(place, metric) or 0
    at = zip(designs.axes, designs.designs[place].at, strict=True)
    return [
        {
            "label": f"{'least' if sense == 'min' else 'most'} {metric_label(metric)}",
            "value": figure_text(metric, value),
            "exact": exact_text(metric, value),
            "parts": [part(name, text) for name, text in at][:_MOST_PARTS],
            "state": None,
        }
    ]
