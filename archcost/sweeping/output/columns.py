"""The columns of a file of rows: the values along each axis, the figures, and why a design is not valid."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from archcost.strict_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.sweeping.space import Axis

VALID, ERROR = "valid", "error"
_INT64 = 2**63
_EXACT_FLOATS = 2**53  # whole numbers up to here are doubles as they are

Kind = Literal["int64", "double", "bool", "string", "decimal"]


@dataclass(frozen=True, slots=True)
class AxisColumn:
    """What a target is set to: at index i along the axis (a place in the space's axes), ``values[i]``."""

    name: str
    axis: int
    kind: Kind
    values: tuple[Any, ...]


def axis_columns(axes: Sequence[Axis]) -> tuple[AxisColumn, ...]:
    """A column for each target of each axis, in their order."""
    return tuple(
        _axis_column(target.column, place, [given[position] for given in axis.values])
        for place, axis in enumerate(axes)
        for position, target in enumerate(axis.targets)
    )


def _axis_column(name: str, place: int, values: list[Any]) -> AxisColumn:
    kind = _kind(values)
    if kind == "double":
        values = [float(value) for value in values]
    elif kind == "string":
        values = [value if isinstance(value, str) else compact_json(value) for value in values]
    return AxisColumn(name, place, kind, tuple(values))


def _kind(values: Iterable[Any]) -> Kind:
    """What holds all of the values; lists, null and mixtures are text as JSON writes it."""
    kinds = {type(value) for value in values}
    if kinds == {bool}:
        return "bool"
    if kinds == {int} and all(-_INT64 <= value < _INT64 for value in values):
        return "int64"
    if float in kinds and kinds <= {int, float} and all(map(_is_double, values)):
        return "double"
    return "string"


def _is_double(value: float) -> bool:
    return isfinite(value) if isinstance(value, float) else abs(value) <= _EXACT_FLOATS
