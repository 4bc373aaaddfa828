"""The functions and operators of expressions; they refuse values that would grow beyond the limits."""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any

from archcost.dims import decided, mapped

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BITS = 128
_SMALL = 2**64  # within it whatever it is
MAX_ITEMS = 100_000
_MAX_DEPTH = 8  # lists in lists
_MAX_DIGITS = 30
_SHOWN = 40  # characters of a value in a message
_FEW = 12  # items of a list in a message


class BoundError(Exception):
    """A value grows beyond the limits."""


def measure(value: Any, depth: int = 0) -> int:
    """How many items a value holds, lists in lists included; raises BoundError beyond the limits."""
    kind = type(value)
    if kind is int:
        if value.bit_length() > MAX_BITS:
            raise BoundError(f"a number of more than {MAX_BITS} bits")
        return 1
    if kind is str:
        _check_items(len(value))
        return 1 + len(value)
    if kind is not list and kind is not tuple:
        ask = getattr(value, "measure", None)  # of a table, all entries of which have to be within the limits
        return 1 if ask is None else int(ask())
    if depth >= _MAX_DEPTH:
        raise BoundError(f"lists nested deeper than {_MAX_DEPTH} levels")
    count = 1
    for item in value:
        if type(item) is int and -_SMALL < item < _SMALL:  # most are: as above, without a call
            count += 1
        else:
            count += measure(item, depth + 1)
        if count > MAX_ITEMS:
            _check_items(count - 1)
    return count


def _check_items(count: int) -> None:
    if count > MAX_ITEMS:
        raise BoundError(f"a list or text of more than {MAX_ITEMS:,} items")


def brief(value: Any) -> str:
    """A value in a few characters, for messages."""
    if isinstance(value, (list, tuple)):
        text = "[" + ", ".join(map(brief, value[:4])) + (", …]" if len(value) > 4 else "]")  # noqa: PLR2004
    else:
        text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


# --- functions ------------------------------------------------------------------------------------------------------


def _number(value: Any, name: str) -> Any:
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name}() takes a number, got {brief(value)}")
    return value


def _of_candidates(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which gives a table where it is given one: what each candidate gives by itself."""

    def of_each(*values: Any, **named: Any) -> Any:
        def at_once(*plain: Any) -> Any:
            return function(*plain[: len(values)], **dict(zip(named, plain[len(values) :], strict=True)))

        return mapped(at_once if named else function, *values, *named.values())

    return of_each


def _of_numbers(name: str, function: Callable[..., Any], values: Any) -> Any:
    """A function of a list of numbers."""
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name}() takes a list of numbers, got {brief(values)}")
    return mapped(lambda *numbers: function([_number(number, name) for number in numbers]), *values)


def _extreme(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def smallest_or_largest(*values: Any) -> Any:
        several = values[0] if len(values) == 1 else values
        if isinstance(several, (list, tuple)) and not several:
            raise ValueError(f"{name}() of nothing")
        return _of_numbers(name, function, several)

    return smallest_or_largest


def _round(value: float, digits: int = 0) -> Any:
    if type(digits) is not int or abs(digits) > _MAX_DIGITS:
        raise ValueError(f"round() takes up to {_MAX_DIGITS} digits, got {brief(digits)}")
    return round(_number(value, "round"), digits) if digits else round(_number(value, "round"))


def _of_number(name: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def of_number(value: Any) -> Any:
        try:
            return function(_number(value, name))
        except ValueError:
            raise ValueError(f"{name}({brief(value)}) has no value") from None

    return _of_candidates(of_number)


def _length(value: Any) -> int:
    if not isinstance(value, (list, tuple, str)):
        raise TypeError(f"len() takes a list, got {brief(value)}")
    return len(value)


def _index(values: Any, item: Any) -> int:
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"index() takes a list and an item of it, got {brief(values)}")
    known = [decided(value) for value in values]
    wanted = decided(item)
    if wanted not in known:
        listed = ", ".join(map(brief, known[:_FEW])) + ", …" * (len(known) > _FEW)
        raise ValueError(f"{brief(wanted)} is none of {listed}")
    return known.index(wanted)


def _sum(values: Any) -> Any:
    return _of_numbers("sum", sum, values)


def _range(*given: int) -> list[int]:
    bounds = [decided(bound) for bound in given]
    for bound in bounds:
        if type(bound) is not int:
            raise TypeError(f"range() takes whole numbers, got {brief(bound)}")
    span = range(*bounds)
    try:
        _check_items(len(span))
    except OverflowError:
        _check_items(MAX_ITEMS + 1)
    return list(span)


def _text(value: Any) -> str:
    """A number, text, true or false as a spec writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if not hasattr(value, "__index__"):
        raise TypeError(f"str() takes a number, text, true or false, got {brief(value)}")
    return str(operator.index(value))


def make_divisible(v: float, divisor: int = 8) -> int:
    """The nearest multiple of ``divisor``, at least one and not more than 10% below ``v`` (MobileNet's rule)."""
    _number(v, "make_divisible")
    _number(divisor, "make_divisible")
    rounded = max(divisor, int(v + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * v else rounded


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _extreme("min", min),
    "max": _extreme("max", max),
    "abs": _of_number("abs", abs),
    "round": _of_candidates(_round),
    "int": _of_number("int", int),
    "float": _of_number("float", float),
    "ceil": _of_number("ceil", math.ceil),
    "floor": _of_number("floor", math.floor),
    "sqrt": _of_number("sqrt", math.sqrt),
    "log2": _of_number("log2", math.log2),
    "str": _of_candidates(_text),
    "len": _length,
    "index": _index,
    "sum": _sum,
    "range": _range,
    "make_divisible": _of_candidates(make_divisible),
}

# --- operators ------------------------------------------------------------------------------------------------------


def _add(a: Any, b: Any) -> Any:
    return list(a) + list(b) if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) else a + b


def _multiply(a: Any, b: Any) -> Any:
    sequence, count = (a, b) if isinstance(a, (str, list, tuple)) else (b, a)
    if isinstance(sequence, (str, list, tuple)) and isinstance(count, int):
        _check_items((measure(sequence) - 1) * max(count, 0))
        _check_items(len(sequence) * max(count, 0))
    return a * b


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and abs(base) > 1:
        bits = (abs(base).bit_length() - 1) * exponent
        if bits > MAX_BITS:
            raise BoundError(f"a number of more than {MAX_BITS} bits")
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("a root of a negative number")  # noqa: TRY004 - the kind of the values is right
    return result


def _modulo(a: Any, b: Any) -> Any:
    if isinstance(a, str):
        raise TypeError("text cannot be formatted here")
    return a % b


def _contains(a: Any, b: Any) -> Any:
    return operator.contains(b, a)


def _spoken(symbol: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The operator, with a TypeError that shows the two values."""

    def binary(a: Any, b: Any) -> Any:
        try:
            return function(a, b)
        except TypeError:
            raise TypeError(f"{brief(a)} {symbol} {brief(b)} has no meaning") from None

    return binary


OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _spoken("+", _add),
    ast.Sub: _spoken("-", operator.sub),
    ast.Mult: _spoken("*", _multiply),
    ast.Div: _spoken("/", operator.truediv),
    ast.FloorDiv: _spoken("//", operator.floordiv),
    ast.Mod: _spoken("%", _modulo),
    ast.Pow: _spoken("**", _power),
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: _spoken("<", operator.lt),
    ast.LtE: _spoken("<=", operator.le),
    ast.Gt: _spoken(">", operator.gt),
    ast.GtE: _spoken(">=", operator.ge),
    ast.In: _spoken("in", _contains),
    ast.NotIn: _spoken("not in", lambda a, b: not _contains(a, b)),
    ast.Not: operator.not_,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
