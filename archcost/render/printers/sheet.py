"""CSV: every record in full, in cells that no spreadsheet runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.csv_cells import csv_text

if TYPE_CHECKING:
    from archcost.render.document import Document


def text(document: Document, path: str | None) -> str:
    """The records of a document."""
    del path
    records = document.records()
    return csv_text(records.headings, records.rows)
