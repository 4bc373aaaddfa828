"""Arithmetic between tensors, and between tensors and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.plain_steps import cast, constant, is_floating
from archcost.importers.torch.rules.arguments import is_number, number_of, operand, operation
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.torch.recorded import Argument
    from archcost.importers.torch.rules.base import BoundCall, Maker

_TWO = "input, other"


@rule("add", "radd", "sub", "subtract", signature="input, other, alpha=1")
def added(call: BoundCall, maker: Maker) -> int:
    """A ± alpha · b."""
    kind = "add" if "add" in call.function else "sub"
    first, second, alpha = call.get("input"), call.get("other"), call.get("alpha")
    if alpha != 1 and is_number(second):
        second = number_of(second, "an operand") * number_of(alpha, "alpha")  # type: ignore[operator]
    elif alpha != 1:
        factor = {"other": number_of(alpha, "alpha")}
        return maker.step(kind, [operand(call, first), maker.step("mul", [operand(call, second)], factor)])
    if is_number(first):
        return _of_number(call, maker, kind, first, second)
    return operation(call, maker, kind, call.tensor("input"), second)


@rule("rsub", signature="input, other, alpha=1")
def subtracted_from(call: BoundCall, maker: Maker) -> int:
    """B - alpha · a: what ``1 - x`` calls, and ``torch.rsub``."""
    value, alpha = call.tensor("input"), call.get("alpha")
    if alpha != 1:
        value = maker.step("mul", [value], {"other": number_of(alpha, "alpha")})
    other = call.get("other")
    if not is_number(other):
        return maker.step("sub", [operand(call, other), value])
    return maker.step("sub", [_scalar(call, maker, other), value])


@rule("mul", "multiply", "rmul", signature=_TWO)
def multiplied(call: BoundCall, maker: Maker) -> int:
    """A · b."""
    first, second = call.get("input"), call.get("other")
    if is_number(first):
        first, second = second, first
    return operation(call, maker, "mul", operand(call, first), second)


@rule("div", "divide", "true_divide", "truediv", signature="input, other, rounding_mode=None")
def divided(call: BoundCall, maker: Maker) -> int:
    """A / b, rounded down on demand."""
    first, second, mode = call.get("input"), call.get("other"), call.get("rounding_mode")
    if mode is not None:
        return _floor_of_quotient(call, maker, str(mode))
    if is_number(first):
        return _quotient_of_number(call, maker, first, operand(call, second))
    return operation(call, maker, "div", call.tensor("input"), second)


@rule("rtruediv", "rdiv", signature=_TWO)
def divides(call: BoundCall, maker: Maker) -> int:
    """B / a."""
    return _quotient_of_number(call, maker, call.get("other"), call.tensor("input"))


@rule("floor_divide", "floordiv", signature=_TWO)
def floor_divided(call: BoundCall, maker: Maker) -> int:
    """⌊a / b⌋."""
    return _floor_of_quotient(call, maker, "floor")


@rule("remainder", "mod", "fmod", signature=_TWO)
def remainder(call: BoundCall, maker: Maker) -> int:
    """A - ⌊a / b⌋ · b."""
    if not is_floating(call.result.dtype):
        raise Unmapped("a remainder of whole numbers is no op")
    value, other = call.tensor("input"), call.get("other")
    whole = maker.step("floor", [operation(call, maker, "div", value, other)])
    return maker.step("sub", [value, operation(call, maker, "mul", whole, other)])


@rule("addcmul", signature="input, tensor1, tensor2, value=1")
def plus_product(call: BoundCall, maker: Maker) -> int:
    """A + value · b · c."""
    return _plus(call, maker, "mul")


@rule("addcdiv", signature="input, tensor1, tensor2, value=1")
def plus_quotient(call: BoundCall, maker: Maker) -> int:
    """A + value · b / c."""
    return _plus(call, maker, "div")


def _plus(call: BoundCall, maker: Maker, kind: str) -> int:
    found = maker.step(kind, [call.tensor("tensor1"), call.tensor("tensor2")])
    if call.get("value") != 1:
        found = maker.step("mul", [found], {"other": number_of(call.get("value"), "value")})
    return maker.step("add", [call.tensor("input"), found])


@rule("lerp", signature="input, end, weight")
def interpolated(call: BoundCall, maker: Maker) -> int:
    """A + w · (b - a)."""
    start = call.tensor("input")
    difference = maker.step("sub", [call.tensor("end"), start])
    return maker.step("add", [start, operation(call, maker, "mul", difference, call.get("weight"))])


@rule("maximum", "minimum", "fmax", "fmin", signature=_TWO)
def extreme_of_two(call: BoundCall, maker: Maker) -> int:
    """The greater or the less of two, element by element."""
    kind = "maximum" if call.function in ("maximum", "fmax") else "minimum"
    return maker.step(kind, [call.tensor("input"), call.tensor("other")])


def _scalar(call: BoundCall, maker: Maker, number: Argument) -> int:
    """A number as a tensor without dims, in the dtype of the result."""
    return constant(maker, (), call.result.dtype, number_of(number, f"an operand of {call.function}"))


def _of_number(call: BoundCall, maker: Maker, kind: str, number: Argument, other: Argument) -> int:
    """C + x and c - x."""
    if kind == "add":
        return operation(call, maker, "add", operand(call, other), number)
    return maker.step("sub", [_scalar(call, maker, number), operand(call, other)])


def _quotient_of_number(call: BoundCall, maker: Maker, number: Argument, value: int) -> int:
    """C / x; of 1 the reciprocal."""
    if not is_number(number):
        return maker.step("div", [operand(call, number), value])
    if number == 1:
        return maker.step("reciprocal", [value])
    return maker.step("div", [_scalar(call, maker, number), value])


def _floor_of_quotient(call: BoundCall, maker: Maker, mode: str) -> int:
    """⌊a / b⌋ as a quotient and its floor; raises Unmapped where it is cut towards 0 or stays a whole number."""
    if mode != "floor":
        raise Unmapped("a quotient that is cut towards 0 is no op")
    quotient = (
        maker.step("div", [call.tensor("input")], {"other": number_of(call.get("other"), "b")})
        if is_number(call.get("other"))
        else maker.step("div", [call.tensor("input"), operand(call, call.get("other"))])
    )
    return cast(maker, maker.step("floor", [quotient]), call.result.dtype)
