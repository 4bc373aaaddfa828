"""Values of a part of the designs, and of several parts side by side."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from archcost.sweeping.alongs import Along, CoupledError
from archcost.sweeping.arrays import np
from archcost.sweeping.varying import HIGH, LOW, MOST_ENTRIES, VaryingTable, key_of, made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.sweeping.arrays import Array


def restricted(value: Any, along: Along) -> Any:
    """A value for the designs at some indices of an axis alone."""
    if type(value) is VaryingTable:
        known = along.restricted.get(id(value))
        if known is None:
            known = along.restricted[id(value)] = _restricted_table(value, along), value
        return known[0]
    if type(value) is list:
        return [restricted(item, along) for item in value]
    if type(value) is tuple:
        return tuple([restricted(item, along) for item in value])
    return value


def _restricted_table(table: VaryingTable, along: Along) -> Any:
    for place, own in enumerate(table.axes):
        if own.axis == along.axis:
            if own is along:
                return table
            array = table.array.take(along.places_in(own), axis=place)
            if len(along) > 1:
                return made((*table.axes[:place], along, *table.axes[place + 1 :]), array)
            axes = table.axes[:place] + table.axes[place + 1 :]
            if axes:
                return made(axes, array.reshape([len(each) for each in axes]))
            return array.item() if array.dtype.kind != "O" else array.flat[0]
    return table


def joined(along: Along, parts: Sequence[tuple[Along, Any]]) -> Any:
    """One value of parts of an axis side by side; indices that no part has are filled with the first part's."""
    first = parts[0][1]
    if type(first) is not VaryingTable and len(parts) > 1 and all(_same(first, value) for _, value in parts[1:]):
        return first
    if len(parts) == 1 and (type(first) is not VaryingTable or all(own.axis != along.axis for own in first.axes)):
        return first
    others: dict[int, Along] = {}
    for _, value in parts:
        if type(value) is VaryingTable:
            others |= {own.axis: own for own in value.axes if own.axis != along.axis}
    axes = tuple([others.get(number, along) for number in sorted([*others, along.axis])])
    if prod(map(len, axes)) > MOST_ENTRIES:
        raise CoupledError(axes)
    place = [own.axis for own in axes].index(along.axis)
    kinds = {value.array.dtype if type(value) is VaryingTable else _dtype(value) for _, value in parts}
    array = np.empty([len(own) for own in axes], dtype=kinds.pop() if len(kinds) == 1 else object)
    head: tuple[Any, ...] = (slice(None),) * place
    for own, value in parts:
        target: Any = (*head, own.places_in(along))
        if type(value) is not VaryingTable:
            block = np.empty((), dtype=array.dtype)
            block[()] = value
            array[target] = block
            continue
        have = {each.axis for each in value.axes}
        sizes = iter(value.array.shape)
        entries = value.array if value.array.dtype == array.dtype else _objects(value.array)
        array[target] = entries.reshape([next(sizes) if each.axis in have else 1 for each in axes])
    if sum([len(own) for own, _ in parts]) < len(along):
        known = {number for own, _ in parts for number in own.places_in(along)}
        source: Any = (*head, [parts[0][0].places_in(along)[0]])
        array[(*head, [number for number in range(len(along)) if number not in known])] = array[source]
    return made(axes, array)


def _objects(array: Array) -> Array:
    """The entries as Python's own values."""
    found = np.empty(array.size, dtype=object)
    found[:] = array.ravel().tolist()
    return found.reshape(array.shape)


def _dtype(value: Any) -> Any:
    if type(value) is bool:
        return np.dtype(bool)
    return np.dtype(np.int64) if type(value) is int and LOW <= value <= HIGH else np.dtype(object)


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is not VaryingTable and type(b) is not VaryingTable and key_of(a) == key_of(b))
