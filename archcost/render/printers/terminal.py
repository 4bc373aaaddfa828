"""The terminal: tables that fit its width, and sentences broken between words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.render.console import buffered_console
from archcost.render.document import Code, Facts, Field, Gap, Heading, Line, Table

if TYPE_CHECKING:
    from archcost.render.document import Block, Document
    from archcost.render.safe_console import Console

MAX_ROWS = 2_000  # rows of a table that anyone reads; laying out one takes a millisecond
_FIELDS = 17  # the column at which the texts of fields begin
_BETWEEN = " · "  # figures in a line
_GAPS = re.compile("\n{3,}")


def text(document: Document, path: str | None) -> str:
    """The blocks of a document on a page as wide and as colourful as where it goes.

    There is one empty line between two that ask for some, and none at either end.
    """
    console, buffer = buffered_console(path)
    for block in document.blocks(MAX_ROWS):
        print_block(console, block)
    shown = buffer.getvalue().strip("\n")
    return _GAPS.sub("\n\n", shown) + "\n" * bool(shown)


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
    from archcost.render.wrapping import hanging, whole

    head = line.head.rstrip()
    room = console.width - (len(line.head) or line.indent)
    text = "".join([whole(piece, room) if typed else piece for piece, typed in line.pieces])
    for number, part in enumerate(hanging(line.head, text, console.width, indent=line.indent)):
        if line.head_style and not number and not console.no_color:
            from rich.text import Text

            styled = Text.assemble((head, line.head_style), (part[len(head) :], line.style))
            console.print(styled, soft_wrap=True)
        else:
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


def _print_table(console: Console, table: Table) -> None:
    """A table in its colours, or as text alone where there are none, which is many times faster."""
    if table.lines is not None:
        for line in table.lines:
            _print_line(console, line)
        return
    from archcost.render.table_layout import table_lines

    for pieces in table_lines(table, console):
        if console.no_color:
            console.file.write("".join([text for text, _ in pieces]) + "\n")
        else:
            from rich.text import Text

            console.print(Text.assemble(*pieces), soft_wrap=True)
