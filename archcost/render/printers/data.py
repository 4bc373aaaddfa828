"""JSON: strict, indented, and the same whatever the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.strict_json import json_text

if TYPE_CHECKING:
    from archcost.render.document import Document


def text(document: Document, path: str | None) -> str:
    """The data of a document."""
    del path
    return json_text(document.data())
