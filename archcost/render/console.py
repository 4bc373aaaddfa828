"""The terminal: colour only where it is wanted, and a width that never crushes piped tables."""

from __future__ import annotations

import os
import sys
from io import StringIO
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 10_000


def wants_colour(stream: IO[str]) -> bool:
    """NO_COLOR wins over FORCE_COLOR, which wins over what the stream is."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def terminal_width(stream: IO[str]) -> int:
    """COLUMNS if set, the terminal's width, or no limit for pipes and files."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return int(columns)
    if stream.isatty():
        try:
            return os.get_terminal_size(stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80
    return PIPED_WIDTH


def make_console(stream: IO[str] | None = None, *, width: int | None = None, colour: bool | None = None) -> Console:
    """A rich console for a stream, by the rules above; nothing is highlighted or wrapped by itself."""
    from rich.console import Console

    out = stream or sys.stdout
    if colour is None:
        colour = wants_colour(out)
    options: dict[str, Any] = {} if colour else {"color_system": None}
    if colour and not out.isatty():
        options["color_system"] = "standard"
    return Console(
        file=out,
        width=width or terminal_width(out),
        height=25,  # with both given, rich asks no terminal and obeys COLUMNS even where TERM=dumb
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=False,
        legacy_windows=False,
        **options,
    )


def buffered_console(path: str | None) -> tuple[Console, StringIO]:
    """A console that writes into a buffer as wide and as colourful as where the text will go: a file, or stdout."""
    buffer = StringIO()
    if path is not None:
        return make_console(buffer), buffer
    colour = wants_colour(sys.stdout)
    return make_console(buffer, width=terminal_width(sys.stdout), colour=colour), buffer
