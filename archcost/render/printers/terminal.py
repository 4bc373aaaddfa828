"""The terminal: as much of each table as its width allows, and no figure cut; sentences broken between words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.console import buffered_console
from archcost.render.document import Code, Facts, Field, Gap, Heading, Line, Table, cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.text import Text

    from archcost.render.document import Block, Cell, Column, Document
    from archcost.render.safe_console import Console

MAX_ROWS = 2_000  # rows of a table that anyone reads; laying out one takes a millisecond
GAP = 2
_EDGES = 2
_MIN_FLEXIBLE = 8
_FIELDS = 17  # the column at which the texts of fields begin
_BETWEEN = " · "  # figures in a line


def text(document: Document, path: str | None) -> str:
    """The blocks of a document on a page as wide and as colourful as where it goes."""
    console, buffer = buffered_console(path)
    for block in document.blocks(MAX_ROWS):
        print_block(console, block)
    return buffer.getvalue()


def print_block(console: Console, block: Block) -> None:
    """Print one block."""
    if isinstance(block, Table):
        _print_table(console, block)
    elif isinstance(block, Heading):
        _print_heading(console, block)
    elif isinstance(block, Field):
        _print_field(console, block)
    elif isinstance(block, Line):
        _print_line(console, block)
    elif isinstance(block, Facts):
        _print_facts(console, block)
    elif isinstance(block, Code):
        for line in block.lines:
            console.print(f"  {line}", soft_wrap=True)
    elif isinstance(block, Gap):
        console.print()


def _print_heading(console: Console, heading: Heading) -> None:
    from archcost.render.wrapping import prose

    for part in prose(" · ".join(filter(None, (heading.text, heading.details))), console.width):
        console.print(part, style="bold", soft_wrap=True)


def _print_line(console: Console, line: Line) -> None:
    from archcost.render.wrapping import hanging

    for part in hanging(line.head, line.plain_text, console.width, indent=line.indent):
        console.print(part, style=line.style or None, soft_wrap=True)


def _print_facts(console: Console, facts: Facts) -> None:
    """Figures stand out: what is around them is dim. A line breaks between two of them."""
    from rich.text import Text

    line = Text()
    for one in facts.facts:
        note = f" {one.note}" if one.note else ""
        piece = Text.assemble((f"{one.label} ", "dim"), one.figure.short or one.figure.text, (note, "dim"))
        if line and line.cell_len + len(_BETWEEN) + piece.cell_len > console.width:
            console.print(line)
            line = Text()
        line = Text.assemble(line, (_BETWEEN, "dim"), piece) if line else piece
    console.print(line)


def _print_field(console: Console, field: Field) -> None:
    from archcost.render.wrapping import labelled

    for part in labelled("  " * (field.level - 1) + field.label, field.text, console.width, _FIELDS):
        console.print(part, soft_wrap=True)


class _Shown(NamedTuple):
    """A table's columns as they are shown: with exact or with short figures."""

    columns: Sequence[Column]
    short: bool

    def texts(self, column: Column) -> list[str]:
        short = self.short or column.rounded
        return [column.heading, *[_text(one, short=short) for one in (*column.cells, column.footer)]]

    def width(self, column: Column) -> int:
        """Terminal cells of the widest entry."""
        from rich.cells import cell_len

        return max(map(cell_len, self.texts(column)))

    def needed(self, least: int) -> int:
        """What the columns take; flexible ones at most ``least`` each."""
        widths = [min(self.width(each), least) if each.flexible else self.width(each) for each in self.columns]
        return sum(widths) + GAP * (len(widths) - 1) + _EDGES


def _text(value: Cell | str, *, short: bool) -> str:
    one = cell(value)
    mark = f"{one.mark} " if one.mark else ""
    return mark + "  " * (one.level - 1) + (one.text if one.short is None or not short else one.short)


def _fitting(table: Table, width: int) -> _Shown:
    """The richest form that fits: figures are rounded first, then columns leave, then the narrow table stands in."""
    exact = shown = _Shown(table.columns, short=False)
    for shown in _forms(exact):
        if shown.needed(table.least_flexible) <= width:
            return shown
    return _fitting(table.narrow, width) if table.narrow is not None else shown


def _forms(exact: _Shown) -> Iterator[_Shown]:
    yield exact
    shown = exact._replace(short=True)
    yield shown
    for place in sorted({column.leaves for column in exact.columns} - {0}):
        shown = shown._replace(columns=[column for column in shown.columns if column.leaves != place])
        yield shown


def _print_table(console: Console, table: Table) -> None:
    if table.lines is not None:
        for line in table.lines:
            _print_line(console, line)
        return
    shown = _fitting(_safe(table, console), console.width)
    columns = shown.columns
    widths = _fitted([shown.width(column) for column in columns], columns, console.width)
    if _is_plain(console, shown, widths):
        mark = console.cut_mark
        cells = [_plain_column(shown, column, width, mark) for column, width in zip(columns, widths, strict=True)]
        console.file.write(_page(cells, widths, footer=table.has_footer))
    else:
        _print_rich_table(console, shown, widths, footer=table.has_footer)


def _is_plain(console: Console, shown: _Shown, widths: Sequence[int]) -> bool:
    """Whether a table is text alone: it has no colours and columns that are not empty; a row is a line and fits."""
    whole = sum(widths) + GAP * (len(widths) - 1) + _EDGES
    fits = min(widths, default=0) > 0 and whole <= console.width
    return fits and console.no_color and not any(column.folds for column in shown.columns)


def _plain_column(shown: _Shown, column: Column, width: int, mark: str) -> list[str]:
    """The heading, the cells and the footer of a column, each as wide as the column."""
    heading, *cells, footer = shown.texts(column)
    return [
        _sized(heading, width, "…", right=column.right),
        *[_sized(text, width, mark, right=column.right) for text in cells],
        _sized(footer, width, "…", right=column.right),
    ]


def _sized(text: str, width: int, mark: str, *, right: bool) -> str:
    """A text in so many terminal cells, with a mark where it is cut."""
    text = text.rstrip() if right else text[: max(width, len(text.rstrip()))]
    if text.isascii() and len(text) <= width:
        return text.rjust(width) if right else text.ljust(width)
    from rich.cells import cell_len, set_cell_size

    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + mark
    blanks = " " * (width - length)
    return blanks + text if right else text + blanks


def _page(cells: Sequence[Sequence[str]], widths: Sequence[int], *, footer: bool) -> str:
    """A table as :func:`_print_rich_table` lays it out, without colours and many times faster."""
    whole = sum(widths) + GAP * (len(widths) - 1)
    blank = " " * (whole + _EDGES)
    heading, *rows, last = [f" {(' ' * GAP).join(row)} " for row in zip(*cells, strict=True)]
    lines = [blank, heading, f" {'─' * whole} ", *rows, *([blank, last] if footer else []), blank, ""]
    return "\n".join(lines)


def _print_rich_table(console: Console, shown: _Shown, widths: Sequence[int], *, footer: bool) -> None:
    from rich import box
    from rich import table as rich_table

    page = rich_table.Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
        show_footer=footer,
        header_style="bold",
    )
    rows = []
    for column, width in zip(shown.columns, widths, strict=True):
        short = shown.short or column.rounded
        page.add_column(
            column.heading,
            _text(column.footer, short=short),
            justify="right" if column.right else "left",
            style=column.style or None,
            no_wrap=not column.folds,
            overflow="fold" if column.folds else "ellipsis",
            width=width,
        )
        mark = console.cut_mark if console.cut_mark != "…" and not column.folds else None  # "…" is what rich has
        rows.append([_styled(one, width, mark, short=short) for one in column.cells])
    for row in zip(*rows, strict=True):
        page.add_row(*row)
    console.print(page)


def _safe(table: Table, page: Console) -> Table:
    """The table as it can be shown."""

    def safe(value: Cell | str) -> Cell:
        one = cell(value)
        return one._replace(text=page.safe(one.text), short=None if one.short is None else page.safe(one.short))

    columns = [
        column._replace(
            heading=page.safe(column.heading), cells=[safe(one) for one in column.cells], footer=safe(column.footer)
        )
        for column in table.columns
    ]
    return table._replace(columns=columns, narrow=_safe(table.narrow, page) if table.narrow is not None else None)


def _styled(value: Cell | str, width: int, mark: str | None, *, short: bool) -> Text:
    """A cell with its style, cut to a width where the page has a mark of its own for that."""
    from rich.text import Text

    one = cell(value)
    found = Text(_text(one, short=short), style=one.style or ("bold" if one.strong else ""))
    if mark is not None and found.cell_len > width:
        found.truncate(max(0, width - 1), overflow="crop")
        found.append(mark)
    return found


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
