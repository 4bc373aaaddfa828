"""Elementwise functions that torch has no layer for; FLOPs are counted as for activations."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcost.dims import numel
from archcost.ops.axes import require
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.dtypes import floating
from archcost.ops.facets import Keeps
from archcost.ops.fields import number
from archcost.ops.reach import pointwise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim


class _Elementwise(Op, family="Arithmetic", keeps=Keeps.INPUT):
    """A function of each element, of ``cost`` FLOPs."""

    cost: ClassVar[int] = 1
    reach = pointwise

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return floating(dtypes[0])

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * self.cost


class Clamp(_Elementwise, kind="clamp"):
    """min(max(x, min), max); 1 FLOP per element for each bound that is given, no MACs."""

    min: float | None = number(default=None, doc="null: no lower bound")
    max: float | None = number(default=None, doc="null: no upper bound")

    def validate(self, check: Check) -> None:
        require(self.min is not None or self.max is not None, "clamp needs 'min', 'max' or both")

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * ((self.min is not None) + (self.max is not None))


class Exp(_Elementwise, kind="exp", keeps=Keeps.RESULT):
    """eˣ; 1 FLOP per element, no MACs."""


class Sin(_Elementwise, kind="sin"):
    """sin x; 1 FLOP per element, no MACs."""


class Cos(_Elementwise, kind="cos"):
    """cos x; 1 FLOP per element, no MACs."""


class Sqrt(_Elementwise, kind="sqrt", keeps=Keeps.RESULT):
    """√x; 1 FLOP per element, no MACs."""


class Pow(_Elementwise, kind="pow"):
    """x to the power of `exponent`; 1 FLOP per element whatever the exponent, no MACs."""

    exponent: float = number()
