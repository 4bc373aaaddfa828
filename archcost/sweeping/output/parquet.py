"""Chunks of rows as Parquet, through pyarrow, which is loaded here alone.

A column holds the values along an axis, so that any reader sees them, and Parquet's own dictionary encoding stores
them as indices of ⌈log₂ n⌉ bits: 45 axes of three values, params and MACs take 16 bytes a row. Columns of bytes with
the indices would take 28, and every reader would have to look the values up. Figures of an invalid design are null,
and it has an error, which is stored once for all rows that have it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from archcost.sweeping.output.columns import ERROR, VALID

if TYPE_CHECKING:
    from archcost.sweeping.output.columns import AxisColumn, Kind
    from archcost.sweeping.output.plan import PartPlan
    from archcost.sweeping.tables import DesignChunk

GROUP_ROWS = 1 << 18  # of a row group, which is in memory as a whole: 13 MB for 45 axes
_TYPES = {
    "int64": pa.int64(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "decimal": pa.decimal128(38, 0),
}


class ParquetRows:
    """A file of rows that grows by chunks; it is whole once it is closed."""

    def __init__(self, sink: IO[bytes], plan: PartPlan) -> None:
        self._sink = _Sink(sink)
        self._axes = [_AxisBuffer(column) for column in plan.axis_columns]
        self._figures = [_FigureBuffer(name, kind) for name, kind in plan.metrics.items()]
        self._invalid = np.empty(GROUP_ROWS, bool)
        self._errors = np.full(GROUP_ROWS, None, object)
        self._rows = 0
        fields = [axis.field for axis in self._axes] + [figure.field for figure in self._figures]
        self._schema = pa.schema([*fields, pa.field(VALID, pa.bool_(), nullable=False), pa.field(ERROR, pa.string())])
        whole_numbers = [buffer.name for buffer in self._figures if buffer.kind == "int64"]
        self._writer = ParquetWriter(
            self._sink,
            self._schema,
            compression="zstd",
            store_schema=False,
            use_dictionary=[*(buffer.name for buffer in self._axes), ERROR],
            column_encoding=dict.fromkeys(whole_numbers, "DELTA_BINARY_PACKED"),
            write_statistics=[buffer.name for buffer in self._figures],
        )

    def add(self, chunk: DesignChunk) -> None:
        """Append the rows of a chunk."""
        start, rows = 0, len(chunk.invalid)
        while start < rows:
            end = min(rows, start + GROUP_ROWS - self._rows)
            here = slice(self._rows, self._rows + end - start)
            for axis in self._axes:
                axis.indices[here] = chunk.indices[start:end, axis.column.axis]
            for figure in self._figures:
                figure.entries[here] = chunk.figures[figure.name][start:end]
            self._invalid[here] = chunk.invalid[start:end]
            self._errors[here] = None if chunk.errors is None else chunk.errors[start:end]
            self._rows, start = here.stop, end
            if self._rows == GROUP_ROWS:
                self._write_group()

    def close(self) -> None:
        """Write what is left, and the footer."""
        if self._rows:
            self._write_group()
        self._writer.close()

    def give_up(self) -> None:
        """Write nothing more, not even a footer, as the file is lost."""
        self._sink.give_up()
        self._writer.close()

    def _write_group(self) -> None:
        rows, self._rows = self._rows, 0
        invalid = self._invalid[:rows]
        columns = [axis.array(rows) for axis in self._axes]
        columns += [figure.array(invalid) for figure in self._figures]
        errors = pa.array(self._errors[:rows], pa.string()) if invalid.any() else pa.nulls(rows, pa.string())
        table = pa.table([*columns, pa.array(~invalid), errors], schema=self._schema)
        self._writer.write_table(table, row_group_size=GROUP_ROWS)


class _AxisBuffer:
    """The indices of a row group along an axis, and the values that they stand for."""

    def __init__(self, column: AxisColumn) -> None:
        self.column, self.name = column, column.name
        size = len(column.values)
        dtype = np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.int32
        self.indices = np.empty(GROUP_ROWS, dtype)
        self.values = pa.array(column.values, _TYPES[column.kind])
        self.by_index = column.kind != "bool"  # which Parquet has no dictionaries of
        index_type = pa.from_numpy_dtype(np.dtype(dtype))
        kind = pa.dictionary(index_type, self.values.type) if self.by_index else self.values.type
        self.field = pa.field(self.name, kind, nullable=False)

    def array(self, rows: int) -> Any:
        indices = pa.array(self.indices[:rows])
        return pa.DictionaryArray.from_arrays(indices, self.values) if self.by_index else self.values.take(indices)


class _FigureBuffer:
    """The figures of a row group."""

    def __init__(self, name: str, kind: Kind) -> None:
        self.name, self.kind = name, kind
        self.entries: Any = np.empty(GROUP_ROWS, {"int64": np.int64, "double": np.float64}.get(kind, object))
        self.field = pa.field(name, _TYPES[kind])

    def array(self, invalid: Any) -> Any:
        entries = self.entries[: len(invalid)]
        if self.entries.dtype != object:
            return pa.array(entries, mask=invalid)
        convert = Decimal if self.kind == "decimal" else str
        pairs = zip(entries, invalid, strict=True)
        return pa.array([None if lost else convert(int(entry)) for entry, lost in pairs], _TYPES[self.kind])


class _Sink:
    """A file for pyarrow, which writes a footer even after an error: not to this one, once it is given up."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file: IO[bytes] | None = file

    def write(self, data: Any) -> int:
        return self._file.write(data) if self._file else len(data)

    def flush(self) -> None:
        if self._file:
            self._file.flush()

    def close(self) -> None:
        """The file is closed by whoever opened it."""

    def give_up(self) -> None:
        self._file = None
