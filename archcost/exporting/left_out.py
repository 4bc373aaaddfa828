"""What the forward pass of a class does not run: a comment that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.phrases import listed
from archcost.printable import harmless, one_line

if TYPE_CHECKING:
    from archcost.exporting.template import BlockUse

_NAMES, _LENGTH = 8, 60  # of those that are shown


def left_out(use: BlockUse) -> list[str]:
    """A line for the units whose results nothing reads, and for those that they alone read; none where all run."""
    needed = set(use.needed())
    names = [harmless(one_line(".".join(unit.name))) for unit in use.units if unit not in needed]
    if not names:
        return []
    shown = names[:_NAMES]
    while len(shown) > 1 and len(", ".join(shown)) > _LENGTH:
        shown.pop()
    return [f"# left out, as nothing reads the result: {listed(shown, len(names))}"]
