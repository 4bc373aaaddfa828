"""Markdown: headings, tables with exact figures, and sentences; nothing in it is markup but what stands here."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from archcost.printable import one_line
from archcost.render.document import Code, Facts, Field, Gap, Heading, Line, Table, cell
from archcost.render.markup import escape_markdown, is_live, with_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.render.document import Block, Cell, Document

_INDENT = "&emsp;"
_FENCE = "```"
_ENDS_CODE = frozenset("`|")
_TAME = re.compile(r"[\w\s\\{}()+,./=…^-]*")  # a formula in which Markdown finds nothing of its own


def text(document: Document, path: str | None) -> str:
    """The blocks of a document, an empty line between them; lines that follow one another stay together."""
    del path
    parts = [
        "\n".join(_of_kind(kind, list(blocks)))
        for kind, blocks in groupby(document.blocks(None), type)
        if kind is not Gap
    ]
    return "\n\n".join(parts) + "\n"


def _of_kind(kind: type[Block], blocks: Sequence[Block]) -> Iterator[str]:
    """The lines of neighbours of one kind."""
    for number, block in enumerate(blocks):
        if isinstance(block, Heading):
            yield "\n" * bool(number) + f"### {escape_markdown(block.text)}"
            if block.details:
                yield "\n" + escape_markdown(block.details)
        elif isinstance(block, Table):
            yield from [""] * bool(number)
            yield from table_lines(block)
        elif isinstance(block, Line):
            yield line_text(block) + "  " * (number < len(blocks) - 1)
        elif isinstance(block, Field):
            items = number and block.level > 1 and blocks[number - 1].level > 1  # type: ignore[union-attr]
            yield from [""] * (bool(number) and not items)
            yield from _field(block)
        elif isinstance(block, Facts):
            yield escape_markdown(block.text(short=False)) + "  " * (number < len(blocks) - 1)
        elif isinstance(block, Code):
            yield from [""] * bool(number)
            yield from [f"{_FENCE}{block.language}", *block.lines, _FENCE]
        else:
            raise TypeError(f"no block: {kind.__name__}")


def line_text(line: Line) -> str:
    """A sentence behind its head."""
    head = escape_markdown(" ".join(line.head.split()))
    shown = escape_markdown(line.text) if line.literal else with_code(line.text)
    return f"**{head}** {shown}" if head else shown


def _field(field: Field) -> list[str]:
    """A topic: its formula displayed, or its text; one within another as an item, with its formula in the line."""
    label, note = escape_markdown(field.label), escape_markdown(field.note)
    sets = field.formula and _TAME.fullmatch(field.formula) and not is_live(field.formula)
    if field.level > 1:
        formula = ", ".join(filter(None, (note, f"${field.formula}$")))
        return ["  " * (field.level - 2) + f"- {label}: {formula if sets else escape_markdown(field.text)}"]
    if sets:
        return [f"**{label}**" + f" ({note})" * bool(note), "", "$$", field.formula, "$$"]
    return [f"**{label}**: {escape_markdown(field.text)}"]


def table_lines(table: Table) -> Iterator[str]:
    """A table: headings, their sides, rows, and the footer in bold."""
    columns = table.plain_columns
    yield _row([escape_markdown(column.heading) for column in columns])
    yield _row(["--:" if column.right else ":--" for column in columns])
    for row in zip(*(column.cells for column in columns), strict=True):
        yield _row([_cell(cell(one)) for one in row])
    if table.has_footer:
        footers = [cell(column.footer)._replace(strong=True) for column in columns]
        yield _row([_cell(one) for one in footers])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(one: Cell) -> str:
    text = one.text.strip()
    if not text:
        return ""
    shown = f"`{one_line(text)}`" if one.code and not _ENDS_CODE.intersection(text) else escape_markdown(text)
    return _INDENT * (one.level - 1) + (f"**{shown}**" if one.strong else shown)
