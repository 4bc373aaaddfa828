"""The operators of tables: what Python's own give for each combination of entries.

They go by whole arrays of int64 while the bounds say that nothing can pass 2⁶³, and by Python's numbers otherwise. What
would raise for some designs alone forks, so that it is raised for them and for no others.
"""

from __future__ import annotations

import ast
import operator
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from archcost.dims import VaryingSizeError
from archcost.spec.functions import OPERATORS
from archcost.sweeping.alongs import Along, CoupledError
from archcost.sweeping.arrays import np
from archcost.sweeping.effort import EFFORT, PER_ENTRY
from archcost.sweeping.varying import HIGH, LOW, MOST_ENTRIES, VaryingTable, first_places, forked, made, spread

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
_MOST_CODES = 2**62  # numbers of combinations
_POWER = OPERATORS[ast.Pow]  # bounds the size of what comes out
_DIVIDE = (operator.floordiv, operator.mod)


def aligned(
    tables: Sequence[VaryingTable], entries: Callable[[VaryingTable], Array] = attrgetter("array")
) -> tuple[tuple[Along, ...], list[Array]]:
    """The axes of several tables together, and the entries of each, to be broadcast over them."""
    axes = tables[0].axes
    if all(table.axes == axes for table in tables[1:]):
        return axes, [entries(table) for table in tables]
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
        array, own = entries(table), table.axes
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
    if type(value) is VaryingTable:
        return value.array.dtype.kind != "O"
    return type(value) in (int, bool) and LOW <= value <= HIGH


def _bounds(value: Any) -> tuple[int, int]:
    if type(value) is VaryingTable:
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
    table = a if type(a) is VaryingTable else b
    other = b if table is a else a
    if type(other) is not VaryingTable and not isinstance(other, (int, float, str, list, tuple, type(None))):
        return NotImplemented
    if function not in _EQUAL:
        for value in (a, b):
            if type(value) is VaryingTable and not value.numeric:
                raise forked(value)
        if not isinstance(other, (int, float, VaryingTable)):
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
        if type(zero) is VaryingTable:
            raise forked(zero)
        if zero:
            raise ZeroDivisionError("integer division or modulo by zero")
    low, high = _result_bounds(function, _bounds(a), _bounds(b))
    if low < LOW or high > HIGH:
        return mapped(function, a, b)
    axes, (left, right) = _operands(a, b)
    return made(axes, _ARITHMETIC[function](left, right, dtype=np.int64))


def _truths(value: Any) -> bool:
    return value.array.dtype.kind == "b" if type(value) is VaryingTable else type(value) is bool


def _operands(a: Any, b: Any) -> tuple[tuple[Along, ...], list[Any]]:
    if type(a) is not VaryingTable:
        return b.axes, [a, b.array]
    if type(b) is not VaryingTable:
        return a.axes, [a.array, b]
    return aligned((a, b))


def mapped(function: Callable[..., Any], *values: Any, cost: int = PER_ENTRY) -> Any:
    """What a function of plain values gives for each combination of the entries of tables; lists may hold tables.

    ``cost`` is how many steps of work the function takes.
    Where it raises for all, that is raised; where it raises for some, the designs fork.
    """
    tables = list(tables_in(values))
    axes, arrays = aligned(tables)
    size = [len(along) for along in axes]
    firsts, inverse = combinations(tables)
    EFFORT.spend(cost * len(firsts), axes)
    columns = [np.broadcast_to(array, size).reshape(-1)[firsts].tolist() for array in arrays]
    plain = all(type(value) is VaryingTable or not isinstance(value, (list, tuple)) for value in values)
    entries: list[Any] = []
    wrong: list[bool] = []
    first: Exception | None = None
    where = {id(table): place for place, table in enumerate(tables)}
    for row in zip(*columns, strict=True):
        if plain:
            given: Any = [row[where[id(value)]] if type(value) is VaryingTable else value for value in values]
        else:
            given = [_filled(value, row, where) for value in values]
        try:
            entries.append(function(*given))
            wrong.append(False)
        except VaryingSizeError:
            raise
        except Exception as error:  # noqa: BLE001 - told again, or by the analysis of one design
            first = first or error
            entries.append(None)
            wrong.append(True)
    if first is not None:
        outcome = made(axes, np.array(wrong)[inverse].reshape(size))
        if type(outcome) is VaryingTable:
            raise forked(outcome)
        raise first
    return spread(axes, entries, inverse)


def combinations(tables: Sequence[VaryingTable]) -> tuple[Array, Array]:
    """Where each combination of the entries of tables stands first, in this order; and which stands at each place."""
    axes, labels = aligned(tables, VaryingTable.labels)
    size = [len(along) for along in axes]
    codes, span = np.zeros(1, np.int64), 1
    for array in labels:
        least = int(array.min())
        own, width = array, int(array.max()) - least + 1
        if span * width > _MOST_CODES:
            codes, span = _compact(codes)
            least = 0
            own, width = _compact(array)
        codes = codes * width + (own.astype(np.int64) - least)
        span *= width
    return first_places(np.broadcast_to(codes, size).reshape(-1))


def _compact(codes: Array) -> tuple[Array, int]:
    """Numbers from 0 on in place of others, and how many there are."""
    values, found = np.unique(codes, return_inverse=True)
    return found.reshape(codes.shape), len(values)


def _filled(value: Any, row: tuple[Any, ...], where: dict[int, int]) -> Any:
    if type(value) is VaryingTable:
        return row[where[id(value)]]
    if isinstance(value, (list, tuple)):
        return type(value)([_filled(item, row, where) for item in value])
    return value


def tables_in(value: Any) -> Iterable[VaryingTable]:
    """The tables in a value, each once."""
    found: dict[int, VaryingTable] = {}
    _collect(value, found)
    return found.values()


def _collect(value: Any, found: dict[int, VaryingTable]) -> None:
    if type(value) is VaryingTable:
        found[id(value)] = value
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, found)


def _known_binary(function: Binary, a: Any, b: Any) -> Any:
    """As :func:`_binary`, worked out once for the same operands: each group of designs asks for much the same."""
    key: Any
    if type(a) is VaryingTable and type(b) in (int, VaryingTable):
        known, other, key = a.known, b, (function, type(b), id(b) if type(b) is VaryingTable else b)
    elif type(a) is int:
        known, other, key = b.known, a, (function, None, a)
    else:
        return _binary(function, a, b)
    found = known.get(key)
    if found is None:
        found = known[key] = _binary(function, a, b), other
    return found[0]


def _method(function: Binary) -> Binary:
    return lambda self, other: _known_binary(function, self, other)


def _swapped(function: Binary) -> Binary:
    return lambda self, other: _known_binary(function, other, self)


def _install() -> None:
    """Give tables their operators."""
    for name in ("add", "sub", "mul", "floordiv", "mod", "truediv", "and_", "or_", "xor"):
        function = getattr(operator, name)
        setattr(VaryingTable, f"__{name.strip('_')}__", _method(function))
        setattr(VaryingTable, f"__r{name.strip('_')}__", _swapped(function))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(VaryingTable, f"__{name}__", _method(getattr(operator, name)))
    others: dict[str, Callable[..., Any]] = {
        "__pow__": lambda self, other: mapped(_POWER, self, other),
        "__rpow__": lambda self, other: mapped(_POWER, other, self),
        "__neg__": lambda self: _binary(operator.sub, 0, self),
        "__pos__": lambda self: mapped(operator.pos, self),
        "__abs__": lambda self: mapped(abs, self),
        "__divmod__": lambda self, other: (self // other, self % other),
        "__rdivmod__": lambda self, other: (other // self, other % self),
        "__hash__": object.__hash__,
        "mapped": lambda _, function, *values: mapped(function, *values),
    }
    for name, function in others.items():
        setattr(VaryingTable, name, function)


_install()
