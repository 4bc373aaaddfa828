"""What reads the value of an option or argument: one of several words, or a number in a range.

Each says in its error what arrived and what may, as all usage errors do. The help page and the shell's completion take
the words from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.errors import UsageError


class WordOf:
    """One of several words, or a synonym of one; raises UsageError for any other."""

    def __init__(self, name: str, words: Sequence[str], synonyms: Mapping[str, str] | None = None) -> None:
        self.name = self.__name__ = name
        self.words = tuple(words)
        self._synonyms = synonyms or {}

    def __call__(self, text: str) -> str:
        word = self._synonyms.get(text, text)
        if word not in self.words:
            raise self._error(text)
        return word

    def _error(self, text: str) -> UsageError:
        from archcost.errors import UsageError, did_you_mean

        return UsageError(
            f"{self.name} is one of {', '.join(self.words)}, not '{text}'", did_you_mean(text, self.words)
        )


def value_words(parameter: Any) -> tuple[str, ...]:
    """The words of which an option or argument, as typer has it, takes one; none where it takes others."""
    reader = getattr(parameter.type, "func", None)
    return reader.words if isinstance(reader, WordOf) else ()


class WholeNumber:
    """A whole number that is not below the least; raises UsageError for anything else."""

    def __init__(self, name: str, least: int) -> None:
        self.__name__ = name
        self._least = least

    def __call__(self, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or number < self._least:
            from archcost.errors import UsageError

            raise UsageError(f"{self.__name__} takes a whole number of at least {self._least}, got '{text}'")
        return number


class Seconds:
    """A time that ends, in seconds; raises UsageError for anything else."""

    def __init__(self, name: str, least: float) -> None:
        self.__name__ = name
        self._least = least

    def __call__(self, text: str) -> float:
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not self._least <= seconds < float("inf"):
            from archcost.errors import UsageError

            raise UsageError(f"{self.__name__} takes a number of seconds, at least {self._least:g}, got '{text}'")
        return seconds
