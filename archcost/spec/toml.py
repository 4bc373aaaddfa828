"""TOML text to the same tree of values with positions that YAML specs have.

The standard library reads the values and tells no places; a scan of the text finds where each key and value stands. It
runs only over text that has been read without an error, so that it can be simple.
"""

from __future__ import annotations

import json
import re
import tomllib
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from archcost.errors import ConfigError, Diagnostic, Mark, Source
from archcost.files import FileError, decoded
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.syntax import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.spec.document import Value

MAX_DEPTH = 30  # of arrays and tables in each other
MAX_PARTS = 30  # of a dotted key, or of the name of a table
MAX_DIGITS = 100  # of a number
MAX_VALUES = 50_000  # in one file
Path = tuple[str | int, ...]
Span = tuple[int, int]  # characters of the text: start and end

_ERROR_PLACE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_WITH_UNIT = re.compile(r" *([\w.-]+) *= *([0-9][0-9._]* *[A-Za-z%µ]+)")  # `params = 20 k`
_SHORT = 200  # characters of a line
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = re.compile(r"[^,\]}#\r\n]*[^,\]}#\r\n\s]")
_STRINGS = (  # the longer quotes first
    re.compile(r'"""(?:[^"\\]++|\\.|""?(?!"))*+"{3,5}+', re.DOTALL),
    re.compile(r"'''(?:[^']++|''?(?!'))*+'{3,5}+", re.DOTALL),
    re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL),
    re.compile(r"'[^']*+'"),
)
# What counts against a limit, outside of strings and comments: long keys and numbers, and brackets.
_TOKEN = re.compile(
    rf"(?P<key>(?<![\w-])(?:(?:[\w-]++|{_STRINGS[2].pattern}|{_STRINGS[3].pattern})[ \t]*+\.[ \t]*+){{{MAX_PARTS}}})"
    "|(?P<text>" + "|".join(pattern.pattern for pattern in _STRINGS) + r"|#[^\n]*+)"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<unclosed>[\"'])"
    rf"|(?P<number>(?<![\w-])[+-]?[0-9]\w{{{MAX_DIGITS}}})",
    re.DOTALL,
)
_DEEPER = {"open": 1, "close": -1}


class _Number(str):
    """A float as it is written."""

    __slots__ = ()


def toml_source(name: str, read: Callable[[], bytes]) -> Source:
    """The text of a file under the name that messages have for it; raises ConfigError where it cannot be read."""
    try:
        return Source(name, decoded(read()))
    except FileError as error:
        message, hint = f"cannot read {name}: {error.reason}", error.help
    except UnicodeDecodeError:
        message, hint = f"cannot read {name}: it is not UTF-8 text", "save it as UTF-8"
    raise ConfigError([Diagnostic(message, Mark(Source(name, ""), 0, 0), hint)])


def parse_toml(source: Source) -> Mapping:
    """The tree of a TOML text; raises ConfigError at the place of a syntax error, and of what goes beyond a limit.

    The limits are checked first, because the standard library has none: nested arrays and tables, the parts of a dotted
    key, and the digits of a number would take all the time or the stack there is.
    """
    _refuse_extremes(source)
    try:
        data = tomllib.loads(source.text, parse_float=_Number)
    except ValueError as error:
        raise ConfigError([_syntax_error(source, str(error))]) from None
    scan = _Scan(source)
    scan.document()
    return _Tree(source, scan).mapping((), data)


def _refuse_extremes(source: Source) -> None:
    """Raise ConfigError at the first thing beyond a limit, as far as strings are closed."""
    depth = 0
    for match in _TOKEN.finditer(source.text):
        kind = match.lastgroup or ""
        if kind == "unclosed":  # an error that is told with its place
            return
        depth = max(0, depth + _DEEPER.get(kind, 0))
        message = ""
        if depth > MAX_DEPTH:
            message = f"values nest deeper than {MAX_DEPTH} levels"
        elif kind == "key":
            message = f"a key has more than {MAX_PARTS} parts"
        elif kind == "number":
            message = f"a number has more than {MAX_DIGITS} digits"
        if message:
            raise ConfigError([Diagnostic(message, place(source, match.start()))])


def _syntax_error(source: Source, text: str) -> Diagnostic:
    found = _ERROR_PLACE.search(text)
    message = text[: found.start()] if found else text
    index = len(source.text)
    if found and found[1]:
        lines = source.text.split("\n")[: int(found[1]) - 1]  # tomllib knows no other line ends
        index = sum(len(line) + 1 for line in lines) + int(found[2]) - 1
    mark = place(source, index)
    bare = _WITH_UNIT.match(source.line(mark.line)) if len(source.line(mark.line)) <= _SHORT else None
    hint = f'a text has quotes: `{bare[1]} = "{bare[2].strip()}"`' if bare else ""
    return Diagnostic(f"this is not TOML: {message[:1].lower()}{message[1:]}", mark, hint)


class _Scan:
    """Walks over TOML text and notes where keys and values stand, by their paths."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.position = 0
        self.count = 0
        self.keys: dict[Path, Span] = {}
        self.values: dict[Path, Span] = {}
        self._tables: dict[Path, int] = {}  # arrays of tables and their lengths so far

    def document(self) -> None:
        """All statements."""
        prefix: Path = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.position] == "[":
                prefix = self._header()
            else:
                self._assignment(prefix)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return self.position

    def _count(self, position: int) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            message = f"the file has more than {MAX_VALUES:,} values"
            raise ConfigError([Diagnostic(message, place(self.source, position))])

    def _header(self) -> Path:
        """``[table]`` or ``[[array of tables]]``; returns the path of what follows."""
        start = self.position
        self._count(start)
        brackets = 2 if self.text.startswith("[[", start) else 1
        self.position += brackets
        names = self._names()
        path: Path = ()
        for index, (name, span) in enumerate(names):
            path = (*path, name)
            self.keys.setdefault(path, span)
            if index == len(names) - 1 and brackets == 2:  # noqa: PLR2004 - [[…]]
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self.keys.setdefault(path, span)
        self._skip(_SPACE)
        self.position += brackets
        self.values.setdefault(path, (start, self.position))
        return path

    def _names(self) -> list[tuple[str, Span]]:
        """A key, its parts between dots."""
        names = []
        while True:
            start = self._skip(_SPACE)
            if self.text[start] in "\"'":
                self._string()
                name = _unquoted(self.text[start : self.position])
            else:
                self._skip(_BARE)
                name = self.text[start : self.position]
            names.append((name, (start, self.position)))
            if self.text[self._skip(_SPACE)] != ".":
                return names
            self.position += 1

    def _assignment(self, prefix: Path) -> None:
        names = self._names()
        path = prefix
        for name, span in names:
            path = (*path, name)
            self.keys.setdefault(path, span)
        self.position += 1  # =
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        start = self.position
        self._count(start)
        char = self.text[start]
        if char in "\"'":
            self._string()
        elif char == "[":
            self._items(path)
        elif char == "{":
            self._members(path)
        else:
            self._skip(_PLAIN)
        self.values[path] = (start, self.position)

    def _string(self) -> None:
        for pattern in _STRINGS:
            if pattern.match(self.text, self.position):
                self._skip(pattern)
                return

    def _items(self, path: Path) -> None:
        self.position += 1
        index = 0
        while self.text[self._skip(_BLANK)] != "]":
            self._value((*path, index))
            index += 1
            if self.text[self._skip(_BLANK)] == ",":
                self.position += 1
        self.position += 1

    def _members(self, path: Path) -> None:
        self.position += 1
        while self.text[self._skip(_BLANK)] != "}":
            self._assignment(path)
            if self.text[self._skip(_BLANK)] == ",":
                self.position += 1
        self.position += 1


def _unquoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:  # an escape that JSON has not
        return text[1:-1]


class _Tree:
    """Builds values with positions; what the scan has no place for gets that of what it stands in."""

    def __init__(self, source: Source, scan: _Scan) -> None:
        self._source = source
        self._scan = scan
        self._starts = [0]
        for line in source.text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def mapping(self, path: Path, data: dict[str, Any]) -> Mapping:
        """A table."""
        mapping = Mapping(*self._place(path), flow=False)
        for name, item in data.items():
            inner = (*path, name)
            key = Scalar(*self._place(inner, key=True), name, quoted=True)
            mapping.entries[name] = (key, self._value(inner, item))
        return mapping

    def _value(self, path: Path, data: Any) -> Value:
        if isinstance(data, dict):
            return self.mapping(path, data)
        if isinstance(data, list):
            sequence = Sequence(*self._place(path), flow=True)
            sequence.items = [self._value((*path, index), item) for index, item in enumerate(data)]
            return sequence
        if isinstance(data, bool):
            return Scalar(*self._place(path), str(data).lower(), quoted=False)
        number = isinstance(data, (int, _Number))
        return Scalar(*self._place(path), str(data), quoted=not number)

    def _place(self, path: Path, *, key: bool = False) -> tuple[Source, int, int, int]:
        places = self._scan.keys if key else self._scan.values
        span = places.get(path) or self._scan.keys.get(path)
        while span is None and path:
            path = path[:-1]
            span = self._scan.values.get(path) or self._scan.keys.get(path)
        start, end = span or (0, 1)
        line = bisect_right(self._starts, start) - 1
        stop = self._starts[line + 1] if line + 1 < len(self._starts) else len(self._source.text)
        return self._source, line, start - self._starts[line], max(1, min(end, stop) - start)
