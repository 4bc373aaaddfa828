"""Pages as text, and where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from archcost.errors import UsageError
from archcost.render.formats import OF_PAGES
from archcost.render.output import write_text
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from archcost.render.page.page_data import PageData


class AnyPage(Protocol):
    """A page in its formats."""

    @property
    def data(self) -> PageData:
        """The document, ``archcost.page/1``."""
        ...

    @property
    def html(self) -> str:
        """One file for a browser."""
        ...

    @property
    def svg(self) -> str:
        """The picture alone."""
        ...


def format_of_page(path: str | None) -> str:
    """The format that a file's name asks for; HTML for one without an ending, and for standard output."""
    from pathlib import PurePath

    suffix = PurePath(path).suffix.lower() if path else ""
    if not suffix:
        return "html"
    name = "html" if suffix == ".htm" else suffix.removeprefix(".")
    if name not in OF_PAGES:
        endings = ", ".join(f".{each}" for each in OF_PAGES)
        raise UsageError(f"no format of a page ends in '{suffix}': {path}", f"use one of {endings}, or --format")
    return name


def page_text(page: AnyPage, format: str) -> str:  # noqa: A002 - as the option
    """A page in one of its formats."""
    if format == "json":
        return json_text(page.data)
    return page.svg if format == "svg" else page.html


def write_page(page: AnyPage, format: str, path: str | None) -> None:  # noqa: A002 - as the option
    """Print a page, or write it to a file; raises UsageError where neither is possible."""
    write_text(page_text(page, format), path, format)
