"""Activations that act on each element alone.

FLOPs per element are counted with one convention: a comparison, sum, product, quotient, exponential, logarithm or
absolute value is 1, erf is 4, tanh is 5 (two exponentials, difference, sum, quotient); a change of sign is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from archcost.dims import numel
from archcost.ops.base import SCALE, Check, Inputs, Op, Outputs
from archcost.ops.dtypes import floating
from archcost.ops.facets import Keeps, Work
from archcost.ops.fields import choice, flag, number, size
from archcost.ops.reach import pointwise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Dim, Shape


class _Pointwise(Op, family="Activation"):
    """A function of each element, of ``cost`` FLOPs."""

    cost: ClassVar[int] = 0
    reach = pointwise

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * self.cost


class _RealValued(_Pointwise):
    """A function with real values; torch computes it for integer inputs as well, in floating point."""

    def result_dtype(self, inputs: Inputs, dtypes: Sequence[str], own: str) -> str:
        return floating(dtypes[0])


class ReLU(_Pointwise, kind="relu", cost=1, keeps=Keeps.RESULT):
    """max(0, x); 1 FLOP per element, no MACs."""

    inplace: bool = flag(default=False)


class ReLU6(_Pointwise, kind="relu6", cost=2):
    """min(max(0, x), 6); 2 FLOPs per element, no MACs."""

    inplace: bool = flag(default=False)


class Hardtanh(_Pointwise, kind="hardtanh", cost=2):
    """min(max(min_val, x), max_val); 2 FLOPs per element, no MACs."""

    min_val: float = number(default=-1.0)
    max_val: float = number(default=1.0)
    inplace: bool = flag(default=False)

    def validate(self, check: Check) -> None:
        check(self.min_val < self.max_val, "min_val {} is not below max_val {}", self.min_val, self.max_val)


class LeakyReLU(_Pointwise, kind="leaky_relu", cost=2, keeps=Keeps.EITHER, main="negative_slope"):
    """x if x > 0 else negative_slope·x; 2 FLOPs per element (comparison, product), no MACs."""

    negative_slope: float = number(default=0.01)
    inplace: bool = flag(default=False)


class PReLU(_Pointwise, kind="prelu", cost=2, channels=1, roles={"weight": SCALE}, main="num_parameters"):
    """x if x > 0 else a·x with a learnt slope a; 2 FLOPs per element (comparison, product), no MACs.

    Input and output (N, C, *); `num_parameters` is 1, one slope for all, or C, one per channel.
    """

    num_parameters: Dim = size(default=1, symbol="slopes")
    init: float = number(default=0.25, doc="the initial slope")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        channels = inputs[0][1] if len(inputs[0]) > 1 else 1
        check(
            (self.num_parameters == 1) | (self.num_parameters == channels),
            "num_parameters must be 1 or the {} channels of the input, got {}",
            channels,
            self.num_parameters,
        )
        return inputs

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return {"weight": (self.num_parameters,)}


class RReLU(_Pointwise, kind="rrelu", cost=2, keeps=Keeps.OTHER):
    """x if x > 0 else a·x, a the mean of lower and upper in inference; 2 FLOPs per element, no MACs."""

    lower: float = number(default=1 / 8)
    upper: float = number(default=1 / 3)
    inplace: bool = flag(default=False)

    def validate(self, check: Check) -> None:
        check(self.lower <= self.upper, "lower {} is above upper {}", self.lower, self.upper)


class Threshold(_Pointwise, kind="threshold", cost=1):
    """x if x > threshold else value; 1 FLOP per element, no MACs."""

    threshold: float = number()
    value: float = number()
    inplace: bool = flag(default=False)


class Hardshrink(_Pointwise, kind="hardshrink", cost=2, main="lambd"):
    """x if x > λ or x < -λ else 0; 2 FLOPs per element, no MACs."""

    lambd: float = number(default=0.5)


class Softshrink(_Pointwise, kind="softshrink", cost=3, main="lambd"):
    """x - λ if x > λ, x + λ if x < -λ, else 0; 3 FLOPs per element, no MACs."""

    lambd: float = number(default=0.5, minimum=0)


class ELU(_Pointwise, kind="elu", cost=4, keeps=Keeps.EITHER, main="alpha"):
    """x if x > 0 else α·(eˣ - 1); 4 FLOPs per element, no MACs."""

    alpha: float = number(default=1.0)
    inplace: bool = flag(default=False)


class SELU(_Pointwise, kind="selu", cost=5, keeps=Keeps.EITHER):
    """s·(x if x > 0 else α·(eˣ - 1)) with fixed s and α; 5 FLOPs per element, no MACs."""

    inplace: bool = flag(default=False)


class CELU(_Pointwise, kind="celu", cost=5, keeps=Keeps.EITHER, main="alpha"):
    """x if x > 0 else α·(e^(x/α) - 1); 5 FLOPs per element, no MACs."""

    alpha: float = number(default=1.0)
    inplace: bool = flag(default=False)

    def validate(self, check: Check) -> None:
        check(self.alpha != 0, "alpha must not be 0")


class GELU(_Pointwise, kind="gelu", main="approximate"):
    """x·½·(1 + erf(x/√2)); 8 FLOPs per element, no MACs.

    With `approximate: tanh` it is x·½·(1 + tanh(√(2/π)·(x + 0.044715·x³))), 13 FLOPs per element.
    """

    approximate: str = choice("none", "tanh", default="none")

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (8 if self.approximate == "none" else 13)


class Sigmoid(_RealValued, kind="sigmoid", cost=3, keeps=Keeps.RESULT):
    """1 / (1 + e⁻ˣ); 3 FLOPs per element, no MACs."""


class LogSigmoid(_Pointwise, kind="log_sigmoid", cost=3, keeps=Keeps.OTHER):
    """-log(1 + e⁻ˣ); 3 FLOPs per element, no MACs."""


class Hardsigmoid(_Pointwise, kind="hardsigmoid", cost=4):
    """min(max(0, x/6 + ½), 1); 4 FLOPs per element, no MACs."""

    inplace: bool = flag(default=False)


class SiLU(_Pointwise, kind="silu", cost=4):
    """x·sigmoid(x), also called swish; 4 FLOPs per element, no MACs."""

    inplace: bool = flag(default=False)


class Hardswish(_Pointwise, kind="hardswish", cost=5):
    """x·hardsigmoid(x); 5 FLOPs per element, no MACs."""

    inplace: bool = flag(default=False)


class Softplus(_Pointwise, kind="softplus", cost=6):
    """log(1 + e^(βx)) / β, or x where βx > threshold; 6 FLOPs per element, no MACs."""

    beta: float = number(default=1.0)
    threshold: float = number(default=20.0)

    def validate(self, check: Check) -> None:
        check(self.beta != 0, "beta must not be 0")


class Mish(_Pointwise, kind="mish", cost=9):
    """x·tanh(log(1 + eˣ)); 9 FLOPs per element, no MACs."""

    inplace: bool = flag(default=False)


class Softsign(_RealValued, kind="softsign", cost=3, keeps=Keeps.OTHER):
    """x / (1 + |x|); 3 FLOPs per element, no MACs."""


class Tanh(_RealValued, kind="tanh", cost=5, keeps=Keeps.RESULT):
    """(eˣ - e⁻ˣ) / (eˣ + e⁻ˣ); 5 FLOPs per element, no MACs."""


class Tanhshrink(_RealValued, kind="tanhshrink", cost=6, keeps=Keeps.OTHER):
    """x - tanh(x); 6 FLOPs per element, no MACs."""


class Identity(_Pointwise, kind="identity", work=Work.UNCHANGED):
    """The input itself; no FLOPs, no MACs."""
