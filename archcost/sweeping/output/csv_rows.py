"""Chunks of rows as CSV, a chunk in memory at a time.

The cells of a column are texts of one width, filled up with NUL; the columns of a chunk beside each other are a matrix
of bytes, and the file is what is in it but for NUL. So no row is ever an object of Python's.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np

from archcost.sweeping.output.columns import ERROR, VALID

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.sweeping.output.plan import PartPlan
    from archcost.sweeping.tables import DesignChunk

_BATCH = 1 << 14  # rows of a matrix
_FLAGS = np.array([b"false", b"true"])


class CsvRows:
    """A file of rows with a heading; figures of invalid designs are empty. ``cell`` quotes and escapes a value."""

    def __init__(self, file: IO[bytes], plan: PartPlan, cell: Callable[[Any], str]) -> None:
        self._file, self._cell = file, cell
        self._axes = [(column.axis, _texts(column.values, cell)) for column in plan.axis_columns]
        self._metrics = list(plan.metrics)
        names = [*(column.name for column in plan.axis_columns), *self._metrics, VALID, ERROR]
        file.write((",".join(map(cell, names)) + "\n").encode())

    def add(self, chunk: DesignChunk) -> None:
        """Append the rows of a chunk."""
        for start in range(0, len(chunk.invalid), _BATCH):
            self._add(chunk, slice(start, start + _BATCH))

    def _add(self, chunk: DesignChunk, rows: slice) -> None:
        invalid = chunk.invalid[rows]
        columns = [texts[chunk.indices[rows, axis]] for axis, texts in self._axes]
        for name in self._metrics:
            texts = chunk.figures[name][rows].astype("S")
            texts[invalid] = b""
            columns.append(texts)
        columns.append(_FLAGS[(~invalid).astype(np.intp)])
        columns.append(self._errors(chunk, rows))
        comma, line_end = np.full((len(invalid), 1), ord(","), np.uint8), np.full((len(invalid), 1), 10, np.uint8)
        blocks = []
        for column in columns:
            wide = np.ascontiguousarray(column)
            blocks += [wide.view(np.uint8).reshape(len(invalid), wide.dtype.itemsize), comma]
        blocks[-1] = line_end
        matrix = np.concatenate(blocks, axis=1)
        self._file.write(matrix[matrix != 0].tobytes())

    def _errors(self, chunk: DesignChunk, rows: slice) -> Any:
        if chunk.errors is None:
            return np.full(len(chunk.invalid[rows]), b"", "S1")
        told = ["" if text is None else text for text in chunk.errors[rows].tolist()]
        number_of = {text: number for number, text in enumerate(dict.fromkeys(told))}
        return _texts(tuple(number_of), self._cell)[[number_of[text] for text in told]]

    def close(self) -> None:
        """All is written."""

    def give_up(self) -> None:
        """Nothing more is written."""


def _texts(values: tuple[Any, ...], cell: Callable[[Any], str]) -> Any:
    return np.array([cell(value).encode() for value in values], "S")
