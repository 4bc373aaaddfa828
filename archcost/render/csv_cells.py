"""CSV: one writer for every command, whose cells no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from archcost.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A formula begins a cell, or what is a cell to a program that splits at semicolons; a sign alone may become one.
_FORMULA = re.compile(r"(^|;)(?=[\s\"']*[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?%?")


class Own:
    """Text of archcost's own, such as the sign of a change: written as it is."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def csv_text(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A heading and rows; numbers as they are, nothing for None, and an apostrophe before text that would be run."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(name) for name in heading])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def cell_text(value: object) -> str:
    """A value as the text of a cell, quoted where it must be."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([_cell(value)])
    return out.getvalue()


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = visible(value)
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'", text)
