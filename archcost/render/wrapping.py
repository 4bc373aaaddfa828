"""Lines that break between words where the page is narrow; a word that is wider than the page stays whole.

Widths are those on a terminal, where a character of Chinese, Japanese or Korean takes two cells; text of such has few
blanks, so that a word of it that is wider than a line breaks between two of them.

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
_WIDE = r"[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]"
_BETWEEN_WIDE = re.compile(f"(?<={_WIDE})(?={_WIDE})")
_VALUE = r"((?:^|(?<=[\s(`]))--?[a-z][a-z-]*) (?=[\d'\"A-Z])"


def text_width(text: str) -> int:
    """The cells that a text takes on a terminal: two for a character of Chinese, Japanese or Korean."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int) -> str:
    """A text with as many blanks behind it as fill so many cells."""
    return text + " " * (width - text_width(text))


def shortened(text: str, width: int, mark: str = "…") -> str:
    """A text in so many cells, its middle left out where it is too long: both ends of a path tell most."""
    if text_width(text) <= width:
        return text
    room = width - text_width(mark)
    head = beginning(text, room // 2)
    return head + mark + beginning(text[::-1], room - text_width(head))[::-1]


def beginning(text: str, room: int) -> str:
    """As much of the beginning of a text as takes so many cells."""
    if text.isascii():
        return text[: max(0, room)]
    for place, sign in enumerate(text):
        room -= text_width(sign)
        if room < 0:
            return text[:place]
    return text


def prose(text: str, width: int) -> list[str]:
    """Text broken between words alone."""
    return broken(text, max(width, _NARROWEST))


def broken(text: str, width: int, *, first: str = "", further: str = "") -> list[str]:
    """Text in lines of a width, none of which ends within what belongs together; the first and others are set in."""
    if text_width(first) + text_width(text) > width:
        text = _together(text, width - text_width(further))
    if text_width(first + text) == len(first + text):
        lines = wrap(
            text, width, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
        )
    else:
        lines = _wrap_by_cells(text, width, first, further)
    return [line.replace(_BLANK, " ") for line in lines]


def _wrap_by_cells(text: str, width: int, first: str, further: str) -> list[str]:
    """What ``textwrap.wrap`` does, by the cells of a terminal."""
    lines: list[str] = []
    line, started = first, False
    for blank, piece in _pieces(text, width - text_width(further)):
        gap = blank if started else ""
        if started and text_width(line + gap + piece) > width:
            lines.append(line)
            line, gap = further, ""
        line, started = line + gap + piece, True
    return [*lines, line] if started else lines


def _pieces(text: str, room: int) -> Iterator[tuple[str, str]]:
    """The words of a text, each with the blank before it; those wider than a line in pieces, without one."""
    for word in re.split("[ \n\t]+", text.strip(" \n\t")):
        pieces = _BETWEEN_WIDE.split(word) if text_width(word) > room else [word]
        yield from zip([" ", *[""] * (len(pieces) - 1)], pieces, strict=True)


def whole(text: str, room: int) -> str:
    """A text that is not broken where there is room for it in a line."""
    return text.replace(" ", _BLANK) if text_width(text) <= room else text


def _together(text: str, room: int) -> str:
    """The text with blanks that are none to break at; what is typed, between backticks, is whole if there is room."""
    text = re.sub(_VALUE, rf"\1{_BLANK}", re.sub(_COUNTED, _BLANK, re.sub(_UNIT, _BLANK, text)))
    return re.sub(r"`[^`\n]+`", lambda found: whole(found[0], room), text)


def sums(text: str, width: int) -> Iterator[str]:
    """Text broken before an equals sign where it can be, else between words; the sign stays with what is behind it."""
    line = ""
    for number, step in enumerate(text.split(" = ")):
        piece = step if number == 0 else f"={_BLANK}{step}"
        if line and text_width(line) + 1 + text_width(piece) <= width:
            line += f" {piece.replace(_BLANK, ' ')}"
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
    head = label + " " * (indent - text_width(label))
    if label and text_width(label) >= indent:
        lead = " " * (len(label) - len(label.lstrip()))
        yield from broken(label, width, first=lead, further=lead)
        head = " " * indent
    for line in sums(text, max(width - indent, _NARROWEST)):
        room = max(0, width - text_width(line))
        if head.strip() and text_width(line) > width - indent:
            yield head.rstrip()
            head = " " * indent
        yield f"{head[:room]}{line}".rstrip()
        head = " " * indent


def hanging(head: str, text: str, width: int, *, indent: int = 0) -> list[str]:
    """A text behind its head, with further lines below it; without a head they are set in by ``indent``.

    Where a head leaves no room, it has a line of its own, and the text stands below, at ``indent``.
    """
    lines = _hung(head, text, width, text_width(head) or indent)
    if text_width(head) > indent and max(map(text_width, lines)) > width:
        return [head.rstrip(), *_hung(" " * indent, text, width, indent)]
    return lines


def coloured(text: str, width: int, indent: int) -> str:
    """A line in its colours, which take no room, broken between words; further lines are set in."""
    from archcost.printable import without_colours

    lines: list[str] = []
    line, used = "", 0
    for word in _together(text, width - indent).split(" "):
        size = text_width(without_colours(word))
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
