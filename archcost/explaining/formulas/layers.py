"""Linear layers, norms, and what acts on each element."""

from __future__ import annotations

from archcost.explaining.expressions import Number, Symbol, cross, exactly, product
from archcost.explaining.formulas.base import (
    AXES,
    NOTHING,
    Formula,
    Formulas,
    Size,
    Subject,
    dim_name,
    nothing,
    per_output,
    times,
)


def linear(subject: Subject) -> Formulas:
    """MACs: outputs × features in; params: the matrix and biases."""
    features, out = Symbol("in", subject.inputs[0][-1]), Symbol("out", subject.op.out_features)
    weights = product(features, out)
    bias = subject.op.bias
    return Formulas(
        params=weights + out if bias else weights,
        macs=cross(subject.output_count, features),
        other=subject.output_count if bias else NOTHING,
    )


def embedding(subject: Subject) -> Formulas:
    """Params: a row for each index."""
    op = subject.op
    return Formulas(params=product(Symbol("rows", op.num_embeddings), Symbol("dim", op.embedding_dim)))


def parameter(subject: Subject) -> Formulas:
    """Params: the elements of the tensor itself."""
    return Formulas(params=subject.output_count)


def layer_scale(subject: Subject) -> Formulas:
    """A factor for each position along the dim; 1 FLOP an element."""
    size = subject.inputs[0][subject.op.dim]
    return Formulas(params=Symbol("c", size), other=subject.output_count)


def clamp(subject: Subject) -> Formulas:
    """1 FLOP an element for each bound."""
    bounds = (subject.op.min is not None) + (subject.op.max is not None)
    return Formulas(other=times(bounds, subject.output_count))


def channel_norm(subject: Subject) -> Formulas:
    """2 params a channel; with running statistics one product and one sum for each element, without them 4 FLOPs."""
    op = subject.op
    params = times(2, Symbol("c", subject.inputs[0][1])) if op.affine else NOTHING
    return Formulas(params=params, other=times(2 if op.track_running_stats else 4, subject.output_count))


def layer_norm(subject: Subject) -> Formulas:
    """γ and β for each normalised position; 5 FLOPs an element, 4 without them."""
    op = subject.op
    features = Symbol("features", op.last_dims(subject.inputs))
    params = times(1 + op.bias, features) if op.elementwise_affine else NOTHING
    return Formulas(params=params, other=times(5 if op.elementwise_affine else 4, subject.output_count))


def rms_norm(subject: Subject) -> Formulas:
    """γ for each normalised position; 4 FLOPs an element, 3 without it."""
    op = subject.op
    params = Symbol("features", op.last_dims(subject.inputs)) if op.elementwise_affine else NOTHING
    return Formulas(params=params, other=times(4 if op.elementwise_affine else 3, subject.output_count))


def group_norm(subject: Subject) -> Formulas:
    """2 params a channel; 5 FLOPs an element, 4 without them."""
    op = subject.op
    params = times(2, Symbol("c", subject.inputs[0][1])) if op.affine else NOTHING
    return Formulas(params=params, other=times(5 if op.affine else 4, subject.output_count))


def local_response_norm(subject: Subject) -> Formulas:
    """FLOPs: a square, n − 1 sums, scale, offset, power and division for each element."""
    return Formulas(other=cross(subject.output_count, Symbol("n", subject.op.size) + 4))


def prelu(subject: Subject) -> Formulas:
    """A slope for all or for each channel; 2 FLOPs an element."""
    return Formulas(params=Symbol("slopes", subject.op.num_parameters), other=times(2, subject.output_count))


def gelu(subject: Subject) -> Formulas:
    """8 FLOPs an element, 13 with the tanh approximation."""
    return Formulas(other=times(8 if subject.op.approximate == "none" else 13, subject.output_count))


def glu(subject: Subject) -> Formulas:
    """Half the size along a dim; 4 FLOPs for each output."""
    rank = len(subject.inputs[0])
    dim = subject.op.dim % rank
    half = exactly(Symbol("n", subject.inputs[0][dim]), Number(2))
    return Formulas(sizes=(Size(dim_name(dim, rank), 0, dim, half),), other=times(4, subject.output_count))


# FLOPs for each element
_POINTWISE = {
    0: ("identity", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "stochastic_depth", "buffer"),
    1: ("relu", "threshold", "exp", "sin", "cos", "sqrt", "pow"),
    2: ("relu6", "hardtanh", "leaky_relu", "rrelu", "hardshrink"),
    3: (
        *("sigmoid", "log_sigmoid", "softsign", "softshrink"),
        *("softmax", "softmin", "log_softmax", "softmax2d", "normalize"),
    ),
    4: ("elu", "silu", "hardsigmoid"),
    5: ("selu", "celu", "hardswish", "tanh"),
    6: ("softplus", "tanhshrink"),
    9: ("mish",),
}

LAYERS: dict[str, Formula] = {
    **{kind: per_output(count) if count else nothing for count, kinds in _POINTWISE.items() for kind in kinds},
    **{f"{norm}_norm{ndim}d": channel_norm for norm in ("batch", "instance") for ndim in AXES},
    "linear": linear,
    "embedding": embedding,
    "parameter": parameter,
    "layer_scale": layer_scale,
    "clamp": clamp,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    "group_norm": group_norm,
    "local_response_norm": local_response_norm,
    "prelu": prelu,
    "gelu": gelu,
    "glu": glu,
}
