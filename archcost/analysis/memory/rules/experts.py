"""Mixtures of experts, a decoder's caches, and what a spec only declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory import kernels
from archcost.analysis.memory.gradients import each, packed, same
from archcost.analysis.memory.products import linear
from archcost.analysis.memory.shadow_torch import alias
from archcost.dims import numel
from archcost.ops.axes import axis

if TYPE_CHECKING:
    from archcost.analysis.memory.rules.call import Call, Rule
    from archcost.analysis.memory.shadow_torch import Machine, Tensor

_INDEX = "int64"


def _mixture(machine: Machine, call: Call) -> Tensor:
    """Experts one after the other, each on an equal share of the tokens; their results are joined and added up."""
    op, x = call.op, call.x
    learnt = dict(call.learnt())
    rows = kernels.reshape(machine, x, (numel(x.shape[:-1]), x.shape[-1]))
    count, features = rows.shape
    shares, order = _routed(machine, linear(machine, rows, learnt.pop("router"), None), op.top_k)
    total = count * op.top_k
    tokens = machine.new((total,), _INDEX)
    each_part, more = divmod(total, op.num_experts)
    sizes = [each_part + (number < more) for number in range(op.num_experts)]
    parts = kernels.split(machine, _taken(machine, rows, tokens, total), 0, sizes)
    own = {name: kernels.unbind(machine, tensor, 0) for name, tensor in learnt.items()}
    results = [
        _expert(machine, op.activation, part, {name: tensors[number] for name, tensors in own.items()})
        for number, part in enumerate(parts)
    ]
    joined = kernels.concat(machine, results, 0)
    weights = kernels.unsqueeze(machine, _taken(machine, shares, order, total), 1)
    mixed = kernels.binary(machine, joined, weights, "mul")
    del joined, weights
    zeros = machine.like(rows)
    y = machine.new((count, features), x.dtype)
    machine.record([y], [zeros, mixed], each(same, packed(mixed)), [tokens, mixed])
    del zeros
    return kernels.reshape(machine, y, x.shape)


def _routed(machine: Machine, scores: Tensor, top_k: int) -> tuple[Tensor, Tensor]:
    """The softmax over the best scores of every token; these choices ordered by their experts."""
    best = machine.new((scores.shape[0], top_k), scores.dtype)
    chosen = machine.new(best.shape, _INDEX)
    machine.record([best], [scores], each(packed(scores)), [chosen])
    del scores
    shares = kernels.unary(machine, best, "result")
    count = numel(shares.shape)
    ordered, order = machine.new((count,), _INDEX), machine.new((count,), _INDEX)
    del ordered
    return kernels.reshape(machine, shares, (count,)), order


def _taken(machine: Machine, x: Tensor, index: Tensor, count: int) -> Tensor:
    """Rows by their numbers; the gradient is as large as the whole."""
    y = machine.new((count, *x.shape[1:]), x.dtype)
    machine.record([y], [x], each(packed(x)), [index])
    return y


def _expert(machine: Machine, activation: str, rows: Tensor, own: dict[str, Tensor]) -> Tensor:
    keeps = "result" if activation == "relu" else "input"
    hidden = kernels.unary(machine, linear(machine, rows, own["w1"], own.get("bias1")), keeps)
    if "w3" in own:
        hidden = kernels.binary(machine, hidden, linear(machine, rows, own["w3"], own.get("bias3")), "mul")
    return linear(machine, hidden, own["w2"], own.get("bias2"))


def _kv_cache(machine: Machine, call: Call) -> Tensor:
    """The earlier positions and their copy in front of the input; without any, the input itself."""
    length, x = call.op.earlier(), call.x
    if not length:
        return alias(x)
    dim = axis(call.op.dim, len(x.shape))
    cached = machine.new((*x.shape[:dim], length, *x.shape[dim + 1 :]), x.dtype)
    return kernels.concat(machine, (cached, x), dim)


def _custom(machine: Machine, call: Call) -> list[Tensor]:
    """The outputs alone: nothing is known of how they come about, nor of what is kept."""
    call.learnt()
    return [machine.new(tensor.shape, tensor.dtype) for tensor in call.outputs]


RULES: dict[str, Rule] = {"mixture_of_experts": _mixture, "kv_cache": _kv_cache, "custom": _custom}
