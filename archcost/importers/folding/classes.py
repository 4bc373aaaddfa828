"""The patterns of a tree, from the innermost parts outwards: all parts of a class meet at once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from archcost.importers.folding.loops import loop_pattern, loops_among
from archcost.importers.folding.merging import patterns_of

if TYPE_CHECKING:
    from archcost.importers.folding.patterns import PartPattern
    from archcost.importers.folding.tree import ModelPart


def find_patterns(root: ModelPart) -> PartPattern:
    """Give every scope of a tree its pattern; that of the root.

    A class waits until all parts inside of its parts have patterns. Where classes contain each other, those parts go
    first that can.
    """
    waiting: dict[object, list[ModelPart]] = {}
    for part in root.walk():
        if part.step is None:
            waiting.setdefault(_class_of(part), []).append(part)
    left = Counter({key: sum(_unknown(part) for part in parts) for key, parts in waiting.items()})
    users: dict[int, object] = {}
    for key, parts in waiting.items():
        for part in parts:
            users.update({id(one): key for one in part.parts if one.step is None})
    while waiting:
        key = next((key for key in waiting if not left[key]), None)
        if key is not None:
            parts = waiting.pop(key)
        else:
            key = next(key for key, parts in waiting.items() if any(not _unknown(part) for part in parts))
            parts = [part for part in waiting[key] if not _unknown(part)]
            waiting[key] = [part for part in waiting[key] if part not in parts]
        _settle(parts)
        for part in parts:
            if id(part) in users:
                left[users[id(part)]] -= 1
    assert root.pattern is not None
    return root.pattern


def _unknown(part: ModelPart) -> int:
    """How many parts in a part still lack a pattern."""
    return sum(one.step is None and one.pattern is None for one in part.parts)


def _class_of(part: ModelPart) -> object:
    """What parts that may be alike have in common: the class of the module, or the place of a container."""
    if part.parent is None:
        return ROOT_CLASS
    if not part.transparent:
        return part.kind
    return (_class_of(part.parent), "#" if part.id.isdecimal() else part.id)


ROOT_CLASS = ("",)


def _settle(parts: list[ModelPart]) -> None:
    """Find the patterns of the parts of a class: loops first, then whatever the others have in common."""
    kind = parts[0].kind if not parts[0].transparent else _name_of(parts[0])
    rest = list(parts)
    for group in loops_among(parts):
        loop_pattern(kind, group)
        chosen = {id(part) for part in group}
        rest = [part for part in rest if id(part) not in chosen]
    if rest:
        patterns_of(kind, rest)


def _name_of(part: ModelPart) -> str:
    """What a container is called after: its own name, or what it is a number of."""
    while part.parent is not None and part.id.isdecimal():
        part = part.parent
    return part.id
