"""The keys at the top of a spec, as text: set, left out, their items replaced. A spec in braces loses these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.yaml_values import name_text
from archcost.importers.yaml_values import text as text_of
from archcost.suggesting.block_text import STEP, flow_text, shifted
from archcost.suggesting.yaml_text import MAPPING, SCALAR, SEQUENCE, Splice, UnwritableError, YamlText, spliced

if TYPE_CHECKING:
    from archcost.suggesting.yaml_text import TextNode


class TopText:
    """Collects what changes at the top of a spec; :meth:`text` is the text with all of it."""

    def __init__(self, document: YamlText) -> None:
        if document.root.kind != MAPPING:
            raise UnwritableError("the spec is no mapping")
        self.document = _in_lines(document)
        self._dropped: set[str] = set()
        self._set: dict[str, str] = {}
        self._params: dict[str, str] = {}
        self._replaced: dict[str, dict[str, str]] = {}
        self._appended: list[str] = []

    def drop(self, key: str) -> None:
        """Leave a key out."""
        self._dropped.add(key)

    def set(self, key: str, written: str) -> None:
        """Give a key a value, on one line."""
        self._set[key] = written

    def set_param(self, name: str, written: str) -> None:
        """Give a param another default."""
        self._params[name] = written

    def append(self, other: YamlText, key: str) -> None:
        """Take a key over from another text, as it is written there, if it is there."""
        pair = other.root.pair(key)
        if pair is not None:
            text = other.text[pair[0].start : max(pair[0].end, pair[1].end)]
            self._appended.append(shifted(text, pair[0].column, self.document.root.column))

    def items(self, key: str) -> list[TextNode]:
        """The texts that a key has: one, or a list."""
        value = self.document.root.get(key)
        listed = value.items if value is not None and value.kind == SEQUENCE else [value]
        return [item for item in listed if item is not None and item.kind == SCALAR]

    def replace_item(self, key: str, item: str, new: str) -> None:
        """Replace one of the texts that a key has."""
        self._replaced.setdefault(key, {})[item] = new

    def text(self) -> str:
        """The text with all changes."""
        document = self.document
        splices: list[Splice] = []
        added = []
        for key, value in document.root.pairs:
            if key.text in self._dropped and key.text not in self._set:
                splices.append(self._whole(key, value))
            elif key.text in self._set:
                splices += self._value(key, value, self._set[key.text])
            elif key.text == "params":
                splices += self._defaults(value)
            elif key.text in self._replaced:
                splices += self._items(key.text)
        there = {key.text for key, _ in document.root.pairs}
        added = [f"{key}: {written}" for key, written in self._set.items() if key not in there]
        if added:
            first = document.root.pair("archcost") or document.root.pairs[0]
            end = document.line_end(max(first[0].end, first[1].end))
            margin = document.newline + " " * document.root.column
            splices.append(Splice(end, end, "".join([margin + line for line in added])))
        written = spliced(document.text, splices)
        if self._appended:
            margin = " " * document.root.column
            lines = [written.rstrip(), *[margin + text for text in self._appended]]
            written = document.newline.join(lines) + document.newline
        return written

    def _whole(self, key: TextNode, value: TextNode) -> Splice:
        """A key that goes, with the comments in its value, and those behind it that are indented further."""
        document = self.document
        start = document.line_start(key.start)
        end = document.line_end(max(key.end, value.end))
        while (after := document.text.find("\n", end)) >= 0:
            line = document.text[after + 1 : document.line_end(after + 1)]
            is_comment = line.lstrip().startswith("#") and len(line) - len(line.lstrip()) > key.column
            if not is_comment:
                return Splice(start, after + 1, "")
            end = after + 1 + len(line)
        return Splice(start, len(document.text), "")

    def _value(self, key: TextNode, value: TextNode, written: str) -> list[Splice]:
        if value.is_null:
            return [Splice(key.start, document_end(self.document, key), f"{key.text}: {written}")]
        return [Splice(value.start, value.end, written)]

    def _defaults(self, value: TextNode) -> list[Splice]:
        found: list[Splice] = []
        for key, default in value.pairs:
            if key.text in self._params:
                if default.kind not in {SCALAR, SEQUENCE} or default.anchored or default.shared:
                    raise UnwritableError(f"the default of the param '{key.text}' has an anchor of YAML")
                end = max(document_end(self.document, key), default.end)
                found.append(Splice(key.start, end, f"{key.text}: {self._params[key.text]}"))
        return found

    def _items(self, key: str) -> list[Splice]:
        new = self._replaced[key]
        return [
            Splice(item.start, item.end, text_of(new[item.text], flow=True))
            for item in self.items(key)
            if new.get(item.text, item.text) != item.text
        ]


def document_end(document: YamlText, key: TextNode) -> int:
    """Behind the colon of a key; behind the key where it has none."""
    rest = document.text[key.end :].lstrip(" ")
    return document.text.index(":", key.end) + 1 if rest.startswith(":") else key.end


def _in_lines(document: YamlText) -> YamlText:
    """The document with a key a line at the top, and a block a line below ``blocks``."""
    root = document.root
    if root.flow:
        lines = [f"{_key(key)}: {flow_text(document, value)}" for key, value in root.pairs]
        document = YamlText("\n".join(lines) + "\n")
    blocks = document.root.get("blocks")
    if blocks is None or not blocks.pairs or not blocks.flow:
        return document
    margin = document.newline + " " * (document.root.column + STEP)
    lines = [f"{margin}{_key(key)}: {flow_text(document, value)}" for key, value in blocks.pairs]
    start = blocks.start
    while document.text[start - 1] == " ":
        start -= 1
    return YamlText(spliced(document.text, [Splice(start, blocks.end, "".join(lines))]))


def _key(key: TextNode) -> str:
    return name_text(key.text, flow=False)
