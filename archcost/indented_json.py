"""JSON as ``json.dumps(…, indent=2, ensure_ascii=False, allow_nan=False)`` writes it, in a fraction of its time.

With an indent the standard library falls back to Python generators and keeps every token in one list: a report of a
million layers took gigabytes. Here each value is joined as soon as its parts are known.
"""

from __future__ import annotations

from functools import lru_cache
from json.encoder import encode_basestring
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_INDENT = "  "


class Stream:
    """A list whose items are made when they are written, and again each time: a million at once would fill memory."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Iterator[Any]]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Any]:
        return self.make()


def indented(value: Any) -> str:
    """The text of plain data with string keys; raises ValueError for numbers that are not finite, and TypeError."""
    return _text(value, "\n")


@lru_cache(maxsize=256)
def _form(names: tuple[str, ...], line: str) -> str:
    """An object of these keys, ``%s`` for each value: the keys of records come again and again."""
    inner = line + _INDENT
    keys = [encode_basestring(name).replace("%", "%%") for name in names]
    return f"{{{inner}{f',{inner}'.join([f'{key}: %s' for key in keys])}{line}}}"


def _text(value: Any, line: str) -> str:
    """The text of a value; ``line`` begins a line at its depth."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return repr(value)
    if kind is dict:
        return _form(tuple(value), line) % _texts(value.values(), line + _INDENT) if value else "{}"
    if kind is list or kind is tuple or kind is Stream:
        inner = line + _INDENT
        parts = _texts(value, inner)
        return f"[{inner}{f',{inner}'.join(parts)}{line}]" if parts else "[]"
    return _rare(value, line)


def _texts(values: Iterable[Any], line: str) -> tuple[str, ...]:
    """The texts of values at one depth."""
    return tuple(
        [
            repr(item) if type(item) is int else encode_basestring(item) if type(item) is str else _text(item, line)
            for item in values
        ]
    )


def _rare(value: Any, line: str) -> str:
    """What is rare in reports: constants, fractions, and kinds made from the plain ones."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"{value!r} is no JSON")
        return float.__repr__(value)
    plain: Any
    for plain in (str, int, dict, list, tuple):
        if isinstance(value, plain):
            return _text(plain(value), line)
    raise TypeError(f"a {type(value).__name__} is no JSON")
