"""Declarations of op attributes: one field gives validation, error message, JSON Schema and documentation.

An op declares ``out_channels: Dim = size()``; the class keeps the :class:`AttributeField`, an instance the value.
Fields accept what YAML gives (ints, whole floats, strings, lists) and return normalised values (tuples per spatial
dimension). The specifiers are typed as the values that instances hold.
"""

from __future__ import annotations

from typing import Any

from archcost.ops.field_types import (
    REQUIRED,
    AttributeField,
    AttributeValueError,
    BoolField,
    ChoiceField,
    FloatField,
    FloatsField,
    IntField,
    IntsField,
    ShapesField,
    SpatialField,
    TextField,
    shown,
    whole_number,
)

__all__ = [
    "REQUIRED",
    "AttributeField",
    "AttributeValueError",
    "choice",
    "flag",
    "index",
    "indices",
    "integer",
    "integers",
    "number",
    "numbers",
    "shapes",
    "shown",
    "size",
    "sizes",
    "spatial",
    "text",
    "whole_number",
]


def size(*, default: Any = REQUIRED, minimum: int = 1, nullable: bool = False, doc: str = "") -> Any:
    """A size: a whole number ≥ 1 by default."""
    return IntField(default, minimum, nullable=nullable, doc=doc)


def integer(*, default: Any = REQUIRED, minimum: int | None = None, nullable: bool = False, doc: str = "") -> Any:
    """Any whole number, negative ones too unless a minimum is given."""
    return IntField(default, minimum, nullable=nullable, doc=doc)


def index(*, default: Any = REQUIRED, minimum: int | None = None, nullable: bool = False, doc: str = "") -> Any:
    """A whole number that decides a structure (a dim, a count of layers): the same for all variants of a sweep."""
    return IntField(default, minimum, nullable=nullable, fixed=True, doc=doc)


def indices(*, default: Any = REQUIRED, nullable: bool = False, scalar: str = "", doc: str = "") -> Any:
    """A list of dims; ``scalar`` as in :func:`integers`."""
    return IntsField(default, None, nullable=nullable, fixed=True, scalar=scalar, doc=doc)


def number(
    *,
    default: Any = REQUIRED,
    minimum: float | None = None,
    maximum: float | None = None,
    nullable: bool = False,
    doc: str = "",
) -> Any:
    """A real number."""
    return FloatField(default, minimum, maximum, nullable=nullable, doc=doc)


def numbers(*, default: Any = REQUIRED, minimum: float | None = None, nullable: bool = False, doc: str = "") -> Any:
    """A real number or several."""
    return FloatsField(default, minimum, None, nullable=nullable, doc=doc)


def flag(*, default: bool | None, doc: str = "") -> Any:
    """A truth value, true or false."""
    return BoolField(default, doc=doc)


def choice(*options: str, default: Any = REQUIRED, nullable: bool = False, doc: str = "") -> Any:
    """One of the options."""
    return ChoiceField(default, options, nullable=nullable, doc=doc)


def spatial(
    *,
    default: Any = REQUIRED,
    minimum: int = 1,
    nullable: bool = False,
    holes: bool = False,
    words: tuple[str, ...] = (),
    doc: str = "",
) -> Any:
    """One whole number for every spatial dimension of the op, or one each; held as a tuple."""
    return SpatialField(default, minimum, nullable=nullable, holes=holes, words=words, doc=doc)


def integers(
    *, default: Any = REQUIRED, minimum: int | None = None, nullable: bool = False, scalar: str = "", doc: str = ""
) -> Any:
    """A list of whole numbers; ``scalar="list"`` reads one number as a list of one, ``"keep"`` leaves it a number."""
    return IntsField(default, minimum, nullable=nullable, scalar=scalar, doc=doc)


def sizes(*, default: Any = REQUIRED, wildcards: int | None = 0, doc: str = "") -> Any:
    """A list of sizes ≥ 1; ``wildcards`` of them may be -1 (None: any number)."""
    return IntsField(default, 1, wildcards=wildcards, doc=doc)


def shapes(*, default: Any = REQUIRED, doc: str = "") -> Any:
    """A shape, or a list of shapes; held as a tuple of shapes."""
    return ShapesField(default, 1, doc=doc)


def text(*, default: Any = REQUIRED, doc: str = "") -> Any:
    """Text of one line, not empty."""
    return TextField(default, doc=doc)
