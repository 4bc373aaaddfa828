"""Nodes that compute with known numbers alone: what exporters write around shapes, evaluated at each batch size."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from archcost.dtypes import FLOAT_DTYPES
from archcost.importers.onnx.graph import MAX_READ, StoredTensor, dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.importers.onnx.graph import Number, OnnxNode


_GREATEST = 2**63  # whole numbers of a file are not longer


class Numbers(NamedTuple):
    """A small tensor at one batch size."""

    shape: tuple[int, ...]
    data: tuple[Number, ...]
    dtype: str = "int64"


class NotKnownError(Exception):
    """A node is none that is evaluated: it becomes a step."""



def evaluated(node: OnnxNode, inputs: Sequence[Numbers | None]) -> tuple[Numbers, ...]:
    """The outputs of a node; raises NotKnownError for what is not evaluated, and for numbers that it refuses."""
    function = _FUNCTIONS.get(node.op)
    if function is None:
        raise NotKnownError
    try:
        found = function(node, inputs)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        raise NotKnownError from None
    outputs = found if type(found) is tuple else (found,)
    checked = tuple([each for each in outputs if isinstance(each, Numbers)])
    for each in checked:
        if len(each.data) > MAX_READ or len(each.data) != math.prod(each.shape):
            raise NotKnownError
        if any(abs(number) > _GREATEST for number in each.data if isinstance(number, int)):
            raise NotKnownError
    return checked


# --- arithmetic -------------------------------------------------------------------------------------------------------


def _divide(a: Number, b: Number) -> Number:
    """A quotient; of whole numbers it is cut off towards 0."""
    if isinstance(a, int) and isinstance(b, int):
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient
    return a / b


_MOST_DIGITS = 2.0**64


def _power(a: Number, b: Number) -> Number:
    if abs(a) > _MOST_DIGITS or abs(b) > 64:  # noqa: PLR2004 - bits of a number
        raise NotKnownError
    return a**b


_ELEMENTWISE: dict[str, Callable[..., Number]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": _divide,
    "Mod": lambda a, b: a % b,
    "Pow": _power,
    "Min": min,
    "Max": max,
    "Neg": lambda a: -a,
    "Abs": abs,
    "Floor": math.floor,
    "Ceil": math.ceil,
    "Round": round,
    "Sqrt": math.sqrt,
    "Where": lambda condition, a, b: a if condition else b,
}
_TRUTHS: dict[str, Callable[..., bool]] = {
    "Equal": lambda a, b: a == b,
    "Less": lambda a, b: a < b,
    "LessOrEqual": lambda a, b: a <= b,
    "Greater": lambda a, b: a > b,
    "GreaterOrEqual": lambda a, b: a >= b,
    "And": lambda a, b: bool(a) and bool(b),
    "Or": lambda a, b: bool(a) or bool(b),
    "Not": lambda a: not a,
}


def _elementwise(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    given = [each for each in inputs if each is not None]
    shape = _broadcast([each.shape for each in given])
    spread = [_spread(each, shape) for each in given]
    if node.op in _TRUTHS:
        return Numbers(shape, tuple([int(_TRUTHS[node.op](*each)) for each in zip(*spread, strict=True)]), "bool")
    dtype = given[-1].dtype
    values = [_ELEMENTWISE[node.op](*each) for each in zip(*spread, strict=True)]
    return _typed(Numbers(shape, tuple(values), dtype))


def _broadcast(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    rank = max(map(len, shapes))
    columns = zip(*[(1,) * (rank - len(shape)) + shape for shape in shapes], strict=True)
    found = []
    for sizes in columns:
        others = {size for size in sizes if size != 1} or {1}
        if len(others) > 1:
            raise NotKnownError
        found.append(others.pop())
    if math.prod(found) > MAX_READ:
        raise NotKnownError
    return tuple(found)


def _spread(tensor: Numbers, shape: tuple[int, ...]) -> list[Number]:
    """The elements of a tensor as broadcast to a shape."""
    if tensor.shape == shape:
        return list(tensor.data)
    own = (1,) * (len(shape) - len(tensor.shape)) + tensor.shape
    strides = _strides(own)
    steps = [0 if size == 1 else stride for size, stride in zip(own, strides, strict=True)]
    return [tensor.data[sum(map(int.__mul__, place, steps))] for place in product(*map(range, shape))]


def _strides(shape: Sequence[int]) -> list[int]:
    return [math.prod(shape[dim + 1 :]) for dim in range(len(shape))]


def _typed(tensor: Numbers) -> Numbers:
    """Numbers as their dtype has them: whole ones cut off towards 0."""
    convert = float if tensor.dtype in FLOAT_DTYPES else bool if tensor.dtype == "bool" else int
    return tensor._replace(data=tuple([int(each) if convert is bool and each else convert(each) for each in tensor.data]))


# --- arrangement ------------------------------------------------------------------------------------------------------


def _first(inputs: Sequence[Numbers | None]) -> Numbers:
    return _at(inputs, 0)


def _at(inputs: Sequence[Numbers | None], place: int) -> Numbers:
    found = inputs[place] if place < len(inputs) else None
    if found is None:
        raise NotKnownError
    return found


def _cast(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    dtype = _at(inputs, 1).dtype if node.op == "CastLike" else dtype_of(node.attributes["to"])
    return _typed(_first(inputs)._replace(dtype=dtype))


def _gather(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
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


def _concat(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
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


def _slice(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data = _first(inputs)
    given = [_listed(node, inputs, name, place) for place, name in enumerate(("starts", "ends", "axes", "steps"), 1)]
    starts, ends = given[0] or [], given[1] or []
    axes, steps = given[2] or list(range(len(starts))), given[3] or [1] * len(starts)
    places = [range(size) for size in data.shape]
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = data.shape[axis]
        places[axis] = range(size)[start : None if step < 0 and end < -size else end : step]
    strides = _strides(data.shape)
    found = [data.data[sum(map(int.__mul__, place, strides))] for place in product(*places)]
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


def _squeeze(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, axes = _first(inputs), _axes(node, inputs)
    gone = {axis % len(data.shape) for axis in axes} if axes is not None else None
    shape = [size for dim, size in enumerate(data.shape) if (size != 1 if gone is None else dim not in gone)]
    return data._replace(shape=tuple(shape))


def _unsqueeze(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, axes = _first(inputs), _axes(node, inputs) or ()
    rank = len(data.shape) + len(axes)
    new = {axis % rank for axis in axes}
    sizes = iter(data.shape)
    return data._replace(shape=tuple([1 if dim in new else next(sizes) for dim in range(rank)]))


def _reshape(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, wanted = _first(inputs), [int(size) for size in _at(inputs, 1).data]
    known = math.prod([size for size in wanted if size != -1])
    shape = [len(data.data) // max(known, 1) if size == -1 else size for size in wanted]
    return data._replace(shape=tuple(shape))


def _expand(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data = _first(inputs)
    shape = _broadcast([data.shape, tuple(map(int, _at(inputs, 1).data))])
    return data._replace(shape=shape, data=tuple(_spread(data, shape)))


def _filled(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
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


def _range(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    start, limit, step = [_at(inputs, place).data[0] for place in range(3)]
    count = max(math.ceil((limit - start) / step), 0)
    if count > MAX_READ:
        raise NotKnownError
    return Numbers((count,), tuple([start + step * place for place in range(count)]), _first(inputs).dtype)


def _transposed(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data = _first(inputs)
    order = node.attributes.get("perm") or tuple(reversed(range(len(data.shape))))
    if sorted(order) != list(range(len(data.shape))):
        raise NotKnownError
    strides = _strides(data.shape)
    shape = tuple([data.shape[dim] for dim in order])
    steps = [strides[dim] for dim in order]
    found = [data.data[sum(map(int.__mul__, place, steps))] for place in product(*map(range, shape))]
    return Numbers(shape, tuple(found), data.dtype)


_REDUCED: dict[str, Callable[[Sequence[Number]], Number]] = {
    "ReduceProd": math.prod,
    "ReduceSum": sum,
    "ReduceMax": max,
    "ReduceMin": min,
}


def _reduced(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    data, axes = _first(inputs), _axes(node, inputs)
    if len(data.shape) != 1 or axes not in (None, (0,), (-1,)):
        raise NotKnownError
    shape = (1,) if node.attributes.get("keepdims", 1) else ()
    return Numbers(shape, (_REDUCED[node.op](data.data),), data.dtype)


def _split(node: OnnxNode, inputs: Sequence[Numbers | None]) -> tuple[Numbers, ...]:
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


def _same(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    return _first(inputs)


def _constant(node: OnnxNode, inputs: Sequence[Numbers | None]) -> Numbers:
    """The numbers that a node holds as attributes; tensors are the reader's business."""
    for name, dtype in (("value_int", "int64"), ("value_float", "float32")):
        if name in node.attributes:
            return Numbers((), (node.attributes[name],), dtype)
    for name, dtype in (("value_ints", "int64"), ("value_floats", "float32")):
        if name in node.attributes:
            numbers = tuple(node.attributes[name])
            return Numbers((len(numbers),), numbers, dtype)
    raise NotKnownError


_FUNCTIONS: dict[str, Callable[[OnnxNode, Sequence[Numbers | None]], Numbers | tuple[Numbers, ...]]] = {
    **dict.fromkeys((*_ELEMENTWISE, *_TRUTHS), _elementwise),
    **dict.fromkeys(_REDUCED, _reduced),
    **dict.fromkeys(("Cast", "CastLike"), _cast),
    **dict.fromkeys(("Identity", "Dropout"), _same),
    "Gather": _gather,
    "Concat": _concat,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Expand": _expand,
    "ConstantOfShape": _filled,
    "Range": _range,
    "Transpose": _transposed,
    "Split": _split,
    "Constant": _constant,
}
