"""Inputs as people write them: ``3x224x224``, ``tokens=512``, ``ids=128:int64``; the batch is no part of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import DTYPE_BYTES
from archcost.errors import UsageError, suggestion
from archcost.settings import THE_ONLY, InputShape

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        if name in inputs:
            raise UsageError(f"{option} gives two shapes for {name or 'the same input'}", "leave one of them out")
        inputs[name] = InputShape(map(int, sizes), dtype)
    return inputs
