"""Values and expressions of a spec as Python text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from archcost.export.ops import collapsed
from archcost.printable import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archcost.spec.expressions import Expression

MAX_EXPRESSION = 40  # characters; a longer one would have to be broken over lines
_FUNCTIONS = frozenset({"abs", "int", "max", "min", "round"})  # the same in Python
_SYNTAX = (
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Constant,
    ast.Name,
    ast.Load,
    ast.Call,
    ast.And,
    ast.Or,
    ast.Not,
    ast.USub,
    ast.Add,
    ast.Sub,
    ast.Mult,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.Eq,
    ast.NotEq,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
)


def literal(value: Any) -> str:
    """A value as ``ruff format`` writes it."""
    if isinstance(value, str):
        text = visible(value.replace("\\", "\\\\").replace('"', '\\"'))
        return '"' + text.replace("##", "#\\x23") + '"'  # hosts of logs read `##[…]` in any line
    if isinstance(value, (list, tuple)):
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def type_text(values: Iterable[Any]) -> str:
    """The types of some values: ``int | tuple[int, int]``."""
    texts = list(dict.fromkeys([_type_of(value) for value in values]))
    texts.sort(key=lambda text: (text == "None", "tuple" in text))
    return " | ".join(text for text in texts if not (text == "int" and "float" in texts))


def _type_of(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, tuple):
        return f"tuple[{', '.join(map(_type_of, value)) or '()'}]"
    return type(value).__name__


def same(first: Any, second: Any) -> bool:
    """Whether two values are equal and of one type: 1, 1.0 and True differ."""
    return type(first) is type(second) and first == second


def plain(value: Any) -> Any:
    """A param's value as arguments have it: tuples for lists, one number for equal ones."""
    value = collapsed(value)
    return tuple(map(plain, value)) if isinstance(value, (list, tuple)) else value


def is_name(expression: Expression) -> bool:
    """Whether an expression is a name alone."""
    return isinstance(expression.tree, ast.Name)


def is_writable(expression: Expression) -> bool:
    """Whether an expression means the same in Python, and its values are numbers."""
    for node in ast.walk(expression.tree):
        if not isinstance(node, _SYNTAX):
            return False
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS):
            return False
        if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float)):
            return False
    return True


def written(expression: Expression, names: Mapping[str, str]) -> str:
    """An expression in Python, its names replaced by texts."""
    return ast.unparse(_Renamed(names).visit(ast.parse(expression.text[1:].strip(), mode="eval").body))


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.parse(self.names[node.id], mode="eval").body if node.id in self.names else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            chosen: ast.AST = self.visit(node.body if test.value else node.orelse)
            return chosen
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))


def is_atom(text: str) -> bool:
    """Whether text can stand beside an operator without brackets: a name or a number."""
    return text.replace(".", "").replace("_", "").isalnum()


def in_brackets(text: str) -> str:
    """Text that can stand beside an operator."""
    return text if is_atom(text) else f"({text})"
