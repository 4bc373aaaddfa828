"""Small tensors of known numbers at one batch size."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from archcost.dtypes import FLOAT_DTYPES
from archcost.importers.onnx.tensors import MAX_READ

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.onnx.tensors import Number

GREATEST = 2**63  # whole numbers of a file are not longer


class Numbers(NamedTuple):
    """A small tensor at one batch size."""

    shape: tuple[int, ...]
    data: tuple[Number, ...]
    dtype: str = "int64"


class NotKnownError(Exception):
    """A node is none that is evaluated: it becomes a step."""


def broadcast(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
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


def spread(tensor: Numbers, shape: tuple[int, ...]) -> list[Number]:
    """The elements of a tensor as broadcast to a shape."""
    if tensor.shape == shape:
        return list(tensor.data)
    own = (1,) * (len(shape) - len(tensor.shape)) + tensor.shape
    lengths = strides(own)
    steps = [0 if size == 1 else stride for size, stride in zip(own, lengths, strict=True)]
    return [tensor.data[sum(map(int.__mul__, place, steps))] for place in product(*map(range, shape))]


def strides(shape: Sequence[int]) -> list[int]:
    return [math.prod(shape[dim + 1 :]) for dim in range(len(shape))]


def typed(tensor: Numbers) -> Numbers:
    """Numbers as their dtype has them: whole ones cut off towards 0."""
    convert = float if tensor.dtype in FLOAT_DTYPES else bool if tensor.dtype == "bool" else int
    return tensor._replace(
        data=tuple([int(each) if convert is bool and each else convert(each) for each in tensor.data])
    )
