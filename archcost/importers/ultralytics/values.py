"""Values of a model YAML as what they mean, and the errors of those that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic, SpecError, shortened
from archcost.spec.document import Scalar, Sequence

if TYPE_CHECKING:
    from archcost.importers.keys import KeyKind
    from archcost.spec.document import Value

WAY_OUT = (
    "`archcost import package.module:name` reads any model that the library can build: name a function of yours that"
    " makes it"
)
_WORDS = {"None": None, "True": True, "False": False}  # as Python writes them
_SHOWN = 60  # characters of a value in a message


def meant(value: Value) -> Any:
    """A value as Python data; words of Python that are not of YAML are what Python means by them."""
    if isinstance(value, Sequence):
        return [meant(item) for item in value.items]
    plain = value.plain()
    if isinstance(value, Scalar) and not value.quoted and isinstance(plain, str):
        return _WORDS.get(plain, plain)
    return plain


def shown(value: Value) -> str:
    """A value in a message."""
    if not isinstance(value, Scalar):
        return "a list" if isinstance(value, Sequence) else "a mapping"
    return f"'{shortened(value.text, _SHOWN)}'"


def fitting(value: Value, kind: KeyKind, name: str, hint: str = "") -> Any:
    """A value that must be of a kind; raises SpecError with its place."""
    plain = meant(value)
    if not kind.fits(plain):
        raise refused(f"{name} takes {kind.words}, got {shown(value)}", value, hint or WAY_OUT)
    return plain


def refused(message: str, value: Value, hint: str = WAY_OUT, notes: tuple[str, ...] = ()) -> SpecError:
    """The error for what is not understood."""
    return SpecError([Diagnostic(message, value.mark, hint, notes)])
