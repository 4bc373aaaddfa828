"""What a value looks like in a notebook: a title, headlines in boxes, and what is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.page.icicle import FONTS
from archcost.render.page.page_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.page.page_data import CardData

_BOX = (
    "display:inline-block;vertical-align:top;border:1px solid #8c959f;border-radius:6px;padding:6px 12px;"
    f"margin:0 8px 8px 0;font:12px {FONTS}"
)
_STATES = {"ok": " ✓", "bad": " ✗"}
_MOST_PARTS = 5


def shown(title: str, cards: Sequence[CardData], below: str, earlier: Sequence[CardData] = ()) -> str:
    """Headlines above a picture or table, HTML of ours; ``earlier`` ones, of the same labels, stand before them."""
    before = {card["label"]: card["value"] for card in earlier}
    boxes = "".join([_card(card, before.get(card["label"], card["value"])) for card in cards])
    return (
        f'<div style="max-width:960px"><div style="font:600 14px {FONTS};margin:0 0 6px">{safe_text(title)}</div>'
        f"<div>{boxes}</div><div>{below}</div></div>"
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
