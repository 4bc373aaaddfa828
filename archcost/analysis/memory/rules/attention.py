"""Attention as PyTorch runs it on a CPU: fused where the shapes allow it, else two products and a softmax."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, packed
from archcost.analysis.memory.products import linear, matmul
from archcost.analysis.memory.rules.pointwise import dropout

if TYPE_CHECKING:
    from archcost.analysis.memory.machine import Gradient, Machine, Tensor
    from archcost.analysis.memory.rules.call import Call, Rule

HEADED = 4  # batch, heads, positions, features
Three = tuple["Tensor", "Tensor", "Tensor"]


def _scaled_dot_product(machine: Machine, call: Call) -> Tensor:
    op = call.op
    query, key, value = call.inputs[:3]
    mask = call.inputs[3] if len(call.inputs) == HEADED else None
    p = op.dropout_p if machine.training else 0
    return attention(machine, (query, key, value), mask, p, causal=op.is_causal, shared=op.enable_gqa)


def attention(
    machine: Machine, three: Three, mask: Tensor | None, p: float, *, causal: bool = False, shared: bool = False
) -> Tensor:
    """softmax(Q·Kᵀ + mask)·V; ``shared``: groups of query heads use one head of key and value."""
    if mask is not None and mask.dtype == "bool":
        mask = machine.new(mask.shape, three[0].dtype)
        machine.drop(machine.new(mask.shape, "bool"))
    rank = len(three[0].shape)
    equal = len({tensor.shape[-1] for tensor in three}) == 1 and len({len(tensor.shape) for tensor in three}) == 1
    fits = mask is None or (len(mask.shape) in (2, HEADED) and mask.source is None)
    if p == 0 and equal and fits and rank in (HEADED - 1, HEADED):
        return _fused(machine, three, mask)
    return _composed(machine, three, mask, p, causal=causal, shared=shared)


def _fused(machine: Machine, three: Three, mask: Tensor | None) -> Tensor:
    """Keeps query, key, value, the output and one number for each row of scores; not the scores."""
    rank = len(three[0].shape)
    if rank < HEADED:
        query, key, value = (kernels.unsqueeze(machine, tensor, 0) for tensor in three)
    else:
        query, key, value = three
    y = machine.like(query)
    sums = machine.new(query.shape[:-1], "float32")
    saves = [query, key, value, y, sums] + ([mask] if mask else [])
    machine.record([y], [query, key, value], each(*map(_by_positions, (query, key, value))), saves)
    machine.drop(sums)
    return kernels.squeeze(machine, y, (0,)) if rank < HEADED else y


def _by_positions(tensor: Tensor) -> Gradient:
    """A new gradient whose positions come before its heads in memory."""
    n, heads, positions, features = tensor.shape
    dtype, shape = tensor.dtype, tensor.shape
    strides = (heads * positions * features, features, heads * features, 1)
    return lambda machine, _: machine.new((n, heads, positions, features), dtype, strides if shape else None)


def _composed(
    machine: Machine, three: Three, mask: Tensor | None, p: float, *, causal: bool, shared: bool
) -> Tensor:
    """Scale query and key, the scores, the mask, softmax, dropout, and the product with the value."""
    query, key, value = three
    heads = query.shape[-3] if len(query.shape) > 2 else 1  # noqa: PLR2004 - with heads
    if causal:
        mask = machine.new((query.shape[-2], key.shape[-2]), query.dtype)
    if shared:
        key, value = _repeated(machine, key, heads), _repeated(machine, value, heads)
    scaled_query = kernels.scalar(machine, query)
    rank = len(key.shape)
    scaled_key = kernels.scalar(machine, kernels.transpose(machine, key, rank - 2, rank - 1))
    scores = matmul(machine, scaled_query, scaled_key)
    machine.drop(scaled_key)
    if mask is not None:
        scores = _masked(machine, scores, mask)
    weights = machine.new(scores.shape, scores.dtype)
    machine.record([weights], [scores], each(packed(scores)), [weights])
    machine.drop(scores)
    dropped = dropout(machine, weights, p)
    machine.drop(weights)
    return matmul(machine, dropped, value)


def _masked(machine: Machine, scores: Tensor, mask: Tensor) -> Tensor:
    """scores += mask; a new tensor while PyTorch is watched."""
    if machine.watched:
        total = kernels.binary(machine, scores, mask, "add")
    else:
        total = view(scores, scores.shape, scores.strides)
        machine.record([total], [scores, mask], kernels.passed_to_both())
    machine.drop(scores)
    return total


def _repeated(machine: Machine, x: Tensor, heads: int) -> Tensor:
    """Every head several times, as a copy."""
    y = machine.new((*x.shape[:-3], heads, *x.shape[-2:]), x.dtype)
    machine.record([y], [x], each(packed(x)))
    return y


# --- the layer ------------------------------------------------------------------------------------------------------


def _multihead(machine: Machine, call: Call) -> Tensor:
    """nn.MultiheadAttention without weights in the output, and without the inference-only kernel that hides its own."""
    op, tensors = call.op, call.learnt()
    query = call.inputs[0]
    key = call.inputs[1] if len(call.inputs) > 1 else query
    value = call.inputs[-1]
    if op.batch_first:
        query, key, value = _turned(machine, query, key, value)
    length, batch, width = query.shape
    q, k, v = _projected(machine, (query, key, value), tensors)
    if op.add_bias_kv:
        k, v = _extended(machine, k, tensors["bias_k"]), _extended(machine, v, tensors["bias_v"])
    head = (batch * op.num_heads, width // op.num_heads)
    q, k, v = (_heads(machine, tensor, head) for tensor in (q, k, v))
    if op.add_zero_attn:
        k, v = _with_zeros(machine, k), _with_zeros(machine, v)
    split = tuple(
        kernels.reshape(machine, tensor, (batch, op.num_heads, *tensor.shape[1:])) for tensor in (q, k, v)
    )
    mixed = attention(machine, split, None, op.dropout if machine.training else 0)  # type: ignore[arg-type]
    machine.drop(q, k, v, *split)
    rows = kernels.reshape(machine, kernels.permute(machine, mixed, (2, 0, 1, 3)), (length * batch, width))
    machine.drop(mixed)
    out = linear(machine, rows, tensors["out_proj.weight"], tensors.get("out_proj.bias"))
    y = kernels.reshape(machine, out, (length, batch, width))
    return kernels.transpose(machine, y, 0, 1) if op.batch_first else y


def _turned(machine: Machine, *tensors: Tensor) -> list[Tensor]:
    """Positions before the batch; the same tensor stays the same."""
    turned: dict[int, Tensor] = {}
    for tensor in tensors:
        if id(tensor) not in turned:
            turned[id(tensor)] = kernels.transpose(machine, tensor, 0, 1)
    return [turned[id(tensor)] for tensor in tensors]


def _projected(machine: Machine, three: Three, tensors: dict[str, Tensor]) -> Three:
    query, key, value = three
    width = query.shape[2]
    weight, bias = tensors.get("in_proj_weight"), tensors.get("in_proj_bias")
    if weight is None:
        weights = [tensors[f"{name}_proj_weight"] for name in "qkv"]
        biases = _pieces(machine, bias, [width] * 3)
        return tuple(  # type: ignore[return-value]
            _row(machine, x, w, b) for x, w, b in zip(three, weights, biases, strict=True)
        )
    if key is value:
        if query is key:
            return tuple(_together(machine, query, weight, bias, 3))  # type: ignore[return-value]
        first, rest = kernels.split(machine, weight, 0, (width, 2 * width))
        biases = _pieces(machine, bias, [width, 2 * width])
        q = _row(machine, query, first, biases[0])
        return (q, *_together(machine, key, rest, biases[1], 2))  # type: ignore[return-value]
    weights = kernels.split(machine, weight, 0, [width] * 3)
    biases = _pieces(machine, bias, [width] * 3)
    return tuple(_row(machine, x, w, b) for x, w, b in zip(three, weights, biases, strict=True))  # type: ignore[return-value]


def _pieces(machine: Machine, bias: Tensor | None, sizes: list[int]) -> list[Tensor | None]:
    return [None] * len(sizes) if bias is None else [*kernels.split(machine, bias, 0, sizes)]


def _row(machine: Machine, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return linear(machine, x, weight, bias)


def _together(machine: Machine, x: Tensor, weight: Tensor, bias: Tensor | None, count: int) -> list[Tensor]:
    """Several projections in one product, then a copy that puts each behind the other."""
    whole = linear(machine, x, weight, bias)
    length, batch, width = x.shape[0], x.shape[1], weight.shape[0] // count
    parts = kernels.reshape(machine, whole, (1, length, batch, count, width))
    turned = kernels.squeeze(machine, kernels.transpose(machine, parts, 0, 3), (3,))
    ordered = kernels.clone(machine, turned)
    machine.drop(whole, parts, turned)
    projected = [kernels.select(machine, ordered, 0) for _ in range(count)]
    machine.drop(ordered)
    return projected


def _extended(machine: Machine, x: Tensor, bias: Tensor) -> Tensor:
    """One learnt position more."""
    batch = x.shape[1]
    row = machine.new((1, batch, x.shape[2]), x.dtype)
    machine.record([row], [bias], each(packed(bias)))
    y = kernels.concat(machine, [x, row], 0)
    machine.drop(row, x)
    return y


def _heads(machine: Machine, x: Tensor, head: tuple[int, int]) -> Tensor:
    y = kernels.transpose(machine, kernels.reshape(machine, x, (x.shape[0], *head)), 0, 1)
    machine.drop(x)
    return y


def _with_zeros(machine: Machine, x: Tensor) -> Tensor:
    """One position of zeros more."""
    zeros = machine.new((x.shape[0], 1, x.shape[2]), x.dtype)
    y = kernels.concat(machine, [x, zeros], 1)
    machine.drop(zeros, x)
    return y


RULES: dict[str, Rule] = {
    "scaled_dot_product_attention": _scaled_dot_product,
    "multihead_attention": _multihead,
}
