"""Activations, dropout and what is computed along one dim: softmax and the gated linear unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.plain_steps import cast
from archcost.importers.torch.rules.arguments import number_of, rank_of
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.torch.rules.base import BoundCall, Maker

_PLAIN = {
    "relu": "relu",
    "relu6": "relu6",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "expit": "sigmoid",
    "logsigmoid": "log_sigmoid",
    "log_sigmoid": "log_sigmoid",
    "hardsigmoid": "hardsigmoid",
    "silu": "silu",
    "hardswish": "hardswish",
    "mish": "mish",
    "softsign": "softsign",
    "tanh": "tanh",
    "tanhshrink": "tanhshrink",
}
_DROPOUTS = {
    "dropout": "dropout",
    "dropout1d": "dropout1d",
    "dropout2d": "dropout2d",
    "dropout3d": "dropout3d",
    "alpha_dropout": "alpha_dropout",
    "feature_alpha_dropout": "alpha_dropout",
}


@rule(*_PLAIN, signature="input, inplace=False")
def plain(call: BoundCall, maker: Maker) -> int:
    """Functions of each element without attributes."""
    return maker.step(_PLAIN[call.function], [call.tensor("input")])


def _with_numbers(call: BoundCall, maker: Maker, kind: str, **names: str) -> int:
    """A step whose attributes are numbers, each by the name of the argument."""
    attributes: dict[str, Attribute] = {
        name: number_of(call.get(argument), f"the {argument} of {call.function}") for name, argument in names.items()
    }
    return maker.step(kind, [call.tensor("input")], attributes)


@rule("hardtanh", signature="input, min_val=-1.0, max_val=1.0, inplace=False")
def hardtanh(call: BoundCall, maker: Maker) -> int:
    """Torch's own ReLU6 is a hardtanh from 0 to 6."""
    if (call.get("min_val"), call.get("max_val")) == (0, 6):
        return maker.step("relu6", [call.tensor("input")])
    return _with_numbers(call, maker, "hardtanh", min_val="min_val", max_val="max_val")


@rule("leaky_relu", signature="input, negative_slope=0.01, inplace=False")
def leaky_relu(call: BoundCall, maker: Maker) -> int:
    """The slope is its attribute."""
    return _with_numbers(call, maker, "leaky_relu", negative_slope="negative_slope")


@rule("rrelu", signature="input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False")
def rrelu(call: BoundCall, maker: Maker) -> int:
    """Both bounds of the slope are its attributes."""
    return _with_numbers(call, maker, "rrelu", lower="lower", upper="upper")


@rule("threshold", "_threshold", signature="input, threshold, value, inplace=False")
def threshold(call: BoundCall, maker: Maker) -> int:
    """The threshold, and what is given below it."""
    return _with_numbers(call, maker, "threshold", threshold="threshold", value="value")


@rule("elu", "celu", signature="input, alpha=1.0, inplace=False")
def elu(call: BoundCall, maker: Maker) -> int:
    """One attribute, α."""
    return _with_numbers(call, maker, call.function, alpha="alpha")


@rule("hardshrink", "softshrink", signature="input, lambd=0.5")
def shrink(call: BoundCall, maker: Maker) -> int:
    """One attribute, λ."""
    return _with_numbers(call, maker, call.function, lambd="lambd")


@rule("softplus", signature="input, beta=1.0, threshold=20.0")
def softplus(call: BoundCall, maker: Maker) -> int:
    """β, and the threshold above which it is the identity."""
    return _with_numbers(call, maker, "softplus", beta="beta", threshold="threshold")


@rule("gelu", signature="input, approximate='none'")
def gelu(call: BoundCall, maker: Maker) -> int:
    """With erf, or approximated with tanh."""
    return maker.step("gelu", [call.tensor("input")], {"approximate": call.get("approximate")})


@rule(*_DROPOUTS, signature="input, p=0.5, training=True, inplace=False")
def dropout(call: BoundCall, maker: Maker) -> int:
    """A step although it computes nothing in inference: the model in training has it."""
    return _with_numbers(call, maker, _DROPOUTS[call.function], p="p")


@rule("softmax", "softmin", "log_softmax", signature="input, dim=None, _stacklevel=3, dtype=None")
def softmax(call: BoundCall, maker: Maker) -> int:
    """Along a dim; where none is given, torch takes the first of 0, 1 or 3 dims, else the second."""
    value = call.tensor("input")
    dim = call.get("dim")
    if dim is None:
        dim = 0 if rank_of(maker, value) in (0, 1, 3) else 1
    return maker.step(call.function, [cast(maker, value, call.result.dtype)], {"dim": dim})


@rule("glu", signature="input, dim=-1")
def glu(call: BoundCall, maker: Maker) -> int:
    """Half of a dim is left."""
    return maker.step("glu", [call.tensor("input")], {"dim": call.get("dim")})


@rule("prelu", signature="input, weight")
def prelu(call: BoundCall, maker: Maker) -> int:
    """A learnt slope below 0: one, or one for each channel."""
    weight = call.recorded("weight")
    slopes, parameter = maker.recorded(weight).shape, maker.parameter(weight)
    if parameter is None:
        raise Unmapped("its slopes are no parameter of its own")
    attributes = {"num_parameters": slopes[0] if slopes else 1}
    return maker.layer("prelu", [call.tensor("input")], attributes, {"weight": parameter})[0]
