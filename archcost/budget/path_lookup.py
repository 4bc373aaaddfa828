"""Things with paths, found by the path that they stand at or below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from archcost.paths import scopes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class Scopes(Generic[T]):
    """Items by every scope that they are in; made once, so that a question costs no more than its answer."""

    __slots__ = ("_items", "_path_of", "_scopes")

    def __init__(self, items: Sequence[T], path_of: Callable[[T], str]) -> None:
        self._items = items
        self._path_of = path_of
        self._scopes: dict[str, list[T]] | None = None

    def at(self, path: str) -> Sequence[T]:
        """The items at a path and below it, in order; all of them for the empty path."""
        if not path:
            return self._items
        if self._scopes is None:
            self._scopes = self._grouped()
        return self._scopes.get(path, [])

    def _grouped(self) -> dict[str, list[T]]:
        found: dict[str, list[T]] = {}
        for item in self._items:
            for path in scopes(self._path_of(item)):
                found.setdefault(path, []).append(item)
        return found
