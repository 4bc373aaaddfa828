"""Printing a document in a format, and where the text goes."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING

from archcost.render.formats import FORMATS, OF_PAGES_ALONE, SUFFIXES
from archcost.render.output import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.render.document import Document
    from archcost.render.exit import Text


def write(document: Document, format: str, path: str | None, digits: int | None = None) -> None:  # noqa: A002 - as the option
    """Print a document, or write it to a file; raises UsageError where neither is possible.

    ``digits`` are those of figures in formats that give them exactly; no other format has a choice.
    """
    if digits is not None:
        from archcost.render.rounding import FOR, RoundedDocument

        if format not in FOR:
            from archcost.errors import UsageError

            raise UsageError(f"--digits is of --format {' and '.join(FOR)}, and this is {format}")
        document = RoundedDocument(document, digits)
    write_text(text_of(document, format, path), path, format)


def text_of(document: Document, format: str, path: str | None) -> Text:  # noqa: A002 - as the option
    """A document in a format, as wide and as colourful as where it goes."""
    printer = import_module(f"archcost.render.printers.{FORMATS[format]}")
    text: Text = printer.text(document, path)
    return text


def format_of(path: str | None, further: Mapping[str, str] | None = None) -> str:
    """The format that a file's name asks for; a table for one without an ending, and for standard output.

    ``further`` are endings of formats that not every command has. Raises UsageError for an ending that asks for none.
    """
    known = {**SUFFIXES, **(further or {})}
    suffix = PurePath(path).suffix.lower() if path else ""
    if not suffix:
        return "table"
    if suffix not in known:
        from archcost.errors import UsageError

        endings = ", ".join([f"{ending} ({name})" for ending, name in known.items()])
        elsewhere = OF_PAGES_ALONE.get(suffix[1:]) if further is None else None
        way = "; ".join(filter(None, [elsewhere, f"name the format with --format, or use {endings}"]))
        raise UsageError(f"no format ends in '{suffix}': {path}", way)
    return known[suffix]
