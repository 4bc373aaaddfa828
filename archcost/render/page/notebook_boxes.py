"""What a value looks like in a notebook: a title, headlines in boxes, and what is below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.page.icicle import FONTS
from archcost.render.page.page_text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.render.page.page_data import CardData

_BOX = (
    "display:inline-block;vertical-align:top;border:1px solid #8c959f;border-radius:6px;padding:6px 12px;"
    f"margin:0 8px 8px 0;font:12px {FONTS}"
)
_STATES = {"ok": " ✓", "bad": " ✗"}
_MOST_PARTS = 5
_MOST_LETTERS = 60
TITLE = f"font:600 14px {FONTS};margin:0 0 6px"  # the style of what a value is of
_CELL = "padding:2px 10px;text-align:right;white-space:nowrap"


def shown(title: str, cards: Sequence[CardData], below: str, earlier: Sequence[CardData] = (), about: str = "") -> str:
    """Headlines above a picture or table, HTML of ours; ``earlier`` ones, of the same labels, stand before them.

    ``about`` says below the title what they are of.
    """
    before = {card["label"]: card["value"] for card in earlier}
    boxes = "".join([_card(card, before.get(card["label"], card["value"])) for card in cards])
    told = f'<div style="font:12px {FONTS};opacity:.75;margin:0 0 6px">{safe_text(about)}</div>' if about else ""
    return (
        f'<div style="max-width:960px;overflow-wrap:anywhere">'
        f'<div style="{TITLE}">{safe_text(title)}</div>{told}'
        f"<div>{boxes}</div><div>{below}</div></div>"
    )


def table_html(heads: Sequence[str], rows: Iterable[Sequence[str]], count: int, *, bars: bool = False) -> str:
    """A table, its texts cut, and how many rows are left out."""
    listed = list(rows)
    if not listed:
        return ""
    cells = [
        [grid_cell(safe_text(_cut(text)), left=bars and place == len(row) - 1) for place, text in enumerate(row)]
        for row in listed
    ]
    rest = f'<div style="font:12px {FONTS}">and {count - len(listed):,} more</div>' if count > len(listed) else ""
    return grid([grid_cell(safe_text(text), "th") for text in heads], cells) + rest


def grid(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of cells as ``grid_cell`` makes them."""
    body = "".join(["<tr>" + "".join(row) + "</tr>" for row in rows])
    return (
        f'<table style="border-collapse:collapse;font:12px {FONTS}"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def grid_cell(html: str, tag: str = "td", *, left: bool = False, indent: int = 0) -> str:
    """A cell of what is HTML already, at the right unless it is to be ``left``, and set in by so many pixels."""
    style = _CELL.replace("right", "left") if left else _CELL
    return f'<{tag} style="{style + f";padding-left:{10 + indent}px" * bool(indent)}">{html}</{tag}>'


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


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
