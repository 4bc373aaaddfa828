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
    from collections.abc import Callable, Iterator

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


_key = lru_cache(encode_basestring)  # keys come again and again


def _text(value: Any, line: str) -> str:
    """The text of a value; ``line`` begins a line at its depth."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return repr(value)
    if kind is dict:
        inner = line + _INDENT
        parts = [
            f"{_key(name)}: {item}" if type(item) is int else f"{_key(name)}: {_text(item, inner)}"
            for name, item in value.items()
        ]
        return f"{{{inner}{f',{inner}'.join(parts)}{line}}}" if parts else "{}"
    if kind is list or kind is tuple or kind is Stream:
        inner = line + _INDENT
        parts = [repr(item) if type(item) is int else _text(item, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(parts)}{line}]" if parts else "[]"
    return _rare(value, line)


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
