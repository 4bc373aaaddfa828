"""Errors, and the places in spec files that they point at.

::

    ArchcostError                what a caller may catch
    ├── SpecError                a spec is wrong: one or more diagnostics, each with file, line and column
    │   └── ConfigError          a configuration or lock file is wrong, likewise
    ├── UsageError               the call is wrong: an unknown model, parameter, file or option value
    │   └── ArgumentError        a value is wrong at a place within its text
    └── MissingExtraError        a command needs packages that are not installed

Every message says what arrived and what was expected; ``help`` says what would mend it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.printable import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from archcost.documents import ErrorData


class Source:
    """The text of a file, and the name that messages give it: the path, unless it is known by another.

    ``is_made``: the text is the spec that was made of the file, whose lines are not those of the file.
    """

    __slots__ = ("_lines", "file", "is_made", "name", "text")

    def __init__(self, file: str, text: str, *, name: str = "", is_made: bool = False) -> None:
        self.file = file
        self.is_made = is_made
        name = name or file
        self.name = f"{name} (as a spec)" if is_made else name
        self.text = text
        self._lines: list[str] | None = None

    def line(self, index: int) -> str:
        """Line ``index`` (from 0) without its line end; empty beyond the end of the text."""
        if self._lines is None:
            self._lines = self.text.splitlines()
        return self._lines[index] if 0 <= index < len(self._lines) else ""


class Mark(NamedTuple):
    """A stretch of characters in a source; ``line`` and ``column`` count from 0."""

    source: Source
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line + 1}:{self.column + 1}"


ERROR, WARNING = "error", "warning"  # what stops, and what may be meant


class Diagnostic(NamedTuple):
    """One problem: what is wrong, where it is, and how to fix it; a warning is of what may be meant."""

    message: str
    mark: Mark | None = None
    help: str = ""
    notes: tuple[str, ...] = ()
    severity: str = ERROR

    def to_dict(self) -> ErrorData:
        """The JSON form of the report schema; line and column count from 1."""
        mark = self.mark
        return {
            "message": self.message,
            "file": mark.source.name if mark else None,
            "line": mark.line + 1 if mark else None,
            "column": mark.column + 1 if mark else None,
            "help": self.help or None,
        }


def as_errors(warnings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Warnings for those who want none."""
    return tuple([warning._replace(severity=ERROR) for warning in warnings])


class ArchcostError(Exception):
    """Base of all errors that archcost raises on purpose."""


class UsageError(ArchcostError):
    """The call is wrong, not the spec; ``help`` says how to fix it."""

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002 - the word users see
        super().__init__(message if not help else f"{message}\nhelp: {help}")
        self.message = message
        self.help = help


class CallError(UsageError):
    """The call makes no sense, whatever the spec: no other one would fare better."""


class ArgumentError(CallError):
    """A value that was typed is wrong: ``diagnostic`` points at the place within its text."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message, diagnostic.help)
        self.diagnostic = cut(diagnostic)

    def __str__(self) -> str:
        return format_diagnostic(self.diagnostic)


class MissingExtraError(CallError):
    """A command needs packages of an extra that is not installed."""

    def __init__(self, package: str, extra: str, also: str = "") -> None:
        command = f"pip install 'archcost[{extra}]' {also}".rstrip()
        super().__init__(f"this needs {package}, which is not installed", command)


MAX_MESSAGE = 1000  # characters of a message, a help line or a note, whatever a spec puts into it


def cut(diagnostic: Diagnostic) -> Diagnostic:
    """The diagnostic with texts that nobody would read to the end cut."""
    message, mark, hint, notes, severity = diagnostic
    if max(len(message), len(hint), *map(len, notes), 0) <= MAX_MESSAGE:
        return diagnostic
    return Diagnostic(shortened(message), mark, shortened(hint), tuple(map(shortened, notes)), severity)


def shortened(text: str, length: int = MAX_MESSAGE) -> str:
    """The beginning of a long text, with an ellipsis."""
    return text if len(text) <= length else text[:length] + "…"


class SpecError(ArchcostError):
    """A spec is wrong: all the independent problems that were found, in the order of the text.

    ``partial`` holds the report of the layers before the first failing one, where the graph got that far.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], partial: Any = None) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(map(cut, diagnostics))
        self.partial = partial
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "\n\n".join(map(format_diagnostic, self.diagnostics))


class UnreadError(SpecError):
    """A spec cannot be read: there is no such file, or it is no text, so that nothing is known of it."""


class ConfigError(SpecError):
    """A configuration file or a lock file is wrong: its problems, as in SpecError."""


PLAIN = {"error": "", "warning": "", "bold": "", "blue": "", "help": "", "reset": ""}
COLOUR = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "bold": "\x1b[1m",
    "blue": "\x1b[1;94m",
    "help": "\x1b[1;36m",
    "reset": "\x1b[0m",
}
_SNIPPET_WIDTH = 160
MAX_COMPARED = 4_000_000  # pairs of characters that are compared for "did you mean"
_MAX_KNOWN = 2000  # names to compare a typo with
_CUTOFF = 0.6  # of the resemblance of two names, from 0 to 1
_MAX_NAME = 80  # characters of a name that is worth a suggestion


def format_diagnostic(diagnostic: Diagnostic, style: dict[str, str] = PLAIN) -> str:
    """The diagnostic in full: message, place, source line with a caret, notes and help."""
    reset = style["reset"]
    severity = diagnostic.severity
    parts = [f"{style[severity]}{severity}{reset}: {style['bold']}{visible(diagnostic.message)}{reset}"]
    mark = diagnostic.mark
    if mark is not None:
        parts += snippet(mark, style, severity=severity)
    parts += [f"{style['blue']}note{reset}: {visible(note)}" for note in diagnostic.notes]
    if diagnostic.help:
        parts.append(f"{style['help']}help{reset}: {visible(diagnostic.help)}")
    return "\n".join(parts)


def snippet(mark: Mark, style: dict[str, str] = PLAIN, width: int = _SNIPPET_WIDTH, severity: str = ERROR) -> list[str]:
    """The place, and the source line with a caret below it, cut to ``width`` characters."""
    blue, reset = style["blue"], style["reset"]
    number = str(mark.line + 1)
    gutter = " " * len(number)
    arrow = f"{gutter}{blue}-->{reset} {visible(str(mark))}"
    line = mark.source.line(mark.line).rstrip()
    if not line:
        return [arrow]
    column = min(mark.column, len(line))
    start = max(0, column - width // 2) if len(line) > width else 0
    shown = "".join(char if char.isprintable() else " " for char in line[start : start + width])
    carets = "^" * max(1, min(mark.length, len(shown) - (column - start)))
    return [
        arrow,
        f"{gutter} {blue}|{reset}",
        f"{blue}{number} |{reset} {shown}".rstrip(),
        f"{gutter} {blue}|{reset} {' ' * (column - start)}{style[severity]}{carets}{reset}",
    ]


class Hints:
    """Names that resemble an unknown word, each computed once; the comparisons for all words together are bounded."""

    __slots__ = ("compared", "found")

    def __init__(self) -> None:
        self.compared = 0  # pairs of characters
        self.found: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    def may_compare(self, pairs: int) -> bool:
        """Count characters that are compared; False when there were so many that further hints are left out."""
        self.compared += pairs
        return self.compared <= MAX_COMPARED


def close_names(name: str, known: Iterable[str], hints: Hints | None = None) -> list[str]:
    """Up to three known names that resemble ``name``, the closest first; ``hints`` are those of the whole spec."""
    from itertools import islice

    if len(name) > _MAX_NAME:
        return []
    names = tuple([candidate for candidate in islice(known, _MAX_KNOWN) if len(candidate) <= _MAX_NAME])
    hints = hints or Hints()
    found = hints.found.get((name, names))
    if found is None:
        lower = {candidate.lower().replace("_", ""): candidate for candidate in reversed(names)}
        exact = lower.get(name.lower().replace("_", "").replace("-", ""))
        close = _closest(name, names, hints)
        found = [exact, *(candidate for candidate in close if candidate != exact)][:3] if exact else close
        hints.found[name, names] = found
    return found


def _closest(name: str, names: Iterable[str], hints: Hints) -> list[str]:
    """As difflib's get_close_matches with its defaults, as long as the comparisons are allowed."""
    from difflib import SequenceMatcher
    from heapq import nlargest

    scored: list[tuple[float, str]] = []
    matcher = SequenceMatcher(b=name)
    for candidate in names:
        matcher.set_seq1(candidate)
        if matcher.real_quick_ratio() < _CUTOFF or not hints.may_compare(len(candidate)):
            continue
        if matcher.quick_ratio() < _CUTOFF or not hints.may_compare(len(candidate) * len(name)):
            continue
        ratio = matcher.ratio()
        if ratio >= _CUTOFF:
            scored.append((ratio, candidate))
    return [candidate for _, candidate in nlargest(3, scored)]


def did_you_mean(name: str, known: Iterable[str], hints: Hints | None = None) -> str:
    """A help line that names the close ones of what is known; empty where none is."""
    close = close_names(name, known, hints)
    return "did you mean " + " or ".join(f"'{candidate}'" for candidate in close) + "?" if close else ""


def suggestion(name: str, known: Collection[str], what: str, hints: Hints | None = None) -> str:
    """A help line for an unknown name: the close ones, or all where there are few; ``hints`` as in close_names."""
    meant = did_you_mean(name, known, hints)
    if meant:
        return meant
    listed = f"known {what}: {', '.join(known)}" if known and len(known) <= 12 else ""  # noqa: PLR2004 - fit on a line
    return listed if len(listed) <= 3 * _MAX_NAME else ""


def unread(path: str, reason: str, hint: str = "") -> UnreadError:
    """The error for a file that cannot be read, at its first line."""
    return UnreadError([Diagnostic(f"cannot read {path}: {reason}", Mark(Source(path, ""), 0, 0), hint)])
