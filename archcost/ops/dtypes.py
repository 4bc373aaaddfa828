"""The dtype of an output that differs from that of the input, by torch's rules of type promotion.

Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc. Of tensors of several categories
(bool, whole numbers, floating point) the highest decides; tensors without dims only count where their category is
higher than that of all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.dims import Shape

DEFAULT = "float32"  # torch's default dtype: what whole numbers become where they are divided
_BOOL, _WHOLE, _FLOATING = range(3)
_SIGNED = ("int8", "int16", "int32", "int64")
_HALVES = ("float16", "bfloat16")
_FLOATS = (*_HALVES, "float32", "float64")


def floating(dtype: str) -> str:
    """The dtype of a function with real values."""
    return dtype if dtype in _FLOATS else DEFAULT


def summed(dtype: str) -> str:
    """The dtype of a sum: whole numbers are added in int64."""
    return dtype if dtype in _FLOATS else "int64"


def promoted(shapes: Sequence[Shape], dtypes: Sequence[str]) -> str:
    """The dtype of an operation between tensors."""
    if len(set(dtypes)) == 1:
        return dtypes[0]
    wide = _common([dtype for shape, dtype in zip(shapes, dtypes, strict=True) if shape])
    scalar = _common([dtype for shape, dtype in zip(shapes, dtypes, strict=True) if not shape])
    if not wide or not scalar:
        return wide or scalar
    return scalar if _category(scalar) > _category(wide) else wide


def _category(dtype: str) -> int:
    return _BOOL if dtype == "bool" else _FLOATING if dtype in _FLOATS else _WHOLE


def _common(dtypes: Iterable[str]) -> str:
    """The smallest dtype that all of these promote to; empty for none."""
    found = ""
    for dtype in dtypes:
        found = _pair(found, dtype) if found else dtype
    return found


def _pair(one: str, other: str) -> str:
    if one == other:
        return one
    low, high = sorted((one, other), key=_category)
    if _category(low) < _category(high):
        return high
    if _category(low) == _FLOATING:
        return "float32" if {one, other} == set(_HALVES) else max(one, other, key=_FLOATS.index)
    if "uint8" in (one, other):
        signed = one if other == "uint8" else other
        return "int16" if signed == "int8" else signed
    return max(one, other, key=_SIGNED.index)
