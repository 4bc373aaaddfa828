"""Comparisons, logic, and choices by truth values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.plain_steps import cast, constant
from archcost.importers.torch.rules.arguments import GREATEST, is_number, number_of, operand, operation
from archcost.importers.torch.rules.base import rule
from archcost.importers.torch.rules.calls import Unmapped

if TYPE_CHECKING:
    from archcost.importers.torch.recorded import Argument
    from archcost.importers.torch.rules.base import BoundCall, Maker

_COMPARISONS = {
    "eq": "eq",
    "ne": "ne",
    "not_equal": "ne",
    "lt": "lt",
    "less": "lt",
    "le": "le",
    "less_equal": "le",
    "gt": "gt",
    "greater": "gt",
    "ge": "ge",
    "greater_equal": "ge",
}
_LOGICAL = {
    "logical_and": "logical_and",
    "bitwise_and": "logical_and",
    "and": "logical_and",
    "rand": "logical_and",
    "logical_or": "logical_or",
    "bitwise_or": "logical_or",
    "or": "logical_or",
    "ror": "logical_or",
    "logical_xor": "ne",
    "bitwise_xor": "ne",
    "xor": "ne",
    "rxor": "ne",
}


@rule(*_COMPARISONS, signature="input, other")
def compared(call: BoundCall, maker: Maker) -> int:
    """Truth values from two tensors, or a tensor and a number."""
    return operation(call, maker, _COMPARISONS[call.function], call.tensor("input"), call.get("other"))


@rule(*_LOGICAL, signature="input, other")
def logic(call: BoundCall, maker: Maker) -> int:
    """And, or and either-or of truth values; bits of numbers are no op."""
    values = [_truth(call, maker, call.get(name)) for name in ("input", "other")]
    return maker.step(_LOGICAL[call.function], values)


@rule("logical_not", "bitwise_not", "invert")
def negation(call: BoundCall, maker: Maker) -> int:
    """Not, of truth values."""
    _of_truth(call)
    return maker.step("logical_not", [call.tensor("input")])


def _of_truth(call: BoundCall) -> None:
    if call.result.dtype != "bool":
        raise Unmapped("logic on the bits of numbers is no op")


def _truth(call: BoundCall, maker: Maker, argument: Argument) -> int:
    """An operand of logic as truth values."""
    _of_truth(call)
    if is_number(argument):
        return constant(maker, (), "bool", int(bool(argument)))
    return cast(maker, operand(call, argument), "bool")


@rule("isnan", "isinf", "isposinf", "isneginf", "isfinite")
def of_no_number(call: BoundCall, maker: Maker) -> int:
    """NaN is what differs from itself; ∞ is found by a comparison."""
    value = call.tensor("input")
    if call.function == "isnan":
        return maker.step("ne", [value, value])
    if call.function == "isposinf":
        return maker.step("gt", [value], {"other": GREATEST})
    if call.function == "isneginf":
        return maker.step("lt", [value], {"other": -GREATEST})
    size = maker.step("abs", [value])
    return maker.step("gt" if call.function == "isinf" else "le", [size], {"other": GREATEST})


@rule("any", "all", signature="input, dim=None, keepdim=False")
def any_or_all(call: BoundCall, maker: Maker) -> int:
    """The greatest or the least of truth values."""
    value = cast(maker, call.tensor("input"), "bool")
    kind = "max" if call.function == "any" else "min"
    return maker.step(kind, [value], {"dim": call.get("dim"), "keepdim": bool(call.get("keepdim"))})


@rule("where", signature="condition, input=None, other=None")
def where(call: BoundCall, maker: Maker) -> int:
    """One of two, by a condition. As a method it has another order: ``x.where(condition, other)``."""
    condition, first, second = call.get("condition"), call.get("input"), call.get("other")
    chosen = [condition, first, second]
    if not is_number(condition) and not is_number(first) and first is not None:
        chosen = _in_order(call, maker)
    if first is None:
        raise Unmapped("how many places a condition has depends on data")
    mask = cast(maker, operand(call, chosen[0]), "bool")
    if is_number(chosen[1]) and not is_number(chosen[2]):
        base = cast(maker, operand(call, chosen[2]), call.result.dtype)
        if _keeps_shape(call, maker, base):
            return maker.step("masked_fill", [base, mask], {"value": number_of(chosen[1], "what is chosen")})
    return maker.step("where", [mask, *[_choice(call, maker, argument) for argument in chosen[1:]]])


def _in_order(call: BoundCall, maker: Maker) -> list[Argument]:
    """Condition, input and other: ``x.where(condition, other)`` is told by the dtype of its arguments."""
    condition, first, second = call.get("condition"), call.get("input"), call.get("other")
    if maker.tensor(operand(call, condition)).dtype != "bool" and maker.tensor(operand(call, first)).dtype == "bool":
        return [first, condition, second]
    return [condition, first, second]


def _keeps_shape(call: BoundCall, maker: Maker, value: int) -> bool:
    return maker.tensor(value).shape == call.result.shape


def _choice(call: BoundCall, maker: Maker, argument: Argument) -> int:
    """What is chosen: a tensor, or a number as one."""
    if is_number(argument):
        return constant(maker, (), call.result.dtype, number_of(argument, "what is chosen"))
    return operand(call, argument)


@rule("masked_fill", signature="input, mask, value")
def masked_fill(call: BoundCall, maker: Maker) -> int:
    """A number where the mask is true; a tensor of one number likewise."""
    value, mask = call.tensor("input"), cast(maker, call.tensor("mask"), "bool")
    filling = call.get("value")
    if is_number(filling):
        return maker.step("masked_fill", [value, mask], {"value": number_of(filling, "the value")})
    return maker.step("where", [mask, operand(call, filling), value])


@rule("tril", "triu", signature="input, diagonal=0")
def triangle(call: BoundCall, maker: Maker) -> int:
    """One side of a diagonal."""
    return maker.step(call.function, [call.tensor("input")], {"diagonal": call.get("diagonal")})
