"""Patterns with wildcards, matched in one pass over the text, so the time is linear in its length."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

MAX_LENGTH = 1000  # characters of a pattern
_REMEMBERED = 1024  # moves that a pattern remembers
_MAGIC = frozenset("*?[")


def is_literal(pattern: str) -> bool:
    """Whether a pattern has no wildcard, so that it stands for itself."""
    return _MAGIC.isdisjoint(pattern)


@lru_cache(maxsize=1024)
def compiled(pattern: str, separator: str = "") -> Pattern:
    """The pattern of a text, made once."""
    return Pattern(pattern, separator)


class _Set(NamedTuple):
    """``[a-z_]`` or ``[!a-z_]``."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool
    item: int

    def takes(self, char: str) -> bool:
        return any(low <= char <= high for low, high in self.ranges) is not self.negated


class Pattern:
    """A pattern as a row of items, each of which takes a character and moves on, or stays, or may be left out.

    ``*`` and ``?`` take anything but the separator, as ``[…]`` does; with a separator, ``**`` takes anything, and
    ``**/`` any number of whole parts. The items that may come next are the bits of one number, and each character of a
    text moves them all at once; where they move to is remembered.
    """

    __slots__ = (
        "_end",
        "_leaps",
        "_moves",
        "_remembered",
        "_sets",
        "_skips",
        "_stays",
        "_stays_within",
        "_takes",
        "_takes_any",
        "separator",
    )

    def __init__(self, pattern: str, separator: str = "") -> None:
        self.separator = separator
        self._takes: dict[str, int] = {}  # by character: the items that take it and move on
        self._takes_any = 0  # those that take any but the separator and move on
        self._sets: list[_Set] = []
        self._stays = 0  # those that take anything and stay
        self._stays_within = 0  # those that take any but the separator and stay
        self._skips = 0  # those that may be left out
        self._leaps = 0  # those that may be left out with the next
        self._moves: dict[int, dict[str, int]] = {}  # by items, by character: the items that may come next
        self._remembered = 0  # moves
        self._end = 1
        index = 0
        while index < len(pattern):
            index = self._read(pattern, index)

    def matches(self, text: str) -> bool:
        """Whether the pattern stands for the whole text."""
        return self.is_whole(self.after(self.start, text))

    @property
    def start(self) -> int:
        """The items that a text may begin with."""
        return self._reachable(1)

    def after(self, items: int, text: str) -> int:
        """The items that may come after more text; 0 where the pattern stands for nothing that goes on like this."""
        known = self._moves
        for char in text:
            if not items:
                break
            row = known.get(items)
            items = self._move(items, char) if row is None or char not in row else row[char]
        return items

    def _move(self, items: int, char: str) -> int:
        """The items that may come after a character, remembered."""
        if self._remembered == _REMEMBERED:
            self._moves.clear()
            self._remembered = 0
        self._remembered += 1
        moves, stays = self._step(char)
        reached = self._reachable((items & moves) << 1 | items & stays)
        self._moves.setdefault(items, {})[char] = reached
        return reached

    def is_whole(self, items: int) -> bool:
        """Whether the pattern may end where these items may come."""
        return bool(items & self._end)

    def _reachable(self, items: int) -> int:
        """The items, and those after what may be left out; items that may be left out never stand in long rows."""
        while True:
            more = items | (items & self._skips) << 1 | (items & self._leaps) << 2
            if more == items:
                return items
            items = more

    def _step(self, char: str) -> tuple[int, int]:
        """The items that take a character and move on, and those that take it and stay."""
        moves, stays = self._takes.get(char, 0), self._stays
        if char != self.separator:
            moves |= self._takes_any
            stays |= self._stays_within
            for chosen in self._sets:
                if chosen.takes(char):
                    moves |= chosen.item
        return moves, stays

    def _read(self, pattern: str, index: int) -> int:
        """Add the item that starts at an index; returns where the next one starts."""
        char, separator = pattern[index], self.separator
        if separator and pattern.startswith(f"**{separator}", index):
            return self._parts(pattern, index)
        if char == "*":
            stop = index
            while pattern.startswith("*", stop):
                stop += 1
            if separator and pattern.startswith(f"**{separator}", stop - 2) and stop - 2 > index:
                stop -= 2
            spans = bool(separator) and stop - index > 1
            self._stays |= self._end * spans
            self._stays_within |= self._end * (not spans)
            self._skips |= self._end
            self._end <<= 1
            return stop
        close = _close(pattern, index) if char == "[" else 0
        if close:
            self._sets.append(_set(pattern[index + 1 : close], self._end))
        elif char == "?":
            self._takes_any |= self._end
        else:
            self._takes[char] = self._takes.get(char, 0) | self._end
        self._end <<= 1
        return max(index, close) + 1

    def _parts(self, pattern: str, index: int) -> int:
        """``**/``: an item that is left out, alone or with the next; and one that stays until a separator."""
        mark = f"**{self.separator}"
        while pattern.startswith(mark, index):
            index += len(mark)
        self._skips |= self._end
        self._leaps |= self._end
        self._end <<= 1
        self._stays |= self._end
        self._takes[self.separator] = self._takes.get(self.separator, 0) | self._end
        self._end <<= 1
        return index


def _close(pattern: str, index: int) -> int:
    """Where a set ends; 0 for a lone bracket."""
    start = index + 1 + pattern.startswith("!", index + 1)
    return max(0, pattern.find("]", start + 1))


def _set(text: str, item: int) -> _Set:
    negated = text.startswith("!")
    chars = text[negated:]
    ranges = []
    index = 0
    while index < len(chars):
        is_range = chars[index + 1 : index + 2] == "-" and index + 2 < len(chars)
        ranges.append((chars[index], chars[index + 2 * is_range]))
        index += 1 + 2 * is_range
    return _Set(tuple(ranges), negated, item)
