"""JSON as ``json.dumps(…, indent=2, ensure_ascii=False, allow_nan=False)`` writes it, in a fraction of its time.

With an indent the standard library falls back to Python generators and keeps every token in one list: a report of a
million layers took gigabytes. Here each value is joined as soon as its parts are known, and :func:`pieces` never holds
all of a long document.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from json.encoder import encode_basestring
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_INDENT = "  "
_BATCH = 256  # items of a stream that are text at a time
_SHORT_OBJECT, _SHORT_LIST = 40, 8  # what is longer is no record
_LIST = "["  # in the place of names


class Stream:
    """A list whose items are made when they are written, and again each time: a million at once would fill memory."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Iterator[Any]]) -> None:
        self.make = make

    def __iter__(self) -> Iterator[Any]:
        return self.make()


def indented(value: Any) -> str:
    """The text of plain data with string keys; raises ValueError for numbers that are not finite, and TypeError."""
    return text_at(value, 0)


def pieces(value: Any, text: Callable[[Any, int], str]) -> Iterator[str]:
    """The same in pieces: the items of a :class:`Stream` are made and written a few at a time.

    ``text`` is :func:`text_at`, or what stands for it.
    """
    return _pieces(value, 0, text)


def text_at(value: Any, depth: int) -> str:
    """The text of a value that stands within so many others."""
    leaves: list[str | int] = []
    return _form(_skeleton(value, depth, leaves), depth) % tuple(leaves)


# What records look like comes again and again, and only what they say is new. So a value is taken apart into its leaves
# and the skeleton that holds them: the names of an object and the skeletons behind them, or those of a list's items.
_Skeleton = tuple[Any, ...] | None


def _skeleton(value: Any, depth: int, leaves: list[str | int]) -> _Skeleton:
    """The skeleton of a value, None for a leaf; its leaves, as text or as numbers, are appended."""
    kind = type(value)
    if kind is dict and 0 < len(value) <= _SHORT_OBJECT:
        found: list[Any] = [tuple(value)]
        items: Iterable[Any] = value.values()
    elif kind is list and 0 < len(value) <= _SHORT_LIST:
        found = [_LIST]
        items = value
    else:
        leaves.append(_leaf(value, depth))
        return None
    for item in items:
        kind = type(item)
        if kind is int:
            leaves.append(item)
            found.append(None)
        elif kind is str:
            leaves.append(encode_basestring(item))
            found.append(None)
        else:
            found.append(_skeleton(item, depth + 1, leaves))
    return tuple(found)


@lru_cache(maxsize=256)
def _form(skeleton: _Skeleton, depth: int) -> str:
    """The text around the leaves, each of which is ``%s``."""
    if skeleton is None:
        return "%s"
    names, *parts = skeleton
    inner = "\n" + _INDENT * (depth + 1)
    texts = [_form(part, depth + 1) for part in parts]
    if names != _LIST:
        keys = [encode_basestring(name).replace("%", "%%") for name in names]
        texts = [f"{key}: {text}" for key, text in zip(keys, texts, strict=True)]
    opening, closing = "[]" if names == _LIST else "{}"
    return f"{opening}{inner}{f',{inner}'.join(texts)}{inner[: -len(_INDENT)]}{closing}"


def _leaf(value: Any, depth: int) -> str:
    """What has no skeleton: a plain value, what is empty, and long lists, whose items are text one by one."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return repr(value)
    if kind is tuple or kind is Stream:
        return text_at(list(value), depth)
    if kind is list or kind is dict:
        if not value:
            return "[]" if kind is list else "{}"
        inner = "\n" + _INDENT * (depth + 1)
        opening, closing = "[]" if kind is list else "{}"
        texts: Iterable[str] = (
            [text_at(item, depth + 1) for item in value]
            if kind is list
            else [f"{encode_basestring(name)}: {text_at(item, depth + 1)}" for name, item in value.items()]
        )
        return f"{opening}{inner}{f',{inner}'.join(texts)}{inner[: -len(_INDENT)]}{closing}"
    return _rare(value, depth)


def _rare(value: Any, depth: int) -> str:
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
            return text_at(plain(value), depth)
    raise TypeError(f"a {type(value).__name__} is no JSON")


# --- in pieces --------------------------------------------------------------------------------------------------------


def _pieces(value: Any, depth: int, text: Callable[[Any, int], str]) -> Iterator[str]:
    if not _holds_stream(value):
        yield text(value, depth)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    line = "\n" + _INDENT * depth
    between = opening
    if isinstance(value, Stream):
        items = iter(value)
        while batch := list(islice(items, _BATCH)):
            yield between + text(batch, depth)[1 : -1 - len(line)]  # without its brackets
            between = ","
    elif isinstance(value, dict):
        for name, item in value.items():
            yield f"{between}{line}{_INDENT}{text(name, 0)}: "
            yield from _pieces(item, depth + 1, text)
            between = ","
    else:
        for item in value:
            yield f"{between}{line}{_INDENT}"
            yield from _pieces(item, depth + 1, text)
            between = ","
    yield opening + closing if between == opening else line + closing


def _holds_stream(value: Any) -> bool:
    """Whether there is a stream in a document, or in one of a list of documents."""
    if isinstance(value, dict):
        return any(map(_holds_stream, value.values()))
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, (dict, Stream)) and _holds_stream(item) for item in value)
    return isinstance(value, Stream)
