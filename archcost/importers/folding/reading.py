"""What a step reads, as ids: references to text, and what the step before gives without being named."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from archcost.importers.folding.params import UnfoldableError
from archcost.importers.folding.patterns import ANY_ACTIVATION, INPUT, LAST, PartPattern, PatternSlot, SlotRef, resolved
from archcost.ops import REGISTRY
from archcost.spec.vocabulary import GROUP_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from archcost.importers.folding.solving import Key
    from archcost.importers.folding.tree import ModelPart
    from archcost.importers.form import Form

_PAIR = 2


@dataclass(slots=True)
class StepList:
    """A list of steps: the pattern that it is written for, the parts that it stands for, by key, and its inputs.

    ``inputs`` are the texts of the pattern's inputs, and ``first`` is what the first step reads if it names nothing.
    """

    pattern: PartPattern
    parts: Mapping[Key, ModelPart | None]
    inputs: dict[int, str]
    first: tuple[SlotRef, ...]
    ids: tuple[str, ...] = ()  # of the groups around it in the block
    is_group: bool = False
    absent: set[int] = field(init=False)  # the places of slots that none of the parts has

    def __post_init__(self) -> None:
        rows = [part.row for part in self.parts.values() if part is not None]
        self.absent = {place for place in range(len(self.pattern.slots)) if all(row[place] is None for row in rows)}

    def seen(self, slot: PatternSlot) -> PatternSlot:
        """A slot as it is written here: it reads nothing that is not there."""
        if not self.absent:
            return slot
        slots = self.pattern.slots
        reads = tuple([resolved(ref, slots, self.absent) or ref for ref in slot.reads])
        passes = slot.passes and resolved(slot.passes, slots, self.absent)
        return replace(slot, reads=reads, passes=passes)

    @property
    def taken(self) -> set[str]:
        """The names that no step of the list can have by default."""
        return {GROUP_INPUT} if self.is_group else set(self.inputs.values())

    def outputs_of(self, place: int) -> int:
        """How many outputs a slot has: of a loop, each of its rounds."""
        return max(self.pattern.slots[place].outputs, 1)

    def _parts_at(self, place: int) -> Iterable[ModelPart]:
        for part in self.parts.values():
            one = part.row[place] if part is not None else None
            if one is not None:
                yield one

    def rounds_at(self, place: int) -> int:
        """How many rounds a loop has, the same everywhere."""
        counts = {len(one.parts) for one in self._parts_at(place)}
        if len(counts) != 1:
            raise UnfoldableError(f"the last round of '{self.pattern.slots[place].id}' has a number that differs")
        return counts.pop()

    def implied(self, place: int, slot: PatternSlot) -> tuple[SlotRef, ...]:
        """What a step reads that names nothing."""
        before = next((number for number in range(place - 1, -1, -1) if number not in self.absent), INPUT)
        if before == INPUT:
            return self.first
        count = self.outputs_of(before)
        if count > 1 and self.pattern.slots[before].has_main_output:
            one = slot.one
            takes_one = isinstance(one, str) and (one == ANY_ACTIVATION or REGISTRY[one].max_inputs == 1)
            count = 1 if takes_one else 0
        return tuple([SlotRef(before, output) for output in range(count)])


def text_of_ref(ref: SlotRef, around: StepList) -> str:
    """A reference as it is written."""
    if ref.slot == INPUT:
        return around.inputs[ref.output]
    slot = around.pattern.slots[ref.slot]
    count = around.outputs_of(ref.slot)
    name, number = slot.id, ref.round
    if slot.is_loop and count > 1 and number == LAST:
        number = around.rounds_at(ref.slot) - 1
    if number != LAST:
        name = f"{name}.{number}"
    return name if count == 1 else f"{name}.{ref.output}"


def texts_of(refs: Sequence[SlotRef], around: StepList) -> list[str]:
    """References as they are written; all outputs of a step, one after another, are its id."""
    texts: list[str] = []
    place = 0
    while place < len(refs):
        ref = refs[place]
        count = 1 if ref.slot == INPUT else around.outputs_of(ref.slot)
        whole = tuple([ref._replace(output=output) for output in range(count)])
        if (
            count > 1
            and tuple(refs[place : place + count]) == whole
            and not around.pattern.slots[ref.slot].has_main_output
        ):
            name = around.pattern.slots[ref.slot].id
            texts.append(name if ref.round == LAST else f"{name}.{ref.round}")
            place += count
        else:
            texts.append(text_of_ref(ref, around))
            place += 1
    return texts


def adds_input(model: Form, group: PartPattern, handed: list[int], parts: Iterable[ModelPart]) -> bool:
    """Whether a group ends by adding its only input to the result of the step before: then it is a residual."""
    if len(group.slots) < _PAIR or len(handed) != 1:
        return False
    *_, before, last = group.slots
    result, own = SlotRef(len(group.slots) - 2, 0), SlotRef(INPUT, handed[0])
    if last.head != "add" or last.id != "add" or last.optional or last.share is not None or before.outputs != 1:
        return False
    return sorted(last.reads) == sorted((own, result)) and all(_keeps_shape(model, part.row[-1]) for part in parts)


def _keeps_shape(model: Form, sum_of: ModelPart | None) -> bool:
    """Whether what is added has one shape."""
    if sum_of is None or sum_of.step is None or sum_of.step.attributes:
        return False
    return len({model.shape(value) for value in sum_of.inputs}) == 1
