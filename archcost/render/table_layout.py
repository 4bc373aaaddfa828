"""Tables as lines of a page: as much of each as its width allows, no blanks at the ends of lines, bars in what is left.

Figures are rounded first where a page is narrow, then columns leave, then the narrow table stands in; names are cut
once that does not suffice, and last of all columns are left out from the right, and named: a figure that is cut is
another figure. The lines are the same with colours and without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.cell_text import bar
from archcost.render.cut_text import cut_to
from archcost.render.document import Cell, cell
from archcost.render.exit import PIPED_WIDTH
from archcost.render.wrapping import broken, text_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.render.document import Column, Table
    from archcost.render.safe_console import Console

GAP = 2
LEAST_BAR = 8  # of a column of bars, before it leaves
LONGEST_BAR = 40  # longer ones outweigh the figures, and are no easier to compare
BAR_ON_PAPER = 20  # where a page has no end, as in a pipe or a file
_EDGE = 1
_MIN_FLEXIBLE = 8
_LEAST_COLUMNS = 2  # a name, and a figure of it
_ASIDE = " · "  # before what a last row can do without
_LEAST_NAME = 10  # of a name in a tree, before its indent gives way

Piece = tuple[str, str]  # a text and its style


class LevelIndent(NamedTuple):
    """How far a cell is set in for each level below the first, and at most."""

    step: int = 2
    most: int = 10_000

    def of(self, one: Cell) -> str:
        """The blanks before a cell's text."""
        return " " * min(self.step * (one.level - 1), self.most)


_WHOLE_INDENT = LevelIndent()


class ShownColumns(NamedTuple):
    """A table's columns as they are shown: with exact or with short figures."""

    columns: Sequence[Column]
    short: bool

    def text(
        self, column: Column, value: Cell | str, indent: LevelIndent = _WHOLE_INDENT, room: int | None = None
    ) -> str:
        """What stands in a cell; in a flexible column the short form only where there is no ``room`` for the other."""
        one = cell(value)
        short = column.rounded or self.short
        if column.flexible and one.short is not None:
            short = room is not None and text_width(self.text(column, one, indent)) > room
        mark = f"{one.mark} " if one.mark else ""
        return (mark + indent.of(one) + (one.text if one.short is None or not short else one.short)).rstrip()

    def width(self, column: Column) -> int:
        """Terminal cells of the widest entry; of bars, the fewest."""
        if column.parts:
            return max(text_width(column.heading), LEAST_BAR)
        return max([text_width(self.text(column, one)) for one in (column.heading, *column.cells, column.footer)])

    def needed(self, least: int) -> int:
        """What the columns take; flexible ones at most ``least`` each."""
        return _whole([min(self.width(each), least) if each.flexible else self.width(each) for each in self.columns])


def table_lines(table: Table, page: Console) -> Iterator[list[Piece]]:
    """The lines of a table, each in pieces with their styles; an empty one before and behind it."""
    found = _fitting(_safe(table, page), page.width)
    if not found.columns:
        return
    shown = _with_room(found, page.width)
    widths = _widths(shown, page.width)
    columns = [_column(shown, column, width, page) for column, width in zip(shown.columns, widths, strict=True)]
    heading, *rows = zip(*columns, strict=True)
    footer = _footer(shown, widths, page)
    rule = _Entry([page.safe("─" * (_whole(widths) - 2 * _EDGE))], "", right=False)
    lines = [[], *_row(heading, widths), *_row([rule], widths), *[line for row in rows for line in _row(row, widths)]]
    lines += [[], *_row(footer, widths), []] if table.has_footer else [[]]
    fits = _whole(widths) <= page.width
    yield from lines if fits else [_within(line, page.width) for line in lines]
    left_out = [column.heading for column in found.columns[len(shown.columns) :] if column.heading]
    if left_out:
        for line in broken(f"no room for {', '.join(left_out)}", page.width):
            yield [(text.rstrip(), style) for text, style in _within([(line, "dim")], page.width)]


# --- which columns, and how wide --------------------------------------------------------------------------------------


def _fitting(table: Table, width: int) -> ShownColumns:
    """The richest form that fits: figures are rounded first, then columns leave, then the narrow table stands in."""
    exact = shown = ShownColumns(table.columns, short=False)
    for shown in _forms(exact):
        if shown.needed(table.least_flexible) <= width:
            return _filled(shown, exact, table.least_flexible, width)
    return _fitting(table.narrow, width) if table.narrow is not None else shown


def _with_room(shown: ShownColumns, width: int) -> ShownColumns:
    """The first columns, at least two, that fit without a cut through what is no name."""
    while len(shown.columns) > _LEAST_COLUMNS and shown.needed(_MIN_FLEXIBLE) > width:
        shown = shown._replace(columns=shown.columns[:-1])
    return shown


def _filled(shown: ShownColumns, exact: ShownColumns, least: int, width: int) -> ShownColumns:
    """The same with columns that fit again once a wider one has left, the last that left first."""
    there = {id(column) for column in shown.columns}
    for place in sorted({column.leaves for column in exact.columns if id(column) not in there}, reverse=True):
        columns = [column for column in exact.columns if id(column) in there or column.leaves == place]
        if shown._replace(columns=columns).needed(least) <= width:
            shown = shown._replace(columns=columns)
            there |= {id(column) for column in columns}
    return shown


def _forms(exact: ShownColumns) -> Iterator[ShownColumns]:
    yield exact
    shown = exact._replace(short=True)
    yield shown
    for place in sorted({column.leaves for column in exact.columns} - {0}):
        shown = shown._replace(columns=[column for column in shown.columns if column.leaves != place])
        yield shown


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1) + 2 * _EDGE


def _widths(shown: ShownColumns, available: int) -> list[int]:
    """The width of each column: the flexible ones are cut where they must be, and bars have what is left."""
    columns = shown.columns
    widths = [min(shown.width(column), column.widest or available) for column in columns]
    _cut(widths, [place for place, column in enumerate(columns) if column.flexible], _MIN_FLEXIBLE, available)
    _cut(widths, range(len(columns)), 1, available)  # a page on which nothing fits
    bars = [place for place, column in enumerate(columns) if column.parts]
    for place in bars:
        spare = (available - _whole(widths)) // len(bars)
        most = max(widths[place], BAR_ON_PAPER if available >= PIPED_WIDTH else LONGEST_BAR)
        widths[place] = min(most, widths[place] + max(0, spare))
    return widths


def _cut(widths: list[int], places: Sequence[int], least: int, available: int) -> None:
    """Cut columns, the widest first, until the table fits or each of them has its least width."""
    excess = _whole(widths) - available
    while excess > 0:
        candidates = [place for place in places if widths[place] > least]
        if not candidates:
            return
        widest = max(candidates, key=lambda place: widths[place])
        cut = min(excess, widths[widest] - least)
        others = [widths[place] for place in candidates if place != widest]
        if others:
            cut = min(cut, max(1, widths[widest] - max(others)))
        widths[widest] -= cut
        excess -= cut


# --- what stands in them ----------------------------------------------------------------------------------------------


class _Entry(NamedTuple):
    """A cell in lines of its column's width, and their style."""

    lines: Sequence[str]
    style: str
    right: bool


def _column(shown: ShownColumns, column: Column, width: int, page: Console) -> list[_Entry]:
    """The heading and the cells of a column."""
    heading = _Entry([cut_to(column.heading.rstrip(), width, page)], "bold", column.right)
    if column.parts:
        largest = max(column.parts)
        bars = [page.safe(bar(part, largest, width)) for part in column.parts]
        return [heading, *[_Entry([one], column.style, right=False) for one in bars]]
    cells = []
    indent = _indent(column, width)
    for value in column.cells:
        one, text = cell(value), shown.text(column, value, indent, width)
        if column.folds:
            lines = _folded(text, width, page, paths=column.paths)
        else:
            lines = [cut_to(text, width, page, paths=column.paths)]
        cells.append(_Entry(lines, one.style or ("bold" if one.strong else column.style), column.right))
    return [heading, *cells]


def _indent(column: Column, width: int) -> LevelIndent:
    """How far the levels of a tree are set in: less where the deepest names would have no room left beside it."""
    inner = [one for one in column.cells if isinstance(one, Cell) and one.level > 1]
    for indent in (_WHOLE_INDENT, LevelIndent(step=1)):
        if all(width - text_width(indent.of(one)) >= min(text_width(one.text), _LEAST_NAME) for one in inner):
            return indent
    return LevelIndent(step=1, most=max(0, width - _LEAST_NAME))


def _footer(shown: ShownColumns, widths: Sequence[int], page: Console) -> list[_Entry]:
    """The last row: a text that is wider than its column goes on above those beside it that have none.

    Where that is not room enough, what follows a dot leaves first: ``total · 69 layers``.
    """
    texts = [shown.text(column, column.footer) for column in shown.columns]
    entries = []
    for place, (column, text) in enumerate(zip(shown.columns, texts, strict=True)):
        free = next((each for each in range(place + 1, len(texts)) if texts[each]), len(texts))
        room = sum(widths[place:free]) + GAP * (free - place - 1)
        room = widths[place] if column.right else room
        kept = text if text_width(text) <= room else text.partition(page.safe(_ASIDE))[0]
        entries.append(_Entry([cut_to(kept, room, page)], "bold", column.right))
    return entries


def _folded(text: str, width: int, page: Console, *, paths: bool) -> list[str]:
    """A text in lines, broken between words where it can be; a path that is wider is cut in its middle."""
    from rich.text import Text

    if paths:
        text = " ".join([cut_to(word, width, page, paths=True) for word in text.split(" ")])
    return [line.plain.rstrip() for line in Text(text).wrap(page, max(1, width), overflow="fold")] or [""]


def _row(entries: Sequence[_Entry], widths: Sequence[int]) -> Iterator[list[Piece]]:
    """The lines of a row: as many as its longest cell has."""
    for place in range(max([len(entry.lines) for entry in entries], default=0)):
        found: list[Piece] = []
        blanks = _EDGE
        for entry, width in zip(entries, widths, strict=False):
            text = entry.lines[place] if place < len(entry.lines) else ""
            room = width - text_width(text)
            if text:
                found.append((" " * (blanks + room * entry.right), ""))
                found.append((text, entry.style))
                blanks = GAP + room * (not entry.right)
            else:
                blanks += width + GAP
        yield found


def _within(pieces: list[Piece], width: int) -> list[Piece]:
    """The pieces that a page of this width has room for."""
    from rich.cells import set_cell_size

    found: list[Piece] = []
    for text, style in pieces:
        length = text_width(text)
        if length > width:
            return [*found, (set_cell_size(text, max(0, width)), style)]
        found.append((text, style))
        width -= length
    return found


def _safe(table: Table, page: Console) -> Table:
    """The table as it can be shown, without columns that say nothing."""

    def safe(value: Cell | str) -> Cell:
        one = cell(value)
        return one._replace(text=page.safe(one.text), short=None if one.short is None else page.safe(one.short))

    columns = [
        column._replace(
            heading=page.safe(column.heading), cells=[safe(one) for one in column.cells], footer=safe(column.footer)
        )
        for column in table.columns
        if not _is_empty(column)
    ]
    return table._replace(columns=columns, narrow=_safe(table.narrow, page) if table.narrow is not None else None)


def _is_empty(column: Column) -> bool:
    """Whether there is nothing to see below the heading of a column, though there are rows."""
    if column.parts:
        return not any(column.parts)
    return bool(column.cells) and not any(cell(one).text for one in (*column.cells, column.footer))
