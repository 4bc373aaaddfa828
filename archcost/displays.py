"""How a value shows itself in a notebook: whoever lays out HTML says so, and the values only ask.

The rooms that make values know nothing of HTML. :mod:`archcost.api`, from which everybody gets them, sets ``html``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Notebook:
    """Who lays out values for a notebook, for the process."""

    html: Callable[[object], str] | None = None


def in_notebook(value: object) -> str | None:
    """A value as HTML without a script; None where nobody lays it out, and its text is shown instead."""
    return None if Notebook.html is None else Notebook.html(value)
