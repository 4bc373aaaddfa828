"""How a value shows itself: in one line, and in a notebook, where whoever lays out HTML says so, and values only ask.

The rooms that make values know nothing of HTML. :mod:`archcost.api`, from which everybody gets them, sets ``html``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_line(value: object, *names: object, **figures: object) -> str:
    """``Report('net', params=1562, macs=5328)``: a class, what the value is of, and the figures that tell most.

    It is the ``repr`` of every public result, however much it holds.
    """
    words = [*map(repr, names), *[f"{name}={figure!r}" for name, figure in figures.items()]]
    return f"{type(value).__name__}({', '.join(words)})"


class Notebook:
    """Who lays out values for a notebook, for the process."""

    html: Callable[[object], str] | None = None


def in_notebook(value: object) -> str | None:
    """A value as HTML without a script; None where nobody lays it out, and its text is shown instead."""
    return None if Notebook.html is None else Notebook.html(value)
