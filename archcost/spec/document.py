"""YAML text to a tree of values with positions, by the YAML 1.2 core schema.

PyYAML scans the text; what a plain scalar means is decided here, because PyYAML follows YAML 1.1 (``no`` is false,
``1e6`` is text, ``3:20`` is 200). Duplicate keys, tags, alias bombs and several documents are errors with a place.
"""

# long: every event of YAML, and each bound of a text
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from archcost.errors import Diagnostic, Mark, SpecError, suggestion
from archcost.meter import Meter
from archcost.spec.problems import MAX_PROBLEMS
from archcost.spec.scalars import resolve
from archcost.spec.syntax import NOT_TEXT, expression_at, place, split_diagnostic, syntax_diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.errors import Source

MAX_BYTES = 16 * 2**20
MAX_VALUES = 1_000_000  # YAML values in one file, aliases expanded
MAX_DEPTH = 100
_VALUE = 10  # steps of work of a value: all files of a spec together may hold a million
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OTHER_ENDS = re.compile("[\x85\u2028\u2029]")  # of YAML 1.1: what follows a comment may be none
_DEEP = f"values nest deeper than {MAX_DEPTH} levels"
_PLAIN_KEY = "a key must be a plain word, not a list or mapping"


class Value:
    """A YAML value and where it stands."""

    __slots__ = ("column", "depth", "length", "line", "size", "source")

    def __init__(self, source: Source, line: int, column: int, length: int) -> None:
        self.source = source
        self.line = line
        self.column = column
        self.length = length
        self.size = 1  # values in it, itself included, aliases expanded
        self.depth = 1  # levels of values in it

    @property
    def mark(self) -> Mark:
        """The place for messages."""
        return tuple.__new__(Mark, (self.source, self.line, self.column, self.length))  # faster than a call of Mark

    def plain(self) -> Any:
        """The value as Python data."""
        raise NotImplementedError  # pragma: no cover - every subclass defines it


class Scalar(Value):
    """A string, number, boolean or null; ``quoted`` tells ``"1"`` from ``1``."""

    __slots__ = ("quoted", "text", "value")

    def __init__(self, source: Source, line: int, column: int, length: int, text: str, *, quoted: bool) -> None:
        self.source = source  # set here, not by Value: a file holds a million of them
        self.line = line
        self.column = column
        self.length = length
        self.size = self.depth = 1
        self.text = text
        self.quoted = quoted
        self.value: bool | int | float | str | None = text if quoted else resolve(text)

    def plain(self) -> Any:
        return self.value


class Sequence(Value):
    """A list of values."""

    __slots__ = ("flow", "items")

    def __init__(self, source: Source, line: int, column: int, length: int, *, flow: bool) -> None:
        super().__init__(source, line, column, length)
        self.flow = flow
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


def parse_document(source: Source, meter: Meter | None = None) -> tuple[Value, list[Diagnostic]]:
    """The tree of a YAML text and the problems that do not keep it from being read; raises SpecError for others.

    ``meter`` is that of the spec which the text belongs to; without one, the text is judged alone.
    """
    wrong = NOT_TEXT.search(source.text)
    if wrong is not None:
        message = f"the file is not text: it holds the control character U+{ord(wrong[0]):04X}"
        raise SpecError([Diagnostic(message, place(source, wrong.start()))])
    ends = None if source.text.isascii() else _OTHER_ENDS.search(source.text)
    if ends is not None:
        message = f"the file holds U+{ord(ends[0]):04X}, which ends a line for some readers of YAML and not for others"
        raise SpecError([Diagnostic(message, place(source, ends.start()), "put a plain line end, or none")])
    builder = _Builder(source, meter or Meter())
    loader = _Loader(source.text)
    next_event, handle = loader.get_event, builder.handlers().get
    try:
        while True:
            event = next_event()
            handler = handle(type(event))
            if handler is not None:  # the others only mark where things end
                handler(event)
            elif event is None or type(event) is yaml.StreamEndEvent:
                break
    except yaml.MarkedYAMLError as error:
        raise builder.stop(syntax_diagnostic(source, error)) from None
    finally:
        loader.dispose()
    if builder.root is None:
        raise SpecError([Diagnostic("the file is empty", Mark(source, 0, 0), "start with `archcost: 1`")])
    return builder.root, builder.problems


class _Builder:
    """Builds the tree from parser events without recursion, so that depth and size are bounded."""

    def __init__(self, source: Source, meter: Meter) -> None:
        self.source = source
        self.meter = meter
        self.problems: list[Diagnostic] = []
        self.root: Value | None = None
        self._stack: list[tuple[Sequence | Mapping, str | None]] = []  # the open collections and their anchors
        self._keys: list[Scalar | None] = []  # the pending key of each open mapping
        self._anchors: dict[str, Value] = {}
        self._count = 0
        self._split_end = -1  # where an expression ends that YAML has cut at a comma
        self._in_split = False
        self._unclosed = 0  # expressions without their last parenthesis

    def handlers(self) -> dict[type[Any], Callable[[Any], None]]:
        """What takes events, by their types. The builder keeps none of it, so that the tree is in no cycle."""
        return {
            yaml.DocumentStartEvent: self._document,
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._sequence,
            yaml.SequenceEndEvent: self._close,
            yaml.MappingStartEvent: self._mapping,
            yaml.MappingEndEvent: self._close,
            yaml.AliasEvent: self._alias,
        }

    def _place(self, event: Any, *, one_line: bool = True) -> tuple[int, int, int]:
        start, end = event.start_mark, event.end_mark
        length = end.column - start.column if one_line and end.line == start.line else 1
        return start.line, start.column, max(1, length)

    def _document(self, event: Any) -> None:
        if self.root is not None:
            line, column, _ = self._place(event)
            message = "a file holds one document, and here starts another"
            mark = Mark(self.source, line, column, 3)
            raise self.stop(Diagnostic(message, mark, "put each spec into its own file"))

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        line, column = start.line, start.column
        length = end.column - column if end.line == line and end.column > column else 1
        if event.tag is not None:
            self._refuse_tag(event)
        text, plain = event.value, event.implicit[0]
        if plain and self._stack:
            if self._split_end >= 0 and self._continues_split(event):
                return
            if text.startswith("$(") and text.count("(") > text.count(")"):
                text = self._whole_expression(text, event.start_mark.index, Mark(self.source, line, column, length))
        scalar = Scalar(self.source, line, column, length, text, quoted=not plain)
        if event.anchor is not None:
            self._anchors[event.anchor] = scalar
        self._add(scalar)

    def _whole_expression(self, text: str, start: int, mark: Mark) -> str:
        """The expression of which a plain scalar in ``{}`` or ``[]`` is the part before a comma: a problem."""
        collection = self._stack[-1][0]
        whole = expression_at(self.source.text, start) if collection.flow and self._unclosed < MAX_PROBLEMS else ""
        if not whole:
            self._unclosed += 1
            return text
        self._problem(split_diagnostic(whole, mark._replace(length=max(1, len(whole.splitlines()[0])))))
        self._split_end = start + len(whole)
        return whole

    def _continues_split(self, event: Any) -> bool:
        """Whether a scalar is a further part of an expression that was cut, or the null that YAML puts after it."""
        inside = event.start_mark.index < self._split_end
        follows = self._in_split and not event.value and self._keys[-1] is None
        self._in_split = inside
        return inside or follows

    def _problem(self, diagnostic: Diagnostic) -> None:
        self.problems.append(diagnostic)
        if len(self.problems) > MAX_PROBLEMS:
            raise SpecError(self.problems)

    def stop(self, diagnostic: Diagnostic) -> SpecError:
        """The error for a problem beyond which the text cannot be read, with those found before."""
        mark = diagnostic.mark
        end = place(self.source, self._split_end) if self._split_end >= 0 else None
        follows = mark is not None and end is not None and (mark.line, mark.column) <= (end.line, end.column)
        return SpecError(self.problems if follows else [*self.problems, diagnostic])

    def _sequence(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse_tag(event)
        self._open(Sequence(self.source, *self._place(event), flow=bool(event.flow_style)), event.anchor)

    def _mapping(self, event: Any) -> None:
        if event.tag is not None:
            self._refuse_tag(event)
        self._open(Mapping(self.source, *self._place(event), flow=bool(event.flow_style)), event.anchor)

    def _open(self, collection: Sequence | Mapping, anchor: str | None) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self.stop(Diagnostic(_DEEP, collection.mark))
        if self._stack and isinstance(self._stack[-1][0], Mapping) and self._keys[-1] is None:
            raise self.stop(Diagnostic(_PLAIN_KEY, collection.mark))
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
            message = f"the alias *{event.anchor} is inside the anchor that it refers to"
            raise self.stop(Diagnostic(message, mark, "a value cannot hold itself"))
        value = self._anchors.get(event.anchor)
        if value is None:
            hint = suggestion(event.anchor, list(self._anchors), "anchors") or "a text that starts with * needs quotes"
            raise self.stop(Diagnostic(f"the alias *{event.anchor} refers to no anchor before it", mark, hint))
        if len(self._stack) + value.depth > MAX_DEPTH:
            raise self.stop(Diagnostic(_DEEP, mark))
        self._count += value.size
        self._add(value, mark)

    def _add(self, value: Value, mark: Mark | None = None) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            message = f"the file has more than {MAX_VALUES:,} values, aliases expanded"
            hint = "write repeated parts once, as a block with `repeat`"
            raise self.stop(Diagnostic(message, mark or value.mark, hint))
        self.meter.spent += _VALUE
        if self.meter.spent > self.meter.allowed:
            raise self.stop(self.meter.error(mark or value.mark).diagnostics[0])
        if not self._stack:
            self.root = value
            return
        parent = self._stack[-1][0]
        parent.size += value.size
        if value.depth >= parent.depth:
            parent.depth = value.depth + 1
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
                note = f"it is first written on line {first.line + 1}"
                self._problem(Diagnostic(f"the key '{value.text}' appears twice", value.mark, "", (note,)))
        else:
            raise self.stop(Diagnostic(_PLAIN_KEY, mark or value.mark))

    def _refuse_tag(self, event: Any) -> None:
        line, column, length = self._place(event)
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        mark = Mark(self.source, line, column, length)
        hint = "quote a value to make it a text; other tags have no meaning here"
        raise self.stop(Diagnostic(f"the tag {tag} is not supported", mark, hint))
