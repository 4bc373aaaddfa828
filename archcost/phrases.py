"""Words for several: a count with its noun, names of which only some are told, and names that are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def plural(count: int, word: str) -> str:
    """``1 spec``, ``2 specs``."""
    return f"{count:,} {word}{'s' * (count != 1)}"


def listed(names: Sequence[str], count: int) -> str:
    """The first names of so many, and how many there are more: ``conv1, bn1 and 3 more``."""
    more = count - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")


def told_apart(names: Sequence[str], places: Sequence[str]) -> list[str]:
    """The names of what lies at some places; where different places have one name, the place of each."""
    found: dict[str, set[str]] = {}
    for name, place in zip(names, places, strict=True):
        found.setdefault(name, set()).add(place)
    return [name if len(found[name]) == 1 else place for name, place in zip(names, places, strict=True)]
