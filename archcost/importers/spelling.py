"""How people write the attributes of an op: no defaults, and one number where all dims have the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.importers.form import Batched, Expression
from archcost.ops import REGISTRY
from archcost.ops.fields import REQUIRED, AttributeValueError

if TYPE_CHECKING:
    from archcost.importers.form import Attribute


def spelled(kind: str, attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    """The same attributes of an op in fewer words: it is the op's own fields that say what is the same."""
    op = REGISTRY[kind]
    found = {}
    for name, value in attributes.items():
        field, shorter = op.fields[name], _shorter(kind, name, value)
        default = field.default
        if default is REQUIRED or not _is_constant(value) or _parsed(kind, name, value) != _parsed(kind, name, default):
            found[name] = shorter
    return found


def _shorter(kind: str, name: str, value: Attribute) -> Attribute:
    """The one number of a list of equal ones, if it says the same."""
    if not isinstance(value, tuple) or not value or not _is_constant(value) or len(set(value)) > 1:
        return value
    one = value[0]
    return one if _parsed(kind, name, one) == _parsed(kind, name, value) else value


def _parsed(kind: str, name: str, value: Any) -> Any:
    """What an op makes of a value; the value itself where it is none that the op takes."""
    op = REGISTRY[kind]
    try:
        return op.fields[name].parse(value, op.ndim)
    except AttributeValueError:
        return value


def _is_constant(value: Attribute) -> bool:
    """Whether a value is the same at any batch size, and is no expression."""
    if isinstance(value, (Batched, Expression)):
        return False
    return all(map(_is_constant, value)) if isinstance(value, tuple) else True
