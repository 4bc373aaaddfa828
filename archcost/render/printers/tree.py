"""Trees with guides: a line a branch, for a glance and for ``grep``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from archcost.printable import visible
from archcost.render.exit import terminal_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.document import Document


def text(document: Document, path: str | None) -> str:
    """The branches of a document; those of level 0 stand at the edge."""
    branches = list(document.branches())
    guides = _guides([branch.level for branch in branches])
    width = terminal_width(sys.stdout if path is None else None)
    lines = [
        line
        for guide, branch in zip(guides, branches, strict=True)
        for line in _lines(guide, visible(branch.text), width)
    ]
    return "".join([f"{line}\n" for line in lines])


class _Guide(NamedTuple):
    """What stands before the first line of a branch, and before those that hang below it."""

    first: str
    further: str


def _guides(levels: Sequence[int]) -> list[_Guide]:
    """The lines that lead to each branch; going up from the last, each level knows whether a sibling follows."""
    found: list[_Guide] = []
    follows: list[bool] = []  # by level, from 1
    for level in reversed(levels):
        inner = "│   " if len(follows) > level else "    " if level else ""  # to a branch below this one
        follows = (follows + [False] * level)[:level]
        if not level:
            found.append(_Guide("", inner or "  "))
            continue
        *above, more = follows
        stems = "".join(["│   " if each else "    " for each in above])
        found.append(_Guide(stems + ("├── " if more else "└── "), stems + ("│   " if more else "    ") + inner))
        follows[-1] = True
    return found[::-1]


def _lines(guide: _Guide, text: str, width: int) -> list[str]:
    """A branch in lines that the page has room for, broken between words."""
    from archcost.render.wrapping import prose, text_width

    if text_width(guide.first + text) <= width:
        return [(guide.first + text).rstrip()]
    first, *further = prose(text, width - len(guide.further)) or [""]
    return [guide.first + first, *[guide.further + line for line in further]]
