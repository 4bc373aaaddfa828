"""The operators of tables: what Python's own give for each combination of entries.

They go by whole arrays of int64 while the bounds say that nothing can pass 2⁶³, and by Python's numbers otherwise. What
would raise for some designs alone forks, so that it is raised for them and for no others.
"""

from __future__ import annotations

import operator
from math import prod
from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError
from archcost.sweeping.alongs import Along, CoupledError
from archcost.sweeping.arrays import np
from archcost.sweeping.varying import HIGH, LOW, MOST_ENTRIES, Table, forked, from_entries, key_of, made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.sweeping.arrays import Array

    Binary = Callable[[Any, Any], Any]

_COMPARE: dict[Binary, Any] = {
    operator.eq: np.equal,
    operator.ne: np.not_equal,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
}
_EQUAL = (operator.eq, operator.ne)
_LOGICAL: dict[Binary, Any] = {
    operator.and_: np.logical_and,
    operator.or_: np.logical_or,
    operator.xor: np.logical_xor,
}
_ARITHMETIC: dict[Binary, Any] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.floordiv: np.floor_divide,
    operator.mod: np.remainder,
}
_DIVIDE = (operator.floordiv, operator.mod)


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
    return type(value) in (int, bool) and LOW <= value <= HIGH


def _bounds(value: Any) -> tuple[int, int]:
    if type(value) is Table:
        return (0, 1) if value.array.dtype.kind == "b" else (value.low, value.high)
    return int(value), int(value)


def _result_bounds(function: Binary, a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    if function is operator.add:
        return a[0] + b[0], a[1] + b[1]
    if function is operator.sub:
        return a[0] - b[1], a[1] - b[0]
    if function is operator.mul:
        corners = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
        return min(corners), max(corners)
    most = max(map(abs, a + b))  # of a quotient or remainder
    return -most, most


def _binary(function: Binary, a: Any, b: Any) -> Any:
    """An operator on two values, one of which is a table; NotImplemented for what it has no meaning for."""
    table = a if type(a) is Table else b
    other = b if table is a else a
    if type(other) is not Table and not isinstance(other, (int, float, str, list, tuple, type(None))):
        return NotImplemented
    if function not in _EQUAL:
        for value in (a, b):
            if type(value) is Table and not value.numeric:
                raise forked(value)
        if not isinstance(other, (int, float, Table)):
            raise forked(table)  # what has no meaning, or another one, is told of plain values
    if not (_whole(a) and _whole(b)):
        return mapped(function, a, b)
    if function in _COMPARE or (function in _LOGICAL and _truths(a) and _truths(b)):
        axes, (left, right) = _operands(a, b)
        return made(axes, (_COMPARE.get(function) or _LOGICAL[function])(left, right))
    return _computed(function, a, b)


def _computed(function: Binary, a: Any, b: Any) -> Any:
    """Arithmetic on whole numbers, in int64 where nothing can pass it."""
    if function not in _ARITHMETIC:
        return mapped(function, a, b)
    if function in _DIVIDE:
        zero = b == 0
        if type(zero) is Table:
            raise forked(zero)
        if zero:
            raise ZeroDivisionError("integer division or modulo by zero")
    low, high = _result_bounds(function, _bounds(a), _bounds(b))
    if low < LOW or high > HIGH:
        return mapped(function, a, b)
    axes, (left, right) = _operands(a, b)
    return made(axes, _ARITHMETIC[function](left, right, dtype=np.int64))


def _truths(value: Any) -> bool:
    return value.array.dtype.kind == "b" if type(value) is Table else type(value) is bool


def _operands(a: Any, b: Any) -> tuple[tuple[Along, ...], list[Any]]:
    if type(a) is not Table:
        return b.axes, [a, b.array]
    if type(b) is not Table:
        return a.axes, [a.array, b]
    return aligned((a, b))


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
        key = row if whole else tuple(map(key_of, row))
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


def _power(self: Table, other: Any) -> Any:
    """A power is for plain numbers, whose size expressions bound before they take it."""
    del other
    raise forked(self)


def _install() -> None:
    """Give tables their operators."""
    for name in ("add", "sub", "mul", "floordiv", "mod", "truediv", "and_", "or_", "xor"):
        function = getattr(operator, name)
        setattr(Table, f"__{name.strip('_')}__", _method(function))
        setattr(Table, f"__r{name.strip('_')}__", _swapped(function))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Table, f"__{name}__", _method(getattr(operator, name)))
    others: dict[str, Callable[..., Any]] = {
        "__pow__": _power,
        "__rpow__": _power,
        "__neg__": lambda self: _binary(operator.sub, 0, self),
        "__pos__": lambda self: mapped(operator.pos, self),
        "__abs__": lambda self: mapped(abs, self),
        "__divmod__": lambda self, other: (self // other, self % other),
        "__rdivmod__": lambda self, other: (other // self, other % self),
        "__hash__": object.__hash__,
        "mapped": lambda _, function, *values: mapped(function, *values),
    }
    for name, function in others.items():
        setattr(Table, name, function)


_install()
