"""Numbers of a list of suggestions, as they are given: ``1,3b``, ``[1, 3]``, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL = "all"


def number_words(numbers: str | int | Iterable[str | int]) -> list[str]:
    """One word for each; raises CallError for none, and for ``all`` beside others."""
    given = [numbers] if isinstance(numbers, (str, int)) else numbers
    words = [word.strip() for one in given for word in str(one).split(",")]
    if not words or not all(words) or (ALL in words and len(words) > 1):
        raise CallError(f"--apply takes numbers of the list such as 1,3, or {ALL}")
    return words
