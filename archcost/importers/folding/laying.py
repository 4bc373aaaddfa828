"""Patterns to the steps of a draft: a block or the model is laid out with all that is written inside of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archcost.importers.default_ids import leave_out_default_ids
from archcost.importers.draft import DraftStep
from archcost.importers.folding.naming import hint_of
from archcost.importers.folding.params import FLAG, KIND, OTHER, SIZES, Hint, Learnt, Params, UnfoldableError
from archcost.importers.folding.patterns import ANY_ACTIVATION, INPUT, PartPattern, PatternSlot, SlotRef, reads_of
from archcost.importers.folding.reading import StepList, adds_input, text_of_ref, texts_of
from archcost.importers.folding.rounds import write_as_rounds
from archcost.importers.folding.solving import DEPTH, INDICES, Solver
from archcost.importers.folding.terms import part_of, text_of
from archcost.importers.form import Worded, size_at
from archcost.ops import REGISTRY
from archcost.ops.fields import REQUIRED
from archcost.spec.vocabulary import GROUP_INPUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.folding.solving import Key
    from archcost.importers.folding.tree import ModelPart
    from archcost.importers.form import Attribute, Form, FormStep

_SOLVED_FIRST = ("out_channels", "out_features", "kernel_size", "stride", "dilation")  # others follow from these
_WRITTEN_FIRST = ("out_channels", "out_features", "kernel_size", "stride", "padding", "dilation", "groups", "bias")
_IMAGE = 3  # dims, with the batch, from which on dim 1 is that of channels


@dataclass(slots=True)
class WrittenBlock:
    """A pattern that is written as a block: the name, and its params once it is laid out."""

    name: str
    params: Params
    can_follow_itself: bool  # it takes what it gives, and that is one value


class DraftMaker:
    """Lays out one block, or the model: its steps, and what they ask for as params."""

    def __init__(self, model: Form, uses: dict[int, WrittenBlock], block: PartPattern, learnt: Learnt) -> None:
        self.model = model
        self.uses = uses  # by pattern: those that are written as blocks
        self.block = block
        kinds = frozenset({*REGISTRY, *[use.name for use in uses.values()]})
        sizes = {part.number: self._sizes(part) for part in block.parts}
        self.params = Params(sizes, set(block.names), kinds, learnt)
        if block.gathers:
            self.params.counts = (f"len({block.names[0]})", {part.number: len(part.inputs) for part in block.parts})
        self.solver = Solver(self.params)
        self.final = {
            part.number: sizes_of(model, part.results[0])
            for part in block.parts
            if part.results and part.results[0] is not None
        }

    def lay_out(self, first: tuple[SlotRef, ...], names: Mapping[int, str]) -> tuple[list[DraftStep], StepList]:
        """The steps of the block whose inputs have these names; the first step reads some of them by itself."""
        parts: dict[Key, ModelPart | None] = {(part.number,): part for part in self.block.parts}
        around = StepList(self.block, parts, dict(names), first)
        return self._steps(around), around

    def _steps(self, around: StepList) -> list[DraftStep]:
        steps = [
            self._step(around.seen(slot), place, around)
            for place, slot in enumerate(around.pattern.slots)
            if place not in around.absent
        ]
        leave_out_default_ids(steps, around.taken)
        return steps

    def _step(self, slot: PatternSlot, place: int, around: StepList) -> DraftStep:
        known = set(self.params.rows)
        parts = {key: part.row[place] for key, part in around.parts.items() if part is not None}
        there = {key: part for key, part in parts.items() if part is not None}
        step = DraftStep(id=slot.id, share=slot.share)
        if slot.is_loop:
            counts = {key: len(part.parts) for key, part in there.items()}
            step.repeat = self.solver.solve(counts, Hint(OTHER, DEPTH, (*around.ids, slot.id)))
            there = {(*key, number): one for key, part in there.items() for number, one in enumerate(part.parts)}
        handed = self._fill(step, slot, there, around)
        implied = around.implied(place, slot)
        if handed:
            step.reads = None if handed == implied else texts_of(handed, around)
        elif _may_read(slot):
            step.reads = []
        elif isinstance(slot.one, PartPattern) and len(implied) > 1:
            step.reads = texts_of(implied[:1], around)  # which it has no use for; it takes one at most
        if slot.optional:
            fresh = [name for name in self.params.rows if name not in known]
            self._make_optional(step, slot, parts, handed, around, fresh)
        if slot.is_loop:
            _name_index(step, len(next(iter(there))) - 1)
        return step

    def _make_optional(
        self,
        step: DraftStep,
        slot: PatternSlot,
        parts: Mapping[Key, ModelPart | None],
        handed: tuple[SlotRef, ...],
        around: StepList,
        fresh: list[str],
    ) -> None:
        """Set ``when``; a step of several inputs that is left out hands on the one that stands in for its result."""
        own = around.pattern is self.block and handed == (SlotRef(INPUT, 0),)
        name = "residual" if slot.head == "add" else slot.id
        present = {key: part is not None for key, part in parts.items()}
        step.when = self.solver.condition(present, Hint(FLAG, name, (*around.ids, slot.id)), own_input=own, fresh=fresh)
        if len(handed) > 1 and isinstance(step.when, Worded):
            passed = [text_of_ref(slot.passes, around)] if slot.passes is not None else []
            reads = step.reads if isinstance(step.reads, list) else texts_of(handed, around)
            condition = f"({step.when.text})" if " if " in step.when.text else step.when.text
            step.reads = Worded(f"{text_of(tuple(reads))} if {condition} else {text_of(tuple(passed))}")

    # --- what a step is -----------------------------------------------------------------------------------------------

    def _fill(
        self, step: DraftStep, slot: PatternSlot, parts: dict[Key, ModelPart], around: StepList
    ) -> tuple[SlotRef, ...]:
        """Set the kind and the attributes, or the layers of a group; what the step is given to read."""
        one = slot.one
        if not isinstance(one, PartPattern):
            self._fill_op(step, (*around.ids, slot.id), one, parts)
            return slot.reads
        if id(one) not in self.uses:
            return self._fill_group(step, slot, one, parts, around)
        self._fill_use(step, (*around.ids, slot.id), self.uses[id(one)], parts)
        return slot.reads if one.gathers else tuple([slot.reads[place] for place in one.order or range(one.inputs)])

    def _fill_op(self, step: DraftStep, ids: tuple[str, ...], kind: str, parts: dict[Key, ModelPart]) -> None:
        leaves = {key: part.step for key, part in parts.items() if part.step is not None}
        if kind == ANY_ACTIVATION:
            found = self.solver.solve({key: leaf.kind for key, leaf in leaves.items()}, Hint(KIND, "act", ids))
            step.kind = found if isinstance(found, (str, Worded)) else None
            return
        step.kind = kind
        notes = {leaf.note for leaf in leaves.values()}
        step.note = notes.pop() if len(notes) == 1 else ""
        given = {name for leaf in leaves.values() for name in leaf.attributes}
        if not given:
            return
        fields = REGISTRY[kind].fields
        sizes = {key: self._sizes(part) for key, part in parts.items()}
        found_of: dict[str, Attribute] = {}
        for name in [*[name for name in _SOLVED_FIRST if name in given], *sorted(given.difference(_SOLVED_FIRST))]:
            default = fields[name].default if name in fields else None
            values = {key: leaf.attributes.get(name, default) for key, leaf in leaves.items()}
            if any(value is REQUIRED for value in values.values()):
                raise UnfoldableError(f"'{'.'.join(ids)}' has no '{name}' in some places")
            text = _half_kernel(leaves, found_of) if name == "padding" else None
            found_of[name] = (
                Worded(text) if text else self.solver.solve(values, self._with_end(hint_of(name, ids), values), sizes)
            )
        order = dict.fromkeys([*_WRITTEN_FIRST, *fields, *sorted(given)])
        step.attributes = {name: found_of[name] for name in order if name in found_of}

    def _fill_use(self, step: DraftStep, ids: tuple[str, ...], use: WrittenBlock, parts: dict[Key, ModelPart]) -> None:
        step.kind = use.name
        sizes = {key: self._sizes(part) for key, part in parts.items()}
        for name in use.params.declared():
            param = use.params.rows[name]
            values = {key: part.arguments[name] for key, part in parts.items()}
            if param.default is not None and all(
                param.defaults.get(part.number) == values[key] for key, part in parts.items()
            ):
                continue
            hint = self._with_end(Hint(param.measures, name, ids), values)
            step.attributes[name] = self.solver.solve(values, hint, sizes)

    def _with_end(self, hint: Hint, values: dict[Key, Any]) -> Hint:
        """Call a size ``out`` if it is that of what comes out of the block, else by how it compares with that."""
        if hint.dimension in SIZES and hint.name == "out":
            size = SIZES[hint.dimension]
            ends = {key: self.final.get(key[0], {}).get(size) for key in values}
            hint.final = all(ends[key] == value for key, value in values.items())
            if not hint.final:
                is_narrow = all(type(value) is int and value <= (ends[key] or 0) for key, value in values.items())
                hint.name = "width" if is_narrow else "hidden"
        return hint

    def _sizes(self, part: ModelPart) -> dict[str, int]:
        reads = reads_of(part)
        return sizes_of(self.model, reads[0]) if reads else {}

    def _fill_group(
        self, step: DraftStep, slot: PatternSlot, group: PartPattern, parts: dict[Key, ModelPart], around: StepList
    ) -> tuple[SlotRef, ...]:
        """Set steps in place of a kind. Inputs that they can name as they are called outside are not handed in."""
        ids = {one.id for one in group.slots}
        handed_on = len(group.outputs) if slot.is_loop else 1
        texts = {place: text_of_ref(ref, around) for place, ref in enumerate(slot.reads)}
        order = group.order or list(range(group.inputs))
        handed = [
            place
            for number, place in enumerate(order)
            if number < handed_on or texts[place].partition(".")[0] in {GROUP_INPUT, *ids}
        ]
        names = dict(texts)
        for number, place in enumerate(handed):
            names[place] = GROUP_INPUT if len(handed) == 1 else f"{GROUP_INPUT}.{number}"
        first = tuple([SlotRef(INPUT, place) for place in handed])
        step.layers = self._steps(StepList(group, dict(parts), names, first, (*around.ids, slot.id), is_group=True))
        if adds_input(self.model, group, handed, parts.values()):
            step.layers.pop()
            step.residual = True
        elif not slot.is_loop:
            declared = {use.name: use.params.declared() for use in self.uses.values() if use.can_follow_itself}
            write_as_rounds(step, declared, len(next(iter(parts))) - 1)
        return tuple([slot.reads[place] for place in handed])


def _half_kernel(leaves: Mapping[Key, FormStep], found: Mapping[str, Attribute]) -> str | None:
    """A padding that keeps the size: half of the kernel, times the dilation; where one of them is a param."""
    kernel, dilation = found.get("kernel_size"), found.get("dilation", 1)
    if not isinstance(kernel, (int, Worded)) or not isinstance(dilation, (int, Worded)):
        return None
    if isinstance(kernel, int) and isinstance(dilation, int):
        return None
    for leaf in leaves.values():
        size, spread = leaf.attributes["kernel_size"], leaf.attributes.get("dilation", 1)
        if (
            not isinstance(size, int)
            or not isinstance(spread, int)
            or leaf.attributes.get("padding", 0) != spread * (size // 2)
        ):
            return None
    half = f"{part_of(kernel)} // 2" if isinstance(kernel, Worded) else str(kernel // 2)
    if dilation == 1:
        return half
    return text_of(dilation) if half == "1" else f"{part_of(dilation)} * {part_of(Worded(half))}"


def sizes_of(model: Form, value: int) -> dict[str, int]:
    """The channels and features of a value, by the names that expressions have for them; at batch 1."""
    shape = model.shape(value)
    sizes = {}
    if len(shape) >= _IMAGE:
        sizes["in_channels"] = size_at(shape[1], 1)
    elif len(shape) > 1:
        sizes["in_channels"] = size_at(shape[-1], 1)
    if shape:
        sizes["in_features"] = size_at(shape[-1], 1)
    return sizes


def _may_read(slot: PatternSlot) -> bool:
    """Whether a step that reads nothing would take what comes before it."""
    one = slot.one
    return isinstance(one, str) and one != ANY_ACTIVATION and REGISTRY[one].max_inputs != 0


def _name_index(step: DraftStep, depth: int) -> None:
    """Name the index of a loop in a loop, if something in it asks for that of either."""
    if depth > 1 and _uses(step, set(INDICES[:depth])):
        step.index = INDICES[depth - 1]


def _uses(step: DraftStep, names: set[str]) -> bool:
    """Whether an expression of a step, or in it, has one of some names."""
    values: list[Any] = [step.kind, step.reads, step.when, *step.attributes.values()]
    while values:
        value = values.pop()
        if isinstance(value, Worded):
            words = "".join([letter if letter.isalnum() or letter == "_" else " " for letter in value.text]).split()
            if not names.isdisjoint(words):
                return True
        elif isinstance(value, (tuple, list)):
            values += value
    return any(_uses(one, names) for one in step.layers or ())
