"""Paths of layers and blocks: names joined by dots, from the outermost, as in ``stage_1.0.conv``; and patterns of them.

The empty path is the whole model. A pattern is the same wherever one can be given: ``*`` and ``?`` stay within a name,
``[ab]`` is one of some characters (``[!ab]`` any other), and ``**`` crosses dots. ``stage_1.**`` names everything below
``stage_1``; ``**.conv2d`` every ``conv2d``, at the top as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from archcost.patterns import Pattern

DOT = "."


def join(*names: str) -> str:
    """The path of paths or names one in the other; empty ones add nothing."""
    return DOT.join([name for name in names if name])


def split(path: str) -> list[str]:
    """The names in a path, from the outermost; none in the empty one."""
    return path.split(DOT) if path else []


def last(path: str) -> str:
    """The innermost name."""
    return path.rpartition(DOT)[2]


def first(path: str) -> str:
    """The outermost name."""
    return path.partition(DOT)[0]


def level(path: str) -> int:
    """How many names a path has."""
    return path.count(DOT) + 1 if path else 0


def outer(path: str, depth: int) -> str:
    """The first ``depth`` names of a path, or all of them."""
    return DOT.join(path.split(DOT)[:depth])


def above(path: str) -> str:
    """The scope that holds what is at a path; empty at the top."""
    return path.rpartition(DOT)[0]


def ancestors(path: str) -> Iterator[str]:
    """The scopes that hold what is at a path, the innermost first; not the whole model."""
    end = path.rfind(DOT)
    while end > 0:
        yield path[:end]
        end = path.rfind(DOT, 0, end)


def scopes(path: str) -> Iterator[str]:
    """The path, and the scopes that hold what is there, the innermost first; not the whole model."""
    if path:
        yield path
    yield from ancestors(path)


def inside(path: str, scope: str) -> bool:
    """Whether a path is at a scope or below it; everything is inside of the whole model."""
    return not scope or path == scope or path.startswith(scope + DOT)


class PathPattern:
    """A pattern to match paths with. It remembers the scopes that it has seen, so make one for each question.

    With ``crossing`` all wildcards cross dots.
    """

    __slots__ = ("_pattern", "_scopes", "text")

    def __init__(self, text: str, *, crossing: bool = False) -> None:
        from archcost.patterns import compiled, is_literal

        self.text = text
        self._pattern = None if is_literal(text) else compiled(text, "" if crossing else DOT)
        self._scopes: dict[str, int] = {}

    @property
    def is_literal(self) -> bool:
        """Whether it has no wildcard, so that it stands for itself."""
        return self._pattern is None

    def matches(self, path: str) -> bool:
        """Whether it stands for a path; every path stands for itself, whatever is in its names."""
        pattern = self._pattern
        if path == self.text or pattern is None:
            return path == self.text
        end = path.rfind(DOT) + 1
        before = self._scope(pattern, path[: end - 1]) if end else pattern.start
        return pattern.is_whole(pattern.after(before, path[end:]))

    def _scope(self, pattern: Pattern, path: str) -> int:
        """The items of the pattern that may come after a scope and the dot behind it."""
        known = self._scopes.get(path)
        if known is None:
            end = path.rfind(DOT) + 1
            before = self._scope(pattern, path[: end - 1]) if end else pattern.start
            known = self._scopes[path] = pattern.after(before, path[end:] + DOT)
        return known


def matching(paths: Iterable[str], pattern: str) -> list[str]:
    """The paths that a pattern stands for, in order."""
    wanted = PathPattern(pattern)
    return [path for path in paths if wanted.matches(path)]


def widened(pattern: str) -> str:
    """The pattern with every ``*`` crossing dots: ``**.conv2d`` for ``*.conv2d``."""
    return re.sub(
        r"\[!?.[^\]]*\]|\*+", lambda found: "**" if found[0][0] == "*" else found[0], pattern, flags=re.DOTALL
    )


def crossing_help(pattern: str) -> str:
    """What to write if wildcards should cross dots."""
    wider = widened(pattern)
    if wider == pattern:
        return "wildcards stay within a name, `**` crosses dots"
    return f"`*` stays within a name, `**` crosses dots: `{wider}`"


def passed_over(paths: Iterable[str], pattern: str) -> list[str]:
    """The paths that a pattern does not stand for, but would if its wildcards crossed dots."""
    wanted, crossing = PathPattern(pattern), PathPattern(pattern, crossing=True)
    if wanted.is_literal:
        return []
    return [path for path in paths if crossing.matches(path) and not wanted.matches(path)]


def unmatched_help(paths: Iterable[str], pattern: str) -> str:
    """A help for a pattern that stands for no path, but would if its wildcards crossed dots; empty if not."""
    return crossing_help(pattern) if passed_over(paths, pattern) else ""
