"""The values of a file that figures follow from: what may stand there, and what an absent key means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST = 2**31  # of a size: more is no model, and products of a few of them stay whole numbers
_MOST_LAYERS = 10_000  # of which some params of a spec hold a list
_MOST_EXPERTS = 10_000  # as the op has it
_MOST_PIXELS = 2**16  # a side of an image


class KeyKind(NamedTuple):
    """Which values a key takes: in words, and as a test."""

    words: str
    fits: Callable[[Any], bool]


class Key(NamedTuple):
    """A key that figures follow from; ``default`` is what the configuration's class has where the key is absent."""

    kind: KeyKind
    default: Any = None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_whole(value) and 0 <= value < _MOST


def _is_size(value: Any) -> bool:
    return _is_whole(value) and 1 <= value < _MOST


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _MOST


def _is_epsilon(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _at_most(most: int) -> KeyKind:
    return KeyKind(f"a whole number from 1 to {most:,}", lambda value: _is_size(value) and value <= most)


SIZE = KeyKind("a whole number ≥ 1", _is_size)
LAYERS, EXPERTS, PIXELS = _at_most(_MOST_LAYERS), _at_most(_MOST_EXPERTS), _at_most(_MOST_PIXELS)
COUNT = KeyKind("a whole number ≥ 0", _is_count)
FLAG = KeyKind("true or false", lambda value: isinstance(value, bool))
NUMBER = KeyKind("a number", _is_number)
EPSILON = KeyKind("a number ≥ 0", _is_epsilon)
SHARE = KeyKind("a number from 0 to 1", lambda value: _is_epsilon(value) and value <= 1)
FACTOR = KeyKind("a number above 0", lambda value: _is_number(value) and value > 0)
BASE = KeyKind("a number ≥ 1", lambda value: _is_number(value) and value >= 1)
TEXT = KeyKind("text", lambda value: isinstance(value, str))
OBJECT = KeyKind("an object", lambda value: isinstance(value, dict))
SIZES = KeyKind(
    "a list of whole numbers ≥ 1", lambda value: isinstance(value, list) and bool(value) and all(map(_is_size, value))
)
COUNTS = KeyKind("a list of whole numbers ≥ 0", lambda value: isinstance(value, list) and all(map(_is_count, value)))
TEXTS = KeyKind(
    "a list of texts", lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value)
)


def maybe(kind: KeyKind) -> KeyKind:
    """The same, or null."""
    return KeyKind(f"{kind.words} or null", lambda value: value is None or kind.fits(value))


def only(*values: Any) -> KeyKind:
    """One of these values; any other makes another architecture."""
    words = " or ".join("null" if value is None else str(value).lower() for value in values)
    return KeyKind(words, lambda value: any(value == known and type(value) is type(known) for known in values))
