"""``list[index]`` in expressions, and what is wrong where there is no such item."""

from __future__ import annotations

import ast
from typing import Any

from archcost.spec.functions import brief

_SHOWN = 40  # characters of what is indexed


class ItemError(Exception):
    """There is no such item; with a help."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def item(node: ast.Subscript, values: Any, index: Any) -> Any:
    """The item of a list or text, or a slice of it; raises ItemError that names the list and its length."""
    try:
        return values[index]
    except IndexError:
        message, hint = _past_the_end(node, values, index)
    except TypeError:
        message, hint = _no_item(node, values, index)
    raise ItemError(message, hint)


def _past_the_end(node: ast.Subscript, values: Any, index: Any) -> tuple[str, str]:
    """``i is 2, and widths has 2 items``."""
    unnamed = "the text" if isinstance(values, str) else "the list"
    name, count = _text(node.value, unnamed), len(values)
    length = f"{name} has {count} item{'s' * (count != 1)}"
    is_number = isinstance(node.slice, (ast.Constant, ast.UnaryOp))
    message = length if is_number else f"{_text(node.slice, 'the index')} is {brief(index)}, and {length}"
    last = "" if name == unnamed else f": the last is {name}[{count - 1}], or {name}[-1]"
    return message, f"items are counted from 0{last}" if count else ""


def _no_item(node: ast.Subscript, values: Any, index: Any) -> tuple[str, str]:
    name = _text(node.value, "the value")
    if not isinstance(values, (list, tuple, str)):
        return f"{name} is {brief(values)}, which has no items", ""
    kind = "text" if isinstance(values, str) else "a list"
    hint = "write `int(…)` around it" if isinstance(index, float) else "items have numbers, counted from 0"
    return f"{name} is {kind}, and its index must be a whole number, got {brief(index)}", hint


def _text(node: ast.expr, otherwise: str) -> str:
    """A part of an expression as it is written, if it is a name or short."""
    text = ast.unparse(node)
    return text if len(text) <= _SHOWN and not isinstance(node, (ast.List, ast.Constant)) else otherwise
