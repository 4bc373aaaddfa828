"""A value of many designs at once: a table over the few axes that it depends on.

A :class:`Table` is canonical. Along every axis that it has something differs, and its axes are in the order of the
space; what is the same for all designs is no table but the plain value itself. Equal tables are one object, so that
they are compared and hashed by identity, and serve as keys.

Python cannot decide by a table, because designs differ in it: whoever asks for its truth, its int or its ``decided``
value gets a :class:`ForkError`, which says where the designs part. So code that was written for plain numbers either
does the same to every design, or forks. Its operators are in :mod:`archcost.sweeping.operators`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.spec.functions import MAX_BITS
from archcost.sweeping.alongs import Along, ForkError, forget_alongs
from archcost.sweeping.arrays import np
from archcost.sweeping.effort import AT_ONCE, EFFORT, PER_ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.sweeping.arrays import Array

MOST_ENTRIES = 10_000_000  # of a table
_LONG = 100_000  # entries of a table whose axes are at fault where a walk takes too long
_SPARSE = 8  # numbers to an entry, up to which a place for each number is kept
LOW, HIGH = -(2**63), 2**63 - 1


def forked(table: VaryingTable, before: int | None = None) -> ForkError:
    """The fork of designs that differ in a table: along the axis whose slices are equal in the fewest groups."""
    place, groups = fewest_groups(table.labels())
    along = table.axes[place]
    parts = [[along.indices[index] for index in group] for group in groups]
    return ForkError(along.axis, parts, before, table)


def fewest_groups(labels: Array) -> tuple[int, list[list[int]]]:
    """The dim of an array along which its slices are equal in the fewest groups, and these: the places of each."""
    found: list[list[int]] = []
    best = -1
    for dim, length in enumerate(labels.shape):
        groups: dict[bytes, list[int]] = {}
        rows = np.moveaxis(labels, dim, 0).reshape(length, -1)
        for place, row in enumerate(rows):
            groups.setdefault(row.tobytes(), []).append(place)
        if best < 0 or len(groups) < len(found):
            best, found = dim, list(groups.values())
    return best, found


class VaryingTable:
    """An entry for each combination of indices along some axes; made by :func:`made`, and never constant."""

    __slots__ = ("_labels", "array", "axes", "high", "known", "low", "numeric")

    def __init__(
        self, axes: tuple[Along, ...], array: Array, low: int, high: int, labels: Array, *, numeric: bool
    ) -> None:
        self.axes = axes
        self.array = array
        self.low = low  # of whole numbers; 0 for others
        self.high = high
        self.numeric = numeric  # whether all entries are numbers, or truth values
        self.known: dict[Any, tuple[Any, Any]] = {}  # what operators gave with it on the left, and the other operand
        self._labels = labels

    def __repr__(self) -> str:
        """The values, as a message shows them: it is never read, since what is wrong is told of one design."""
        return f"<{self.array.size} values>"

    __hash__ = object.__hash__

    def __reduce__(self) -> Any:
        return made, (self.axes, self.array)

    @property
    def whole(self) -> bool:
        """Whether all entries are whole numbers, and none is a truth value."""
        kind = self.array.dtype.kind
        return kind == "i" or (kind == "O" and all(type(entry) is int for entry in self.array.flat))

    def labels(self) -> Array:
        """A number for each entry, the same for equal ones of the same type."""
        return self._labels

    # --- where Python decides ---------------------------------------------------------------------------------------

    def decided(self) -> Any:
        """Raise the fork: designs differ."""
        raise forked(self)

    def __bool__(self) -> bool:
        if self.array.dtype.kind == "O":
            truth = made(self.axes, np.fromiter(map(bool, self.array.flat), bool).reshape(self.array.shape))
        else:
            truth = made(self.axes, self.array != 0)
        if isinstance(truth, VaryingTable):
            raise forked(truth)
        return bool(truth)

    def __index__(self) -> int:
        raise forked(self)

    __int__ = __float__ = __ceil__ = __floor__ = __round__ = __trunc__ = __len__ = __index__

    def __iter__(self) -> Any:
        raise forked(self)

    def measure(self) -> int:
        """What an expression measures: one number; forks where one has more bits than expressions may."""
        if self.array.dtype.kind == "O":
            whole = [entry for entry in self.array.flat if type(entry) is int]
            if any(entry.bit_length() > MAX_BITS for entry in whole):
                raise forked(self)
        return 1

    def __getitem__(self, index: Any) -> Any:
        raise forked(self)


def key_of(entry: Any) -> Any:
    """What tells an entry from others: its type and value."""
    if isinstance(entry, (list, tuple)):
        return tuple([key_of(item) for item in entry])
    return (type(entry), repr(entry)) if isinstance(entry, float) else (type(entry), entry)


# --- making -----------------------------------------------------------------------------------------------------------

_tables: dict[Any, list[VaryingTable]] = {}  # all that were made since the walk began, by a hash of their content


def forget_tables() -> None:
    """Forget all tables, at the end of a walk; those that somebody holds stay as they are."""
    _tables.clear()
    EFFORT.forget()
    forget_alongs()


def made(axes: tuple[Along, ...], array: Array) -> Any:
    """The table of an array with a dim for each axis: without axes along which nothing differs; else a plain value."""
    EFFORT.spend(1 + array.size // AT_ONCE, axes if array.size >= _LONG else ())
    kind = array.dtype.kind
    low = high = 0
    if kind == "O":
        return _made_of(axes, array.ravel().tolist(), np.arange(array.size))
    if kind == "i":
        low, high = int(array.min()), int(array.max())
        if low == high:
            return low
    elif array.all():
        return True
    elif not array.any():
        return False
    if array.ndim > 1:
        axes, array = _without_constant(axes, array)
    return _interned(axes, array, array, low, high, numeric=True, kinds=kind)


def made_of_floats(axes: tuple[Along, ...], array: Array) -> Any:
    """As :func:`made`, of an array of floats, none of which is NaN."""
    flat = np.ascontiguousarray(array, np.float64).reshape(-1)
    firsts, places = first_places(flat.view(np.int64))
    EFFORT.spend(array.size + PER_ENTRY * len(firsts), axes)
    return spread(axes, flat[firsts].tolist(), places)


def first_places(codes: Array) -> tuple[Array, Array]:
    """Where each number of an array stands first, in this order; and which of them stands at each place."""
    least = int(codes.min())
    span = int(codes.max()) - least + 1
    if span <= _SPARSE * codes.size:
        own = codes - least
        first = np.empty(span, np.intp)
        first[own[::-1]] = np.arange(own.size - 1, -1, -1)  # what is written last stays
        firsts_of = first[own]
        is_first = firsts_of == np.arange(own.size)
        return np.flatnonzero(is_first), (np.cumsum(is_first) - 1)[firsts_of]
    _, firsts, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    return firsts[order], places[inverse.reshape(-1)]


def spread(axes: tuple[Along, ...], entries: Sequence[Any], places: Array) -> Any:
    """The table that has at each place, in the order of the axes, one of some entries, which stand in order of their
    first place; where all are lists of one length, a list of tables.
    """
    first = entries[0]
    if isinstance(first, (list, tuple)) and all(
        isinstance(entry, (list, tuple)) and len(entry) == len(first) for entry in entries
    ):
        return [spread(axes, [entry[place] for entry in entries], places) for place in range(len(first))]
    return _made_of(axes, entries, places)


def _made_of(axes: tuple[Along, ...], entries: Sequence[Any], places: Array) -> Any:
    """As :func:`spread`, whatever the entries are."""
    size = [len(along) for along in axes]
    types = set(map(type, entries))
    if types == {int} and min(entries) >= LOW and max(entries) <= HIGH:
        return made(axes, np.array(entries, dtype=np.int64)[places].reshape(size))
    if types == {bool}:
        return made(axes, np.array(entries, dtype=bool)[places].reshape(size))
    known: dict[Any, int] = {}
    own = np.array([known.setdefault(key_of(entry), len(known)) for entry in entries], dtype=np.int64)
    labels = own[places].reshape(size)
    objects = np.empty(len(entries), dtype=object)
    for place, entry in enumerate(entries):
        objects[place] = entry
    array = objects[places].reshape(size)
    if len(known) == 1:
        return array.flat[0]
    if array.ndim > 1:
        kept = [place for place in range(array.ndim) if not (labels == labels.take([0], axis=place)).all()]
        index = tuple([slice(None) if place in kept else 0 for place in range(array.ndim)])
        axes, array, labels = tuple([axes[place] for place in kept]), array[index], labels[index]
    low = high = 0
    if types == {int}:
        low, high = min(entries), max(entries)
    numeric = types <= {int, float, bool}
    return _interned(axes, array, labels, low, high, numeric=numeric, kinds=tuple(known))


def _without_constant(axes: tuple[Along, ...], array: Array) -> tuple[tuple[Along, ...], Array]:
    step = 1
    for place in range(array.ndim - 1, -1, -1):
        step, other = step * array.shape[place], step
        if step > other and not array.item(0) == array.item(other) == array.item(step - other):
            continue  # most vary, and the first line tells
        first = array.take([0], axis=place)
        if (array == first).all():
            array = first.reshape(array.shape[:place] + array.shape[place + 1 :])
            axes = axes[:place] + axes[place + 1 :]
            step = other
    return axes, array


def _interned(
    axes: tuple[Along, ...], array: Array, labels: Array, low: int, high: int, *, numeric: bool, kinds: Any
) -> VaryingTable:
    data = labels.tobytes()
    alike = _tables.setdefault((axes, kinds, hash(data)), [])
    for found in alike:
        if found.labels().tobytes() == data:
            return found
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    EFFORT.hold(array.nbytes + (labels.nbytes if labels is not array else 0), axes)
    found = VaryingTable(axes, array, low, high, labels, numeric=numeric)
    alike.append(found)
    return found


def from_entries(axes: tuple[Along, ...], entries: Sequence[Any]) -> Any:
    """The table of an entry for each place, in the order of the axes; as :func:`spread`."""
    return spread(axes, entries, np.arange(len(entries)))
