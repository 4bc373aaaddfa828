"""Nodes that rearrange, join, cut or fill known numbers. What they refuse by an error of Python is not known."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from archcost.importers.onnx.numbers import NotKnownError, Numbers, broadcast, spread, strides, typed
from archcost.importers.onnx.tensors import MAX_READ, StoredTensor, dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.importers.onnx.graph import OnnxNode
    from archcost.importers.onnx.tensors import Number


def _first(inputs: Sequence[Numbers | None]) -> Numbers:
    return _at(inputs, 0)


def _at(inputs: Sequence[Numbers | None], place: int) -> Numbers:
    found = inputs[place] if place < len(inputs) else None
    if found is None:
        raise NotKnownError
    return found


def cast(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    dtype = _at(inputs, 1).dtype if node.op == "CastLike" else dtype_of(node.attributes["to"])
    return typed(_first(inputs)._replace(dtype=dtype))


def gather(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, index = _first(inputs), _at(inputs, 1)
    axis = node.attributes.get("axis", 0) % len(data.shape)
    outer, size, inner = math.prod(data.shape[:axis]), data.shape[axis], math.prod(data.shape[axis + 1 :])
    if outer * len(index.data) * inner > MAX_READ:
        raise NotKnownError
    places = [int(place) + size * (place < 0) for place in index.data]
    found = [
        data.data[(row * size + place) * inner + column]
        for row in range(outer)
        for place in places
        for column in range(inner)
        if 0 <= place < size
    ]
    return Numbers(data.shape[:axis] + index.shape + data.shape[axis + 1 :], tuple(found), data.dtype)


def concat(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    given = [each for each in inputs if each is not None]
    first = given[0]
    axis = node.attributes.get("axis", 0) % len(first.shape)
    if any(each.shape[:axis] != first.shape[:axis] for each in given):
        raise NotKnownError
    if sum([len(each.data) for each in given]) > MAX_READ:
        raise NotKnownError
    blocks = [len(each.data) // max(math.prod(first.shape[:axis]), 1) for each in given]
    data = [
        number
        for row in range(math.prod(first.shape[:axis]))
        for each, block in zip(given, blocks, strict=True)
        for number in each.data[row * block : (row + 1) * block]
    ]
    joined = sum([each.shape[axis] for each in given])
    return Numbers((*first.shape[:axis], joined, *first.shape[axis + 1 :]), tuple(data), first.dtype)


def sliced(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data = _first(inputs)
    given = [_listed(node, inputs, name, place) for place, name in enumerate(("starts", "ends", "axes", "steps"), 1)]
    starts, ends = given[0] or [], given[1] or []
    axes, steps = given[2] or list(range(len(starts))), given[3] or [1] * len(starts)
    places = [range(size) for size in data.shape]
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = data.shape[axis]
        places[axis] = range(size)[start : None if step < 0 and end < -size else end : step]
    lengths = strides(data.shape)
    found = [data.data[sum(map(int.__mul__, place, lengths))] for place in product(*places)]
    return Numbers(tuple(map(len, places)), tuple(found), data.dtype)


def _listed(node: OnnxNode, inputs: Sequence[Numbers | None], name: str, place: int) -> list[int] | None:
    """Whole numbers that are an attribute in older versions of an operator, and an input in newer ones."""
    if name in node.attributes:
        return list(node.attributes[name])
    given = inputs[place] if place < len(inputs) else None
    return None if given is None else list(map(int, given.data))


def _axes(node: OnnxNode, inputs: Sequence[Numbers | None]) -> tuple[int, ...] | None:
    found = _listed(node, inputs, "axes", 1)
    return None if found is None else tuple(found)


def squeeze(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, axes = _first(inputs), _axes(node, inputs)
    gone = {axis % len(data.shape) for axis in axes} if axes is not None else None
    shape = [size for dim, size in enumerate(data.shape) if (size != 1 if gone is None else dim not in gone)]
    return data._replace(shape=tuple(shape))


def unsqueeze(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, axes = _first(inputs), _axes(node, inputs) or ()
    rank = len(data.shape) + len(axes)
    new = {axis % rank for axis in axes}
    sizes = iter(data.shape)
    return data._replace(shape=tuple([1 if dim in new else next(sizes) for dim in range(rank)]))


def reshape(_: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, wanted = _first(inputs), [int(size) for size in _at(inputs, 1).data]
    known = math.prod([size for size in wanted if size != -1])
    shape = [len(data.data) // max(known, 1) if size == -1 else size for size in wanted]
    return data._replace(shape=tuple(shape))


def expand(_: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data = _first(inputs)
    shape = broadcast([data.shape, tuple(map(int, _at(inputs, 1).data))])
    return data._replace(shape=shape, data=tuple(spread(data, shape)))


def filled(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    shape = tuple(map(int, _first(inputs).data))
    value = node.attributes.get("value")
    number: Number = 0.0
    dtype = "float32"
    if isinstance(value, StoredTensor):
        if not value.numbers:
            raise NotKnownError
        number, dtype = value.numbers[0], value.dtype
    if math.prod(shape) > MAX_READ:
        raise NotKnownError
    return Numbers(shape, (number,) * math.prod(shape), dtype)


def ranged(_: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    start, limit, step = [_at(inputs, place).data[0] for place in range(3)]
    count = max(math.ceil((limit - start) / step), 0)
    if count > MAX_READ:
        raise NotKnownError
    return Numbers((count,), tuple([start + step * place for place in range(count)]), _first(inputs).dtype)


def transposed(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data = _first(inputs)
    order = node.attributes.get("perm") or tuple(reversed(range(len(data.shape))))
    if sorted(order) != list(range(len(data.shape))):
        raise NotKnownError
    lengths = strides(data.shape)
    shape = tuple([data.shape[dim] for dim in order])
    steps = [lengths[dim] for dim in order]
    found = [data.data[sum(map(int.__mul__, place, steps))] for place in product(*map(range, shape))]
    return Numbers(shape, tuple(found), data.dtype)


REDUCED: dict[str, Callable[[Sequence[Number]], Number]] = {
    "ReduceProd": math.prod,
    "ReduceSum": sum,
    "ReduceMax": max,
    "ReduceMin": min,
}


def reduced(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, axes = _first(inputs), _axes(node, inputs)
    if len(data.shape) != 1 or axes not in (None, (0,), (-1,)):
        raise NotKnownError
    shape = (1,) if node.attributes.get("keepdims", 1) else ()
    return Numbers(shape, (REDUCED[node.op](data.data),), data.dtype)


def split(node: OnnxNode, inputs: Sequence[Numbers | None]) -> tuple[Numbers, ...]:
    data, count = _first(inputs), len(node.outputs)
    if len(data.shape) != 1:
        raise NotKnownError
    given = inputs[1] if len(inputs) > 1 else None
    default = [-(-len(data.data) // count)] * count
    sizes = list(map(int, given.data)) if given is not None else list(node.attributes.get("split", default))
    found, start = [], 0
    for size in sizes:
        part = data.data[start : start + size]
        found.append(Numbers((len(part),), part, data.dtype))
        start += size
    return tuple(found)


def same(_: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    return _first(inputs)


def constant(node: OnnxNode, _: Sequence[Numbers | None]) -> Numbers:
    """The numbers that a node holds as attributes; tensors are the reader's business."""
    for name, dtype in (("value_int", "int64"), ("value_float", "float32")):
        if name in node.attributes:
            return Numbers((), (node.attributes[name],), dtype)
    for name, dtype in (("value_ints", "int64"), ("value_floats", "float32")):
        if name in node.attributes:
            numbers = tuple(node.attributes[name])
            return Numbers((len(numbers),), numbers, dtype)
    raise NotKnownError
