"""Changes that need less memory, as columns: what to do, what it needs, what it saves, and the option for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.quantities import format_bytes, format_share
from archcost.render.document import Cell, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.alternatives import WhatIf
    from archcost.fitting.changes import Saving


def saving_columns(changes: Sequence[WhatIf | Saving], needs: Sequence[int], now: int) -> list[Column]:
    """What needs less than now, how much that is, and the option that makes it so."""
    return [
        Column("to need less", [change.name for change in changes], flexible=True, leaves=1),
        Column("needs", [format_bytes(size) for size in needs], right=True),
        Column("saves", [format_share(now - size, now) for size in needs], right=True),
        Column("option", [Cell(change.option, code=True) for change in changes], flexible=True, folds=True),
    ]
