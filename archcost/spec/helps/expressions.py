"""A forgotten ``$``: text that is an expression over the names that are known where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Mark, Source
from archcost.spec.expressions import MAX_LENGTH, Expression, ExpressionError
from archcost.spec.helps.writing import written

if TYPE_CHECKING:
    from archcost.spec.ways_out import Surroundings

_NOWHERE = Mark(Source("", ""), 0, 0)
BEGINS = "an expression begins with `$`"


def meant(text: str, around: Surroundings) -> Expression | None:
    """The expression that a text would be with a ``$``, if it uses names, and all of them are known."""
    if len(text) > MAX_LENGTH or text.startswith("$"):
        return None
    try:
        found = Expression(f"${text}" if text.isidentifier() else f"$({text})", _NOWHERE, around.meter)
    except ExpressionError:
        return None
    return found if found.names and all(around.knows(name) for name in found.names) else None


def with_dollars(value: Any, around: Surroundings) -> Any:
    """A value whose texts are all meant as expressions, each with its ``$``; None where one is not, or it has none."""
    if isinstance(value, str):
        return meant(value, around)
    if not isinstance(value, list) or not any(isinstance(item, (str, list)) for item in value):
        return None
    items = [with_dollars(item, around) if isinstance(item, (str, list)) else item for item in value]
    return None if any(item is None for item in items) else items


def forgotten_dollar(value: Any, around: Surroundings) -> str:
    """The help for a value that is an expression without its ``$``; empty for any other."""
    found = with_dollars(value, around)
    return "" if found is None else f"{BEGINS}: `{written(found)}`"
