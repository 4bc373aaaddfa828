"""Blocks as text: copied from where they stand, made anew, and put into the text of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.yaml_values import name_text, quoted
from archcost.suggesting.yaml_text import ALIAS, MAPPING, SCALAR, Splice, UnwritableError, anchors_in, spliced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.suggesting.yaml_text import TextNode, YamlText

_ENDS_IN_FLOW = frozenset(",[]{}:?#\"'")
STEP = 2  # columns that what stands in a value is indented by


def flow_text(document: YamlText, node: TextNode) -> str:
    """A value as it may stand in ``{}`` and ``[]``, on as few lines as it has; raises UnwritableError."""
    if node.kind == ALIAS or node.anchored:
        raise UnwritableError(f"the value on line {node.line + 1} has an anchor of YAML")
    if node.kind == SCALAR:
        written = document.text[node.start : node.end]
        if node.folded or "\n" in written or (node.plain and not _ENDS_IN_FLOW.isdisjoint(written)):
            return quoted(node.text)
        return written
    if node.flow and node.is_braced(document.text):
        return document.text[node.start : node.end]
    if node.kind == MAPPING:
        pairs = [f"{flow_text(document, key)}: {flow_text(document, value)}" for key, value in node.pairs]
        return "{" + ", ".join(pairs) + "}"
    return "[" + ", ".join([flow_text(document, item) for item in node.items]) + "]"


def block_copy(document: YamlText, name: str, column: int, new_name: str = "", splices: Iterable[Splice] = ()) -> str:
    """The text of a block of a file, from its name on, for a place at another column, under another name.

    ``splices`` change parts of it. Raises UnwritableError where aliases of YAML reach across its ends.
    """
    pair = document.blocks.get(name)
    if pair is None:
        raise UnwritableError(f"the block '{name}' is not where it is read from")
    key, value = pair
    if any(anchors_in(value)) or key.anchored or value.shared:
        raise UnwritableError(f"the block '{name}' is written with anchors of YAML")
    changed = [Splice(key.start, key.end, name_text(new_name, flow=False))] if new_name else []
    if document.text[value.start - 1] == ":":  # as in JSON, which only braces allow
        changed.append(Splice(value.start, value.start, " "))
    end = max(key.end, value.end)
    rest = document.text[end : document.line_end(end)]
    if not rest.strip() or rest.lstrip().startswith("#"):
        end += len(rest.rstrip())
    text = spliced(document.text, [*changed, *splices], key.start, end)
    return shifted(text, key.column, column)


def shifted(text: str, column: int, new: int) -> str:
    """Lines that begin at a column, at another one; the first line has no indentation yet, and gets none."""
    first, *others = text.splitlines()
    lines = [first]
    for line in others:
        kept = line.lstrip(" ")
        indent = max(0, len(line) - len(kept) - column)
        lines.append(" " * (new + indent) + kept if kept else "")
    return "\n".join(lines)


def blocks_of(document: YamlText) -> TextNode | None:
    """The mapping of blocks of a file, if it has one."""
    found = document.root.get("blocks")
    return found if found is not None and found.kind == MAPPING else None


def block_column(document: YamlText) -> int:
    """The column that the names of blocks have in a file, or would have."""
    blocks = blocks_of(document)
    return blocks.column if blocks is not None and not blocks.flow else document.root.column + STEP


def inserted_blocks(document: YamlText, texts: Sequence[str]) -> list[Splice]:
    """What puts further blocks, from their name or their comment on, into a file that is no flow mapping."""
    if not texts:
        return []
    newline, blocks = document.newline, blocks_of(document)
    indent = " " * block_column(document)
    written = [newline.join((indent + text).split("\n")) for text in texts]
    if blocks is not None and not blocks.flow:
        end = document.line_end(blocks.end)
        return [Splice(end, end, "".join([f"{newline}{newline}{text}" for text in written]))]
    there = document.root.pair("blocks")
    margin = " " * document.root.column
    listed = (newline + newline).join(written)
    if there is not None:  # blocks, and none in it
        key, value = there
        if value.is_null:
            end = document.line_end(max(key.end, value.end))
            return [Splice(end, end, newline + listed)]
        return [Splice(value.start, value.end, newline + listed)]
    layers = document.root.pair("layers")
    if layers is None:
        raise UnwritableError("the spec has no layers of its own")
    start = _above_comments(document, document.line_start(layers[0].start))
    return [Splice(start, start, f"{margin}blocks:{newline}{listed}{newline}{newline}")]


def _above_comments(document: YamlText, start: int) -> int:
    """The start of the comment lines right above a line."""
    while start:
        before = document.line_start(start - 1)
        if not document.text[before:start].lstrip().startswith("#"):
            return start
        start = before
    return start
