"""A changed text without the params that its changes leave unused: they go, and so does what calls give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.spec.model import all_steps
from archcost.spec.unused import unused
from archcost.suggesting.step_text import StepEdit, step_splices
from archcost.suggesting.yaml_text import MAPPING, SCALAR, StepText, UnwritableError, YamlText, spliced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archcost.spec.model import Spec, Step
    from archcost.suggesting.yaml_text import Splice, TextNode

Names = tuple[str, str]  # a block, empty for the spec, and one of its params
_ROUNDS = 8  # a param that goes may leave one unused that it was given from


def tidied(text: str, before: Spec, read: Callable[[str], Spec]) -> str:
    """A text without the params that nobody uses, but for those that nobody used ``before``.

    A param stays where it cannot be taken out of each call, or where an alias of YAML stands for what is around it.
    """
    kept = {(one.block, one.name) for one in unused(before)}
    for _ in range(_ROUNDS):
        spec = read(text)
        by_block: dict[str, list[str]] = {}
        for one in unused(spec):
            if one.param.mark.source is spec.text_source and (one.block, one.name) not in kept:
                by_block.setdefault(one.block, []).append(one.name)
        document = YamlText(text)
        splices: list[Splice] = []
        for block, names in by_block.items():
            try:
                found = _without(document, spec, block, names)
                spliced(text, [*splices, *found])  # two blocks may be called by one step
            except UnwritableError:
                kept |= {(block, name) for name in names}
                continue
            splices += found
        if not splices:
            return text
        text = spliced(text, splices)
    return text


def _without(document: YamlText, spec: Spec, block: str, names: list[str]) -> list[Splice]:
    """What takes params out of a block and out of its calls; without a block, out of the spec."""
    declared = StepEdit(attributes=tuple([(name, None) for name in names]))
    if not block:
        return step_splices(document, _params(document.root), declared)
    calls = [
        step for one in (spec.main, *spec.blocks.values()) for step, _ in all_steps(one.steps) if step.kind == block
    ]
    places = [_place(document, spec, step) for step in calls]
    if _is_named_elsewhere(document, block, [place.kind for place in places]):
        raise UnwritableError("it may be called by an expression")
    alone = _required(spec, block)
    given = StepEdit(attributes=declared.attributes, alone=alone)
    changed = [place for place in places if _gives(place, names, alone)]
    definition = document.blocks[block][1]
    found = step_splices(document, _params(definition), declared)
    return [*found, *[splice for place in changed for splice in step_splices(document, place, given)]]


def _params(node: TextNode) -> StepText:
    """The params of a block, or of a spec, as a step is written."""
    pair = node.pair("params") if node.kind == MAPPING else None
    if pair is None or pair[1].kind != MAPPING or pair[1].shared or node.shared:
        raise UnwritableError("its params stand elsewhere")
    return StepText(pair[0], pair[1], node, shared=False)


def _place(document: YamlText, spec: Spec, step: Step) -> StepText:
    if step.mark.source is not spec.text_source:
        raise UnwritableError("it is called in another file")
    return document.step(step.mark.line, step.mark.column)


def _required(spec: Spec, block: str) -> str:
    """The param that a value alone is given to; empty if there is not one."""
    required = [name for name, param in spec.blocks[block].params.items() if param.default is None]
    return required[0] if len(required) == 1 else ""


def _gives(place: StepText, names: list[str], alone: str) -> bool:
    if place.value is None or place.value.is_null:
        return False
    if place.value.kind == MAPPING:
        return any(key.text in names for key, _ in place.value.pairs)
    return alone in names


def _is_named_elsewhere(document: YamlText, block: str, calls: Iterable[TextNode]) -> bool:
    """Whether a block is named in more places than its own and those that call it."""
    known = {document.blocks[block][0].start, *[call.start for call in calls]}
    word = re.compile(rf"(?<!\w){re.escape(block)}(?!\w)")
    waiting = [document.root]
    while waiting:
        node = waiting.pop()
        if node.kind == SCALAR and node.start not in known and word.search(node.text):
            return True
        waiting += node.children
    return False
