"""Attention, recurrent layers, mixtures of experts, and what is only declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.explaining.expressions import Number, Symbol, SymbolicExpression, cross, product, total
from archcost.explaining.formulas.base import NOTHING, Formula, Formulas, Size, Subject, batched, times
from archcost.ops.base import raise_on_false
from archcost.ops.experts import ACTIVATION_FLOPS

if TYPE_CHECKING:
    from archcost.dims import Shape

_MASKED = 4  # query, key, value, mask


def attention_product(subject: Subject) -> Formulas:
    """MACs: Q·Kᵀ, scores × E, and its product with V, outputs × S; FLOPs for each score: scale, softmax, mask."""
    query, key = subject.inputs[:2]
    scores = Symbol("scores", subject.op.scores(subject.inputs, raise_on_false))
    macs = cross(scores, Symbol("E", query[-1])) + cross(subject.output_count, Symbol("S", key[-2]))
    return Formulas(macs=macs, other=times(5 if len(subject.inputs) == _MASKED else 4, scores))


def multihead_attention(subject: Subject) -> Formulas:
    """MACs: four projections and two products of L × S scores; FLOPs: biases, and 4 for each score and head."""
    op, given = subject.op, subject.inputs
    query, key, value = given[0], given[min(1, len(given) - 1)], given[-1]
    batch, places = (query[0], query[1]) if op.batch_first else (query[1], query[0])
    keys = key[1] if op.batch_first else key[0]
    longer = op.add_bias_kv + op.add_zero_attn
    length, reach = Symbol("L", places), Symbol("S", keys)
    every = reach + longer if longer else reach
    width, key_width, value_width = Symbol("E", query[2]), Symbol("E_k", key[2]), Symbol("E_v", value[2])
    projections = (
        cross(batched(batch, length, width), width),
        cross(batched(batch, reach, key_width), width),
        cross(batched(batch, reach, value_width), width),
        cross(batched(batch, length, width), width),
    )
    products = times(2, batched(batch, length, every, width))
    biases = [times(2, batched(batch, length, width)), times(2, batched(batch, reach, width))] if op.bias else []
    scores = product(Number(4), Symbol("heads", op.num_heads), batched(batch, length, every))
    return Formulas(
        params=_attention_params(subject, width, key_width, value_width),
        macs=total([*projections, products]),
        other=total([*biases, scores]),
    )


def _attention_params(subject: Subject, width: Symbol, key_width: Symbol, value_width: Symbol) -> SymbolicExpression:
    """Four matrices, four biases, and one learnt position of key and value."""
    op = subject.op
    matrices = [width * width, key_width * width, value_width * width, width * width]
    vectors = 4 * op.bias + 2 * op.add_bias_kv
    return total([*matrices, *([times(vectors, width)] if vectors else [])])


_GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def recurrent(subject: Subject) -> Formulas:
    """MACs: steps × the elements of the matrices; params: the matrices and two biases for each gate."""
    op = subject.op
    sequence: Shape = subject.inputs[0]
    gates, hidden = Symbol("gates", _GATES[op.kind]), Symbol("hidden", op.hidden_size)
    directions, layers = (2 if op.bidirectional else 1), op.num_layers
    features = Symbol("in", sequence[2])
    projected = getattr(op, "proj_size", 0)
    state = Symbol("proj", projected) if projected else hidden
    between = times(directions, state)
    matrices = [times(directions, product(gates, hidden, features + state))]
    if layers > 1:
        matrices.append(times(directions * (layers - 1), product(gates, hidden, between + state)))
    if projected:
        matrices.append(times(directions * layers, state * hidden))
    biases = times(2 * directions * layers, gates * hidden) if op.bias else NOTHING
    steps = Symbol("steps", sequence[:2])
    units = product(steps, times(directions * layers, hidden))
    cell = Symbol("cell", _cell_flops(op))
    return Formulas(
        params=total([*matrices, *([biases] if op.bias else [])]),
        macs=cross(steps, total(matrices)),
        other=cross(units, cell + times(2, gates) if op.bias else cell),
    )


def _cell_flops(op: Any) -> int:
    """FLOPs for each hidden unit and step: the sums of the gates, their functions, and the new states."""
    sigmoid, tanh = 3, 5
    if op.kind == "rnn":
        return 1 + (tanh if op.nonlinearity == "tanh" else 1)
    return 4 + 3 * sigmoid + 2 * tanh + 4 if op.kind == "lstm" else 3 + 2 * sigmoid + tanh + 5


def mixture_of_experts(subject: Subject) -> Formulas:
    """MACs for each token: a score an expert, and top_k experts; params: the router and all experts."""
    op, shape = subject.op, subject.inputs[0]
    tokens, features, hidden = Symbol("tokens", shape[:-1]), Symbol("d", shape[-1]), Symbol("h", op.hidden_features)
    experts, chosen = Symbol("E", op.num_experts), Symbol("k", op.top_k)
    ways_in = 1 + op.gated
    matrices = times(ways_in + 1, features * hidden)
    biases = times(ways_in, hidden) + features
    inner = ACTIVATION_FLOPS[op.activation] + op.gated
    chosen_work = [times(inner, chosen * hidden), times(3, chosen), times(2, chosen * features)]
    work = total([*chosen_work, *([product(chosen, biases)] if op.bias else [])]) - features
    one = matrices + biases if op.bias else matrices
    return Formulas(
        params=features * experts + product(experts, one),
        macs=cross(tokens, features * experts + product(chosen, matrices)),
        other=cross(tokens, work),
    )


def kv_cache(subject: Subject) -> Formulas:
    """The positions so far: those of earlier steps and the input's."""
    rank = len(subject.inputs[0])
    dim = subject.op.dim % rank
    size = Symbol("length", subject.op.length) + Symbol("n", subject.inputs[0][dim])
    return Formulas(sizes=(Size(f"dim {dim}", 0, dim, size),))


def custom(subject: Subject) -> Formulas:
    """What is declared."""
    op = subject.op
    macs = Symbol("declared", op.declared_macs or 0)
    other = Symbol("declared", op.flops(subject.inputs, subject.outputs))
    return Formulas(params=Symbol("declared", op.declared_params), macs=macs, other=other)


SEQUENCES: dict[str, Formula] = {
    "scaled_dot_product_attention": attention_product,
    "multihead_attention": multihead_attention,
    **dict.fromkeys(_GATES, recurrent),
    "mixture_of_experts": mixture_of_experts,
    "kv_cache": kv_cache,
    "custom": custom,
}
