"""JSON that every reader takes: no NaN, no Infinity, valid UTF-8, and no character that a terminal obeys.

What is read is held to the same: each key once, finite numbers, and text that can be encoded.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from archcost.indented_json import Stream, pieces, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 10**100  # figures are smaller
_SHOWN = 60  # characters of a value in a message
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(  # escapes one after the other, so that none begins inside of another; lone halves have a group
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
# What JSON strings may hold and no terminal, log or host should read: all but letters, marks, signs and blanks.
_UNSAFE = re.compile(r"[^\n\x20-\x7e]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def json_text(value: Any) -> str:
    """A document with an indent of two, and a line end.

    Numbers that are not finite are written as YAML spells them (``".inf"``); lone surrogates, which no encoding has, as
    the text of their escape; what is not printable as JSON's own escapes.
    """
    return "".join(json_pieces(value))


def compact_json(value: Any) -> str:
    """A document in one line, without a blank; not made safe for any place that it may stand in."""
    return json.dumps(plain_data(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def json_pieces(value: Any) -> Iterator[str]:
    """The same in pieces, so that a long document never is in memory as a whole."""
    for piece in pieces(value, _text_at):
        safe = piece.replace("\x7f", "\\u007f").replace("##", "#\\u0023")  # hosts read `##[…]` in any line
        yield safe if safe.isascii() else _UNSAFE.sub(_escaped, safe)
    yield "\n"


def _text_at(value: Any, depth: int) -> str:
    try:
        text = text_at(value, depth)
        if not text.isascii():
            text.encode()
    except ValueError:  # of both: a number that is not finite, a character that cannot be encoded
        return text_at(plain_data(value), depth)
    return text


def plain_data(value: Any) -> Any:
    """The value with what strict JSON has no way to write in words."""
    if isinstance(value, dict):
        return {plain_data(name): plain_data(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, Stream)):
        return [plain_data(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return f".{value}".replace(".-", "-.")
    if isinstance(value, str):
        return _SURROGATES.sub(lambda match: f"\\u{ord(match[0]):04x}", value)
    return value


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    return char if char.isprintable() else json.dumps(char)[1:-1]


class StrictJsonError(ValueError):
    """A text is no such JSON: ``reason`` stands after "the file is"; ``position`` is where, if that is known."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position

    def line_and_column(self, text: str) -> tuple[int, int]:
        """Where in the text, from 0."""
        before = text[: self.position or 0]
        return before.count("\n"), len(before) - (before.rfind("\n") + 1)


def read_strictly(text: str) -> Any:
    """The value of a JSON text; raises StrictJsonError."""
    lone = _lone_surrogate(text)
    if lone is not None:
        raise StrictJsonError(f"not UTF-8 text: {lone[0]} is half of a character", lone.start())
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float)
    except RecursionError:
        raise StrictJsonError("not JSON that archcost wrote: it nests too deep") from None
    except ValueError as error:
        raise StrictJsonError(f"not JSON: {_reason(error)}", getattr(error, "pos", 0)) from None


def _lone_surrogate(text: str) -> re.Match[str] | None:
    """The first escape of half of a character in a JSON text."""
    if _ESCAPED_HALF.search(text) is None:
        return None
    return next((match for match in _ESCAPE.finditer(text) if match[1]), None)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        first = list(found)  # in order, up to the key that stands a second time
        twice = next(key for number, (key, _) in enumerate(pairs) if number >= len(first) or first[number] != key)
        raise ValueError(f"the key {brief(twice)} appears twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{brief(text)} is too large a number")
    return value


def brief(value: Any) -> str:
    """A value in a message, cut; of lists and mappings only what they are."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a mapping"
    text = repr(value) if not isinstance(value, int) or abs(value) < LARGEST else "a number of more than 100 digits"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _reason(error: ValueError) -> str:
    message = str(getattr(error, "msg", error))
    if message.startswith("Exceeds the limit"):  # of Python, on digits
        message = "a number has too many digits"
    return message if message.startswith("NaN") else message[:1].lower() + message[1:]
