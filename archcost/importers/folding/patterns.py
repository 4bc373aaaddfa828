"""What parts have in common: slots for the steps and scopes in them, and what each slot reads, whatever the numbers.

A pattern stands for all parts of a class that are alike. A slot that some of them lack is optional: left out, it hands
on what it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from archcost.ops import REGISTRY
from archcost.ops.fields import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.importers.folding.tree import ModelPart

INPUT = -1  # the slot of references to the inputs of the pattern itself
LAST = -1  # the last round of a loop, however many there are
ANY_ACTIVATION = "activation"  # in the place of a kind: which activation it is may differ


class SlotRef(NamedTuple):
    """An output of a slot, or an input of the pattern; of a loop, that of a round."""

    slot: int
    output: int
    round: int = LAST


class Entry(NamedTuple):
    """What a part has at a place: two entries at the same place of two parts are alike if they are equal."""

    id: str
    head: str | PartPattern
    reads: tuple[SlotRef, ...]
    share: str | None
    outputs: int


@dataclass(slots=True, eq=False)
class PatternSlot:
    """A place in a pattern: an op, another pattern, or rounds of one of these.

    ``passes`` is what stands in its place where it is left out; None if that matters to nobody.
    """

    id: str
    head: str | PartPattern
    reads: tuple[SlotRef, ...]
    share: str | None = None
    outputs: int = 1
    optional: bool = False
    passes: SlotRef | None = None

    @property
    def is_loop(self) -> bool:
        """Whether it has rounds."""
        return isinstance(self.head, PartPattern) and self.head.loop

    @property
    def has_main_output(self) -> bool:
        """Whether its id alone means the first of its outputs."""
        one = self.one
        return isinstance(one, str) and one != ANY_ACTIVATION and REGISTRY[one].main_output

    @property
    def one(self) -> str | PartPattern:
        """What is repeated, of a loop; otherwise the head itself."""
        return self.head.slots[0].head if isinstance(self.head, PartPattern) and self.head.loop else self.head


@dataclass(slots=True, eq=False)
class PartPattern:
    """What parts of a class have in common. A loop has one slot, for all of its rounds.

    ``order`` is that of the inputs where they are written: what a round hands on to the next stands first.
    """

    kind: str
    transparent: bool
    inputs: int
    slots: list[PatternSlot]
    outputs: list[SlotRef]
    parts: list[ModelPart] = field(default_factory=list)
    loop: bool = False
    gathers: bool = False  # its one input stands for any number of them
    order: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of the inputs of the block, if it is one

    def inner(self) -> Iterator[PartPattern]:
        """The patterns that its slots use, once for each; of a loop what its rounds use."""
        for slot in self.slots:
            one = slot.one
            if isinstance(one, PartPattern):
                yield one


def head_of(part: ModelPart) -> str | PartPattern:
    """What a part is, apart from its numbers."""
    if part.step is None:
        assert part.pattern is not None  # inner parts come first
        return part.pattern
    return ANY_ACTIVATION if is_plain_activation(part) else part.step.kind


def is_plain_activation(part: ModelPart) -> bool:
    """Whether a step is an activation without attributes: then another one could stand in its place."""
    step = part.step
    if step is None or step.attributes:
        return False
    op = REGISTRY.get(step.kind)
    if op is None or op.family != "Activation" or op.max_inputs != 1:
        return False
    return all(one.default is not REQUIRED for one in op.fields.values())


def reads_of(part: ModelPart) -> tuple[int, ...]:
    """The values that a part reads, in the order of its op or pattern; of a loop those of its first round."""
    return reads_of(part.parts[0]) if part.pattern is not None and part.pattern.loop else part.inputs


def results_of(part: ModelPart) -> list[int | None]:
    """The values that a part gives, in the order of its op or pattern."""
    return list(part.outputs) if part.step is not None else part.results


def references(part: ModelPart) -> dict[int, SlotRef]:
    """What stands in a part for each value that may be read in it."""
    found = {value: SlotRef(INPUT, 0 if part.gathers else place) for place, value in enumerate(part.inputs)}
    for place, one in enumerate(part.parts):
        if one.pattern is not None and one.pattern.loop:
            last = len(one.parts) - 1
            for number, round_part in enumerate(one.parts):
                for output, value in enumerate(results_of(round_part)):
                    if value is not None:
                        found[value] = SlotRef(place, output, LAST if number == last else number)
            continue
        for output, value in enumerate(results_of(one)):
            if value is not None:
                found[value] = SlotRef(place, output)
    return found


def entries_of(part: ModelPart) -> tuple[list[Entry], list[SlotRef]]:
    """The entries of a part, and what its outputs refer to."""
    refs = references(part)
    entries = []
    for one in part.parts:
        share = None if one.share is None else _share_text(one, part)
        reads = tuple([refs[value] for value in reads_of(one)])
        if part.gathers and one is part.parts[0] and one.inputs == part.inputs:
            reads = reads[:1]  # all of them
        entries.append(Entry(one.id, head_of(one), reads, share, _outputs_of(one)))
    return entries, [refs[value] for value in part.outputs]


def _outputs_of(part: ModelPart) -> int:
    """How many outputs a part has; of a loop, each of its rounds."""
    if part.pattern is not None and part.pattern.loop:
        return _outputs_of(part.parts[0])
    return len(part.outputs) if part.step is not None else len(part.results)


def _share_text(one: ModelPart, around: ModelPart) -> str:
    """The path of the part whose weights another one uses, from the part around both if there is one."""
    assert one.share is not None
    above: ModelPart | None = one.share
    names: list[str] = []
    while above is not None and above is not around:
        names.append(above.id)
        above = above.parent
    return one.share.path if above is None else ".".join(reversed(names))


def resolved(ref: SlotRef, slots: list[PatternSlot], absent: set[int]) -> SlotRef | None:
    """What a reference comes to where some slots are left out; None if it comes to nothing."""
    while ref.slot in absent:
        passes = slots[ref.slot].passes
        if passes is None:
            return None
        ref = passes
    return ref
