"""Columns beside archcost's own: those of another tool, and those asked for by name."""

# Annotations stand evaluated: a NamedTuple compiles those that are text, which takes as long as all the rest of it.
from collections.abc import Callable, Sequence
from typing import NamedTuple

from archcost.render.document import Cell
from archcost.render.table_rows import Row

NOTHING = "–"
ALWAYS = ("params", "macs")  # columns of every table of layers


class FurtherColumn(NamedTuple):
    """What stands in a row of a table, and below the rows.

    A tree tells a figure before its heading, as ``1.2 M fvcore MACs``, unless the heading ``leads``.
    """

    heading: str
    of: Callable[[Row], Cell]
    total: Cell
    leads: bool = False

    def told(self, one: Cell) -> list[str]:
        """A cell in words; none for nothing."""
        text = one.short or one.text
        if text in ("", NOTHING):
            return []
        return [f"{self.heading} {text}" if self.leads else f"{text} {self.heading}"]


class Further(NamedTuple):
    """Columns of tables, ``fields`` of sheets with what stands in them for a layer by its place, and what is noted."""

    columns: Sequence[FurtherColumn]
    fields: Sequence[str]
    layer: Callable[[int], Sequence[object]]
    notes: Sequence[str] = ()
