"""A tree of values laid out as the lines of a YAML file, as a person would write them.

What fits on a line stands on one, in ``{}`` and ``[]``; what does not is spread over lines, each of its parts again on
one where it fits. Attributes stay together: a mapping or list of plain values is filled line by line.
"""

from __future__ import annotations

from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from archcost.importers.form import Batched, Worded
from archcost.importers.yaml_values import name_text, text, value_text

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

WIDTH = 120
_FEW = 4  # steps of a list that is written on one line
_MOST_WRAPPED = 3  # lines of a group in braces


class Alone(Enum):
    """What stands in place of a value: nothing, with the key alone (``{add, …}``), or with a colon (``{out: , …}``)."""

    KEY = 0
    EMPTY = 1


class Label(str):
    """A key, an id or a reference: it is read as it is written, whatever it looks like."""

    __slots__ = ()


class Text(str):
    """A text of the spec itself, such as its name or a dtype, and no attribute: it never holds an expression."""

    __slots__ = ()


class Flat(dict[str, "Node"]):
    """A mapping that is always written in ``{}``: the attributes of a step, the params of a block."""


class Tall(list["Node"]):
    """A list of which every item has a line of its own, or more."""


class Spread(dict[str, "Node"]):
    """A mapping of which every key has a line of its own, or more."""


class Noted(NamedTuple):
    """An item of a list, with a comment."""

    item: Node
    note: str


Node: TypeAlias = "Attribute | Alone | Noted | dict[str, Node] | list[Node]"


def laid_out(top: dict[str, Node]) -> str:
    """The text of a mapping, each key on a line of its own."""
    lines: list[str] = []
    _put_pairs(lines, top, 0)
    return "\n".join(lines) + "\n"


def comment_lines(note: str, indent: int = 0) -> list[str]:
    """A comment in as many lines as it needs."""
    from textwrap import wrap

    lead = " " * indent + "# "
    words = " ".join(note.split())
    visible = "".join([character if character.isprintable() else "?" for character in words])
    return wrap(visible, WIDTH, initial_indent=lead, subsequent_indent=lead, break_on_hyphens=False)


# --- on one line ------------------------------------------------------------------------------------------------------


def _on_one_line(node: Node) -> str:
    """A node inside of ``{}`` or ``[]``, or one that brings them along."""
    if isinstance(node, dict):
        return "{" + ", ".join([_pair(key, value) for key, value in node.items()]) + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(_item, node)) + "]"
    return _leaf(node, flow=True)


def _item(node: Node) -> str:
    """An item of a list in ``[]``: a mapping of one key needs no braces there."""
    if isinstance(node, dict) and len(node) == 1:
        [(key, value)] = node.items()
        if not isinstance(value, Alone):
            return _pair(key, value)
    return _on_one_line(node)


def _pair(key: str, value: Node) -> str:
    name = name_text(key, flow=True)
    if isinstance(value, Alone):
        return name if value is Alone.KEY else f"{name}: "
    return f"{name}: {_on_one_line(value)}"


def _leaf(node: Node, *, flow: bool) -> str:
    if isinstance(node, (Alone, Noted, dict, list)):
        raise TypeError(node)
    if isinstance(node, Label):
        return name_text(node, flow=flow)
    return text(node, flow=flow) if isinstance(node, Text) else value_text(node, flow=flow)


def _is_tall(node: Node) -> bool:
    """Whether a node needs several lines, however short it is."""
    if isinstance(node, dict):
        return isinstance(node, Spread) or any(map(_is_tall, node.values()))
    if isinstance(node, list):
        return isinstance(node, Tall) or len(node) > _FEW or any(map(_is_tall, node))
    return isinstance(node, Noted)


# --- on several -------------------------------------------------------------------------------------------------------


def _put(lines: list[str], head: str, node: Node, indent: int) -> None:
    """Add a key and its value, or what follows a dash: ``head`` has stood on the line so far, a step in is deeper."""
    if isinstance(node, Alone):
        lines.append(head)
        return
    if isinstance(node, Flat) or not isinstance(node, (dict, list)):
        _put_filled(lines, head, node)
        return
    whole = "" if _is_tall(node) else f"{head} {_on_one_line(node)}"
    if whole and len(whole) <= WIDTH:
        lines.append(whole)
    elif isinstance(node, dict):
        lines.append(head)
        _put_pairs(lines, node, indent + 2)
    elif all(isinstance(item, Label) for item in node):
        _put_filled(lines, head, node)
    else:
        lines.append(head)
        for item in node:
            _put_item(lines, item, indent + 2)


def _put_pairs(lines: list[str], mapping: dict[str, Node], indent: int, lead: str = "") -> None:
    """The keys of a mapping, each on a line of its own; the first one after ``lead``."""
    for key, value in mapping.items():
        _put(lines, f"{lead or ' ' * indent}{name_text(key, flow=False)}:", value, indent)
        lead = ""


def _put_item(lines: list[str], node: Node, indent: int) -> None:
    """An item of a list: a step."""
    item, note = node if isinstance(node, Noted) else (node, "")
    start, lead = len(lines), " " * indent + "- "
    if not isinstance(item, dict):
        lines.append(lead + _leaf(item, flow=False))
    elif _is_tall(item) or len(lead + _item_line(item)) > WIDTH:
        spread: list[str] = []
        _put_pairs(spread, item, indent + 2, lead)
        lines += _wrapped(item, lead) or spread
    else:
        lines.append(lead + _item_line(item))
    if note.strip():
        _put_note(lines, start, note, indent)


def _put_note(lines: list[str], start: int, note: str, indent: int) -> None:
    """The comment of the lines from ``start``: behind them if it is one line that has room, else above."""
    beside = f"{lines[-1]}  # {note}"
    if len(lines) == start + 1 and len(beside) <= WIDTH and [f"# {note}"] == comment_lines(note):
        lines[-1] = beside
    else:
        lines[start:start] = comment_lines(note, indent)


def _wrapped(item: dict[str, Node], lead: str) -> list[str]:
    """A group of a few short steps in braces, its steps from the second line on; none if it is no such group."""
    *others, (key, steps) = item.items()
    if _is_tall(item) or len(others) <= 1 or not isinstance(steps, list):
        return []
    first = f"{lead}{{{', '.join([_pair(name, value) for name, value in others])},"
    inner: list[str] = []
    _put_filled(inner, f"{' ' * (len(lead) + 1)}{name_text(key, flow=True)}:", steps)
    inner[-1] += "}"
    lines = [first, *inner]
    return lines if len(lines) <= _MOST_WRAPPED and max(map(len, lines)) <= WIDTH else []


def _item_line(item: dict[str, Node]) -> str:
    """A step on one line: braces only where something stands beside the kind."""
    if len(item) == 1:
        [(key, value)] = item.items()
        if isinstance(value, (dict, list)):
            return f"{name_text(key, flow=False)}: {_on_one_line(value)}"
        if not isinstance(value, Alone):
            return f"{name_text(key, flow=False)}: {_leaf(value, flow=False)}"
    return _on_one_line(item)


def _put_filled(lines: list[str], head: str, node: Node) -> None:
    """A value behind a key; of plain values in ``{}`` or ``[]`` as many on a line as it holds, none of them broken."""
    parts = _parts(node)
    if not parts:
        lines.append(f"{head} {_leaf(node, flow=False)}" if parts is None else f"{head} {_on_one_line(node)}")
        return
    opening, closing = "{}" if isinstance(node, dict) else "[]"
    line, margin = f"{head} {opening}", " " * (len(head) + 2)
    if len(line) > WIDTH // 2 and len(f"{line}{', '.join(parts)}{closing}") > WIDTH:  # no room beside the key
        lines.append(line)
        line = margin = " " * (len(head) - len(head.lstrip(" -")) + 2)
    for part, following in pairwise([*[f"{part}," for part in parts[:-1]], parts[-1] + closing, ""]):
        line += part
        if following and len(f"{line} {following}") > WIDTH:
            lines.append(line)
            line = margin
        elif following:
            line += " "
    lines.append(line)


def _parts(node: Node) -> list[str] | None:
    """What stands between the commas of a mapping or list; None for any other value."""
    if isinstance(node, dict):
        return [_pair(key, value) for key, value in node.items()]
    if isinstance(node, (Batched, Worded, Noted)) or not isinstance(node, (list, tuple)):
        return None
    return list(map(_item, node))
