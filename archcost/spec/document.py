"""YAML text to a tree of values with positions, by the YAML 1.2 core schema.

PyYAML scans the text; what a plain scalar means is decided here, because PyYAML follows YAML 1.1 (``no`` is false,
``1e6`` is text, ``3:20`` is 200). Duplicate keys, tags, alias bombs and several documents are errors with a place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from archcost.errors import Diagnostic, Mark, SpecError

if TYPE_CHECKING:
    from archcost.errors import Source

MAX_BYTES = 16 * 2**20
MAX_VALUES = 1_000_000  # YAML values in one file, aliases expanded
MAX_DEPTH = 100
_MAX_NUMBER = 40  # digits

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(
    r"""(?P<int>[-+]?[0-9]+)
      | (?P<octal>0o[0-7]+)
      | (?P<hexadecimal>0x[0-9a-fA-F]+)
      | (?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))""",
    re.VERBOSE,
)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")


class Value:
    """A YAML value and where it stands."""

    __slots__ = ("column", "length", "line", "size", "source")

    def __init__(self, source: Source, line: int, column: int, length: int) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.length = length
        self.size = 1  # values in it, itself included, aliases expanded

    @property
    def mark(self) -> Mark:
        """The place for messages."""
        return Mark(self.source, self.line, self.column, self.length)

    def plain(self) -> Any:
        """The value as Python data."""
        raise NotImplementedError  # pragma: no cover - every subclass defines it


class Scalar(Value):
    """A string, number, boolean or null; ``quoted`` tells ``"1"`` from ``1``."""

    __slots__ = ("quoted", "text", "value")

    def __init__(self, source: Source, line: int, column: int, length: int, text: str, *, quoted: bool) -> None:
        super().__init__(source, line, column, length)
        self.text = text
        self.quoted = quoted
        self.value: None | bool | int | float | str = text if quoted else resolve(text)

    def plain(self) -> Any:
        return self.value


class Sequence(Value):
    """A list of values."""

    __slots__ = ("items",)

    def __init__(self, source: Source, line: int, column: int, length: int) -> None:
        super().__init__(source, line, column, length)
        self.items: list[Value] = []

    def plain(self) -> Any:
        return [item.plain() for item in self.items]


class Mapping(Value):
    """Keys to values, in the order of the text; keys are read as text (``3x3``, ``1``)."""

    __slots__ = ("entries", "flow")

    def __init__(self, source: Source, line: int, column: int, length: int, *, flow: bool) -> None:
        super().__init__(source, line, column, length)
        self.flow = flow
        self.entries: dict[str, tuple[Scalar, Value]] = {}

    def plain(self) -> Any:
        return {name: value.plain() for name, (_, value) in self.entries.items()}


def resolve(text: str) -> None | bool | int | float | str:
    """What a plain scalar means in the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    match = _NUMBER.fullmatch(text)
    if not match or len(text) > _MAX_NUMBER:
        return text
    if match["int"]:
        return int(text)
    if match["octal"]:
        return int(text[2:], 8)
    if match["hexadecimal"]:
        return int(text[2:], 16)
    return float(text.replace(".", "") if text[-1] in "fFnN" else text)


def parse_document(source: Source) -> tuple[Value, list[Diagnostic]]:
    """The tree of a YAML text and the problems that do not keep it from being read; raises SpecError for others."""
    builder = _Builder(source)
    loader = None
    try:
        loader = _Loader(source.text)
        while True:
            event = loader.get_event()
            if event is None or isinstance(event, yaml.StreamEndEvent):
                break
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise SpecError([_syntax_diagnostic(source, error)]) from None
    except yaml.reader.ReaderError as error:
        raise SpecError([_reader_diagnostic(source, error)]) from None
    finally:
        if loader is not None:
            loader.dispose()
    if builder.root is None:
        raise SpecError([Diagnostic("the file is empty", Mark(source, 0, 0), "start with `archcost: 1`")])
    return builder.root, builder.problems


class _Builder:
    """Builds the tree from parser events without recursion, so that depth and size are bounded."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.root: Value | None = None
        self._stack: list[tuple[Sequence | Mapping, str | None]] = []  # the open collections and their anchors
        self._keys: list[Scalar | None] = []  # the pending key of each open mapping
        self._anchors: dict[str, Value] = {}
        self._count = 0

    def take(self, event: Any) -> None:
        """Handle one event of the parser."""
        _HANDLERS[type(event)](self, event)

    def _place(self, event: Any, *, one_line: bool = True) -> tuple[int, int, int]:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if one_line and end.line == start.line else 1
        return start.line, start.column, max(1, length)

    def _ignore(self, event: Any) -> None:
        pass

    def _document(self, event: Any) -> None:
        if self.root is not None:
            line, column, _ = self._place(event)
            raise SpecError([Diagnostic("a file holds one document", Mark(self.source, line, column, 3))])

    def _scalar(self, event: Any) -> None:
        line, column, length = self._place(event)
        if event.tag is not None and event.tag != "!":
            self._refuse_tag(event)
        scalar = Scalar(self.source, line, column, length, event.value, quoted=not event.implicit[0])
        if event.anchor is not None:
            self._anchors[event.anchor] = scalar
        self._add(scalar)

    def _sequence(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse_tag(event)
        self._open(Sequence(self.source, *self._place(event)), event.anchor)

    def _mapping(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse_tag(event)
        self._open(Mapping(self.source, *self._place(event), flow=bool(event.flow_style)), event.anchor)

    def _open(self, collection: Sequence | Mapping, anchor: str | None) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise SpecError([Diagnostic(f"values nest deeper than {MAX_DEPTH} levels", collection.mark)])
        if self._stack and isinstance(self._stack[-1][0], Mapping) and self._keys[-1] is None:
            raise SpecError([Diagnostic("a key must be a plain word, not a list or mapping", collection.mark)])
        self._stack.append((collection, anchor))
        self._keys.append(None)

    def _close(self, event: Any) -> None:
        del event
        collection, anchor = self._stack.pop()
        self._keys.pop()
        if anchor is not None:
            self._anchors[anchor] = collection
        self._add(collection)

    def _alias(self, event: Any) -> None:
        line, column, length = self._place(event)
        mark = Mark(self.source, line, column, length)
        if any(anchor == event.anchor for _, anchor in self._stack):
            raise SpecError([Diagnostic(f"the alias *{event.anchor} stands inside of what it names", mark)])
        value = self._anchors.get(event.anchor)
        if value is None:
            known = ", ".join(f"&{name}" for name in self._anchors) or "none"
            raise SpecError([Diagnostic(f"the alias *{event.anchor} names no anchor", mark, f"anchors so far: {known}")])
        self._count += value.size
        self._add(value, mark)

    def _add(self, value: Value, mark: Mark | None = None) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise SpecError(
                [
                    Diagnostic(
                        f"the file holds more than {MAX_VALUES:,} values, aliases expanded",
                        mark or value.mark,
                        "write repeated parts once, as a block with `repeat`",
                    )
                ]
            )
        if not self._stack:
            self.root = value
            return
        parent = self._stack[-1][0]
        parent.size += value.size
        if isinstance(parent, Sequence):
            parent.items.append(value)
            return
        key = self._keys[-1]
        if key is not None:
            self._keys[-1] = None
            parent.entries.setdefault(key.text, (key, value))
        elif isinstance(value, Scalar):
            self._keys[-1] = value
            if value.text in parent.entries:
                first = parent.entries[value.text][0]
                note = f"it stands first on line {first.line + 1}"
                self.problems.append(Diagnostic(f"the key '{value.text}' stands twice", value.mark, "", (note,)))
        else:
            raise SpecError([Diagnostic("a key must be a plain word, not a list or mapping", mark or value.mark)])

    def _refuse_tag(self, event: Any) -> None:
        line, column, length = self._place(event)
        diagnostic = Diagnostic(f"the tag {event.tag} is not supported", Mark(self.source, line, column, length))
        raise SpecError([diagnostic._replace(help="quote a value to make it a string; other tags have no meaning here")])


_HANDLERS = {
    yaml.StreamStartEvent: _Builder._ignore,
    yaml.DocumentStartEvent: _Builder._document,
    yaml.DocumentEndEvent: _Builder._ignore,
    yaml.ScalarEvent: _Builder._scalar,
    yaml.SequenceStartEvent: _Builder._sequence,
    yaml.SequenceEndEvent: _Builder._close,
    yaml.MappingStartEvent: _Builder._mapping,
    yaml.MappingEndEvent: _Builder._close,
    yaml.AliasEvent: _Builder._alias,
}


def _syntax_diagnostic(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic:
    """A syntax error at its place, with a way out for the traps that specs run into."""
    place = error.problem_mark or error.context_mark
    line, column = (place.line, place.column) if place else (0, 0)
    message = error.problem or error.context or "this is not YAML"
    before = source.line(line)[: column + 1]
    opened = max(before.rfind("$("), -1)
    if opened >= 0 and before.count("(", opened) > before.count(")", opened):
        return Diagnostic(
            "YAML ends this expression at a bracket, brace or comma",
            Mark(source, line, opened, max(1, column - opened)),
            'quote the expression: "$(…)"',
        )
    if "\t" in before:
        return Diagnostic(f"YAML: {message}", Mark(source, line, column), "indent with spaces, not tabs")
    notes = ()
    if error.context and error.context_mark and error.context_mark.line != line:
        notes = (f"{error.context} on line {error.context_mark.line + 1}",)
    return Diagnostic(f"YAML: {message}", Mark(source, line, column), "", notes)


def _reader_diagnostic(source: Source, error: yaml.reader.ReaderError) -> Diagnostic:
    position = error.position if isinstance(error.position, int) else 0
    before = source.text[:position]
    line = before.count("\n")
    column = position - (before.rfind("\n") + 1)
    return Diagnostic("the file holds control characters: it is not text", Mark(source, line, column))
