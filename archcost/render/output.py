"""Where output goes: standard output or a file, reports and errors each to their place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from archcost.errors import COLOUR, PLAIN, format_diagnostic
from archcost.printable import visible, without_colours
from archcost.render.exit import error_gap, terminal_width, wants_colour, write_error, write_file, write_out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.errors import Diagnostic, UsageError
    from archcost.render.exit import Text


def write_text(text: Text, path: str | None, format: str) -> None:  # noqa: A002 - as the option
    """Print text of a format, or write it to a file; raises UsageError where neither is possible.

    The format, by the name that its option has, says how what an encoding lacks is written; see ``render.glyphs``.
    """
    if path is None:
        write_out(text, format)
    else:
        write_file(text, path, format)


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print problems to standard error, in full."""
    from archcost.render.wrapping import coloured

    style, width = _style(), terminal_width(sys.stderr)
    for diagnostic in diagnostics:
        lines = format_diagnostic(diagnostic, style).split("\n")
        told = [line if _is_of_source(line) else coloured(line, width, 2) for line in lines]
        write_error(error_gap() + "\n".join(told) + "\n\n")


def _is_of_source(line: str) -> bool:
    """Whether a line shows the place of a problem: such a line stays as it is."""
    return without_colours(line).lstrip()[:1] in ("-", "|", *"0123456789")


def print_warnings(warnings: Iterable[Diagnostic]) -> None:
    """Print warnings of several specs to standard error: one of a file that they share once."""
    print_diagnostics({(one.message, str(one.mark)): one for one in warnings}.values())


def print_usage_error(error: UsageError) -> None:
    """Print a usage error to standard error."""
    print_line("error", error.message)
    if error.help:
        print_line("help", error.help)


def print_failure(message: str) -> None:
    """Print one finding to standard error."""
    print_line("fail", message)


def print_done(text: str) -> None:
    """A sentence that says what was done, to standard output, in lines that a terminal has room for."""
    from archcost.render.wrapping import coloured

    write_out(coloured(text, terminal_width(sys.stdout), 2) + "\n")


def print_line(word: str, text: str) -> None:
    """``error: text`` to standard error, the word in its colour, in lines that a terminal has room for."""
    from archcost.render.wrapping import coloured

    style = _style()
    colour = style[{"help": "help", "note": "blue"}.get(word, "error")]
    line = f"{colour}{word}{style['reset']}: {visible(text)}"
    write_error(error_gap() + coloured(line, terminal_width(sys.stderr), 2) + "\n")


def _style() -> dict[str, str]:
    return COLOUR if wants_colour(sys.stderr) else PLAIN
