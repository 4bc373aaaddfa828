"""CSV: every record in full, in cells that no spreadsheet runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.csv_cells import csv_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.render.document import Document


def text(document: Document, path: str | None) -> Iterator[str]:
    """The records of a document, in pieces."""
    del path
    records = document.records()
    return csv_pieces(records.headings, records.rows)
