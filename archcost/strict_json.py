"""JSON that every reader takes: no NaN, no Infinity, valid UTF-8, and no character that a terminal obeys."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from archcost.indented_json import Stream, pieces, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator

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
