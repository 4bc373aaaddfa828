"""Text of others within HTML and SVG."""

from __future__ import annotations

from html import escape

from archcost.printable import visible


def safe_text(text: str) -> str:
    """Text as it stands between tags and in quoted attributes: nothing in it is markup, and nothing moves a cursor."""
    return escape(visible(text))
