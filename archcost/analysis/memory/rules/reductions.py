"""Reductions, and sums on the way along a dim."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, fresh, same
from archcost.dims import numel
from archcost.ops.axes import axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Gradients, Machine, Tensor


def _logsumexp(machine: Machine, call: Call) -> Tensor:
    """Keeps input and result; on the way, which nobody sees who looks on, the maxima and exp(x - max).

    Backward x - y and its exponential.
    """
    x = call.x
    y = machine.new(call.shape, x.dtype)
    on_the_way = [] if machine.watched else [machine.like(y), machine.like(x)]
    machine.record([y], [x], each(fresh(x), scratch=2 * x.bytes), [x, y])
    del on_the_way
    return y


def _reduction(machine: Machine, call: Call, *, kind: str) -> Tensor:
    return kernels.reduce(machine, call.x, call.shape, kind)


def _variance(machine: Machine, call: Call) -> Tensor:
    """Keeps its input; backward the means, x - μ and the gradient scaled."""
    x = call.x
    y = machine.new(call.shape, x.dtype)
    machine.record([y], [x], each(fresh(x), scratch=x.bytes + 2 * y.bytes), [x])
    return y


def _deviation(machine: Machine, call: Call) -> Tensor:
    """Keeps input and result; backward the gradient of the variance, and what that takes."""
    x = call.x
    y = machine.new(call.shape, x.dtype)
    machine.record([y], [x], each(fresh(x), scratch=x.bytes + 3 * y.bytes), [x, y])
    return y


def _norm(machine: Machine, call: Call) -> Tensor:
    """Keeps input and result; the number of elements has no gradient."""
    x, power = call.x, call.op.ord
    y = machine.new(call.shape, x.dtype)
    backward = each(fresh(x), scratch=_powers(x, y, power)) if power else _none
    machine.record([y], [x], backward, [x, y])
    return y


def _powers(x: Tensor, y: Tensor, power: float) -> int:
    """Bytes on the way to |x|ᵖ⁻¹ · sign(x), scaled by the gradient and the norm: it is made anew for most powers."""
    if power == 1:
        return x.bytes  # signs
    if power == 2:  # noqa: PLR2004 - the one whose root is common
        return x.bytes + numel(y.shape)  # x / norm, and where the norm is 0
    if power > 2:  # noqa: PLR2004
        return x.bytes + y.bytes
    return 2 * x.bytes + (0 if power > 1 else max(numel(x.shape), y.bytes))


def _none(machine: Machine, gradients: Gradients, wanted: Sequence[bool]) -> Gradients:
    """No gradient at all."""
    del machine, gradients, wanted
    return [None]


def _cumsum(machine: Machine, call: Call) -> Tensor:
    """Keeps nothing; backward it is turned round, summed and turned back."""
    x = call.x
    y = machine.new(call.shape, call.outputs[0].dtype)
    one = not x.shape or x.shape[axis(call.op.dim, len(x.shape))] == 1
    machine.record([y], [x], each(same) if one else each(fresh(x), scratch=2 * x.bytes))
    return y


RULES: dict[str, Rule] = {
    **{kind: partial(_reduction, kind=kind) for kind in ("sum", "mean", "max")},
    "min": partial(_reduction, kind="max"),
    "logsumexp": _logsumexp,
    "var": _variance,
    "std": _deviation,
    "norm": _norm,
    "cumsum": _cumsum,
}
