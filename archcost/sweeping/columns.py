"""Expressions over arrays of numbers, all designs at once: where arrays give exactly what a design by itself gives.

Integers stay below 2^62 and, beside floats, below 2^53, where a double holds them exactly; nothing divides by zero. Any
other expression raises :class:`NotInArraysError`, and is left to the evaluator of single designs. The functions are
those that round (half to even, as Python does), and the least and greatest of numbers of one kind. Roots, logarithms
and powers, of which numpy may give another last bit, are Python's own, called for one number after the other.
"""

from __future__ import annotations

import ast
import math
import operator
from functools import partial
from typing import TYPE_CHECKING, Any

from archcost.spec.functions import FUNCTIONS, OPERATORS
from archcost.sweeping.arrays import np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

_INT, _EXACT = 2**62, 2**53
_ARITHMETIC: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_WHOLE: dict[type[ast.AST], Callable[[Any, Any], Any]] = {ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod}
_COMPARISON: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class NotInArraysError(Exception):
    """Arrays would not give what single rows give, or cannot say it."""


def in_arrays(tree: ast.expr, columns: Mapping[str, Any], rows: int) -> NDArray[np.bool_]:
    """Whether a condition holds, by row; raises NotInArraysError."""
    found = _value(tree, columns)
    if not _is(found, bool):
        raise NotInArraysError
    return np.broadcast_to(np.asarray(found), (rows,)).copy()


def value_in_arrays(tree: ast.expr, arrays: Mapping[str, Any]) -> Any:
    """The value of an expression of numbers: an array, broadcast as those of the names, or one number.

    Raises NotInArraysError. What a design alone may not reach (``and``, ``a if c else b``, ``a < b < c``) is worked out
    for all of them, and must not fail.
    """
    found = _value(tree, arrays)
    return found.item() if isinstance(found, np.generic) else found


def one_by_one(tree: ast.expr) -> int:
    """How many values of an expression are worked out for one number after the other."""
    called = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return sum(name in _EACH for name in called) + sum(isinstance(node, ast.Pow) for node in ast.walk(tree))


def _value(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    """What a node is: an array of a number for each row, or a plain number."""
    if isinstance(node, ast.Constant):
        return _number(node.value)
    if isinstance(node, ast.Name):
        if node.id not in columns:
            raise NotInArraysError
        return _number(columns[node.id])
    if isinstance(node, ast.BinOp):
        return _binary(type(node.op), _value(node.left, columns), _value(node.right, columns))
    if isinstance(node, ast.UnaryOp):
        return _unary(type(node.op), _value(node.operand, columns))
    if isinstance(node, ast.Call):
        return _call(node, columns)
    return _decision(node, columns)


def _decision(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    """What a comparison, ``and`` or ``or``, or ``a if c else b`` is."""
    if isinstance(node, ast.Compare):
        return _comparison(node, columns)
    if isinstance(node, ast.IfExp):
        return _chosen(*[_value(each, columns) for each in (node.test, node.body, node.orelse)])
    return _logical(node, columns)


def _chosen(test: Any, first: Any, second: Any) -> Any:
    """``first if test else second``, both of one kind."""
    if not any(_is(first, kind) and _is(second, kind) for kind in (bool, int, float)) or _is(test, float):
        raise NotInArraysError
    return np.where(test, first, second)


def _logical(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    if not isinstance(node, ast.BoolOp):
        raise NotInArraysError
    values = [_value(each, columns) for each in node.values]
    if not all(_is(value, bool) for value in values):
        raise NotInArraysError
    combine = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
    return combine.reduce(np.broadcast_arrays(*values))


def _number(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            raise NotInArraysError
        return value
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < _INT) or isinstance(value, float):
        return value
    raise NotInArraysError


def _is(value: Any, kind: type) -> bool:
    dtype = value.dtype.kind if isinstance(value, np.generic | np.ndarray) else ""
    return dtype == {bool: "b", int: "i", float: "f"}[kind] if dtype else type(value) is kind


def _most(value: Any) -> int:
    """The largest magnitude of integers."""
    if isinstance(value, np.ndarray):
        return max(abs(int(value.min())), abs(int(value.max()))) if value.size else 0
    return abs(int(value))


def _comparable(*values: Any) -> None:
    """Raise unless numbers are of one kind, or integers that doubles hold."""
    if any(_is(value, bool) for value in values):
        raise NotInArraysError
    if any(_is(value, float) for value in values) and any(_most(value) > _EXACT for value in values if _is(value, int)):
        raise NotInArraysError


def _binary(kind: type[ast.operator], left: Any, right: Any) -> Any:
    _comparable(left, right)
    whole = _is(left, int) and _is(right, int)
    if kind in _ARITHMETIC:
        if whole:
            a, b = _most(left), _most(right)
            if (a * b if kind is ast.Mult else a + b) >= _INT:
                raise NotInArraysError
        elif not _finite(left) or not _finite(right):
            raise NotInArraysError
        with np.errstate(all="ignore"):
            return _ARITHMETIC[kind](left, right)
    if kind is ast.Pow:
        return _of_each(OPERATORS[ast.Pow], left, right)
    if not np.all(right):
        raise NotInArraysError
    if kind in _WHOLE and whole:
        return _WHOLE[kind](left, right)
    if kind is ast.Div and (not whole or max(_most(left), _most(right)) <= _EXACT):
        return left / right
    raise NotInArraysError


def _finite(value: Any) -> bool:
    return bool(np.all(np.isfinite(value)))


def _unary(kind: type[ast.unaryop], value: Any) -> Any:
    if kind is ast.Not and _is(value, bool):
        return np.logical_not(value)
    if kind in (ast.USub, ast.UAdd) and not _is(value, bool):
        return -value if kind is ast.USub else value
    raise NotInArraysError


def _comparison(node: ast.Compare, columns: Mapping[str, Any]) -> Any:
    operands = [_value(each, columns) for each in (node.left, *node.comparators)]
    found: Any = True
    for left, each, right in zip(operands, node.ops, operands[1:], strict=False):
        if type(each) not in _COMPARISON:
            raise NotInArraysError
        _comparable(left, right)
        found = np.logical_and(found, _COMPARISON[type(each)](left, right))
    return found


# --- functions --------------------------------------------------------------------------------------------------------


def _call(node: ast.Call, columns: Mapping[str, Any]) -> Any:
    """A function of the language, that of plain numbers by its own code."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    values = [_value(each, columns) for each in node.args]
    if name not in _FUNCTIONS or node.keywords or any(_is(value, bool) for value in values):
        raise NotInArraysError
    if not any(isinstance(value, np.ndarray) for value in values):
        try:
            return _number(FUNCTIONS[name](*values))
        except (ArithmeticError, TypeError, ValueError):
            raise NotInArraysError from None
    try:
        return _FUNCTIONS[name](*values)
    except TypeError:  # too many values, or too few
        raise NotInArraysError from None


def _of_each(function: Callable[..., Any], *values: Any) -> Any:
    """What a function of plain numbers gives for each of some arrays, floats alone or whole numbers alone."""
    arrays = np.broadcast_arrays(*values)
    try:
        found = [function(*row) for row in zip(*[each.ravel().tolist() for each in arrays], strict=True)]
    except Exception:  # noqa: BLE001 - whatever is wrong is told of a design alone
        raise NotInArraysError from None
    kinds = set(map(type, found))
    if kinds != {float} and not (kinds == {int} and min(found) > -_INT and max(found) < _INT):
        raise NotInArraysError
    return np.array(found).reshape(arrays[0].shape) if arrays[0].ndim else found[0]


def _rounded(round_: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A number to a whole one, by what rounds arrays of floats."""

    def whole(value: Any) -> Any:
        if _is(value, int):
            return value
        found = round_(value)
        if not _finite(found) or np.any(np.abs(found) >= _INT):
            raise NotInArraysError
        return found.astype(np.int64)

    return whole


def _extreme(beyond: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The first of several numbers of one kind that no other is beyond."""

    def extreme(first: Any, second: Any, *others: Any) -> Any:
        if not (all(_is(each, int) for each in (first, second, *others)) or _all_floats((first, second, *others))):
            raise NotInArraysError
        for each in (second, *others):
            first = np.where(beyond(each, first), each, first)
        return first

    return extreme


def _all_floats(values: Iterable[Any]) -> bool:
    return all(_is(each, float) for each in values)


def _divisible(value: Any, divisor: Any = 8) -> Any:
    """As :func:`archcost.spec.functions.make_divisible`, step by step."""
    if not _is(divisor, int):
        raise NotInArraysError
    near = _FUNCTIONS["int"](_binary(ast.Add, value, _binary(ast.Div, divisor, 2)))
    multiple = _binary(ast.Mult, _binary(ast.FloorDiv, near, divisor), divisor)
    found = _FUNCTIONS["max"](divisor, multiple)
    least = _binary(ast.Mult, 0.9, value)
    _comparable(found, least)
    return np.where(found < least, _binary(ast.Add, found, divisor), found)


_EACH = ("sqrt", "log2")
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": partial(_of_each, math.sqrt),
    "log2": partial(_of_each, math.log2),
    "int": _rounded(np.trunc),
    "round": _rounded(np.rint),
    "floor": _rounded(np.floor),
    "ceil": _rounded(np.ceil),
    "abs": np.abs,
    "min": _extreme(operator.lt),
    "max": _extreme(operator.gt),
    "make_divisible": _divisible,
}
