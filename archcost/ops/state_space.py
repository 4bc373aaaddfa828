"""The selective scan of Mamba: a recurrence over positions whose steps depend on the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.ops.activation import SiLU, Softplus
from archcost.ops.axes import require
from archcost.ops.base import Check, Inputs, Op, Outputs, Product
from archcost.ops.elementwise import Exp
from archcost.ops.fields import flag
from archcost.ops.reach import ALL, window

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.reach import Reading

_SEQUENCE, _MATRIX = 3, 2  # dims of u, and of A
_SKIP, _GATE, _BIAS = 5, 6, 7  # where D, z and delta_bias stand among the inputs


class SelectiveScan(Op, kind="selective_scan", family="Recurrent", min_inputs=5, max_inputs=8, fused_in="mamba_ssm"):
    """h' = exp(Δ·A)·h + Δ·B·u, y = C·h' + D·u at each position; MACs = N·D·L × S, the sums over the state in C·h'.

    The selective scan of arXiv:2312.00752 (section 3), with the inputs of its authors' `selective_scan_fn`: u and Δ
    (N, D, L); A (D, S); B and C, each (D, S), (N, S, L) or, in G groups of channels, (N, G, S, L); and, as far as they
    are given, D (D), z (N, D, L), by which y is multiplied as y·silu(z), and Δ's bias (D). Output (N, D, L).
    With `delta_softplus: true` Δ becomes softplus(Δ). FLOPs beyond the MACs: 5 per element of all states N·D·L·S (Δ·A,
    exp, the product with B, and a product and a sum for h'), 1 per element of u for Δ·u, 2 with D, 5 with z, 1 with a
    bias, 6 with softplus. No params: they are those of the layers before it.
    """

    input_names = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")

    delta_softplus: bool = flag(default=False, doc="whether delta is the softplus of what is given")

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        u, _, a, *_ = inputs
        require(len(u) == _SEQUENCE, "u has 3 dims (N, D, L), got {}", u)
        require(len(a) == _MATRIX, "A has 2 dims (D, S), got {}", a)
        channels, state = u[1], a[1]
        wanted = {"delta": u, "A": (channels, state), "D": (channels,), "z": u, "delta_bias": (channels,)}
        for name, given in zip(self.input_names, inputs, strict=False):
            if name in wanted:
                self._check(name, given, wanted[name], check)
            elif name != "u":
                self._check(name, given, self._steps(name, given, u, state, check), check)
        return (u,)

    @staticmethod
    def _check(name: str, given: Shape, wanted: Shape, check: Check) -> None:
        require(len(given) == len(wanted), "{} must be {}, got {}", name, wanted, given)
        fits = True
        for a, b in zip(given, wanted, strict=True):
            fits = fits & (a == b)
        check(fits, "{} must be {}, got {}", name, wanted, given)

    @staticmethod
    def _steps(name: str, given: Shape, u: Shape, state: Dim, check: Check) -> Shape:
        """The shape that B or C must have, by how many dims it has."""
        n, channels, length = u
        if len(given) == _MATRIX:
            return (channels, state)
        if len(given) == _SEQUENCE:
            return (n, state, length)
        require(len(given) == _SEQUENCE + 1, "{} has 2 to 4 dims, got {}", name, given)
        check(
            channels % given[1] == 0, "{} channels cannot be divided into the {} groups of {}", channels, given[1], name
        )
        return (n, given[1], state, length)

    def letters(self) -> tuple[str, ...]:
        steps = "(d, s) or (N, s, l) or (N, groups, s, l)"
        return ("(N, d, l)", "(N, d, l)", "(d, s)", steps, steps, "(d)", "(N, d, l)", "(d)")

    def states(self, inputs: Inputs) -> Dim:
        """The elements of the states at all positions: N·D·L·S."""
        return numel(inputs[0]) * inputs[2][1]

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return self.states(inputs)

    def products(self, inputs: Inputs, outputs: Outputs) -> tuple[Product, ...]:
        """C by the states, which follow from u, Δ and its bias, A and B."""
        return ((self.macs(inputs, outputs), (0, 1, 2, 3, *range(_BIAS, len(inputs))), (4,)),)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        of_state = 1 + Exp.cost + 1 + 2
        given = len(inputs)
        of_channel = 1 + 2 * (given > _SKIP) + (SiLU.cost + 1) * (given > _GATE) + (given > _BIAS)
        return self.states(inputs) * of_state + numel(inputs[0]) * (of_channel + Softplus.cost * self.delta_softplus)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        """All positions: later ones are not told from earlier, as of recurrent layers."""
        own, channel = (window(0), window(1), ALL), (window(1),)
        steps = {_MATRIX: (window(1), ALL), _SEQUENCE: (window(0), ALL, ALL), 4: (window(0), ALL, ALL, ALL)}
        b, c = (steps[len(shape)] for shape in inputs[3:5])
        return (own, own, (window(1), ALL), b, c, channel, own, channel)[: len(inputs)]
