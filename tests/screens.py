"""What every screen and help page is held to: it fits its width, breaks no word, and ends no line with blanks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer
from rich.cells import cell_len

from archcost import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTHS = (60, 80, 100, 160)
WIDE = 9_999
COPIED = re.compile(r"https://|  +- \w+: \{")  # an address, and a layer of an example: they stand whole


def commands() -> Iterator[str]:
    """The path of every command, and of every group of commands."""
    yield "archcost"
    yield from _below("archcost", typer.main.get_command(cli.make_app([])))


def _below(path: str, command: object) -> Iterator[str]:
    for name, member in getattr(command, "commands", {}).items():
        yield f"{path} {name}"
        yield from _below(f"{path} {name}", member)


def words(text: str) -> set[str]:
    """The words of a text, but for those that a column has cut; a line of a spec ends where the page does.

    Columns that a narrow page has no room for are named in the words of their headings, or have one for all of them.
    """
    text = re.sub(r"^( *\d+ \|.*|no room for| +for a model  fits as)", "", text, flags=re.MULTILINE)
    return {word for word, cut in re.findall(r"([^\W\d_][\w-]+)(…?)", text) if not cut}


def check_page(text: str, wide: str, width: int) -> None:
    for line in text.splitlines():
        assert cell_len(line) <= width or COPIED.match(line), line
        assert line == line.rstrip(), line
    assert words(text) <= words(wide)
