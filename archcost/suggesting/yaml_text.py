"""YAML as text with places: where each value begins and ends, so that parts of it are replaced and all else stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from archcost.spec.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCALAR, SEQUENCE, MAPPING, ALIAS = "scalar", "sequence", "mapping", "alias"
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BRACES = ("{", "[")


class UnwritableError(Exception):
    """A change cannot be written into the text; the message says why."""


class Splice(NamedTuple):
    """Characters ``start`` to ``end`` of a text become another text."""

    start: int
    end: int
    text: str


class TextNode:
    """A value in a text, from its first character to behind its last one.

    ``pairs`` are the keys and values of a mapping, ``items`` the values of a sequence. ``anchored``: it has an anchor;
    ``shared``: an alias stands for it, or for what it is a part of.
    """

    __slots__ = (
        "anchored",
        "column",
        "end",
        "flow",
        "folded",
        "items",
        "kind",
        "line",
        "pairs",
        "plain",
        "shared",
        "start",
        "text",
    )

    def __init__(self, kind: str, event: Any) -> None:
        self.kind = kind
        self.start: int = event.start_mark.index
        self.line: int = event.start_mark.line
        self.column: int = event.start_mark.column
        self.end: int = event.end_mark.index
        self.flow = bool(getattr(event, "flow_style", False))
        self.anchored = kind != ALIAS and event.anchor is not None
        self.shared = False
        self.text: str = event.value if kind == SCALAR else ""
        self.plain = kind == SCALAR and not event.style
        self.folded = kind == SCALAR and event.style in {"|", ">"}
        self.items: list[TextNode] = []
        self.pairs: list[tuple[TextNode, TextNode]] = []

    @property
    def children(self) -> list[TextNode]:
        """The values in it, in the order of the text."""
        return [part for pair in self.pairs for part in pair] if self.kind == MAPPING else self.items

    @property
    def is_null(self) -> bool:
        """Whether nothing stands there."""
        return self.kind == SCALAR and self.plain and not self.text and self.start == self.end

    @property
    def says_null(self) -> bool:
        """Whether a null is written there, as in ``relu: null``."""
        return self.kind == SCALAR and self.plain and bool(self.text) and resolve(self.text) is None

    def is_braced(self, text: str) -> bool:
        """Whether it stands in braces or brackets; a pair in a list, ``[a: b]``, does not."""
        return self.flow and text[self.start : self.start + 1] in _BRACES

    def get(self, key: str) -> TextNode | None:
        """The value of a key."""
        pair = self.pair(key)
        return pair[1] if pair else None

    def pair(self, key: str) -> tuple[TextNode, TextNode] | None:
        """A key of this text and its value."""
        return next((pair for pair in self.pairs if pair[0].kind == SCALAR and pair[0].text == key), None)


class StepText(NamedTuple):
    """A step in a text: its kind, the value beside it, and the mapping with its modifiers; a bare kind has neither."""

    kind: TextNode
    value: TextNode | None
    mapping: TextNode | None
    shared: bool


class YamlText:
    """A text that was read as a spec already, with its values and, by line and column, what may be its steps."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = _tree(text)
        blocks = self.root.get("blocks")
        pairs = blocks.pairs if blocks is not None else ()
        self.blocks: dict[str, tuple[TextNode, TextNode]] = {key.text: (key, value) for key, value in pairs}
        self._steps: dict[tuple[int, int], StepText] = {}
        self._note(self.root, shared=False)

    def step(self, line: int, column: int) -> StepText:
        """The step whose kind stands at a place; raises UnwritableError."""
        found = self._steps.get((line, column))
        if found is None:
            raise UnwritableError("it is not where it is read from")
        if found.shared:
            raise UnwritableError("an alias of YAML stands for it elsewhere")
        return found

    @property
    def newline(self) -> str:
        """How lines end."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def line_end(self, index: int) -> int:
        """Where the line of a character ends, before its line end."""
        found = self.text.find("\n", index)
        end = len(self.text) if found < 0 else found
        return end - 1 if end > index and self.text[end - 1] == "\r" else end

    def line_start(self, index: int) -> int:
        """Where the line of a character begins."""
        return self.text.rfind("\n", 0, index) + 1

    def _note(self, node: TextNode, *, shared: bool) -> None:
        shared = shared or node.shared
        node.shared = shared
        for key, value in node.pairs:
            self._steps[key.line, key.column] = StepText(key, value, node, shared or value.shared)
        for item in node.items:
            if item.kind == SCALAR:
                self._steps.setdefault((item.line, item.column), StepText(item, None, None, shared or item.shared))
        for child in node.children:
            self._note(child, shared=shared)


class _Builder:
    """Builds the tree of a text from its events: YAML's own tree has no place for an alias."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: TextNode | None = None
        self._open: list[tuple[TextNode, list[TextNode]]] = []  # collections and what is in them
        self._anchors: dict[str, TextNode] = {}

    def take(self, event: Any) -> None:
        """Take the next event."""
        if isinstance(event, yaml.CollectionStartEvent):
            node = TextNode(SEQUENCE if isinstance(event, yaml.SequenceStartEvent) else MAPPING, event)
            self._anchor(event, node)
            self._open.append((node, []))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(event)
        elif isinstance(event, yaml.ScalarEvent):
            node = TextNode(SCALAR, event)
            if node.folded:
                node.end = self._before_space(node.start, node.end)
            self._anchor(event, node)
            self._add(node)
        elif isinstance(event, yaml.AliasEvent):
            node = TextNode(ALIAS, event)
            node.shared = self._anchors[str(event.anchor)].shared = True
            self._add(node)

    def _close(self, event: Any) -> None:
        node, parts = self._open.pop()
        if node.kind == SEQUENCE:
            node.items = parts
        else:
            node.pairs = list(zip(parts[::2], parts[1::2], strict=True))
        ends_itself = node.flow and (node.anchored or node.is_braced(self.text))
        node.end = event.end_mark.index if ends_itself else max([node.start, *[part.end for part in parts[-2:]]])
        self._add(node)

    def _add(self, node: TextNode) -> None:
        if not self._open:
            self.root = node
            return
        collection, parts = self._open[-1]
        if collection.kind == MAPPING and len(parts) % 2 and node.is_null:
            key = parts[-1]  # of a key without a colon, YAML has the null where the next token begins
            if ":" not in self.text[key.end : node.start]:
                node.start = node.end = key.end
        parts.append(node)

    def _before_space(self, start: int, end: int) -> int:
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return end

    def _anchor(self, event: Any, node: TextNode) -> None:
        anchor: str | None = event.anchor
        if anchor is not None:
            self._anchors[anchor] = node


def _tree(text: str) -> TextNode:
    """The tree of a text; raises UnwritableError for one without a value."""
    builder = _Builder(text)
    loader = _Loader(text)
    try:
        while (event := loader.get_event()) is not None and not isinstance(event, yaml.StreamEndEvent):
            builder.take(event)
    finally:
        loader.dispose()
    if builder.root is None:
        raise UnwritableError("the text is empty")
    return builder.root


def anchors_in(node: TextNode) -> Iterator[TextNode]:
    """The values with an anchor in a value, and the aliases."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.anchored or one.kind == ALIAS:
            yield one
        waiting += one.children


def spliced(text: str, splices: Iterable[Splice], start: int = 0, end: int | None = None) -> str:
    """A text, or the part of it from ``start`` to ``end``, with some parts replaced; none may overlap another one."""
    end = len(text) if end is None else end
    parts: list[str] = []
    place = start
    for splice in sorted(splices, key=lambda one: (one.start, one.end)):
        if splice.start < place:
            raise UnwritableError("two changes are of the same part of the text")
        parts += [text[place : splice.start], splice.text]
        place = splice.end
    if place > end:
        raise UnwritableError("a change reaches beyond the part of the text that it is in")
    return "".join([*parts, text[place:end]])
