"""JSON: strict, indented, and the same whatever the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.strict_json import json_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.render.document import Document


def text(document: Document, path: str | None) -> Iterator[str]:
    """The data of a document, in pieces."""
    del path
    return json_pieces(document.data())
