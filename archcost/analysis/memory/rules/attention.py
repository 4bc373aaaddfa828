"""Attention as PyTorch runs it on a CPU: fused where the shapes allow it, else two products and a softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, packed
from archcost.analysis.memory.products import linear, matmul
from archcost.analysis.memory.rules.pointwise import dropout
from archcost.analysis.memory.shadow_torch import HALVES, alias, view

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Gradient, Machine, Tensor
    from archcost.analysis.memory.strides import Ints

    Weights = dict[str, "Tensor"]

_HEADED = 4  # batch, heads, positions, features; and query, key, value, mask


def _scaled_dot_product(machine: Machine, call: Call) -> Tensor:
    op = call.op
    mask = call.inputs[3] if len(call.inputs) == _HEADED else None
    p = op.dropout_p if machine.training else 0
    return attention(machine, call.inputs[:3], mask, p, causal=op.is_causal, shared=op.enable_gqa)


def attention(
    machine: Machine,
    tensors: list[Tensor],
    mask: Tensor | None,
    p: float,
    *,
    causal: bool = False,
    shared: bool = False,
) -> Tensor:
    """softmax(Q·Kᵀ + mask)·V; ``shared``: groups of query heads use one head of key and value."""
    if mask is not None and mask.dtype == "bool":
        mask = _as_numbers(machine, mask, tensors[0].dtype)
    ranks = {len(tensor.shape) for tensor in tensors}
    features = {tensor.shape[-1] for tensor in tensors}
    lies = all(tensor.strides[-1] == 1 for tensor in tensors)
    fits = mask is None or (mask.source is None and (len(mask.shape) in {2, _HEADED} or ranks == {_HEADED - 1}))
    if p == 0 and len(features) == 1 and lies and fits and ranks in ({_HEADED - 1}, {_HEADED}):
        return _fused(machine, tensors, mask)
    return _composed(machine, tensors, mask, p, causal=causal, shared=shared)


def _fused(machine: Machine, tensors: list[Tensor], mask: Tensor | None) -> Tensor:
    """Keeps query, key, value, the output and one number for each row of scores; not the scores."""
    flat = len(tensors[0].shape) < _HEADED
    headed = [kernels.unsqueeze(machine, tensor, 0) for tensor in tensors] if flat else tensors
    y = machine.like(headed[0])
    sums = machine.new(y.shape[:-1], "float32")
    machine.record([y], headed, each(*map(_by_positions, headed)), [*headed, y, sums, *([mask] if mask else [])])
    return kernels.squeeze(machine, y, (0,)) if flat else y


def _by_positions(tensor: Tensor) -> Gradient:
    """A new gradient whose positions come before its heads in memory."""
    _, heads, positions, features = shape = tensor.shape
    dtype = tensor.dtype
    strides = (heads * positions * features, features, heads * features, 1)
    return lambda machine, _: machine.new(shape, dtype, strides)


def _composed(
    machine: Machine, tensors: list[Tensor], mask: Tensor | None, p: float, *, causal: bool, shared: bool
) -> Tensor:
    """Scale query and key, the scores, the mask, softmax, dropout, the product with the value; of halves as singles."""
    dtype = tensors[0].dtype
    tensors = [kernels.cast(machine, tensor, "float32") if dtype in HALVES else tensor for tensor in tensors]
    query, key, value = tensors
    if shared:
        key, value = (_repeated(machine, tensor, query.shape[-3]) for tensor in (key, value))
    query = kernels.scalar(machine, query)
    if causal:
        mask = _causal_mask(machine, (query.shape[-2], key.shape[-2]), query.dtype)
    rank = len(key.shape)
    scores = matmul(machine, query, kernels.scalar(machine, kernels.transpose(machine, key, rank - 2, rank - 1)))
    if mask is not None:
        scores = _masked(machine, scores, mask)
    weights = machine.new(scores.shape, scores.dtype)
    machine.record([weights], [scores], each(packed(scores)), [weights])
    del scores
    weights = dropout(machine, weights, p)
    returned = kernels.cast(machine, weights, dtype)  # beside the result, for nobody here
    y = kernels.cast(machine, matmul(machine, weights, value), dtype)
    del returned
    return y


def _as_numbers(machine: Machine, mask: Tensor, dtype: str) -> Tensor:
    """A mask of truth values as 0 and -∞, two scalars on the way."""
    scalars = [machine.new((), dtype), machine.new((), dtype)]
    numbers = machine.new(mask.shape, dtype)
    del scalars
    return numbers


def _causal_mask(machine: Machine, shape: Ints, dtype: str) -> Tensor:
    """Ones, their lower triangle, and that as numbers."""
    ones = machine.new(shape, "bool")
    triangle = machine.new(shape, "bool")
    del ones
    return _as_numbers(machine, triangle, dtype)


def _masked(machine: Machine, scores: Tensor, mask: Tensor) -> Tensor:
    """Scores += mask; a new tensor while PyTorch is watched."""
    if machine.watched:
        return kernels.binary(machine, scores, mask, "add")
    total = view(scores, scores.shape, scores.strides)
    machine.record([total], [scores, mask], kernels.passed_to_both())
    return total


def _repeated(machine: Machine, x: Tensor, heads: int) -> Tensor:
    """Every head several times, as a copy; the tensor itself if it has as many heads."""
    if x.shape[-3] == heads:
        return alias(x)
    y = machine.new((*x.shape[:-3], heads, *x.shape[-2:]), x.dtype)
    machine.record([y], [x], each(packed(x)))
    return y


# --- the layer ------------------------------------------------------------------------------------------------------


def _multihead(machine: Machine, call: Call) -> Tensor:
    """nn.MultiheadAttention without weights in the output, and without the inference-only kernel that hides its own."""
    op, weights = call.op, call.learnt()
    query = call.inputs[0]
    key = call.inputs[1] if len(call.inputs) > 1 else query
    turned = _turned(machine, [query, key, call.inputs[-1]]) if op.batch_first else [query, key, call.inputs[-1]]
    length, batch, width = turned[0].shape
    projected = _projected(machine, turned, weights)
    if op.add_bias_kv:
        projected[1] = _extended(machine, projected[1], weights["bias_k"])
        projected[2] = _extended(machine, projected[2], weights["bias_v"])
    for place in range(3):
        projected[place] = _heads(machine, projected[place], batch * op.num_heads)
    if op.add_zero_attn:
        projected[1] = _with_zeros(machine, projected[1])
        projected[2] = _with_zeros(machine, projected[2])
    for place, tensor in enumerate(projected):
        projected[place] = kernels.reshape(machine, tensor, (batch, op.num_heads, *tensor.shape[1:]))
        del tensor
    mixed = attention(machine, projected, None, op.dropout if machine.training else 0)
    projected.clear()
    rows = kernels.reshape(machine, kernels.permute(machine, mixed, (2, 0, 1, 3)), (length * batch, width))
    del mixed
    out = linear(machine, rows, weights["out_proj.weight"], weights.get("out_proj.bias"))
    del rows
    y = kernels.reshape(machine, out, (length, batch, width))
    return kernels.transpose(machine, y, 0, 1) if op.batch_first else y


def _turned(machine: Machine, tensors: list[Tensor]) -> list[Tensor]:
    """Positions before the batch; the same tensor stays the same."""
    turned: dict[object, Tensor] = {}
    for tensor in tensors:
        if tensor.identity not in turned:
            turned[tensor.identity] = kernels.transpose(machine, tensor, 0, 1)
    return [turned[tensor.identity] for tensor in tensors]


def _projected(machine: Machine, tensors: list[Tensor], weights: Weights) -> list[Tensor]:
    """Query, key and value times their weights; in as few products as there are different tensors."""
    query, key, value = tensors
    width = query.shape[2]
    bias, packed_weight = weights.get("in_proj_bias"), weights.get("in_proj_weight")
    if packed_weight is None:
        own = [weights[f"{name}_proj_weight"] for name in "qkv"]
    elif query.identity is key.identity is value.identity:
        return _together(machine, query, packed_weight, bias, 3)
    elif key.identity is value.identity:
        first, rest = kernels.split(machine, packed_weight, 0, [width, 2 * width])
        biases = _pieces(machine, bias, [width, 2 * width])
        return [linear(machine, query, first, biases[0]), *_together(machine, key, rest, biases[1], 2)]
    else:
        own = kernels.split(machine, packed_weight, 0, [width] * 3)
    biases = _pieces(machine, bias, [width] * 3)
    return [linear(machine, *given) for given in zip(tensors, own, biases, strict=True)]


def _pieces(machine: Machine, bias: Tensor | None, sizes: list[int]) -> list[Tensor | None]:
    return [None] * len(sizes) if bias is None else [*kernels.split(machine, bias, 0, sizes)]


def _together(machine: Machine, x: Tensor, weight: Tensor, bias: Tensor | None, count: int) -> list[Tensor]:
    """Several projections in one product, then a copy that puts each behind the other."""
    shape = (1, *x.shape[:2], count, weight.shape[0] // count)
    parts = kernels.reshape(machine, linear(machine, x, weight, bias), shape)
    parts = kernels.squeeze(machine, kernels.transpose(machine, parts, 0, 3), (3,))
    ordered = parts if parts.contiguous else kernels.clone(machine, parts)
    return [kernels.select(machine, ordered, 0) for _ in range(count)]


def _extended(machine: Machine, x: Tensor, bias: Tensor) -> Tensor:
    """One learnt position more."""
    return kernels.concat(machine, [x, kernels.repeat(machine, bias, (1, *x.shape[1:]))], 0)


def _heads(machine: Machine, x: Tensor, rows: int) -> Tensor:
    """(positions, batch, features) as (batch · heads, positions, features of a head)."""
    shape = (x.shape[0], rows, x.shape[1] * x.shape[2] // rows)
    return kernels.transpose(machine, kernels.reshape(machine, x, shape), 0, 1)


def _with_zeros(machine: Machine, x: Tensor) -> Tensor:
    """One position of zeros more."""
    return kernels.concat(machine, [x, machine.new((x.shape[0], 1, x.shape[2]), x.dtype)], 1)


def _rotary_embedding(machine: Machine, call: Call) -> Tensor:
    """Two tables, four products, a difference and a sum, and all joined."""
    x, op = call.x, call.op
    width, last = op.turned((x.shape,)), len(x.shape) - 1
    cos, sin = _tables(machine, x, width)
    pairs = kernels.narrow(machine, x, last, width) if width < x.shape[last] else x
    a, b = (kernels.narrow(machine, pairs, last, width // 2, 1 + op.interleaved) for _ in range(2))
    parts = [_rotated(machine, a, b, cos, sin, "sub"), _rotated(machine, b, a, cos, sin, "add")]
    if op.interleaved:
        parts = [kernels.reshape(machine, kernels.stack(machine, parts, last + 1), pairs.shape)]
    if width < x.shape[last]:
        parts.append(kernels.narrow(machine, x, last, x.shape[last] - width))
    return kernels.concat(machine, parts, last) if len(parts) > 1 else parts[0]


def _tables(machine: Machine, x: Tensor, width: int) -> list[Tensor]:
    """The cos and sin of every angle, in single precision first; what they are made of stays until both are there."""
    exponents = machine.new((width // 2,), "float32")
    exponents = machine.new((width // 2,), "float32")
    frequencies = machine.new((width // 2,), "float32")
    places = machine.new((x.shape[-2],), "float32")
    angles = machine.new((x.shape[-2], width // 2), "float32")
    tables = [kernels.cast(machine, machine.new(angles.shape, "float32"), x.dtype) for _ in range(2)]
    del exponents, frequencies, places
    return tables


def _rotated(machine: Machine, a: Tensor, b: Tensor, cos: Tensor, sin: Tensor, kind: str) -> Tensor:
    """a·cos - b·sin, or with a sum."""
    left = kernels.binary(machine, a, cos, "mul")
    return kernels.binary(machine, left, kernels.binary(machine, b, sin, "mul"), kind)


RULES: dict[str, Rule] = {
    "scaled_dot_product_attention": _scaled_dot_product,
    "rotary_embedding": _rotary_embedding,
    "multihead_attention": _multihead,
}
