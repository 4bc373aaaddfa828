"""What reads the value of an option or argument: one of several words, or a number in a range.

Each says in its error what arrived and what may, as all usage errors do. The help page and the shell's completion take
the words from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.errors import UsageError


_SHOWN = 40  # characters of a number that cannot be right


class WordOf:
    """One of several words, or a synonym of one; raises UsageError for any other, with the way to one ``elsewhere``."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        synonyms: Mapping[str, str] | None = None,
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        self.name = self.__name__ = name
        self.words = tuple(words)
        self._synonyms = synonyms or {}
        self._elsewhere = elsewhere or {}

    def __call__(self, text: str) -> str:
        word = self._synonyms.get(text, text)
        if word not in self.words:
            raise self._error(text)
        return word

    def _error(self, text: str) -> UsageError:
        from archcost.errors import UsageError, did_you_mean

        way = self._elsewhere.get(text) or did_you_mean(text, self.words)
        return UsageError(f"{self.name} is one of {', '.join(self.words)}, not '{text}'", way)


def value_words(parameter: Any) -> tuple[str, ...]:
    """The words of which an option or argument, as typer has it, takes one; none where it takes others."""
    reader = getattr(parameter.type, "func", None)
    return reader.words if isinstance(reader, WordOf) else ()


class _AtLeast:
    """A number that is not below the least, and below what there is an end to; raises UsageError for anything else."""

    number: ClassVar[type[int | float]]
    words: ClassVar[str]  # what the option takes, before the least
    end: ClassVar[float]  # all numbers are below it

    def __init__(self, name: str, least: float, most: int | None = None) -> None:
        self.__name__ = name
        self._least = least
        self._most = most

    def __call__(self, text: str) -> Any:
        try:
            number = self.number(text)
        except ValueError:
            number = float("nan")
        if not self._least <= number < self.end or (self._most is not None and number > self._most):
            from archcost.errors import UsageError, shortened

            most = "" if self._most is None else f" and at most {self._most:,}"
            hint = "it is below 2⁶³" if number >= self.end else ""
            got = shortened(text, _SHOWN)
            raise UsageError(f"{self.__name__} takes {self.words} {self._least:g}{most}, got '{got}'", hint)
        return number


class WholeNumber(_AtLeast):
    """A whole number."""

    number = int
    words = "a whole number of at least"
    end = 2**63


class Seconds(_AtLeast):
    """A time in seconds."""

    number = float
    words = "a number of seconds, at least"
    end = float("inf")


class WholeNumbers:
    """Whole numbers of at least 1 with commas between them; raises UsageError for anything else."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._one = WholeNumber(name, 1)

    def __call__(self, text: str) -> list[int]:
        return [self._one(part.strip()) for part in text.split(",")]
