"""Convolutions, linear layers, embeddings, norms, resampling and unfolding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, fresh, laid, packed
from archcost.analysis.memory.products import linear
from archcost.analysis.memory.rules.shapes import as_row, padded, spatial, spatial_strides
from archcost.analysis.memory.shadow_torch import HALVES, alias, view
from archcost.analysis.memory.strides import channels_last, contiguous, is_channels_last
from archcost.dims import larger, numel

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor
    from archcost.analysis.memory.strides import Ints


_SEQUENCE, _IMAGE = 3, 4  # dims of (N, C, L) and (N, C, H, W)


def _conv(machine: Machine, call: Call) -> Tensor:
    """Keeps its input. Padding other than zeros, or uneven, is done by a copy of the input first."""
    op, x = call.op, call.x
    pads = op.total_padding(op.kernel(tuple([tensor.shape for tensor in call.inputs]))[2:])
    if op.padding_mode != "zeros":
        x = padded(machine, x, [(pad // 2, pad - pad // 2) for pad in pads], op.padding_mode)
    elif op.padding == "same" and any(pad % 2 for pad in pads):
        x = padded(machine, x, [(0, pad % 2) for pad in pads], "constant")
    return _convolved(machine, call, x)


def _convolved(machine: Machine, call: Call, x: Tensor) -> Tensor:
    y = machine.new(call.shape, x.dtype, _convolved_strides(x, call.inputs[1:], call.shape))
    if machine.recording:
        weight, *bias = call.inputs[1:] or call.weights()
        makers = (spatial(x, x), spatial(x, weight), *map(packed, bias))
        machine.record([y], [x, weight, *bias], each(*makers), [x, weight])
    return y


def _convolved_strides(x: Tensor, given: list[Tensor], shape: Ints) -> Ints:
    """Channels-last if the input is, or a weight that is given; a sequence is made contiguous, its weight is not."""
    own = spatial_strides(x, shape)
    if not given:
        return own
    weight = given[0] if len(shape) > _SEQUENCE else as_row(given[0])
    if not is_channels_last(weight.shape, weight.strides):
        return own
    return channels_last(shape) if len(shape) > _SEQUENCE else (numel(shape[1:]), 1, shape[1])


def _conv_transpose(machine: Machine, call: Call) -> Tensor:
    return _convolved(machine, call, call.x)


def _linear(machine: Machine, call: Call) -> Tensor:
    weight, *bias = call.inputs[1:] or call.weights()
    return linear(machine, call.x, weight, bias[0] if bias else None)


def _embedding(machine: Machine, call: Call) -> Tensor:
    (weight,) = call.weights()
    y = machine.new(call.shape, weight.dtype)
    machine.record([y], [weight], each(packed(weight)), [call.x])
    return y


def _parameter(machine: Machine, call: Call) -> Tensor:
    del machine
    (weight,) = call.weights()
    return alias(weight)


def _buffer(machine: Machine, call: Call) -> Tensor:
    tensor = call.outputs[0]
    return machine.outside(tensor.shape, tensor.dtype)


def without_gradient(machine: Machine, call: Call) -> Tensor:
    """A new tensor of which nothing is kept, such as whole numbers."""
    tensor = call.outputs[0]
    return machine.new(tensor.shape, tensor.dtype)


def _norm(
    machine: Machine,
    x: Tensor,
    weights: list[Tensor],
    count: int,
    strides: Ints,
    running: list[Tensor] | None = None,
) -> Tensor:
    """A norm with ``count`` numbers of each of two statistics; it keeps them, its input, weight and running ones."""
    statistics = weights[0].dtype if weights else x.dtype
    y = machine.new(x.shape, x.dtype, strides)
    saved = [machine.new((count,), statistics), machine.new((count,), statistics)]
    saves = [x, *weights[:1], *(running or []), *saved]
    machine.record([y], [x, *weights], each(laid(x, strides), *map(packed, weights)), saves)
    return y


def _batch_norm(machine: Machine, call: Call) -> Tensor:
    """In inference running statistics stand for those of the input."""
    x = call.x
    count = 0 if call.op.track_running_stats and not machine.training else x.shape[1]
    weights = call.weights() if machine.recording else []
    return _norm(machine, x, weights, count, spatial_strides(x, x.shape))


def _instance_norm(machine: Machine, call: Call) -> Tensor:
    """A batch norm of one sample with N·C channels; weights and statistics are repeated for each sample."""
    op, x = call.op, call.x
    n, channels = x.shape[:2]
    weights = call.weights()
    repeated = [kernels.repeat(machine, weight, (n * channels,)) for weight in weights]
    running = [machine.new((n * channels,), x.dtype) for _ in range(2)] if op.track_running_stats else []
    if not x.contiguous:
        x = kernels.clone(machine, x)
    flat = kernels.reshape(machine, x, (1, n * channels, *x.shape[2:]))
    count = 0 if op.track_running_stats and not machine.training else n * channels
    y = _norm(machine, flat, repeated, count, contiguous(flat.shape), running)
    if running and machine.training:
        machine.new((channels,), x.dtype)  # the mean over the samples, on its way into the buffer
    return kernels.reshape(machine, y, x.shape)


def _layer_norm(machine: Machine, call: Call) -> Tensor:
    x = call.x
    rows = numel(x.shape) // numel(call.op.last_dims((x.shape,)))
    weights = call.weights() if machine.recording else []
    return _norm(machine, x, weights, rows, contiguous(x.shape))


def _group_norm(machine: Machine, call: Call) -> Tensor:
    x = call.x
    groups = x.shape[0] * call.op.num_groups
    weights = call.weights() if machine.recording else []
    return _norm(machine, x, weights, groups, spatial_strides(x, x.shape))


def _rms_norm(machine: Machine, call: Call) -> Tensor:
    """X · (mean(x²) + ε)^-½ · γ, step by step; of halves in single precision."""
    dtype = call.x.dtype
    x = kernels.cast(machine, call.x, "float32" if dtype in HALVES else dtype)
    dims = len(call.op.last_dims((x.shape,)))
    squares = kernels.power(machine, x)
    mean = kernels.reduce(machine, squares, (*x.shape[: len(x.shape) - dims], *(1,) * dims), "mean")
    root = kernels.unary(machine, mean, "result", steps=2)
    del squares, mean
    y = kernels.binary(machine, x, root, "mul")
    for weight in call.weights():
        y = kernels.binary(machine, y, weight, "mul")
    y = y if y.contiguous else kernels.clone(machine, y)
    del x, root
    return kernels.cast(machine, y, dtype)


def _local_response_norm(machine: Machine, call: Call) -> Tensor:
    """X / (k + α · mean of x² over neighbouring channels)^β, step by step."""
    x, op = call.x, call.op
    squares = kernels.binary(machine, x, x, "mul")
    channels, *space = x.shape[1:]
    rows = (x.shape[0], 1, channels, *space)
    if len(rows) > 4:  # noqa: PLR2004 - the space of images is (H, the rest)
        rows = (*rows[:4], numel(rows[4:]))
    squares = kernels.reshape(machine, squares, rows)
    wide = padded(machine, squares, [(op.size // 2, (op.size - 1) // 2), *[(0, 0)] * len(rows[3:])], "constant")
    del squares
    if machine.half and len(rows) > _IMAGE:  # autocast pools volumes in single precision
        wide = kernels.cast(machine, wide, "float32")
    mean = machine.new(rows, wide.dtype)
    machine.record([mean], [wide], each(fresh(wide)), [wide])
    del wide
    mean = kernels.reshape(machine, mean, x.shape)
    shifted = kernels.scalar(machine, kernels.scalar(machine, mean), passes=True)
    divisor = kernels.power(machine, shifted)
    del shifted, mean
    return kernels.binary(machine, x, divisor, "div")


def resampled(machine: Machine, call: Call) -> Tensor:
    """A new tensor; keeps nothing."""
    x = call.x
    y = machine.new(call.shape, x.dtype, spatial_strides(x, call.shape))
    machine.record([y], [x], each(fresh(x)))
    return y


def _unfolded(machine: Machine, call: Call) -> Tensor:
    """Works on a contiguous input; keeps nothing. The gradient comes about in the same way."""
    x = call.x
    shape, dtype = x.shape, x.dtype
    copy = None if x.contiguous or machine.watched else kernels.clone(machine, x)
    y = _resized(machine, call.shape, shape, dtype)
    del copy
    machine.record([y], [x], each(lambda machine, gradient: _resized(machine, shape, gradient.shape, dtype)))
    return y


def _resized(machine: Machine, shape: Ints, before: Ints, dtype: str) -> Tensor:
    """A tensor that is made as large as the one before it, then resized: a smaller one keeps the storage."""
    whole = machine.new((larger(numel(shape), numel(before)),), dtype)
    return view(whole, shape, contiguous(shape))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("conv", "functional_conv"), _conv),
    **dict.fromkeys(("conv_transpose", "functional_conv_transpose"), _conv_transpose),
    **dict.fromkeys(("linear", "functional_linear"), _linear),
    "embedding": _embedding,
    "parameter": _parameter,
    "buffer": _buffer,
    "constant": without_gradient,
    "batch_norm": _batch_norm,
    "instance_norm": _instance_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "rms_norm": _rms_norm,
    "local_response_norm": _local_response_norm,
    **dict.fromkeys(("unfold", "fold"), _unfolded),
}
