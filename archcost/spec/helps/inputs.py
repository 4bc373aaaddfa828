"""Inputs in another form: with the batch, without their names, with sizes that are left open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops.fields import whole_number
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.helps.expressions import BEGINS, with_dollars
from archcost.spec.helps.values import numbers_in
from archcost.spec.helps.writing import flow, written

if TYPE_CHECKING:
    from archcost.spec.document import Value
    from archcost.spec.ways_out import Surroundings

_BATCH = ("batch", "batchsize", "batch_size", "bs", "n", "b", "none", "?")
COLOURS = (1, 3, 4)  # channels of images
_IMAGE = 3  # sizes of an image
_EXAMPLE = "[3, 224, 224]"
_FEW = 12  # sizes of a shape, or inputs, in a help


def inputs_help(value: Value) -> str:
    """The help for ``inputs`` that are no mapping of names to shapes."""
    if isinstance(value, Scalar):
        return f"one input is `input: {_EXAMPLE}`"
    items = value.items if isinstance(value, Sequence) else []
    if items and all(isinstance(item, Scalar) and whole_number(item.value) is not None for item in items):
        return f"one input is `input: {flow(value)}`"
    pairs = [pair for index, item in enumerate(items[:_FEW]) for pair in _named(index, item)]
    return f"give each its name and shape: `inputs: {{{', '.join(pairs)}}}`" if pairs else ""


def _named(index: int, item: Value) -> list[str]:
    """The names and shapes that an item of a list of inputs stands for."""
    if isinstance(item, Scalar):
        return [f"{item.text}: {_EXAMPLE}"]
    if isinstance(item, Sequence):
        return [f"input_{index}: {flow(item)}"]
    assert isinstance(item, Mapping)
    if {"name", "shape"} <= item.entries.keys():
        return [f"{flow(item.entries['name'][1])}: {flow(item.entries['shape'][1])}"]
    return [f"{key}: {flow(one)}" for key, (_, one) in item.entries.items()]


def input_shape_help(name: str, shape: Any, around: Surroundings) -> str:
    """The help for the shape of an input that is none: its batch, unknown sizes, a text, a forgotten ``$``."""
    sizes: Any = numbers_in(shape) if isinstance(shape, str) else shape
    if not isinstance(sizes, (list, tuple)) or not sizes:
        dollar = with_dollars(shape, around)
        return f"write `{name}: {_EXAMPLE}`" if dollar is None else f"{BEGINS}: `{name}: {written(dollar)}`"
    if len(sizes) > _FEW:
        return ""
    if all(isinstance(item, (list, tuple)) for item in sizes):
        several = ", ".join(f"input_{index}: {written(one)}" for index, one in enumerate(sizes))
        return f"write `{name}: {written(sizes[0])}`" if len(sizes) == 1 else f"write `inputs: {{{several}}}`"
    return _sizes_help(name, list(sizes), around) or (f"write `{name}: {written(sizes)}`" if sizes is not shape else "")


def _sizes_help(name: str, sizes: list[Any], around: Surroundings) -> str:
    """The help for sizes that are not all numbers."""
    if len(sizes) > 1 and _is_batch(sizes[0]):
        sizes = sizes[1:]
        if all(map(_is_size, sizes)):
            text = written(_channels_first(sizes))
            return f"write it without the batch: `{name}: {text}`; `--batch` sets its size"
    dollars = with_dollars(sizes, around)
    if dollars is not None:
        return f"{BEGINS}: `{name}: {written(dollars)}`"
    unknown = [size for size in sizes if not _is_size(size)]
    if not unknown or not all(size is None or size == -1 or isinstance(size, str) for size in unknown):
        return ""
    names = {size: size if isinstance(size, str) and size.isidentifier() else "size" for size in unknown}
    params = ", ".join(f"{one}: 224" for one in dict.fromkeys(names.values()))
    text = ", ".join(str(size) if _is_size(size) else f"${names[size]}" for size in sizes)
    return f"every size is a number or a param: `params: {{{params}}}` and `{name}: [{text}]`"


def _is_batch(first: Any) -> bool:
    """Whether the first of several sizes stands for the batch."""
    return first is None or first == -1 or (isinstance(first, str) and first.lower() in _BATCH)


def _is_size(value: Any) -> bool:
    number = whole_number(value)
    return type(number) is int and number >= 1


def _channels_first(sizes: list[Any]) -> list[Any]:
    """The sizes of an image whose channels stand last, the channels first; any others as they are."""
    last = len(sizes) == _IMAGE and sizes[-1] in COLOURS and sizes[0] not in COLOURS
    return [sizes[-1], *sizes[:-1]] if last else sizes
