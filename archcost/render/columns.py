"""Tables whose columns have the width of their cells: only flexible ones are cut when a terminal is narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from archcost.render.page import Console

GAP = 2
_EDGES = 2
_MIN_FLEXIBLE = 8


class Column(NamedTuple):
    """A heading, one cell a row, and a footer; ``flexible`` columns give way when space is short.

    What does not fit into a cell is cut, or goes on in a line below where the column ``folds``.
    """

    heading: str
    cells: Sequence[Text | str]
    footer: str = ""
    right: bool = False
    flexible: bool = False
    style: str = ""
    folds: bool = False

    def width(self) -> int:
        """Terminal cells of the widest entry."""
        from rich.cells import cell_len

        widest = max((cell_len(str(cell)) for cell in self.cells), default=0)
        return max(widest, cell_len(self.heading), cell_len(self.footer))


def needed_width(columns: Sequence[Column], *, flexible: int | None = None) -> int:
    """What the columns take in full; flexible ones at most ``flexible`` each, where that is given."""
    widths = [
        min(column.width(), flexible) if column.flexible and flexible is not None else column.width()
        for column in columns
    ]
    return sum(widths) + GAP * (len(widths) - 1) + _EDGES


def print_columns(console: Console, columns: Sequence[Column]) -> None:
    """Print the columns as one table within the console's width."""
    from rich import box
    from rich.table import Table

    columns = [_safe(column, console) for column in columns]
    widths = _fitted([column.width() for column in columns], columns, console.width)
    if console.cut_mark != "…":  # which is what rich has
        columns = [
            column if column.folds else _cut(column, width, console.cut_mark)
            for column, width in zip(columns, widths, strict=True)
        ]
    footer = any(column.footer for column in columns)
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, GAP - 1, 0, 0), show_footer=footer, header_style="bold"
    )
    for column, width in zip(columns, widths, strict=True):
        table.add_column(
            column.heading,
            column.footer,
            justify="right" if column.right else "left",
            style=column.style or None,
            no_wrap=not column.folds,
            overflow="fold" if column.folds else "ellipsis",
            width=width,
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    console.print(table)


def _safe(column: Column, page: Console) -> Column:
    """The column as it can be shown."""
    heading, footer = page.safe(column.heading), page.safe(column.footer)
    return column._replace(heading=heading, cells=[page.safe(cell) for cell in column.cells], footer=footer)


def _cut(column: Column, width: int, mark: str) -> Column:
    """The column with its cells cut to a width, and marked."""
    from rich.text import Text

    def cut(cell: Text | str) -> Text:
        text = Text(cell) if isinstance(cell, str) else cell.copy()
        if text.cell_len > width:
            text.truncate(max(0, width - 1), overflow="crop")
            text.append(mark)
        return text

    return column._replace(cells=[cut(cell) for cell in column.cells])


def _fitted(widths: list[int], columns: Sequence[Column], available: int) -> list[int]:
    """Cut the flexible columns, the widest first, until the table fits."""
    excess = sum(widths) + GAP * (len(widths) - 1) + _EDGES - available
    while excess > 0:
        candidates = [k for k, column in enumerate(columns) if column.flexible and widths[k] > _MIN_FLEXIBLE]
        if not candidates:
            break
        widest = max(candidates, key=lambda k: widths[k])
        cut = min(excess, widths[widest] - _MIN_FLEXIBLE)
        others = [widths[k] for k in candidates if k != widest]
        if others:
            cut = min(cut, max(1, widths[widest] - max(others)))
        widths[widest] -= cut
        excess -= cut
    return widths
