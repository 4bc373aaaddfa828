"""Values as notebooks show them: headlines, and the icicle as inline SVG; no script, and nothing from anywhere."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from archcost.analysis.memory.study import Study
from archcost.analysis.report import Report
from archcost.comparing import Comparison, SideBySide
from archcost.figures import METRICS, RUN
from archcost.fitting.fit import Fits
from archcost.render.page.folded_nodes import Folded
from archcost.render.page.icicle import FONTS, NOTEBOOK, icicle
from archcost.render.page.page import Page
from archcost.render.page.page_text import safe_text
from archcost.render.page.summary_cards import (
    OnDevice,
    bytes_part,
    cards_of,
    fit_card,
    memory_card,
)
from archcost.timing.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.render.page.page_data import CardData, CardPartData

_BOX = (
    "display:inline-block;vertical-align:top;border:1px solid #8c959f;border-radius:6px;padding:6px 12px;"
    f"margin:0 8px 8px 0;font:12px {FONTS}"
)
_STATES = {"ok": " ✓", "bad": " ✗"}
_MOST_PARTS = 5


@singledispatch
def notebook_html(value: object) -> str:
    """A value of archcost as HTML; raises TypeError for one that has no such form."""
    raise TypeError(f"no HTML for {type(value).__name__}")


@notebook_html.register
def _(value: Page) -> str:
    """The headlines, those of two models before and after, and the picture of the last."""
    last = value.models[-1]
    title = " → ".join([model.report.name for model in value.models])
    earlier = value.models[0].cards if len(value.models) > 1 else ()
    return _figure(title, last.cards, last.folded, earlier, value.tones())


@notebook_html.register
def _(value: Report) -> str:
    return _figure(value.name, cards_of(value, None), Folded(value))


@notebook_html.register
def _(value: Comparison) -> str:
    return notebook_html(Page((value.before, value.after)))


@notebook_html.register
def _(value: SideBySide) -> str:
    return "".join([notebook_html(report) for report in value.reports])


@notebook_html.register
def _(value: Prediction) -> str:
    report = value.report
    return _figure(report.name, cards_of(report, OnDevice(value.device, value)), Folded(report))


@notebook_html.register
def _(value: Study) -> str:
    label = METRICS[RUN].label if value.training is None else "memory to train"
    cards = [memory_card(value.run, label)]
    cards += [
        {**bytes_part(change.name, change.peak), "parts": [_option(change.option)], "state": None}
        for change in value.whatifs
    ]
    return _figure(value.report.name, cards, Folded(value.report))


@notebook_html.register
def _(value: Fits) -> str:
    cards = [] if value.is_table else [fit_card(fit) for fit in value.devices]
    cards += [memory_card(each.memory, f"needed: {each.name}") for each in value.variants]
    return _figure(value.report.name, cards or [memory_card(value.memory, "needed")], Folded(value.report))


def _option(option: str) -> CardPartData:
    return {"label": option, "value": "", "exact": option}


def _figure(
    title: str,
    cards: Sequence[CardData],
    folded: Folded,
    earlier: Sequence[CardData] = (),
    tones: Mapping[int, str] | None = None,
) -> str:
    """Headlines above a picture; ``earlier`` ones, of the same labels, stand before them."""
    before = {card["label"]: card["value"] for card in earlier}
    boxes = "".join([_card(card, before.get(card["label"], card["value"])) for card in cards])
    return (
        f'<div style="max-width:960px"><div style="font:600 14px {FONTS};margin:0 0 6px">{safe_text(title)}</div>'
        f"<div>{boxes}</div><div>{icicle(folded, NOTEBOOK, tones)}</div></div>"
    )


def _card(card: CardData, before: str) -> str:
    value = card["value"] if before == card["value"] else f"{before} → {card['value']}"
    parts = "".join(
        f'<div title="{safe_text(part["exact"])}">{safe_text(part["label"])} {safe_text(part["value"])}</div>'
        for part in card["parts"][:_MOST_PARTS]
    )
    return (
        f'<div style="{_BOX}"><div>{safe_text(card["label"])}</div>'
        f'<div style="font-size:18px;font-weight:600" title="{safe_text(card["exact"])}">'
        f"{safe_text(value)}{_STATES.get(card['state'] or '', '')}</div>{parts}</div>"
    )
