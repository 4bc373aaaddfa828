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
    DtypeField,
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

SymbolNames = str | tuple[str, ...]

__all__ = [
    "REQUIRED",
    "AttributeField",
    "AttributeValueError",
    "choice",
    "dtype",
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


def _named(field: AttributeField, symbol: SymbolNames, unless: int | None) -> Any:
    """The field, with what formulas call its value: ``symbol``, and just the number where it is ``unless``."""
    field.symbol, field.unless = symbol, unless
    return field


def size(
    *,
    default: Any = REQUIRED,
    minimum: int = 1,
    nullable: bool = False,
    symbol: SymbolNames = "",
    unless: int | None = None,
    doc: str = "",
) -> Any:
    """A size: a whole number ≥ 1 by default; ``symbol`` and ``unless`` as in :func:`spatial`."""
    return _named(IntField(default, minimum, nullable=nullable, doc=doc), symbol, unless)


def integer(
    *,
    default: Any = REQUIRED,
    minimum: int | None = None,
    nullable: bool = False,
    symbol: SymbolNames = "",
    unless: int | None = None,
    doc: str = "",
) -> Any:
    """Any whole number, negative ones unless a minimum is given; ``symbol`` and ``unless`` as in :func:`spatial`."""
    return _named(IntField(default, minimum, nullable=nullable, doc=doc), symbol, unless)


def index(
    *,
    default: Any = REQUIRED,
    minimum: int | None = None,
    nullable: bool = False,
    symbol: str = "",
    unless: int | None = None,
    doc: str = "",
) -> Any:
    """A whole number that decides a structure (a dim, a count of layers): the same for all variants of a sweep.

    ``symbol`` and ``unless`` as in :func:`spatial`.
    """
    return _named(IntField(default, minimum, nullable=nullable, fixed=True, doc=doc), symbol, unless)


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


def dtype(*options: str, doc: str = "") -> Any:
    """One of some dtypes; null, as by default, is the model's."""
    return DtypeField(None, options, nullable=True, doc=doc)


def spatial(
    *,
    default: Any = REQUIRED,
    minimum: int = 1,
    nullable: bool = False,
    holes: bool = False,
    words: tuple[str, ...] = (),
    symbol: SymbolNames = "",
    unless: int | None = None,
    doc: str = "",
) -> Any:
    """One whole number for every spatial dimension of the op, or one each; held as a tuple.

    ``symbol`` is what formulas call it, such as ``f``; where dimensions differ, ``f_h`` and ``f_w``. Where the value is
    ``unless``, formulas have just that number, which mostly makes it drop out.
    """
    return _named(SpatialField(default, minimum, nullable=nullable, holes=holes, words=words, doc=doc), symbol, unless)


def integers(
    *,
    default: Any = REQUIRED,
    minimum: int | None = None,
    nullable: bool = False,
    scalar: str = "",
    per_dim: bool = False,
    symbol: SymbolNames = "",
    unless: int | None = None,
    doc: str = "",
) -> Any:
    """A list of whole numbers; ``scalar="list"`` reads one number as a list of one, ``"keep"`` leaves it a number.

    ``symbol`` and ``unless`` as in :func:`spatial` if there is one ``per_dim``; else the symbol stands for the product
    of all, and a tuple of symbols names the items in turn.
    """
    field = IntsField(default, minimum, nullable=nullable, scalar=scalar, doc=doc)
    field.per_dim = per_dim
    return _named(field, symbol, unless)


def sizes(*, default: Any = REQUIRED, wildcards: int | None = 0, symbol: SymbolNames = "", doc: str = "") -> Any:
    """A list of sizes ≥ 1; ``wildcards`` of them may be -1 (None: any number); ``symbol`` is their product."""
    return _named(IntsField(default, 1, wildcards=wildcards, doc=doc), symbol, None)


def shapes(*, default: Any = REQUIRED, doc: str = "") -> Any:
    """A shape, or a list of shapes; held as a tuple of shapes."""
    return ShapesField(default, 1, doc=doc)


def text(*, default: Any = REQUIRED, doc: str = "") -> Any:
    """Text of one line, not empty."""
    return TextField(default, doc=doc)
