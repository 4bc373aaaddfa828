"""Values as the text of expressions, and expressions put together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcost.importers.form import Batched, Worded

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_ATOM = re.compile(r'[\w.]+(\[\w+\])?|\[[^\[\]]*\](\[\w+\])?|"[^"]*"')


def text_of(value: Any) -> str:
    """A value or expression as it stands in an expression."""
    if isinstance(value, Worded):
        return value.text
    if isinstance(value, Batched):
        times = "batch" if value.times == 1 else f"batch * {value.times}"
        return times if not value.plus else f"{times} + {value.plus}"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(text_of, value))}]"
    return str(value)


def part_of(value: Any) -> str:
    """The same within a larger expression: in brackets unless it is a name, a number, a text or a list."""
    text = text_of(value)
    return text if _ATOM.fullmatch(text) else f"({text})"


def chosen(condition: str, opposite: str, one: Attribute, other: Attribute) -> Worded:
    """One value under a condition, and another otherwise; truth values are the condition itself."""
    if {one, other} == {True, False} and type(one) is type(other) is bool:
        return Worded(condition if one else opposite)
    for value, rest, holds, fails in ((other, one, condition, opposite), (one, other, opposite, condition)):
        if value is False:
            return Worded(f"{part_of(rest)} and {holds}")
        if value is True:
            return Worded(f"{part_of(rest)} or {fails}")
    return Worded(f"{part_of(one)} if {condition} else {part_of(other)}")


def scaled(term: str, factor: int) -> str:
    """A multiple of a term."""
    return term if factor == 1 else f"{factor} * {term}"
