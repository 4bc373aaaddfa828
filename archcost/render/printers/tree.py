"""Trees with guides: a line a branch, for a glance and for ``grep``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.printable import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.render.document import Document


def text(document: Document, path: str | None) -> str:
    """The branches of a document; those of level 0 stand at the edge."""
    del path
    branches = list(document.branches())
    guides = _guides([branch.level for branch in branches])
    lines = [guide + visible(branch.text) for guide, branch in zip(guides, branches, strict=True)]
    return "".join([f"{line}\n" for line in lines])


def _guides(levels: Sequence[int]) -> list[str]:
    """The lines that lead to each branch; going up from the last, each level knows whether a sibling follows."""
    found: list[str] = []
    follows: list[bool] = []  # by level, from 1
    for level in reversed(levels):
        follows = (follows + [False] * level)[:level]
        if not level:
            found.append("")
            continue
        stems = "".join(["│   " if more else "    " for more in follows[:-1]])
        found.append(stems + ("├── " if follows[-1] else "└── "))
        follows[-1] = True
    return found[::-1]
