"""A model as a draft with blocks, groups and loops: what a person would write, with the paths of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.draft import Draft, DraftBlock
from archcost.importers.folding.classes import find_patterns
from archcost.importers.folding.laying import DraftMaker, WrittenBlock
from archcost.importers.folding.naming import BlockNames
from archcost.importers.folding.params import Learnt
from archcost.importers.folding.patterns import INPUT, PartPattern, SlotRef, entries_of
from archcost.importers.folding.reading import texts_of
from archcost.importers.folding.tree import tree_of
from archcost.spec.model import MORE
from archcost.spec.vocabulary import GROUP_INPUT

if TYPE_CHECKING:
    from archcost.importers.draft import DraftStep
    from archcost.importers.folding.params import Params
    from archcost.importers.folding.reading import StepList
    from archcost.importers.form import Form

_MOST_INSIDE = 14  # steps of a module that is written where it is used
_MOST_LEVELS = 3  # of groups within each other


def fold(model: Form) -> Draft:
    """A draft of a model; raises UnfoldableError if it has something that blocks cannot say."""
    root = tree_of(model)
    top = find_patterns(root)
    top.outputs = entries_of(root)[1]  # in the order of the model
    patterns = _in_order(top)
    uses: dict[int, WrittenBlock] = {}
    names = BlockNames()
    inlined = _inlined(top, patterns)
    written = [pattern for pattern in patterns if id(pattern) not in inlined and pattern is not top]
    blocks = [_block(model, pattern, uses, names) for pattern in written]
    inputs = {place: one.name for place, one in enumerate(model.inputs)}
    _, steps, around = _laid_out(model, uses, top, (SlotRef(INPUT, 0),), inputs)
    return Draft(blocks, steps, _outputs(top, around))


def _in_order(top: PartPattern) -> list[PartPattern]:
    """The patterns that are used, each after those that it uses."""
    found: dict[int, PartPattern] = {}

    def visit(pattern: PartPattern) -> None:
        for one in pattern.inner():
            if id(one) not in found:
                visit(one)
        found.setdefault(id(pattern), pattern)

    visit(top)
    return list(found.values())


def _inlined(top: PartPattern, patterns: list[PartPattern]) -> set[int]:
    """The patterns that are written as groups where they are used: those for which a block would be longer."""
    sites: dict[int, int] = {}
    for pattern in patterns:
        for one in pattern.inner():
            sites[id(one)] = sites.get(id(one), 0) + 1
    inlined: set[int] = set()
    size: dict[int, int] = {}
    levels: dict[int, int] = {}
    for pattern in patterns:
        inner = [one for one in pattern.inner() if id(one) in inlined]
        lines = size[id(pattern)] = len(pattern.slots) + sum(size[id(one)] for one in inner)
        levels[id(pattern)] = 1 + max([levels[id(one)] for one in inner], default=0)
        count = sites.get(id(pattern), 0)
        if pattern is top or not _can_be_group(pattern) or levels[id(pattern)] > _MOST_LEVELS:
            continue
        if count == 1:
            is_short = pattern.transparent or lines <= _MOST_INSIDE
        else:
            is_short = count * (lines + 1) <= lines + 2 + count
        if is_short:
            inlined.add(id(pattern))
    return inlined


def _can_be_group(pattern: PartPattern) -> bool:
    """Whether the result is that of the last step, and no step has the name of a group's input."""
    if pattern.gathers or any(slot.id == GROUP_INPUT for slot in pattern.slots):
        return False
    return not pattern.outputs or _are_result(pattern)


def _are_result(pattern: PartPattern) -> bool:
    """Whether the outputs are what the last step gives, all of it."""
    last = pattern.slots[-1]
    whole = [SlotRef(len(pattern.slots) - 1, output) for output in range(last.outputs)]
    return pattern.outputs == whole or (pattern.outputs == whole[:1] and last.has_main_output)


def _block(model: Form, pattern: PartPattern, uses: dict[int, WrittenBlock], names: BlockNames) -> DraftBlock:
    """Lay a pattern out as a block, and tell its parts what they give its params."""
    order = pattern.order or list(range(pattern.inputs))
    words = _input_names(pattern)
    pattern.names = words or [GROUP_INPUT]
    first = tuple([SlotRef(INPUT, place) for place in order[:1]])
    named = {place: words[number] for number, place in enumerate(order)}
    params, steps, around = _laid_out(model, uses, pattern, first, named)
    params.settle(len(pattern.parts))
    for part in pattern.parts:
        part.arguments = {name: row.value(part.number) for name, row in params.rows.items()}
    name = names.fresh(pattern.kind)
    uses[id(pattern)] = WrittenBlock(name, params, pattern.inputs == len(pattern.outputs) == 1)
    inputs = None if words in ([], [GROUP_INPUT]) else [f"{words[0]}{MORE}"] if pattern.gathers else words
    return DraftBlock(name, params.declared(), inputs, steps, _outputs(pattern, around))


def _laid_out(
    model: Form,
    uses: dict[int, WrittenBlock],
    pattern: PartPattern,
    first: tuple[SlotRef, ...],
    inputs: dict[int, str],
) -> tuple[Params, list[DraftStep], StepList]:
    """The steps of a pattern; once more, where the first look has shown how to say it better."""
    layer = DraftMaker(model, uses, pattern, Learnt())
    steps, around = layer.lay_out(first, inputs)
    learnt = layer.params.learnt()
    if learnt != Learnt():
        layer = DraftMaker(model, uses, pattern, learnt)
        steps, around = layer.lay_out(first, inputs)
    return layer.params, steps, around


def _input_names(pattern: PartPattern) -> list[str]:
    """Names for the inputs of a block, none of which is that of a step in it."""
    ids = {slot.id for slot in pattern.slots}
    if pattern.gathers:
        wanted = ["maps"]
    elif pattern.inputs < 2:  # noqa: PLR2004 - several
        wanted = [GROUP_INPUT] * pattern.inputs
    else:
        wanted = ["x", *[f"x{number}" for number in range(2, pattern.inputs + 1)]]
    names = []
    for name in wanted:
        while name in ids:
            name += "_in"  # noqa: PLW2901 - until it is free
        names.append(name)
    return names


def _outputs(pattern: PartPattern, around: StepList) -> list[str] | None:
    """The outputs as they are written; None if they are all that the last step gives."""
    if not pattern.outputs or (pattern.slots and _are_result(pattern)):
        return None
    return texts_of(pattern.outputs, around)
