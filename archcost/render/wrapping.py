"""Lines that break between words where the page is narrow; a word that is wider than the page stays whole."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NARROWEST = 20  # what text has beside its label, however narrow the page


def prose(text: str, width: int) -> list[str]:
    """Text broken between words alone."""
    return wrap(text, max(width, _NARROWEST), break_long_words=False, break_on_hyphens=False)


def sums(text: str, width: int) -> Iterator[str]:
    """Text broken before an equals sign where it can be, else between words."""
    line = ""
    for number, step in enumerate(text.split(" = ")):
        piece = step if number == 0 else f"= {step}"
        if line and len(line) + 1 + len(piece) <= width:
            line += f" {piece}"
            continue
        if line:
            yield line
        *full, line = prose(piece, width) or [""]
        yield from full
    yield line


def labelled(label: str, text: str, width: int, column: int) -> Iterator[str]:
    """A label, and a text beside it that begins at a column; without a label at the edge.

    A word that is wider than the room beside the label begins further left, as far as it must.
    """
    indent = column if label else 0
    head = label.ljust(indent)
    if label and len(label) >= indent:
        yield label
        head = " " * indent
    for line in sums(text, max(width - indent, _NARROWEST)):
        room = max(0, width - len(line))
        if head.strip() and len(line) > width - indent:
            yield head.rstrip()
            head = " " * indent
        yield f"{head[:room]}{line}".rstrip()
        head = " " * indent


def hanging(head: str, text: str, width: int, *, indent: int = 0) -> list[str]:
    """A text behind its head, with further lines below it; without a head they are set in by ``indent``.

    Where a head leaves no room, it has a line of its own, and the text stands below, at ``indent``.
    """
    lines = _hung(head, text, width, len(head) or indent)
    if len(head) > indent and max(map(len, lines)) > width:
        return [head.rstrip(), *_hung(" " * indent, text, width, indent)]
    return lines


def coloured(text: str, width: int, indent: int) -> str:
    """A line in its colours, which take no room, broken between words; further lines are set in."""
    from archcost.printable import without_colours

    lines: list[str] = []
    line, used = "", 0
    for word in text.split(" "):
        size = len(without_colours(word))
        if line and used + 1 + size > width:
            lines.append(line)
            line, used = " " * indent + word, indent + size
        else:
            line, used = (f"{line} {word}", used + 1 + size) if line else (word, size)
    return "\n".join([*lines, line])


def _hung(head: str, text: str, width: int, indent: int) -> list[str]:
    rest = " " * indent
    room = max(width, len(rest) + _NARROWEST)
    lines = wrap(
        text, room, initial_indent=head, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return lines or [head.rstrip()]
