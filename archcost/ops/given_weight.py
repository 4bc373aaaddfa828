"""What ops share whose weight, and bias, are outputs of other layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops.base import Check, Inputs, Op, Outputs
from archcost.ops.facets import WrittenAs

if TYPE_CHECKING:
    from archcost.dims import Dim


class GivenWeight(Op, min_inputs=2, max_inputs=3, vectors=(2,), written=WrittenAs.FUNCTION):
    """An op on an input, a weight and, if given, a bias: no params, and 1 FLOP per output element for the bias."""

    input_names = ("input", "weight", "bias")

    def check_bias(self, inputs: Inputs, size: Dim, outputs: str, check: Check) -> None:
        """A bias has one number for each of ``size`` outputs."""
        for bias in inputs[2:]:
            check(bias[0] == size, "the bias {} is not one for each of {} {}", bias, size, outputs)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return numel(outputs[0]) * (len(inputs) == len(self.input_names))
