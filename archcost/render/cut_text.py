"""Texts of cells that are too long for their column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.render.wrapping import shortened, text_width

if TYPE_CHECKING:
    from archcost.render.safe_console import Console

_LEAST = 10  # cells of a name beside how many it stands for
_TIMES = re.compile(r"( [×x][\d,]+)(?: \(\w+ below\))?$")  # behind a name: how many it stands for


def cut_to(text: str, width: int, page: Console, *, paths: bool = False) -> str:
    """A text in at most so many terminal cells, with a mark where it is cut: at its end, or in the middle of a path.

    How many a name stands for is kept behind the mark: without it the figures beside it would be of one.
    """
    if text_width(text) <= width:
        return text
    if paths:
        return shortened(text, width, page.cut_mark)
    from rich.cells import set_cell_size

    times = _TIMES.search(text)
    tail = times[1] if times and width - len(times[1]) > _LEAST else ""
    name = text[: times.start()] if times and tail else text
    if text_width(name + tail) <= width:
        return name + tail
    return set_cell_size(name, max(0, width - 1 - len(tail))).rstrip() + page.cut_mark + tail
