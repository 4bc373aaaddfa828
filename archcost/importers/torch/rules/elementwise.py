"""Functions of the elements of one tensor."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from archcost.importers.plain_steps import cast, constant
from archcost.importers.torch.rules.arguments import GREATEST, is_number, number_of, operand
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.torch.rules.base import BoundCall, Maker

_PLAIN = {
    "exp": "exp",
    "sin": "sin",
    "cos": "cos",
    "sqrt": "sqrt",
    "abs": "abs",
    "absolute": "abs",
    "log": "log",
    "erf": "erf",
    "reciprocal": "reciprocal",
    "rsqrt": "rsqrt",
    "sign": "sign",
    "sgn": "sign",
    "floor": "floor",
    "ceil": "ceil",
}
_TWO_STEPS: dict[str, tuple[tuple[str, float | None], tuple[str, float | None]]] = {
    "exp2": (("mul", log(2)), ("exp", None)),
    "expm1": (("exp", None), ("add", -1)),
    "log1p": (("add", 1), ("log", None)),
    "log2": (("log", None), ("mul", 1 / log(2))),
    "log10": (("log", None), ("mul", 1 / log(10))),
}


@rule(*_PLAIN)
def plain(call: BoundCall, maker: Maker) -> int:
    """Functions without attributes."""
    return maker.step(_PLAIN[call.function], [call.tensor("input")])


@rule("round", signature="input, decimals=0")
def rounded(call: BoundCall, maker: Maker) -> int:
    """To whole numbers alone."""
    if call.get("decimals"):
        raise Unmapped("it rounds to a number of decimals")
    return maker.step("round", [call.tensor("input")])


@rule(*_TWO_STEPS)
def in_two_steps(call: BoundCall, maker: Maker) -> int:
    """Logarithms and powers to other bases than e, and their kin: what archcost's ops make of them."""
    value = call.tensor("input")
    for kind, other in _TWO_STEPS[call.function]:
        value = maker.step(kind, [value], {} if other is None else {"other": other})
    return value


@rule("tan")
def tangent(call: BoundCall, maker: Maker) -> int:
    """Sin x / cos x."""
    value = call.tensor("input")
    return maker.step("div", [maker.step("sin", [value]), maker.step("cos", [value])])


@rule("logit", signature="input, eps=None")
def logit(call: BoundCall, maker: Maker) -> int:
    """log(x / (1 - x)), of x within eps and 1 - eps."""
    value, eps = call.tensor("input"), call.get("eps")
    if eps is not None:
        value = maker.step("clamp", [value], {"min": eps, "max": 1 - eps})
    rest = maker.step("sub", [constant(maker, (), call.result.dtype, 1), value])
    return maker.step("log", [maker.step("div", [value, rest])])


@rule("nan_to_num", signature="input, nan=None, posinf=None, neginf=None")
def nan_to_num(call: BoundCall, maker: Maker) -> int:
    """A number where x is none, one where it is ∞, and one where it is -∞: by default the greatest and the least."""
    value = call.tensor("input")
    for name, kind, usual in (("nan", "ne", 0.0), ("posinf", "gt", GREATEST), ("neginf", "lt", -GREATEST)):
        filling = usual if call.get(name) is None else number_of(call.get(name), name)
        mask = maker.step(kind, [value, value]) if kind == "ne" else maker.step(kind, [value], {"other": usual})
        value = maker.step("masked_fill", [value, mask], {"value": filling})
    return value


@rule("neg", "negative")
def negated(call: BoundCall, maker: Maker) -> int:
    """X · -1."""
    value = call.tensor("input")
    dtype = call.result.dtype
    if dtype.startswith(("int", "uint")):
        return maker.step("mul", [value, constant(maker, (), dtype, -1)])
    return maker.step("mul", [value], {"other": -1})


@rule("positive", "pos")
def unchanged(call: BoundCall, maker: Maker) -> int:
    """+x is x."""
    return maker.same(call.tensor("input"))


@rule("square")
def square(call: BoundCall, maker: Maker) -> int:
    """x²."""
    return _power(call, maker, call.tensor("input"), 2)


@rule("pow", "float_power", signature="input, exponent")
def power(call: BoundCall, maker: Maker) -> int:
    """X to a number; a number to the x; x to the y as e^(y · log x)."""
    base, exponent = call.get("input"), call.get("exponent")
    if is_number(base):
        return _exponential(call, maker, base, operand(call, exponent))
    if is_number(exponent):
        return _power(call, maker, call.tensor("input"), exponent)
    logarithm = maker.step("log", [call.tensor("input")])
    return maker.step("exp", [maker.step("mul", [logarithm, call.tensor("exponent")])])


@rule("rpow", signature="input, other")
def reversed_power(call: BoundCall, maker: Maker) -> int:
    """A number to the x."""
    return _exponential(call, maker, call.get("other"), call.tensor("input"))


def _power(call: BoundCall, maker: Maker, value: int, exponent: object) -> int:
    """X to a number, by repeated products where whole numbers stay whole."""
    wanted = number_of(exponent, "an exponent")
    if call.result.dtype.startswith("int"):
        if wanted != 2:  # noqa: PLR2004 - a square is a product
            raise Unmapped("a power of whole numbers is no op")
        return maker.step("mul", [value, value])
    return maker.step("pow", [value], {"exponent": wanted})


def _exponential(call: BoundCall, maker: Maker, base: object, value: int) -> int:
    """bˣ = e^(x · log b)."""
    found = number_of(base, "a base")
    if not isinstance(found, (int, float)) or found <= 0:
        raise Unmapped(f"the base of {call.function} is not above 0")
    return maker.step("exp", [maker.step("mul", [value], {"other": log(found)})])


@rule("clamp", "clip", signature="input, min=None, max=None")
@rule("clamp_min", signature="input, min")
@rule("clamp_max", signature="input, max")
def clamp(call: BoundCall, maker: Maker) -> int:
    """Bounds that are numbers are attributes; those that are tensors are a maximum or minimum of two."""
    value = call.tensor("input")
    bounds: dict[str, Attribute] = {}
    for name, kind in (("min", "maximum"), ("max", "minimum")):
        bound = call.get(name)
        if is_number(bound):
            bounds[name] = number_of(bound, "a bound")
        elif bound is not None:
            value = maker.step(kind, [value, operand(call, bound)])
    if not bounds:
        return value
    dtype = call.result.dtype
    if not dtype.startswith(("int", "uint")):
        return maker.step("clamp", [value], bounds)
    for name, kind in (("min", "maximum"), ("max", "minimum")):  # in whole numbers
        if name in bounds:
            value = maker.step(kind, [value, constant(maker, (), dtype, number_of(bounds[name], "a bound"))])
    return value


@rule(
    "to",
    "type",
    "type_as",
    "float",
    "double",
    "half",
    "bfloat16",
    "long",
    "int",
    "short",
    "bool",
    signature="input, *more, dtype=None, other=None",
)
def to_dtype(call: BoundCall, maker: Maker) -> int:
    """A value in the dtype that the run gave; a device is not counted."""
    return cast(maker, call.tensor("input"), call.result.dtype)
