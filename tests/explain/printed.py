"""Documents as a terminal of some width shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archcost.render.printers import terminal

if TYPE_CHECKING:
    from archcost.render.document import Document


def on_terminal(document: Document, width: int) -> str:
    """The document on a page so wide."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        return terminal.text(document, None)
