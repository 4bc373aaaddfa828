"""CSV: one writer for every command, whose cells no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from archcost.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A formula begins a cell, or what is a cell to a program that splits at semicolons; a sign alone may become one.
_FORMULA = re.compile(r"(^|;)(?=[\s\"']*[=+\-@＝＋－＠])")
_ROWS = 1_000  # of a piece
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?%?")


class Own:
    """Text of archcost's own, such as the sign of a change: written as it is."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def csv_pieces(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A heading and rows; numbers as they are, nothing for None, and an apostrophe before text that would be run.

    The text is made in pieces of whole lines while it is written, so that no long one is in memory as a whole.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(name) for name in heading])
    for number, row in enumerate(rows, 1):
        writer.writerow([_cell(value) for value in row])
        if number % _ROWS == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


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
