"""Functions of each element, and of two tensors element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, rule
from archcost.importers.onnx.rules.normalization import short
from archcost.importers.onnx.tensors import dtype_of
from archcost.importers.onnx.values import Stored
from archcost.importers.plain_steps import cast, constant, is_floating

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_ENDLESS = 3.4e38  # a bound beyond it is none
_SIX = 6.0

_UNARY = {
    "Abs": "abs",
    "Ceil": "ceil",
    "Cos": "cos",
    "Erf": "erf",
    "Exp": "exp",
    "Floor": "floor",
    "HardSwish": "hardswish",
    "Log": "log",
    "Mish": "mish",
    "Not": "logical_not",
    "Reciprocal": "reciprocal",
    "Relu": "relu",
    "Round": "round",
    "Selu": "selu",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hardsigmoid",
    "Sign": "sign",
    "Sin": "sin",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sqrt": "sqrt",
    "Swish": "silu",
    "Tanh": "tanh",
}
_BINARY = {"Add": "add", "Mul": "mul", "Sub": "sub", "Div": "div"}
_COMPARED = {
    "Equal": "eq",
    "Less": "lt",
    "LessOrEqual": "le",
    "Greater": "gt",
    "GreaterOrEqual": "ge",
}
_MIRRORED = {"add": "add", "mul": "mul", "eq": "eq", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


@rule(*_UNARY)
def unary(maker: OnnxMaker) -> int:
    """A function of each element."""
    return maker.step(_UNARY[maker.node.op], [maker.value(0)])


@rule("Neg")
def negative(maker: OnnxMaker) -> int:
    """-x, a product with -1."""
    return _with_number(maker, "mul", maker.value(0), -1)


@rule("IsNaN")
def is_nan(maker: OnnxMaker) -> int:
    """What is not equal to itself."""
    value = maker.value(0)
    return maker.step("ne", [value, value])


@rule("Identity", "Dropout")
def identity(maker: OnnxMaker) -> int:
    """The input itself: a file is one for inference."""
    return maker.value(0)


@rule("Elu", "Celu", "LeakyRelu", "ThresholdedRelu", "Gelu")
def with_attributes(maker: OnnxMaker) -> int:
    """Activations with a number of their own."""
    alpha = short(maker.attribute("alpha", 0.01 if maker.node.op == "LeakyRelu" else 1.0))
    kinds: dict[str, tuple[str, dict[str, Attribute]]] = {
        "Elu": ("elu", {"alpha": alpha}),
        "Celu": ("celu", {"alpha": alpha}),
        "LeakyRelu": ("leaky_relu", {"negative_slope": alpha}),
        "ThresholdedRelu": ("threshold", {"threshold": alpha, "value": 0}),
        "Gelu": ("gelu", {"approximate": maker.attribute("approximate", "none")}),
    }
    kind, attributes = kinds[maker.node.op]
    return maker.step(kind, [maker.value(0)], attributes)


@rule("PRelu")
def prelu(maker: OnnxMaker) -> int:
    """A slope that is learnt, one or one for each channel."""
    slope = maker.stored(1)
    if slope is None:
        raise Unmapped("its slope is computed")
    if slope.elements not in (1, *maker.shape(0)[1:2]):
        raise Unmapped("its slopes are not those of channels")
    (found,) = maker.layer("prelu", [maker.value(0)], {"num_parameters": slope.elements}, {"weight": slope})
    return found


@rule("Clip")
def clip(maker: OnnxMaker) -> int:
    """Between bounds, each of which may be missing."""
    low, high = _bound(maker, "min", 1), _bound(maker, "max", 2)
    if low is None and high is None:
        return maker.value(0)
    if low == 0 and high == _SIX:
        return maker.step("relu6", [maker.value(0)])
    return maker.step("clamp", [maker.value(0)], {"min": low, "max": high})


def _bound(maker: OnnxMaker, name: str, place: int) -> float | None:
    found = maker.attribute(name)
    if found is None and maker.has(place):
        found = maker.number(place)
        if found is None:
            raise Unmapped("its bounds depend on data")
    return None if found is None or abs(found) > _ENDLESS else short(found)


@rule(*_BINARY, *_COMPARED)
def binary(maker: OnnxMaker) -> int:
    """Two operands, of which one may be a number."""
    kind = _BINARY.get(maker.node.op) or _COMPARED[maker.node.op]
    if is_number(maker, 1):
        return _with_number(maker, kind, maker.value(0), maker.number(1))
    if kind in _MIRRORED and is_number(maker, 0):
        return _with_number(maker, _MIRRORED[kind], maker.value(1), maker.number(0))
    return maker.step(kind, [maker.value(0), maker.value(1)])


def is_number(maker: OnnxMaker, place: int) -> bool:
    """Whether an operand is one number that adds no dims to the other one, which is a tensor."""
    other = maker.given(1 - place)
    if maker.number(place) is None or maker.rank(place) > maker.rank(1 - place):
        return False
    return isinstance(other, int) or (isinstance(other, Stored) and other.elements > 1)


def _with_number(maker: OnnxMaker, kind: str, value: int, number: float | None) -> int:
    """A tensor and a number; where whole numbers stay whole, the number is a constant of their dtype."""
    dtype = maker.tensor(value).dtype
    if is_floating(dtype) or kind in _COMPARED.values():
        return maker.step(kind, [value], {"other": short(number or 0) if isinstance(number, float) else number})
    return maker.step(kind, [value, constant(maker, (), dtype, number or 0)])


@rule("Sum")
def added(maker: OnnxMaker) -> int:
    """The sum of all inputs."""
    values = [maker.value(place) for place in maker.places]
    return values[0] if len(values) == 1 else maker.step("add", values)


@rule("Mean")
def averaged(maker: OnnxMaker) -> int:
    """The mean of all inputs."""
    values = [maker.value(place) for place in maker.places]
    if len(values) == 1:
        return values[0]
    return maker.step("div", [maker.step("add", values)], {"other": len(values)})


@rule("Max", "Min")
def extreme(maker: OnnxMaker) -> int:
    """The greatest or the least of all inputs."""
    kind = "maximum" if maker.node.op == "Max" else "minimum"
    first, *others = [maker.value(place) for place in maker.places]
    for other in others:
        first = maker.step(kind, [first, other])
    return first


@rule("And", "Or")
def logical(maker: OnnxMaker) -> int:
    """Truth values."""
    return maker.step(f"logical_{maker.node.op.lower()}", [maker.value(0), maker.value(1)])


@rule("Pow")
def power(maker: OnnxMaker) -> int:
    """X to the power of a number."""
    exponent = maker.number(1)
    if exponent is None:
        raise Unmapped("its exponent is a tensor")
    return maker.step("pow", [maker.value(0)], {"exponent": short(exponent)})


@rule("Where")
def where(maker: OnnxMaker) -> int:
    """A choice by a condition."""
    return maker.step("where", [maker.value(0), maker.value(1), maker.value(2)])


@rule("Cast", "CastLike")
def to_dtype(maker: OnnxMaker) -> int:
    """Another dtype."""
    dtype = dtype_of(maker.attribute("to", 0)) if maker.node.op == "Cast" else maker.tensor(maker.value(1)).dtype
    if not dtype:
        raise Unmapped("it makes something else than numbers")
    return cast(maker, maker.value(0), dtype)
