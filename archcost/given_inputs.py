"""Inputs as people write them: ``3x224x224``, ``tokens=512``, ``ids=128:int64``; the batch is no part of them."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

from archcost.dtypes import DTYPE_BYTES
from archcost.errors import UsageError, suggestion
from archcost.settings import THE_ONLY, InputShape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Inputs = Mapping[str, Sequence[int] | int | str] | Sequence[int] | Sequence[str] | str

_NAME_EACH = "name each: `--input image=3x224x224 --input ids=128:int64`; `archcost analyze MODEL` shows the names"
_MOST_DIGITS = 20  # of a size: tensors have fewer than 2⁶³ elements


def read_inputs(words: Iterable[str], option: str = "--input") -> dict[str, InputShape]:
    """Shapes by the names of inputs, each with the dtype that is written; raises UsageError, which names the option."""
    inputs: dict[str, InputShape] = {}
    for word in words:
        name, equals, text = word.rpartition("=")
        text, colon, dtype = text.partition(":")
        sizes = text.replace(",", "x").replace("×", "x").split("x") if text or not equals else []
        if not all(size.strip().isdecimal() and len(size) <= _MOST_DIGITS for size in sizes) or (equals and not name):
            raise UsageError(f"{option} takes a shape such as 3x480x640, or name=shape, got '{word}'")
        if colon and dtype not in DTYPE_BYTES:
            hint = suggestion(dtype, list(DTYPE_BYTES), "dtypes")
            raise UsageError(f"{option} has no dtype '{dtype}', in '{word}'", hint)
        name = name.strip() or THE_ONLY
        if name in inputs and not name:
            raise UsageError(f"{option} gives two shapes without a name", _NAME_EACH)
        if name in inputs:
            raise UsageError(f"{option} gives two shapes for {name}", "leave one of them out")
        inputs[name] = InputShape(map(int, sizes), dtype)
    return inputs


def given_inputs(inputs: Inputs | None) -> dict[str, InputShape]:
    """Inputs as Python gives them: texts as ``--input`` has them, the sizes of the only input, or either by name.

    Raises UsageError for anything else.
    """
    if inputs is None:
        return {}
    if isinstance(inputs, str):
        return read_inputs(inputs.split(), "inputs")
    if hasattr(inputs, "items"):
        return {str(name): _shape(shape, f"inputs[{name!r}]") for name, shape in inputs.items()}
    texts = [each for each in inputs if isinstance(each, str)] if isinstance(inputs, (list, tuple)) else []
    if texts and len(texts) == len(inputs):
        return read_inputs(texts, "inputs")
    return {THE_ONLY: _shape(inputs, "inputs")}


def _shape(shape: object, what: str) -> InputShape:
    """A shape that is written, or its sizes."""
    if isinstance(shape, InputShape):
        return shape
    if isinstance(shape, str):
        read = read_inputs([shape], what)
        if list(read) != [THE_ONLY]:
            raise UsageError(f"{what} takes a shape such as '3x480x640', got {shape!r}")
        return read[THE_ONLY]
    try:
        return InputShape([index(size) for size in (shape if hasattr(shape, "__iter__") else [shape])])
    except TypeError:
        raise UsageError(f"{what} takes sizes such as (3, 480, 640), or '3x480x640', got {shape!r}") from None
