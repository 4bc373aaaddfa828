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


class Abs(_Elementwise, kind="abs"):
    """|x|; 1 FLOP per element, no MACs."""

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return dtypes[0]


class Log(_Elementwise, kind="log"):
    """The natural logarithm of x; 1 FLOP per element, no MACs."""


class Erf(_Elementwise, kind="erf", cost=4):
    """The error function, 2/√π · ∫₀ˣ e^(-t²) dt; 4 FLOPs per element, no MACs."""


class Reciprocal(_Elementwise, kind="reciprocal", keeps=Keeps.RESULT):
    """1 / x; 1 FLOP per element, no MACs."""


class Rsqrt(_Elementwise, kind="rsqrt", keeps=Keeps.RESULT):
    """1 / √x; 2 FLOPs per element (a root and a quotient), no MACs."""

    cost = 2


class _Step(_Elementwise, keeps=Keeps.NOTHING):
    """A function that is constant between its steps: its dtype is that of the input, and its gradient zero."""

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return dtypes[0]


class Sign(_Step, kind="sign"):
    """-1, 0 or 1, as x is below, equal to or above 0; 1 FLOP per element, no MACs."""


class Floor(_Step, kind="floor"):
    """The greatest whole number ≤ x; 1 FLOP per element, no MACs."""


class Ceil(_Step, kind="ceil"):
    """The least whole number ≥ x; 1 FLOP per element, no MACs."""


class Round(_Step, kind="round"):
    """The whole number nearest to x, an even one of two; 1 FLOP per element, no MACs."""


class LogicalNot(_Elementwise, kind="logical_not", keeps=Keeps.OTHER):
    """True where x is 0 or false, as truth values (bool); 1 FLOP per element, no MACs."""

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return "bool"


class Pow(_Elementwise, kind="pow"):
    """x to the power of `exponent`; 1 FLOP per element whatever the exponent, no MACs."""

    exponent: float = number()
