"""What stands in the cells of a row of layers: its name and kind, and figures in full and in few digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.figures import BYTES, METRICS
from archcost.quantities import format_bytes
from archcost.render.cell_text import figure_cell, lower_bound, times_text
from archcost.render.chosen_columns import NOTHING
from archcost.render.document import Cell

if TYPE_CHECKING:
    from archcost.analysis.costs import Costs
    from archcost.render.table_rows import Row


def name_of(row: Row) -> Cell:
    """A row's name at its depth, with ×N for folded neighbours."""
    return folded_name(row.name, row.times, opened=row.opened)._replace(
        level=row.depth, style="bold" if row.group else ""
    )


def folded_name(name: str, times: int, *, opened: bool) -> Cell:
    """The name of so many as one line tells, which is their sum; where it is ``opened``, one of them is below."""
    told = name + times_text(times)
    return Cell(f"{told} (each below)", f"{told} (1 below)") if opened and times > 1 else Cell(told)


def kind_of(row: Row) -> Cell:
    """A row's op or block."""
    return Cell(row.op, style="magenta" if row.group else "cyan")


def cost_cell(costs: Costs, name: str) -> Cell:
    """A figure of costs: a dash for none, and what is not known is never none."""
    value, unknown = getattr(costs, name), costs.unknown(name)
    if METRICS[name].unit == BYTES:
        return bytes_cell(value)
    exact, short = figure_cell(value, exact=True), figure_cell(value, exact=False)
    return Cell(lower_bound(exact, value, unknown), lower_bound(short, value, unknown), amount=value or None)


def bytes_cell(value: int) -> Cell:
    """A number of bytes; a dash for none."""
    return Cell(format_bytes(value), amount=value, binary=True) if value else Cell(NOTHING)
