"""Activations, dropout and arithmetic."""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, fresh, full, packed
from archcost.analysis.memory.products import matmul
from archcost.analysis.memory.shadow_torch import alias, view
from archcost.analysis.memory.strides import elementwise as elementwise_strides
from archcost.dims import numel
from archcost.dtypes import DTYPE_BYTES
from archcost.ops.axes import axes
from archcost.ops.facets import Keeps

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor


def elementwise(machine: Machine, call: Call) -> Tensor:
    """A function of each element, which keeps what its op says: the input or the result."""
    inplace = getattr(call.op, "inplace", False) or call.inplace
    keeps = call.op.keeps
    if keeps is Keeps.EITHER:
        keeps = Keeps.RESULT if inplace else Keeps.INPUT
    return kernels.unary(machine, call.x, keeps, inplace=inplace)


def _log_sigmoid(machine: Machine, call: Call) -> Tensor:
    x = call.x
    y, kept = machine.new(x.shape, x.dtype), machine.new(x.shape, x.dtype)
    machine.record([y], [x], each(fresh(x)), [x, kept])
    return y


def _prelu(machine: Machine, call: Call) -> Tensor:
    """Both gradients come from one kernel, whether they are needed or not."""
    x = call.x
    (weight,) = call.weights()
    y = machine.like(x)
    both = each(fresh(x), full(x.shape, x.dtype))
    machine.record([y], [x, weight], lambda machine, gradients, _: both(machine, gradients, (True, True)), [x, weight])
    return y


def _rrelu(machine: Machine, call: Call) -> Tensor:
    """A leaky ReLU with its slopes in a tensor as large as the input."""
    x, inplace = call.x, call.op.inplace or call.inplace
    noise = machine.new(x.shape, x.dtype)
    y = view(x, x.shape, x.strides) if inplace else machine.new(x.shape, x.dtype)
    machine.record([y], [x], each(fresh(x)), [y if inplace else x, noise])
    return y


def _softsign(machine: Machine, call: Call) -> Tensor:
    """The quotient x / (1 + |x|)."""
    x = call.x
    divisor = kernels.scalar(machine, kernels.unary(machine, x), passes=True)
    return kernels.binary(machine, x, divisor, "div")


def _tanhshrink(machine: Machine, call: Call) -> Tensor:
    return kernels.binary(machine, call.x, kernels.unary(machine, call.x, "result"), "sub")


def softmax(machine: Machine, call: Call) -> Tensor:
    """A new tensor, which is kept."""
    x = call.x
    y = machine.new(x.shape, x.dtype)
    machine.record([y], [x], each(packed(x)), [y])
    return y


def _softmin(machine: Machine, call: Call) -> Tensor:
    x = kernels.scalar(machine, call.x)
    y = machine.new(x.shape, x.dtype)
    machine.record([y], [x], each(packed(x)), [y])
    return y


def _glu(machine: Machine, call: Call) -> Tensor:
    x = call.x
    y = machine.new(call.shape, x.dtype, elementwise_strides(call.shape, x.strides))
    machine.record([y], [x], each(fresh(x)), [x])
    return y


def _identity(machine: Machine, call: Call) -> Tensor:
    del machine
    return alias(call.x)


def dropout(machine: Machine, x: Tensor, p: float, *, inplace: bool = False, noise_dims: int | None = None) -> Tensor:
    """X in inference; in training the product with a noise tensor of x's dtype, of ``noise_dims`` dims of x."""
    if not machine.training or p == 0:
        return alias(x)
    kept = len(x.shape) if noise_dims is None else noise_dims
    noise = (
        machine.like(x)
        if noise_dims is None
        else machine.new((*x.shape[:kept], *(1,) * (len(x.shape) - kept)), x.dtype)
    )
    y = view(x, x.shape, x.strides) if inplace else machine.like(x)
    machine.record([y], [x], each(fresh(x)), [noise])
    return y


def _dropout(machine: Machine, call: Call) -> Tensor:
    return dropout(machine, call.x, call.op.p, inplace=call.op.inplace)


def _channel_dropout(machine: Machine, call: Call) -> Tensor:
    """The noise has one number a channel; two spatial dims are never taken to be without a batch."""
    ndim = call.op.kind.removeprefix("dropout").removesuffix("d")
    unbatched = ndim != "2" and len(call.x.shape) == int(ndim) + 1
    return dropout(machine, call.x, call.op.p, inplace=call.op.inplace, noise_dims=1 if unbatched else 2)


def _alpha_dropout(machine: Machine, call: Call) -> Tensor:
    """X · noise + shift: noise is kept; both products are new."""
    x = call.x
    if not machine.training or call.op.p == 0:
        return alias(x)
    noise, shift = machine.like(x), machine.like(x)
    y = machine.like(x)
    machine.record([y], [x], each(fresh(x)), [noise])
    del shift
    return y


def _stochastic_depth(machine: Machine, call: Call) -> Tensor:
    """X in inference; in training its product with one random number for all or for each sample."""
    x, op = call.x, call.op
    if not machine.training or op.p == 0:
        return alias(x)
    noise = machine.new((x.shape[0] if op.mode == "row" else 1, *(1,) * (len(x.shape) - 1)), x.dtype)
    return kernels.binary(machine, x, noise, "mul")


def _layer_scale(machine: Machine, call: Call) -> Tensor:
    (weight,) = call.weights()
    return kernels.binary(machine, call.x, weight, "mul")


def _clamp(machine: Machine, call: Call) -> Tensor:
    """Keeps its input; the gradient passes where the input lies between the bounds, which takes masks of bytes."""
    x, op = call.x, call.op
    y = machine.like(x)
    machine.record([y], [x], each(fresh(x), scratch=_masks(x, (op.min is not None) + (op.max is not None))), [x])
    return y


def _masks(x: Tensor, bounds: int) -> int:
    """Bytes of a mask for each bound, and of a zero for what lies outside."""
    return bounds * numel(x.shape) + DTYPE_BYTES[x.dtype]


def _function(machine: Machine, call: Call, *, steps: int) -> Tensor:
    return kernels.unary(machine, call.x, call.op.keeps, steps=steps)


def _power(machine: Machine, call: Call) -> Tensor:
    return kernels.power(machine, call.x)


def _normalize(machine: Machine, call: Call) -> Tensor:
    """X / max(norm, ε): the norm of every row, its maximum with ε, the quotient."""
    x = call.x
    dims = axes(call.op.dim, len(x.shape))
    rows = tuple([1 if dim in dims else size for dim, size in enumerate(x.shape)])
    norm = machine.new(rows, x.dtype)
    machine.record([norm], [x], each(fresh(x)), [x, norm])
    divisor = machine.like(norm)
    machine.record([divisor], [norm], each(fresh(norm), scratch=_masks(norm, 1)), [norm])
    del norm
    divisor = kernels.expand(machine, divisor, x.shape)
    return kernels.binary(machine, x, divisor, "div")


def _arithmetic(machine: Machine, call: Call, *, kind: str) -> Tensor:
    """From the left over all inputs, or one input and a number."""
    if call.op.other is not None:
        return kernels.scalar(machine, call.x, passes=kind in ("add", "sub"))
    return reduce(lambda before, x: kernels.binary(machine, before, x, kind), call.inputs)


def _matmul(machine: Machine, call: Call) -> Tensor:
    return matmul(machine, *call.inputs)


def _extreme(machine: Machine, call: Call) -> Tensor:
    """The larger or smaller of two: keeps both; each gradient takes halves where they are equal, and two masks."""
    a, b = call.inputs
    y = kernels.broadcasting(machine, call.inputs, call.outputs[0].dtype)
    whole, masks = full(y.shape, y.dtype), 2 * numel(y.shape)
    machine.record([y], [a, b], each(whole, whole, scratch=2 * y.bytes + masks), [a, b])
    return y


def _comparison(machine: Machine, call: Call) -> Tensor:
    """Truth values, which have no gradient."""
    return kernels.broadcasting(machine, call.inputs, call.outputs[0].dtype)


RULES: dict[str, Rule] = {
    "log_sigmoid": _log_sigmoid,
    "prelu": _prelu,
    "rrelu": _rrelu,
    "softsign": _softsign,
    "tanhshrink": _tanhshrink,
    "identity": _identity,
    "softmin": _softmin,
    "glu": _glu,
    "dropout": _dropout,
    **{f"dropout{ndim}d": _channel_dropout for ndim in (1, 2, 3)},
    "alpha_dropout": _alpha_dropout,
    "stochastic_depth": _stochastic_depth,
    "layer_scale": _layer_scale,
    "clamp": _clamp,
    "sin": partial(_function, steps=1),
    "cos": partial(_function, steps=2),
    **dict.fromkeys(("sqrt", "abs"), partial(_function, steps=1)),
    **dict.fromkeys(("reciprocal", "rsqrt"), partial(_function, steps=2)),
    "erf": partial(_function, steps=4),  # x², -x², its exponential, and that times 2/√π
    "pow": _power,
    "normalize": _normalize,
    **{kind: partial(_arithmetic, kind=kind) for kind in ("add", "sub", "mul", "div")},
    "matmul": _matmul,
    "maximum": _extreme,
    "minimum": _extreme,
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_not"), _comparison),
}
