"""A value of many designs at once: a table over the few axes that it depends on.

A :class:`Table` is canonical. Along every axis that it has something differs, and its axes are in the order of the
space; what is the same for all designs is no table but the plain value itself. Equal tables are one object, so that
they are compared and hashed by identity, and serve as keys.

Python cannot decide by a table, because designs differ in it: whoever asks for its truth, its int or its ``decided``
value gets a :class:`Fork`, which says where the designs part. So code that was written for plain numbers either does
the same to every design, or forks. Entries are Python's own numbers in all that counts: int64 while the bounds say that
nothing can pass 2⁶³, Python ints beyond, and for floats and words whatever Python's own operators give.
"""

from __future__ import annotations

import operator
from math import prod
from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError
from archcost.sweeping.arrays import np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

MOST_ENTRIES = 10_000_000  # of a table
_SMALL = 4096  # bytes of a table that are its own key
_LOW, _HIGH = -(2**63), 2**63 - 1
_BITS = 128  # of a number in an expression


class Along:
    """Some of the indices of an axis, in order: those of the designs that are looked at together."""

    __slots__ = ("axis", "indices")
    axis: int
    indices: tuple[int, ...]
    _known: dict[tuple[int, tuple[int, ...]], Along] = {}

    def __new__(cls, axis: int, indices: Iterable[int]) -> Along:
        """The one object for these indices."""
        key = (axis, tuple(indices))
        found = cls._known.get(key)
        if found is None:
            found = cls._known[key] = super().__new__(cls)
            found.axis, found.indices = key
        return found

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"Along({self.axis}, {list(self.indices)})"

    def __reduce__(self) -> tuple[type[Along], tuple[int, tuple[int, ...]]]:
        return Along, (self.axis, self.indices)

    def places_in(self, other: Along) -> list[int]:
        """Where the indices stand in another, which has them all."""
        places = {index: place for place, index in enumerate(other.indices)}
        return [places[index] for index in self.indices]


class Fork(VaryingSizeError):
    """Designs differ in what Python decides by. They part along one axis, into ``parts`` of its indices.

    ``before``: the scope must be walked anew from before this node, of those that have been made; None: the innermost
    step will do.
    """

    def __init__(self, axis: int, parts: Sequence[Sequence[int]], before: int | None = None) -> None:
        super().__init__("designs differ in what must be the same for all")
        self.axis = axis
        self.parts = parts
        self.before = before


class CoupledError(Fork):
    """A table would have too many entries; the axes are those that it couples."""

    def __init__(self, axes: Sequence[Along]) -> None:
        longest = max(axes, key=len)
        super().__init__(longest.axis, [[index] for index in longest.indices], before=-1)
        self.axes = tuple([along.axis for along in axes])


def forked(table: Table, before: int | None = None) -> Fork:
    """The fork of designs that differ in a table: along the axis whose slices are equal in the fewest groups."""
    labels = table.labels()
    best: list[list[int]] = []
    axis = -1
    for place, along in enumerate(table.axes):
        groups: dict[bytes, list[int]] = {}
        rows = np.moveaxis(labels, place, 0).reshape(len(along), -1)
        for index, row in zip(along.indices, rows, strict=True):
            groups.setdefault(row.tobytes(), []).append(index)
        if axis < 0 or len(groups) < len(best):
            axis, best = along.axis, list(groups.values())
    return Fork(axis, best, before)


class Table:
    """An entry for each combination of indices along some axes; made by :func:`made`, and never constant."""

    __slots__ = ("_labels", "array", "axes", "high", "low", "numeric")

    def __init__(self, axes: tuple[Along, ...], array: Array, low: int, high: int, *, numeric: bool) -> None:
        self.axes = axes
        self.array = array
        self.low = low  # of whole numbers; 0 for others
        self.high = high
        self.numeric = numeric  # whether all entries are numbers, or truth values
        self._labels: Array | None = None

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
        if self.array.dtype.kind != "O":
            return self.array
        if self._labels is None:
            known: dict[Any, int] = {}
            found = [known.setdefault(_key(entry), len(known)) for entry in self.array.flat]
            self._labels = np.array(found, dtype=np.int64).reshape(self.array.shape)
        return self._labels

    # --- where Python decides ---------------------------------------------------------------------------------------

    def decided(self) -> Any:
        """Raise the fork: designs differ."""
        raise forked(self)

    def __bool__(self) -> bool:
        truth = made(self.axes, np.fromiter(map(bool, self.array.flat), dtype=bool).reshape(self.array.shape))
        if isinstance(truth, Table):
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
            long = [type(entry) is not int or entry.bit_length() > _BITS for entry in self.array.flat]
            if (
                any(long)
                and not self.numeric
                or any(type(entry) is int and entry.bit_length() > _BITS for entry in self.array.flat)
            ):
                raise forked(self)
        return 1

    def mapped(self, function: Callable[..., Any], *values: Any) -> Any:
        """What a function of plain values gives for each combination."""
        return mapped(function, *values)

    def __neg__(self) -> Any:
        return _binary(operator.sub, 0, self)

    def __pos__(self) -> Any:
        return _binary(operator.add, 0, self) if self.numeric else self.decided()

    def __abs__(self) -> Any:
        return mapped(abs, self)

    def __getitem__(self, index: Any) -> Any:
        raise forked(self)


def _key(entry: Any) -> Any:
    """What tells an entry from others: its type and value."""
    if isinstance(entry, (list, tuple)):
        return tuple([_key(item) for item in entry])
    return (type(entry), repr(entry)) if isinstance(entry, float) else (type(entry), entry)


# --- making -----------------------------------------------------------------------------------------------------------

_tables: dict[Any, Table] = {}  # all that were made since the walk began, by content


def forget_tables() -> None:
    """Forget all tables, at the end of a walk; those that somebody holds stay as they are."""
    _tables.clear()
    Along._known.clear()  # noqa: SLF001 - its own


def made(axes: tuple[Along, ...], array: Array) -> Any:
    """The table of an array with a dim for each axis: without axes along which nothing differs; else a plain value."""
    kind = array.dtype.kind
    low = high = 0
    if kind == "O":
        return _made_of_objects(axes, array)
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


def _made_of_objects(axes: tuple[Along, ...], array: Array) -> Any:
    types = set(map(type, array.flat))
    if types == {int}:
        entries = array.ravel().tolist()
        if min(entries) >= _LOW and max(entries) <= _HIGH:
            return made(axes, array.astype(np.int64))
    elif types == {bool}:
        return made(axes, array.astype(bool))
    known: dict[Any, int] = {}
    labels = np.fromiter(
        (known.setdefault(_key(entry), len(known)) for entry in array.flat), dtype=np.int64, count=array.size
    ).reshape(array.shape)
    if len(known) == 1:
        return array.flat[0]
    if array.ndim > 1:
        kept = [place for place in range(array.ndim) if not (labels == labels.take([0], axis=place)).all()]
        index = tuple([slice(None) if place in kept else 0 for place in range(array.ndim)])
        axes, array, labels = tuple([axes[place] for place in kept]), array[index], labels[index]
    low = high = 0
    if types == {int}:
        low, high = min(array.flat), max(array.flat)
    numeric = types <= {int, float, bool}
    found = _interned(axes, array, labels, low, high, numeric=numeric, kinds=tuple(known))
    return found


def _without_constant(axes: tuple[Along, ...], array: Array) -> tuple[tuple[Along, ...], Array]:
    for place in range(array.ndim - 1, -1, -1):
        first = array.take([0], axis=place)
        if (array == first).all():
            array = first.reshape(array.shape[:place] + array.shape[place + 1 :])
            axes = axes[:place] + axes[place + 1 :]
    return axes, array


def _interned(
    axes: tuple[Along, ...], array: Array, labels: Array, low: int, high: int, *, numeric: bool, kinds: Any
) -> Table:
    data: Any = labels.tobytes()
    if len(data) > _SMALL:
        from hashlib import blake2b

        data = blake2b(data, digest_size=32).digest()
    key = (axes, kinds, data)
    found = _tables.get(key)
    if found is None:
        array = np.ascontiguousarray(array)
        array.flags.writeable = False
        found = _tables[key] = Table(axes, array, low, high, numeric=numeric)
    return found


def from_entries(axes: tuple[Along, ...], entries: Sequence[Any]) -> Any:
    """The table of entries in the order of the axes; where all are lists of one length, a list of tables."""
    first = entries[0]
    if isinstance(first, (list, tuple)):
        lists = all(isinstance(entry, (list, tuple)) and len(entry) == len(first) for entry in entries)
        if lists:
            return [from_entries(axes, [entry[place] for entry in entries]) for place in range(len(first))]
    array = np.empty(len(entries), dtype=object)
    for place, entry in enumerate(entries):
        array[place] = entry
    return made(axes, array.reshape([len(along) for along in axes]))


# --- arithmetic -------------------------------------------------------------------------------------------------------


def aligned(tables: Sequence[Table]) -> tuple[tuple[Along, ...], list[Array]]:
    """The axes of several tables together, and the array of each, to be broadcast over them."""
    axes = tables[0].axes
    if all(table.axes == axes for table in tables[1:]):
        return axes, [table.array for table in tables]
    found: dict[int, Along] = {}
    for table in tables:
        for along in table.axes:
            known = found.get(along.axis)
            if known is None or len(along) < len(known):
                found[along.axis] = along
    axes = tuple([found[number] for number in sorted(found)])
    if prod(map(len, axes)) > MOST_ENTRIES:
        raise CoupledError(axes)
    arrays = []
    for table in tables:
        array, own = table.array, table.axes
        for place, along in enumerate(own):
            wanted = found[along.axis]
            if wanted is not along:
                array = array.take(wanted.places_in(along), axis=place)
        have = {along.axis for along in own}
        sizes = iter(array.shape)
        arrays.append(array.reshape([next(sizes) if along.axis in have else 1 for along in axes]))
    return axes, arrays


def _whole(value: Any) -> bool:
    """Whether a value is whole numbers, or truth values that count as such, in int64."""
    if type(value) is Table:
        return value.array.dtype.kind != "O"
    return type(value) in (int, bool) and _LOW <= value <= _HIGH


def _bounds(value: Any) -> tuple[int, int]:
    if type(value) is Table:
        return (0, 1) if value.array.dtype.kind == "b" else (value.low, value.high)
    return int(value), int(value)


def _result_bounds(name: str, a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    if name == "add":
        return a[0] + b[0], a[1] + b[1]
    if name == "sub":
        return a[0] - b[1], a[1] - b[0]
    if name == "mul":
        corners = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
        return min(corners), max(corners)
    most = max(map(abs, a + b))  # of a quotient or remainder
    return -most, most


_COMPARE = {
    operator.eq: "equal",
    operator.ne: "not_equal",
    operator.lt: "less",
    operator.le: "less_equal",
    operator.gt: "greater",
    operator.ge: "greater_equal",
}
_LOGICAL = {operator.and_: "logical_and", operator.or_: "logical_or", operator.xor: "logical_xor"}
_ARITHMETIC = {
    operator.add: "add",
    operator.sub: "subtract",
    operator.mul: "multiply",
    operator.floordiv: "floor_divide",
    operator.mod: "remainder",
}


def _binary(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """An operator on two values, one of which is a table; NotImplemented for what it has no meaning for."""
    for value in (a, b):
        if type(value) is not Table and not isinstance(value, (int, float, str, type(None))):
            if isinstance(value, (list, tuple)):
                if function in (operator.eq, operator.ne):
                    return _by_entry(function, a, b)
                raise forked(a if type(a) is Table else b)
            return NotImplemented
    if function not in (operator.eq, operator.ne):
        for value in (a, b):
            if type(value) is Table and not value.numeric:
                raise forked(value)
            if isinstance(value, str) or value is None:
                raise forked(a if type(a) is Table else b)
    if not (_whole(a) and _whole(b)):
        return _by_entry(function, a, b)
    if function in _LOGICAL:
        if _truths(a) and _truths(b):
            axes, (left, right) = _operands(a, b)
            return made(axes, getattr(np, _LOGICAL[function])(left, right))
        return _by_entry(function, a, b)
    if function in _COMPARE:
        axes, (left, right) = _operands(a, b)
        return made(axes, getattr(np, _COMPARE[function])(left, right))
    if function not in _ARITHMETIC:
        return _by_entry(function, a, b)
    name = function.__name__.strip("_")
    if function in (operator.floordiv, operator.mod):
        zero = _binary(operator.eq, b, 0) if type(b) is Table else b == 0
        if zero is not False:
            if type(zero) is Table:
                raise forked(zero)
            raise ZeroDivisionError("integer division or modulo by zero")
    low, high = _result_bounds(name, _bounds(a), _bounds(b))
    if low < _LOW or high > _HIGH:
        return _by_entry(function, a, b)
    axes, (left, right) = _operands(a, b)
    return made(axes, getattr(np, _ARITHMETIC[function])(left, right, dtype=np.int64))


def _truths(value: Any) -> bool:
    return value.array.dtype.kind == "b" if type(value) is Table else type(value) is bool


def _operands(a: Any, b: Any) -> tuple[tuple[Along, ...], list[Any]]:
    if type(a) is not Table:
        return b.axes, [a, b.array]
    if type(b) is not Table:
        return a.axes, [a.array, b]
    return aligned((a, b))


def _by_entry(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """An operator of Python on each pair of entries."""
    return mapped(function, a, b)


def mapped(function: Callable[..., Any], *values: Any) -> Any:
    """What a function of plain values gives for each combination of the entries of tables; lists may hold tables.

    Where it raises for all, that is raised; where it raises for some, the designs fork.
    """
    tables = list(tables_in(values))
    axes, arrays = aligned(tables)
    size = [len(along) for along in axes]
    columns = {
        id(table): np.broadcast_to(array, size).ravel().tolist() for table, array in zip(tables, arrays, strict=True)
    }
    plain = all(type(value) is Table or not isinstance(value, (list, tuple)) for value in values)
    known: dict[Any, Any] = {}
    entries: list[Any] = []
    wrong: list[bool] = []
    first: Exception | None = None
    whole = all(table.array.dtype.kind == "i" for table in tables)
    rows = zip(*columns.values(), strict=True)
    where = {key: place for place, key in enumerate(columns)}
    for row in rows:
        key = row if whole else tuple(map(_key, row))
        if key not in known:
            if plain:
                given: Any = [row[where[id(value)]] if type(value) is Table else value for value in values]
            else:
                given = [_filled(value, row, where) for value in values]
            try:
                known[key] = (function(*given), False)
            except VaryingSizeError:
                raise
            except Exception as error:  # noqa: BLE001 - told again, or by the analysis of one design
                first = first or error
                known[key] = (None, True)
        entry, bad = known[key]
        entries.append(entry)
        wrong.append(bad)
    if first is not None:
        outcome = made(axes, np.array(wrong).reshape(size))
        if type(outcome) is Table:
            raise forked(outcome)
        raise first
    return from_entries(axes, entries)


def _filled(value: Any, row: tuple[Any, ...], where: dict[int, int]) -> Any:
    if type(value) is Table:
        return row[where[id(value)]]
    if isinstance(value, (list, tuple)):
        return type(value)([_filled(item, row, where) for item in value])
    return value


def tables_in(value: Any) -> Iterable[Table]:
    """The tables in a value, each once."""
    found: dict[int, Table] = {}
    _collect(value, found)
    return found.values()


def _collect(value: Any, found: dict[int, Table]) -> None:
    if type(value) is Table:
        found[id(value)] = value
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, found)


def _method(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: _binary(function, self, other)


def _swapped(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda self, other: _binary(function, other, self)


for _name in ("add", "sub", "mul", "floordiv", "mod", "truediv", "and_", "or_", "xor"):
    _function = getattr(operator, _name)
    setattr(Table, f"__{_name.strip('_')}__", _method(_function))
    setattr(Table, f"__r{_name.strip('_')}__", _swapped(_function))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Table, f"__{_name}__", _method(getattr(operator, _name)))


def _power(self: Table, other: Any) -> Any:
    """A power is for plain numbers, whose size expressions bound before they take it."""
    del other
    raise forked(self)


Table.__pow__ = Table.__rpow__ = _power  # type: ignore[attr-defined, method-assign]


# --- restricting and joining ------------------------------------------------------------------------------------------


def restricted(value: Any, along: Along) -> Any:
    """A value for the designs at some indices of an axis alone."""
    if type(value) is Table:
        for place, own in enumerate(value.axes):
            if own.axis == along.axis:
                if own is along:
                    return value
                array = value.array.take(along.places_in(own), axis=place)
                axes = (*value.axes[:place], along, *value.axes[place + 1 :])
                if len(along) == 1:
                    array = array.reshape(array.shape[:place] + array.shape[place + 1 :])
                    axes = value.axes[:place] + value.axes[place + 1 :]
                    if not axes:
                        return array.item() if array.dtype.kind != "O" else array.flat[0]
                return made(axes, array)
        return value
    if type(value) is list:
        return [restricted(item, along) for item in value]
    if type(value) is tuple:
        return tuple([restricted(item, along) for item in value])
    return value


def joined(along: Along, parts: Sequence[tuple[Along, Any]]) -> Any:
    """One value of parts of an axis side by side; indices that no part has are filled with the first part's."""
    first = parts[0][1]
    if type(first) is not Table and len(parts) > 1 and all(_same(first, value) for _, value in parts[1:]):
        return first
    if len(parts) == 1 and (type(first) is not Table or all(own.axis != along.axis for own in first.axes)):
        return first
    others: dict[int, Along] = {}
    for _, value in parts:
        if type(value) is Table:
            others |= {own.axis: own for own in value.axes if own.axis != along.axis}
    axes = tuple([others.get(number, along) for number in sorted([*others, along.axis])])
    if prod(map(len, axes)) > MOST_ENTRIES:
        raise CoupledError(axes)
    place = [own.axis for own in axes].index(along.axis)
    kinds = {value.array.dtype if type(value) is Table else _dtype(value) for _, value in parts}
    array = np.empty([len(own) for own in axes], dtype=kinds.pop() if len(kinds) == 1 else object)
    where = {index: number for number, index in enumerate(along.indices)}
    missing = set(along.indices)
    head = (slice(None),) * place
    for own, value in parts:
        missing -= set(own.indices)
        target = (*head, [where[index] for index in own.indices])
        if type(value) is not Table:
            block = np.empty((), dtype=array.dtype)
            block[()] = value
            array[target] = block
            continue
        have = {each.axis for each in value.axes}
        sizes = iter(value.array.shape)
        source = value.array if value.array.dtype == array.dtype else _objects(value.array)
        array[target] = source.reshape([next(sizes) if each.axis in have else 1 for each in axes])
    if missing:
        filler = array[(*head, [where[parts[0][0].indices[0]]])]
        array[(*head, [where[index] for index in sorted(missing)])] = filler
    return made(axes, array)


def _objects(array: Array) -> Array:
    """The entries as Python's own values."""
    found = np.empty(array.size, dtype=object)
    found[:] = array.ravel().tolist()
    return found.reshape(array.shape)


def _dtype(value: Any) -> Any:
    if type(value) is bool:
        return np.dtype(bool)
    return np.dtype(np.int64) if type(value) is int and _LOW <= value <= _HIGH else np.dtype(object)


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is not Table and type(b) is not Table and _key(a) == _key(b))
