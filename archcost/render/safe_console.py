"""A rich console that lays out safe text alone: visible, and in the signs of the encoding that it will leave in."""

from __future__ import annotations

from typing import Any

from rich import console
from rich.text import Text

from archcost.printable import visible
from archcost.render.glyphs import cut_mark, fitted


class Console(console.Console):
    """Lines and cells are made safe before they are measured, so that columns stay straight."""

    def __init__(self, leaving_as: str, **options: Any) -> None:
        super().__init__(**options)
        self._leaving_as = leaving_as

    def print(self, *objects: Any, **options: Any) -> None:
        """Print lines, or a table whose cells are :meth:`safe`."""
        super().print(*map(self.safe, objects), **options)

    def safe(self, value: Any) -> Any:
        """A line or a cell as it can be shown."""
        if isinstance(value, str):
            return fitted(visible(value), self._leaving_as)
        if isinstance(value, Text) and (self.safe(value.plain) != value.plain):
            pieces = value.divide(sorted({edge for span in value.spans for edge in (span.start, span.end)}))
            styled = [(self.safe(piece.plain), piece.spans[0].style if piece.spans else "") for piece in pieces]
            return Text.assemble(*styled, style=value.style)
        return value

    @property
    def cut_mark(self) -> str:
        """What stands, one column wide, where a cell was cut."""
        return cut_mark(self._leaving_as)
