"""Changes that need less memory, as a table: what to do, what it needs, what it saves, and the option for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.quantities import format_bytes, format_share
from archcost.render.document import Cell, Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.alternatives import WhatIf
    from archcost.fitting.changes import Saving

_HEADING = "to need less"


def saving_table(
    changes: Sequence[WhatIf | Saving], needs: Sequence[int], now: int, further: Sequence[Column] = ()
) -> Table:
    """What needs less than now, how much that is, and the option that makes it so, which on a narrow page says it all.

    ``further`` columns stand before the options.
    """
    figures = [
        Column("needs", [format_bytes(size) for size in needs], right=True),
        Column("saves", [format_share(now - size, now) for size in needs], right=True),
        *further,
    ]
    names = Column(_HEADING, [change.name for change in changes], flexible=True, folds=True)
    options = Column("option", [Cell(change.option, code=True) for change in changes], flexible=True, folds=True)
    narrow = Table([options._replace(heading=_HEADING), *figures])
    return Table([names, *figures, options], narrow=narrow)
