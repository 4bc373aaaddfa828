"""``$name`` and ``$(…)``: expressions over names, with arithmetic, comparison and a few functions.

Evaluated by simpleeval with a closed set of syntax and bounded operators, so that a spec can neither run code nor take
long: integers stay below 2¹²⁸, lists below 100,000 items.
"""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any

from simpleeval import InvalidExpression, NameNotDefined, SimpleEval

from archcost.errors import Diagnostic, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archcost.errors import Mark

MAX_LENGTH = 1000  # characters of an expression
MAX_BITS = 128
MAX_ITEMS = 100_000
INPUT_NAMES = ("in_shape", "in_channels", "in_features")


class ExpressionError(Exception):
    """An expression cannot be read or evaluated; holds the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class _BoundError(Exception):
    """A value grows beyond the limits."""


def _bounded(value: Any) -> Any:
    if type(value) is int and value.bit_length() > MAX_BITS:
        raise _BoundError(f"the value grows beyond {MAX_BITS} bits")
    return value


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int):
        if base.bit_length() * abs(exponent) > 2 * MAX_BITS:
            raise _BoundError(f"the power grows beyond {MAX_BITS} bits")
        if exponent < 0 and base == 0:
            raise ZeroDivisionError("0 to a negative power")
    result = base**exponent
    if isinstance(result, complex):
        raise TypeError("a root of a negative number")  # noqa: TRY004 - reported as a value of the wrong kind
    return _bounded(result)


def _product(a: Any, b: Any) -> Any:
    if isinstance(a, (str, list)) or isinstance(b, (str, list)):
        sequence, count = (a, b) if isinstance(a, (str, list)) else (b, a)
        if not isinstance(count, int):
            raise TypeError(f"a list times {count!r}")
        if len(sequence) * max(count, 0) > MAX_ITEMS:
            raise _BoundError(f"the list grows beyond {MAX_ITEMS:,} items")
    return _bounded(a * b)


def _sum_of(a: Any, b: Any) -> Any:
    result = a + b
    if isinstance(result, (list, str)) and len(result) > MAX_ITEMS:
        raise _BoundError(f"the list grows beyond {MAX_ITEMS:,} items")
    return _bounded(result)


def _range(*bounds: int) -> list[int]:
    span = range(*bounds)
    if len(span) > MAX_ITEMS:
        raise _BoundError(f"the range grows beyond {MAX_ITEMS:,} items")
    return list(span)


def make_divisible(value: float, divisor: int = 8) -> int:
    """The nearest multiple of ``divisor``, at least one and not more than 10% below ``value`` (MobileNet's rule)."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "round": round,
    "int": int,
    "float": float,
    "ceil": math.ceil,
    "floor": math.floor,
    "sqrt": math.sqrt,
    "log2": math.log2,
    "len": len,
    "sum": sum,
    "range": _range,
    "make_divisible": make_divisible,
}

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _sum_of,
    ast.Sub: lambda a, b: _bounded(a - b),
    ast.Mult: _product,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: lambda a, b: a % b if not isinstance(a, str) else _no_text(),
    ast.Pow: _power,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: operator.contains(b, a),
    ast.NotIn: lambda a, b: not operator.contains(b, a),
    ast.Not: operator.not_,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}

_SYNTAX = (
    ast.Expression,
    ast.Expr,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.Compare,
    ast.IfExp,
    ast.Subscript,
    ast.Slice,
    ast.List,
    ast.Call,
    ast.keyword,
    *_OPERATORS,
)


def _no_text() -> Any:
    raise TypeError("text formatting is not part of the language")


class _Evaluator(SimpleEval):  # type: ignore[misc]  # simpleeval has no types
    """simpleeval with the language's operators, functions and syntax, and nothing else."""

    def __init__(self) -> None:
        super().__init__(operators=_OPERATORS, functions=FUNCTIONS, names={})
        self.nodes[ast.List] = lambda node: [self._eval(item) for item in node.elts]
        keep = {kind for kind in self.nodes if issubclass(kind, _SYNTAX)}
        self.nodes = {kind: handler for kind, handler in self.nodes.items() if kind in keep}


_EVALUATOR = _Evaluator()


class Expression:
    """A parsed expression and its place; evaluated as often as its names change."""

    __slots__ = ("mark", "names", "text", "tree", "uses_input")

    def __init__(self, text: str, mark: Mark) -> None:
        """Parse ``$name`` or ``$(…)``; raises ExpressionError."""
        self.text = text
        self.mark = mark
        self.tree = _parse(text, mark)
        self.names = frozenset(node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name))
        self.uses_input = not self.names.isdisjoint(INPUT_NAMES)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value under ``names``; raises ExpressionError."""
        _EVALUATOR.names = names
        try:
            return _EVALUATOR.eval("", previously_parsed=self.tree)
        except NameNotDefined as error:
            name = getattr(error, "name", "")
            raise self._error(
                f"unknown name '{name}' in {self.text}", suggestion(name, [*names, *FUNCTIONS], "names")
            ) from None
        except KeyError as error:
            name = str(error.args[0])
            raise self._error(
                f"unknown name '{name}' in {self.text}", suggestion(name, [*names, *FUNCTIONS], "names")
            ) from None
        except _BoundError as error:
            raise self._error(f"{error}: {self.text}") from None
        except RecursionError:
            raise self._error(f"the expression nests too deeply: {self.text[:60]}…") from None
        except (ArithmeticError, TypeError, ValueError, IndexError, InvalidExpression, AttributeError) as error:
            raise self._error(f"{self.text} cannot be evaluated: {error}") from None

    def _error(self, message: str, help: str = "") -> ExpressionError:  # noqa: A002 - the word users see
        return ExpressionError(Diagnostic(message, self.mark, help))


def _parse(text: str, mark: Mark) -> ast.expr:
    body = text[1:]
    if len(body) > MAX_LENGTH:
        raise ExpressionError(Diagnostic(f"the expression is longer than {MAX_LENGTH} characters", mark))
    if not (body.startswith("(") or body.isidentifier()):
        raise ExpressionError(
            Diagnostic(f"'{text}' is not an expression", mark, "write `$name`, or `$(…)` around anything longer")
        )
    try:
        tree = ast.parse(body.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "it is too complex"
        quote = ""
        if body.count("(") != body.count(")"):
            quote = 'inside {} and [] YAML ends a value at a comma, bracket or brace: quote the expression, "$(…)"'
        raise ExpressionError(Diagnostic(f"'{text}' cannot be read: {reason}", mark, quote)) from None
    for node in ast.walk(tree):
        _check_syntax(node, text, mark)
    return tree


def _check_syntax(node: ast.AST, text: str, mark: Mark) -> None:
    if not isinstance(node, _SYNTAX):
        what = type(node).__name__.lower()
        raise ExpressionError(
            Diagnostic(
                f"{text} uses {what}, which expressions do not have",
                mark,
                "arithmetic, comparison, `and or not`, `a if c else b`, indexing, lists and functions are there",
            )
        )
    if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float, str, type(None))):
        raise ExpressionError(Diagnostic(f"{text} holds a value that is neither a number nor text", mark))
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            raise ExpressionError(
                Diagnostic(f"unknown function '{name}' in {text}", mark, suggestion(name, list(FUNCTIONS), "functions"))
            )
