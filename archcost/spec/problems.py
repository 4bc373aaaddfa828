"""The problems of a spec: each once, in the order of the text, and no more than people would read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic, Mark, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.errors import Source

MAX_PROBLEMS = 100


class Problems:
    """Collects diagnostics; ``main`` is the file whose problems come first."""

    __slots__ = ("_found", "main")

    def __init__(self, main: Source, found: Iterable[Diagnostic] = ()) -> None:
        self.main = main
        self._found: dict[tuple[object, Mark | None] | str, Diagnostic] = {}
        self.extend(found)

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Any:
        return iter(self._found.values())

    def add(self, diagnostic: Diagnostic, identity: object = None, *, cause: str = "") -> None:
        """Keep a problem, unless its message (or ``identity``) is known at this place, or its ``cause`` at any.

        Raises SpecError when there are too many to go on.
        """
        self._found.setdefault(cause or (identity or diagnostic.message, diagnostic.mark), diagnostic)
        if len(self._found) > MAX_PROBLEMS:
            raise self.error()

    def improve(self, diagnostic: Diagnostic) -> None:
        """Replace the problem that has this message at this place, if there is one: more is known now."""
        key = (diagnostic.message, diagnostic.mark)
        if key in self._found:
            self._found[key] = diagnostic

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep several problems."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def error(self, partial: Any = None) -> SpecError:
        """All of them as one error, in the order of the text; ``partial`` as in SpecError."""
        ordered = in_order(self._found.values(), self.main)
        if len(ordered) > MAX_PROBLEMS:
            ordered[MAX_PROBLEMS:] = [Diagnostic(f"there are more than {MAX_PROBLEMS} errors: the rest is not shown")]
        return SpecError(ordered, partial)


def in_order(diagnostics: Iterable[Diagnostic], main: Source) -> list[Diagnostic]:
    """Problems in the order of the text, those of the ``main`` file first."""

    def place(diagnostic: Diagnostic) -> tuple[bool, str, int, int]:
        mark = diagnostic.mark
        if mark is None:
            return (False, "", 0, 0)
        return (mark.source is not main, mark.source.name, mark.line, mark.column)

    return sorted(diagnostics, key=place)
