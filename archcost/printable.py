"""Text that is safe to show: nothing in it moves a cursor, ends a line, or commands the host of a log.

Names, paths, ids and messages come from anybody. :func:`visible` makes a value safe where it enters a line, and
:func:`harmless` is the net below: it makes safe whatever leaves, lines and all.
"""

from __future__ import annotations

import re

_PRINTABLE = b"\n" + bytes(range(0x20, 0x7F))  # of ASCII
_SGR = r"\x1b\[[0-9;]*m"  # the colours that archcost itself writes
# `##[error]`, `##vso[…]`, `##teamcity[…]` anywhere in a line; `::error::` where a line begins.
_ANYWHERE = r"##(?=\w*\[)"
_AT_THE_START = r"(?m)^((?: |\x1b\[[0-9;]*m)*):(?=:)"


def visible(text: str) -> str:
    """Text whose control characters, line ends, marks of direction and lone surrogates are escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def one_line(text: str) -> str:
    """As :func:`visible`, but that white space of all kinds is a blank: for texts that may well have several lines."""
    return text if text.isprintable() else visible(" ".join(text.split()))


def harmless(text: str, *, colour: bool = False, commands: bool = False) -> str:
    """Text that is safe to print: visible lines, in which a CI host finds no command.

    ``colour`` lets colours pass, where archcost wrote some; ``commands`` lets lines be commands of GitHub Actions.
    """
    if not _is_printable(text):
        text = "\n".join([_coloured(line) if colour else visible(line) for line in text.split("\n")])
    if "##" in text:
        text = re.sub(_ANYWHERE, r"#\#", text)
    if not commands and "::" in text:
        text = re.sub(_AT_THE_START, r"\1\\:", text)
    return text


def _is_printable(text: str) -> bool:
    """Whether there is nothing but what is printable and line ends."""
    if text.isascii():
        return not text.encode().translate(None, _PRINTABLE)
    return text.replace("\n", "").isprintable()


def without_colours(text: str) -> str:
    """Text of others where no colour is wanted."""
    return re.sub(_SGR, "", text)


def _coloured(line: str) -> str:
    """A line that is visible between its colours."""
    if line.isprintable():
        return line
    pieces = re.split(_SGR, line)
    colours = [*re.findall(_SGR, line), ""]
    return "".join([visible(piece) + colour for piece, colour in zip(pieces, colours, strict=True)])
