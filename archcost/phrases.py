"""How many there are, in words: a count with its noun, and names of which only some are told."""

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
