"""Designs as rows: their figures are looked up in the tables of a space, a chunk of them at a time.

A figure is constant + Σ entry[indices]: a gather for each factor. Factors over the same axes share the place of their
entry, and small ones are added up into one over all of their axes, so that fewer gathers are left.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.sweeping.arrays import np
from archcost.sweeping.tables import DesignChunk, Factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from archcost.sweeping.tables import Entries, MetricSum, SpaceTables

    Indices = NDArray[np.int32]
    Places = NDArray[np.intp]
    Columns = NDArray[np.intp] | NDArray[np.uint16]  # of indices, a row for each axis

AT_ONCE = 32_768  # rows whose columns a processor's cache holds
_MERGED = 65_536  # entries of a factor that several are added up into
_NARROW = 2**16  # entries whose places, and indices along axes, are of 16 bits
_BLOCK = 256  # rows that are turned into columns at a time
_SAFE = 2**62  # a sum of int64 that stays below cannot overflow


class FlatTable(NamedTuple):
    """Entries of a table over some axes, laid out flat; ``strides`` give the place of an entry by the indices."""

    axes: tuple[int, ...]
    strides: tuple[int, ...]
    entries: Entries


class Gathers:
    """The look-ups of some metrics, and of whether designs are valid and distinct."""

    def __init__(self, tables: SpaceTables, metrics: Iterable[str] = ()) -> None:
        lengths = tables.space.lengths
        self.tables = tables
        self.constants: dict[str, int] = {}
        self.figures: dict[str, list[FlatTable]] = {}
        for name in metrics or tables.metrics:
            each = tables.metrics[name]
            exact = not fits_int64(each)
            self.constants[name] = each.constant
            self.figures[name] = [_flat(factor, exact=exact) for factor in _merged(each.terms, lengths, exact=exact)]
        self._big = {name for name, each in self.figures.items() if not fits_int64(tables.metrics[name])}
        self.valid = [_flat(factor) for factor in tables.valid]
        self.distinct = [_flat(factor) for factor in tables.distinct]
        every = [*self.valid, *self.distinct, *[each for gathers in self.figures.values() for each in gathers]]
        most = max([*[gather.entries.size for gather in every], *lengths, 1])
        self._places: Any = np.uint16 if most <= _NARROW else np.intp

    def chunk(self, indices: Indices) -> DesignChunk:
        """The figures of designs, a row of indices each."""
        parts = [self._part(indices[start : start + AT_ONCE]) for start in range(0, len(indices), AT_ONCE)]
        if len(parts) == 1:
            return parts[0]
        figures = {
            name: np.concatenate([part.figures[name] for part in parts]) if parts else np.zeros(0, np.int64)
            for name in self.figures
        }
        invalid = np.concatenate([part.invalid for part in parts]) if parts else np.zeros(0, bool)
        return DesignChunk(indices, figures, invalid)

    def _part(self, indices: Indices) -> DesignChunk:
        columns = self._columns(indices)
        places: dict[tuple[int, ...], Places] = {}
        figures = {}
        for name, gathers in self.figures.items():
            big = name in self._big
            total = np.full(len(indices), self.constants[name], object if big else np.int64)
            for gather in gathers:
                total += gather.entries.take(place_of(gather, columns, places))
            figures[name] = total
        return DesignChunk(indices, figures, ~self.all_true(self.valid, columns, places))

    def _columns(self, indices: Indices) -> Columns:
        """A row for each axis, in the least type that holds every place: what is narrow is added up faster."""
        narrow: Any = indices.astype(self._places, copy=False)
        columns: Columns
        if narrow.flags.f_contiguous:
            columns = narrow.T
            return columns
        columns = np.empty((indices.shape[1], len(indices)), self._places)
        for start in range(0, len(indices), _BLOCK):  # of which both sides stay in a cache
            columns[:, start : start + _BLOCK] = narrow[start : start + _BLOCK].T
        return columns

    def all_true(
        self, gathers: Sequence[FlatTable], columns: Columns, places: dict[tuple[int, ...], Places]
    ) -> NDArray[np.bool_]:
        """Whether all of some bool factors are true, by row."""
        found = np.ones(columns.shape[1], bool)
        for gather in gathers:
            found &= gather.entries.take(place_of(gather, columns, places))
        return found

    def is_distinct(self, indices: Indices) -> NDArray[np.bool_]:
        """Of designs that differ along axes alone that nothing reads, whether a row is the one that stands for all."""
        return self.all_true(self.distinct, self._columns(indices), {})


def rows(tables: SpaceTables, indices: Indices, metrics: Iterable[str] = ()) -> DesignChunk:
    """The figures of designs, all metrics by default; ``indices`` has a row for each and a column for each axis."""
    return Gathers(tables, metrics).chunk(indices)


def place_of(gather: FlatTable, columns: Columns, places: dict[tuple[int, ...], Places]) -> Places:
    """The place of each row's entry, worked out once for the factors over the same axes: Σ index × stride.

    ``columns`` are of a type that holds every place. The sum is ((i₀ n₁ + i₁) n₂ + i₂) …, with n the lengths of axes.
    """
    found = places.get(gather.axes)
    if found is None:
        summed = np.zeros(columns.shape[1], columns.dtype)
        outer = 0
        for axis, stride in zip(gather.axes, gather.strides, strict=True):
            if outer:
                summed *= columns.dtype.type(outer // stride)
            summed += columns[axis]
            outer = stride
        found = places[gather.axes] = summed.astype(np.intp, copy=False)
    return found


def holds(factors: Iterable[Factor], indices: Indices) -> NDArray[np.bool_]:
    """Whether all of some bool factors are true, by row."""
    columns = np.ascontiguousarray(indices.T, dtype=np.intp)
    found = np.ones(len(indices), bool)
    places: dict[tuple[int, ...], Places] = {}
    for factor in factors:
        gather = _flat(factor)
        found &= gather.entries.take(place_of(gather, columns, places))
    return found


def extremes(each: MetricSum) -> tuple[int, int]:
    """What no design is below and above: the constant and the least, or the most, entry of every factor."""
    low = each.constant + sum(int(factor.entries.min()) for factor in each.terms if factor.entries.size)
    high = each.constant + sum(int(factor.entries.max()) for factor in each.terms if factor.entries.size)
    return low, high


def fits_int64(each: MetricSum) -> bool:
    """Whether no partial sum of a figure can pass int64."""
    most = abs(each.constant)
    for factor in each.terms:
        if factor.entries.size:
            most += max(abs(int(factor.entries.min())), abs(int(factor.entries.max())))
    return most < _SAFE


# --- fewer and flatter tables -----------------------------------------------------------------------------------------


def _flat(factor: Factor, *, exact: bool = False) -> FlatTable:
    entries = factor.entries
    strides = tuple([prod(entries.shape[place + 1 :]) for place in range(entries.ndim)])
    flat: Any = np.ascontiguousarray(entries).reshape(-1)
    if exact:
        flat = flat.astype(object)
    elif flat.dtype == object:  # no partial sum passes int64
        flat = flat.astype(np.int64)
    return FlatTable(factor.axes, strides, flat)


def _merged(factors: Sequence[Factor], lengths: tuple[int, ...], *, exact: bool) -> list[Factor]:
    """Factors over the fewest sets of axes: those within another's axes are added to it, then small ones together."""
    by_axes: dict[tuple[int, ...], Factor] = {}
    for factor in sorted(factors, key=lambda one: -len(one.axes)):
        home = next((axes for axes in by_axes if set(factor.axes) <= set(axes)), None)
        if home is None:
            by_axes[factor.axes] = factor
        else:
            by_axes[home] = _added(by_axes[home], factor, home, lengths, exact=exact)
    return _packed(list(by_axes.values()), lengths, exact=exact)


def _packed(factors: list[Factor], lengths: tuple[int, ...], *, exact: bool) -> list[Factor]:
    """Small factors added up, in the order of their axes, as long as the table of all of their axes stays small."""
    packed: list[Factor] = []
    for factor in sorted(factors, key=lambda one: one.axes):
        if packed:
            axes = tuple(sorted({*packed[-1].axes, *factor.axes}))
            if prod(lengths[axis] for axis in axes) <= _MERGED:
                packed[-1] = _added(packed[-1], factor, axes, lengths, exact=exact)
                continue
        packed.append(factor)
    return packed


def _added(a: Factor, b: Factor, axes: tuple[int, ...], lengths: tuple[int, ...], *, exact: bool) -> Factor:
    """The sum of two factors as one over ``axes``, which hold those of both."""
    kind = object if exact else np.int64
    total = np.zeros(tuple([lengths[axis] for axis in axes]), kind)
    for factor in (a, b):
        shape = tuple([lengths[axis] if axis in factor.axes else 1 for axis in axes])
        total = total + factor.entries.astype(kind).reshape(shape)
    return Factor(axes, total)


# --- the grid ---------------------------------------------------------------------------------------------------------


def grid(lengths: Sequence[int], start: int, count: int) -> Indices:
    """Designs number ``start`` and on of a grid in order, the last axis fastest; a grid may have more than 2^63."""
    indices = np.empty((count, len(lengths)), np.int32, order="F")
    carried = np.arange(count, dtype=np.int64)
    for axis in range(len(lengths) - 1, -1, -1):
        start, digit = divmod(start, lengths[axis])
        carried, indices[:, axis] = np.divmod(carried + digit, lengths[axis])
    return indices


def numbered(lengths: Sequence[int], numbers: NDArray[np.int64]) -> Indices:
    """The designs of a grid of fewer than 2^63 by their numbers."""
    indices = np.empty((len(numbers), len(lengths)), np.int32, order="F")
    rest = numbers
    for axis in range(len(lengths) - 1, -1, -1):
        rest, indices[:, axis] = np.divmod(rest, lengths[axis])
    return indices


def grid_chunks(lengths: Sequence[int], at_once: int = AT_ONCE) -> Iterator[Indices]:
    """All designs of a grid in order, a chunk at a time."""
    size = prod(lengths)
    for start in range(0, size, at_once):
        yield grid(lengths, start, min(at_once, size - start))
