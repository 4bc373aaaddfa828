"""Lines that break between words where the page is narrow; a word that is wider than the page stays whole.

A figure stays with its unit, as in ``4.59 MiB``, an option with a figure, a quoted value or a ``NAME`` behind it, and
what is typed, between backticks, in a line that has room for it.
"""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NARROWEST = 20  # what text has beside its label, however narrow the page
_BLANK = "\N{NO-BREAK SPACE}"
_UNIT = r"(?<=\d) (?=(?:[kMGTPE]|[KMGTP]iB|B|[nµm]s|[kM]Wh|W|TFLOPS|TOPS|GB/s)\b)"
_COUNTED = r"(?<=\d.[kMGTPE]) (?=(?:MACs|FLOPs|params|tokens)\b)"
_VALUE = r"((?:^|(?<=[\s(`]))--?[a-z][a-z-]*) (?=[\d'\"A-Z])"


def prose(text: str, width: int) -> list[str]:
    """Text broken between words alone."""
    return broken(text, max(width, _NARROWEST))


def broken(text: str, width: int, *, first: str = "", further: str = "") -> list[str]:
    """Text in lines of a width, none of which ends within what belongs together; the first and others are set in."""
    if len(first) + len(text) > width:
        text = _together(text, width - len(further))
    lines = wrap(
        text, width, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(_BLANK, " ") for line in lines]


def whole(text: str, room: int) -> str:
    """A text that is not broken where there is room for it in a line."""
    return text.replace(" ", _BLANK) if len(text) <= room else text


def _together(text: str, room: int) -> str:
    """The text with blanks that are none to break at; what is typed, between backticks, is whole if there is room."""
    text = re.sub(_VALUE, rf"\1{_BLANK}", re.sub(_COUNTED, _BLANK, re.sub(_UNIT, _BLANK, text)))
    return re.sub(r"`[^`\n]+`", lambda found: whole(found[0], room), text)


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
    for word in _together(text, width - indent).split(" "):
        size = len(without_colours(word))
        if line and used + 1 + size > width:
            lines.append(line)
            line, used = " " * indent + word, indent + size
        else:
            line, used = (f"{line} {word}", used + 1 + size) if line else (word, size)
    return "\n".join([*lines, line]).replace(_BLANK, " ")


def _hung(head: str, text: str, width: int, indent: int) -> list[str]:
    rest = " " * indent
    room = max(width, len(rest) + _NARROWEST)
    return broken(text, room, first=head, further=rest) or [head.rstrip()]
