"""The values of an axis as people write them: ``3,5,7``, ``1..8``, ``0.25:1.5:0.05``, words, lists.

Steps are decimal: the third of ``0.1:0.5:0.1`` is 0.3, never 0.30000000000000004. Both ends are included.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcost.errors import ArgumentError, Diagnostic, Mark, Source, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

MAX_VALUES = 65_536  # of an axis: an index takes at most 16 bits
_COUNTED = 10**12  # values; more are not told to the unit
_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_RANGE = re.compile(rf"({_NUMBER})(\.\.(?!\.)|:)({_NUMBER})(?:\2({_NUMBER}))?")
_HELP = "write `3,5,7`, `1..8`, `128..224..32`, `0.25:1.5:0.05`, words, or lists such as `[16,32],[32,64]`"
_OPENING, _CLOSING, _QUOTES = "[{", "]}", "'\""


class Piece(tuple[str, Mark]):
    """A part of an argument's text, and its place."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The text without blanks around it."""
        return self[0]

    @property
    def mark(self) -> Mark:
        """WhereClause it stands."""
        return self[1]

    def wrong(self, message: str, help: str = "") -> ArgumentError:  # noqa: A002 - the word users see
        """The error that this part is wrong."""
        return ArgumentError(Diagnostic(message, self.mark, help))


def piece_of(source: Source, start: int, end: int) -> Piece:
    """The characters from ``start`` to ``end`` of a text of one line, without blanks around them."""
    text = source.text[start:end]
    begin = start + len(text) - len(text.lstrip())
    text = text.strip()
    return Piece((text, Mark(source, 0, begin, max(1, len(text)))))


def parts(piece: Piece, separator: str) -> list[Piece]:
    """A text at its separators, those within brackets and quotes left out; raises ArgumentError."""
    source, start = piece.mark.source, piece.mark.column
    found, depth, quote, begin = [], 0, "", start
    for place in range(start, start + len(piece.text)):
        char = source.text[place]
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES and not source.text[begin:place].strip("[ "):
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
            if depth < 0:
                raise piece_of(source, place, place + 1).wrong(f"a '{char}' that nothing opens", _HELP)
        elif char == separator and not depth:
            found.append(piece_of(source, begin, place))
            begin = place + 1
    if quote or depth:
        raise piece.wrong(f"{piece.text} is not closed", _HELP)
    return [*found, piece_of(source, begin, start + len(piece.text))]


def read_values(piece: Piece) -> tuple[Any, ...]:
    """The values that a text stands for, at least one; raises ArgumentError."""
    values: list[Any] = []
    places: list[Piece] = []
    for part in parts(piece, ","):
        if not part.text:
            raise part.wrong("there is no value here", _HELP)
        for value in _values_in(part):
            if len(values) >= MAX_VALUES:
                raise piece.wrong(f"more than {MAX_VALUES:,} values along one axis")
            values.append(value)
            places.append(part)
    check_distinct(values, places)
    return tuple(values)


def check_distinct(values: Iterable[Any], places: Iterable[Piece]) -> None:
    """Raise ArgumentError for a value that an axis has twice, and for what no param can be."""
    seen: set[Any] = set()
    for value, place in zip(values, places, strict=True):
        _check_plain(value, place)
        known = identity(value)
        if known in seen:
            raise place.wrong(f"the value {shown(value)} stands here for the second time", "name each value once")
        seen.add(known)


def _check_plain(value: Any, place: Piece) -> None:
    """Raise ArgumentError for a value that is no number, text, true, false, null, or list of such."""
    if isinstance(value, (list, tuple)):
        for item in value:
            _check_plain(item, place)
    elif value is not None and not isinstance(value, (bool, int, float, str)):
        what = "a mapping" if hasattr(value, "keys") else f"{type(value).__name__}"
        raise place.wrong(f"{what} is no value of a param", _HELP)


def identity(value: Any) -> Any:
    """What makes values the same: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, (list, tuple)):
        return tuple(map(identity, value))
    return (bool, value) if isinstance(value, bool) else value


def shown(value: Any) -> str:
    """A value as it is written on the command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(shown, value)) + "]"
    return "null" if value is None else str(value)


def _values_in(part: Piece) -> Iterator[Any]:
    match = _RANGE.fullmatch(part.text)
    if match is None:
        yield _scalar(part)
    else:
        yield from _steps(part, match[1], match[3], match[4], match[2])


def _steps(part: Piece, first: str, last: str, step: str | None, between: str) -> Iterator[Any]:
    """first, first + step … up to and with last, in decimal arithmetic; whole numbers where all are written so."""
    from decimal import Decimal

    low, high = Decimal(first), Decimal(last)
    by = Decimal(step) if step is not None else Decimal(1 if high >= low else -1)
    if not by:
        raise part.wrong("a step of 0 leads nowhere", _HELP)
    if (high - low) * by < 0:
        raise part.wrong(f"{part.text} has no values: a step of {by} does not lead from {first} to {last}", _HELP)
    count = int((high - low) / by) + 1
    if count > MAX_VALUES:
        told = f"{count:,}" if count < _COUNTED else f"more than {_COUNTED:,}"
        raise part.wrong(f"{part.text} is {told} values, and an axis has at most {MAX_VALUES:,}", "take a larger step")
    if count == 1 and low != high:
        way_out = f"say the step: `{first}{between}{last}{between}{_example_step(high - low)}`"
        raise part.wrong(f"{part.text} is {first} alone: a step of {by} leads beyond {last}", way_out)
    whole = all(re.fullmatch(r"[+-]?\d+", text) for text in (first, last, step or "1"))
    for number in range(count):
        value = low + number * by
        yield int(value) if whole else float(value)


def _example_step(distance: Decimal) -> Decimal:
    """A step that leads exactly over a distance, in four."""
    return (distance / 4).normalize()


def _scalar(part: Piece) -> Any:
    """A word, number, true, false, null, quoted text or list, as YAML has them."""
    from archcost.spec.document import parse_document

    try:
        value, problems = parse_document(Source("", part.text))
    except SpecError as error:
        raise _moved(part, error.diagnostics[0]) from None
    if problems:
        raise _moved(part, problems[0])
    return value.plain()


def _moved(part: Piece, problem: Diagnostic) -> ArgumentError:
    """A problem of a part of the text as one of the whole text."""
    mark = part.mark
    if problem.mark is not None and not problem.mark.line:
        mark = mark._replace(column=mark.column + problem.mark.column, length=problem.mark.length)
    return ArgumentError(problem._replace(mark=mark, help=problem.help or _HELP))
