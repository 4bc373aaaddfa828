"""The page of a command: colour only where it is wanted, and a width that never crushes piped tables."""

from __future__ import annotations

import sys
from io import StringIO
from typing import IO, TYPE_CHECKING, Any

from archcost.render.exit import encoding_of, is_terminal, terminal_width, wants_colour

if TYPE_CHECKING:
    from archcost.render.safe_console import Console


def make_console(stream: IO[str], *, width: int, colour: bool, encoding: str = "utf-8") -> Console:
    """A console that writes to a stream what will leave in an encoding; nothing is highlighted or wrapped by itself."""
    from archcost.render.safe_console import Console

    options: dict[str, Any] = {} if colour else {"color_system": None}
    if colour and not is_terminal(stream):
        options["color_system"] = "standard"
    return Console(
        encoding,
        file=stream,
        width=width,
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
        return make_console(buffer, width=terminal_width(None), colour=False), buffer
    out = sys.stdout
    return make_console(buffer, width=terminal_width(out), colour=wants_colour(out), encoding=encoding_of(out)), buffer
