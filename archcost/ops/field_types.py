"""The types of op attributes: which values are allowed, how they are read, and how the type is described.

Each class has the validation, the error message, the JSON Schema and the text of the reference in one place. Op classes
do not use it directly, but the functions of :mod:`archcost.ops.fields`.
"""

# long: every type of attribute is one class of a table, and no reader wants two tables

from __future__ import annotations

from math import isfinite
from operator import index
from typing import TYPE_CHECKING, Any

from archcost.dims import decided

if TYPE_CHECKING:
    from collections.abc import Sequence


_PLAIN = frozenset((int, str, bool, float, type(None)))  # what is no table, and holds none


class _Required:
    def __repr__(self) -> str:
        return "required"


REQUIRED: Any = _Required()


class AttributeValueError(Exception):
    """A value does not fit its field. The message says what was expected and what was given."""


_SHOWN_ITEMS = 12  # of a list in a message
_SHOWN_TEXT = 80  # characters of a value in a message


def shown(value: object, *, whole: bool = False) -> str:
    """A value in YAML's spelling, for messages; without ``whole`` only the beginning of what is long."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        most = len(value) if whole else _SHOWN_ITEMS
        items = [shown(item, whole=whole) for item in value[:most]]
        return "[" + ", ".join([*items, *["…"] * (len(value) > most)]) + "]"
    text = repr(value)
    return text if whole or len(text) <= _SHOWN_TEXT else text[:_SHOWN_TEXT] + "…"


class AttributeField:
    """One attribute: a default (or ``REQUIRED``), whether null is allowed, and a line of documentation."""

    expects = "a value"
    symbol: str | tuple[str, ...] = ""  # what formulas call it; of a list whose items alternate, a name each
    unless: int | None = None  # the value that formulas leave out
    per_dim = False  # of a list: whether it has a number for each spatial dimension, which formulas tell apart

    def __init__(self, default: object = REQUIRED, *, nullable: bool = False, doc: str = "") -> None:
        self.default = default
        self.nullable = nullable or default is None
        self.doc = doc

    def parse(self, value: Any, ndim: int) -> Any:
        """The normalised value; raises AttributeValueError. Candidates differ in whole numbers alone."""
        if type(value) not in _PLAIN:
            value = whole_or_decided(value)
        if value is None and self.nullable:
            return None
        return self.convert(value, ndim)

    def convert(self, value: Any, ndim: int) -> Any:
        """Normalise a value that is not null."""
        raise self.refusal(value, ndim)

    def refusal(self, value: object, ndim: int) -> AttributeValueError:
        """The error for a value of the wrong type or out of range."""
        suffix = " or null" if self.nullable else ""
        return AttributeValueError(f"expected {self.type_text(ndim)}{suffix}, got {shown(value)}")

    def type_text(self, ndim: int) -> str:
        """The accepted type in words."""
        del ndim
        return self.expects

    def schema(self, ndim: int) -> dict[str, Any]:
        """The JSON Schema (draft-07) of the literal values that are accepted, null apart (see ``nullable``)."""
        raise NotImplementedError  # pragma: no cover - every field class defines it


def whole_number(value: Any) -> Any:
    """An int from an int or a whole float, any other Dim as it is; None for anything else (booleans included)."""
    kind = type(value)
    if kind is int:
        return value
    if kind is float:
        return int(value) if value.is_integer() else None
    if kind is bool or not hasattr(kind, "__index__"):
        return None
    return value if hasattr(kind, "decided") else index(value)  # the int of another library


def whole_or_decided(value: Any) -> Any:
    """A table of whole numbers as such; any other, of words or of whether there is a value, the same for all."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(whole_or_decided, value)) if any(map(_is_table, value)) else value
    if not _is_table(value):
        return value
    whole = value.mapped(whole_number, value)
    are_whole = type(whole) is int or (_is_table(whole) and getattr(whole, "whole", True))
    return value if are_whole else decided(value)


def _is_table(value: object) -> bool:
    return isinstance(value, (list, tuple)) or hasattr(type(value), "mapped")


class IntField(AttributeField):
    """A whole number not below ``minimum``; candidates may differ in it, unless it is ``fixed``: one for all."""

    def __init__(
        self, default: object, minimum: int | None, *, nullable: bool = False, fixed: bool = False, doc: str = ""
    ) -> None:
        super().__init__(default, nullable=nullable, doc=doc)
        self.minimum = minimum
        self.fixed = fixed

    def convert(self, value: Any, ndim: int) -> Any:
        return self.item(value, value, ndim)

    def item(self, item: Any, value: Any, ndim: int) -> Any:
        """Normalise one number of ``value`` (all of it, if it is not a list)."""
        if type(item) is int and (self.minimum is None or item >= self.minimum):
            return item
        number = whole_number(item)
        if number is None or (self.minimum is not None and decided(number < self.minimum)):
            raise self.refusal(value, ndim)
        return decided(number) if self.fixed else number

    def type_text(self, ndim: int) -> str:
        return "a whole number" if self.minimum is None else f"a whole number ≥ {self.minimum}"

    def schema(self, ndim: int) -> dict[str, Any]:
        return {"type": "integer"} | ({} if self.minimum is None else {"minimum": self.minimum})


class FloatField(AttributeField):
    """A number within [minimum, maximum]."""

    def __init__(
        self, default: object, minimum: float | None, maximum: float | None, *, nullable: bool = False, doc: str = ""
    ) -> None:
        super().__init__(default, nullable=nullable, doc=doc)
        self.minimum, self.maximum = minimum, maximum

    def convert(self, value: Any, ndim: int) -> Any:
        value = decided(value)
        if type(value) not in (int, float) or not isfinite(value):
            raise self.refusal(value, ndim)
        if (self.minimum is not None and not value >= self.minimum) or (
            self.maximum is not None and not value <= self.maximum
        ):
            raise self.refusal(value, ndim)
        return float(value)

    def type_text(self, ndim: int) -> str:
        if self.minimum is not None and self.maximum is not None:
            return f"a number from {self.minimum:g} to {self.maximum:g}"
        return "a number" if self.minimum is None else f"a number ≥ {self.minimum:g}"

    def schema(self, ndim: int) -> dict[str, Any]:
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        return {"type": "number"} | {key: bound for key, bound in bounds.items() if bound is not None}


class BoolField(AttributeField):
    """true or false."""

    expects = "true or false"

    def convert(self, value: Any, ndim: int) -> Any:
        if type(value) is not bool:
            raise self.refusal(value, ndim)
        return value

    def schema(self, ndim: int) -> dict[str, Any]:
        return {"type": "boolean"}


class ChoiceField(AttributeField):
    """One of a closed set of words."""

    def __init__(self, default: object, options: tuple[str, ...], *, nullable: bool = False, doc: str = "") -> None:
        super().__init__(default, nullable=nullable, doc=doc)
        self.options = options

    def convert(self, value: Any, ndim: int) -> Any:
        if value not in self.options:
            raise self.refusal(value, ndim)
        return value

    def type_text(self, ndim: int) -> str:
        return "one of " + ", ".join(self.options)

    def schema(self, ndim: int) -> dict[str, Any]:
        return {"enum": list(self.options)}


class DtypeField(ChoiceField):
    """The name of a dtype."""


class TextField(AttributeField):
    """Text of one line, not empty."""

    expects = "text of one line"

    def convert(self, value: Any, ndim: int) -> Any:
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            raise self.refusal(value, ndim)
        return value

    def schema(self, ndim: int) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}


class ShapesField(IntField):
    """A shape, or a list of shapes: sizes not below ``minimum``."""

    def convert(self, value: Any, ndim: int) -> Any:
        if not isinstance(value, (list, tuple)):
            raise self.refusal(value, ndim)
        several = bool(value) and all(isinstance(item, (list, tuple)) for item in value)
        found = value if several else [value]
        return tuple([tuple([self.item(size, value, ndim) for size in shape]) for shape in found])

    def type_text(self, ndim: int) -> str:
        return f"a list of whole numbers ≥ {self.minimum}, or a list of such lists"

    def schema(self, ndim: int) -> dict[str, Any]:
        shape = {"type": "array", "items": super().schema(ndim)}
        return {"anyOf": [shape, {"type": "array", "items": shape, "minItems": 1}]}


class SpatialField(IntField):
    """A whole number, or one per spatial dimension; ``holes`` allows null items, ``words`` other whole values."""

    per_dim = True

    def __init__(
        self,
        default: object,
        minimum: int | None,
        *,
        nullable: bool = False,
        holes: bool = False,
        words: tuple[str, ...] = (),
        doc: str = "",
    ) -> None:
        super().__init__(default, minimum, nullable=nullable, doc=doc)
        self.holes = holes
        self.words = words

    def convert(self, value: Any, ndim: int) -> Any:
        if value in self.words if isinstance(value, str) else False:
            return value
        if not isinstance(value, (list, tuple)):
            return (self.item(value, value, ndim),) * ndim
        if len(value) != ndim:
            raise AttributeValueError(
                f"expected one number or {ndim} for {ndim} spatial dimensions, got {len(value)}: {shown(value)}"
            )
        return tuple([None if item is None and self.holes else self.item(item, value, ndim) for item in value])

    def type_text(self, ndim: int) -> str:
        text = super().type_text(ndim)
        if ndim > 1:
            text += f", or {ndim} of them"
        return text + "".join(f', or "{word}"' for word in self.words)

    def schema(self, ndim: int) -> dict[str, Any]:
        number = super().schema(ndim)
        item: dict[str, Any] = {"anyOf": [number, {"type": "null"}]} if self.holes else number
        one_each = {"type": "array", "items": item, "minItems": ndim, "maxItems": ndim}
        return {"anyOf": [number, one_each, *({"const": word} for word in self.words)]}


class IntsField(IntField):
    """A list of whole numbers; ``scalar`` allows one number ("list": as a list of one, "keep": as it is).

    ``wildcards`` says how many items may be -1 besides (None: any number).
    """

    def __init__(
        self,
        default: object,
        minimum: int | None,
        *,
        nullable: bool = False,
        fixed: bool = False,
        scalar: str = "",
        wildcards: int | None = 0,
        doc: str = "",
    ) -> None:
        super().__init__(default, minimum, nullable=nullable, fixed=fixed, doc=doc)
        self.scalar = scalar
        self.wildcards = wildcards

    def convert(self, value: Any, ndim: int) -> Any:
        if isinstance(value, (list, tuple)):
            return self._list(value, ndim)
        if not self.scalar:
            raise self.refusal(value, ndim)
        number = self.item(value, value, ndim)
        return number if self.scalar == "keep" else (number,)

    def _list(self, values: Sequence[Any], ndim: int) -> tuple[Any, ...]:
        if self.wildcards == 0:
            return tuple([self.item(item, values, ndim) for item in values])
        items = tuple([-1 if decided(item == -1) else self.item(item, values, ndim) for item in values])
        if self.wildcards is not None and sum(type(item) is int and item == -1 for item in items) > self.wildcards:
            raise self.refusal(values, ndim)
        return items

    def type_text(self, ndim: int) -> str:
        numbers = "whole numbers" if self.minimum is None else f"whole numbers ≥ {self.minimum}"
        wildcards = {0: "", 1: ", one of which may be -1", None: " or -1"}[self.wildcards]
        return f"a list of {numbers}{wildcards}" + (" or one number" if self.scalar else "")

    def schema(self, ndim: int) -> dict[str, Any]:
        number = super().schema(ndim)
        item = number if self.wildcards == 0 else {"anyOf": [number, {"const": -1}]}
        array = {"type": "array", "items": item}
        return {"anyOf": [number, array]} if self.scalar else array


class FloatsField(FloatField):
    """A number, or one per spatial dimension."""

    def convert(self, value: Any, ndim: int) -> Any:
        if not isinstance(value, (list, tuple)):
            return super().convert(value, ndim)
        return tuple([super(FloatsField, self).convert(item, ndim) for item in value])

    def type_text(self, ndim: int) -> str:
        return super().type_text(ndim) + ", or a list of them"

    def schema(self, ndim: int) -> dict[str, Any]:
        number = super().schema(ndim)
        return {"anyOf": [number, {"type": "array", "items": number}]}
