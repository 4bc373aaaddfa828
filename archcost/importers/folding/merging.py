"""Parts of a class that differ by a few steps: one pattern, with optional slots."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.folding.patterns import (
    INPUT,
    Entry,
    PartPattern,
    PatternSlot,
    SlotRef,
    entries_of,
    reads_of,
    resolved,
)

if TYPE_CHECKING:
    from archcost.importers.folding.tree import ModelPart

_GATHERS = "concat"  # which makes one value of any number of them
_MOST_APART = 4  # steps that two variants of a class may have for themselves
_MOST_ENTRIES = 200  # of a part: larger ones are not compared step by step


class Variant(NamedTuple):
    """Parts that are alike to the last step; ``places`` are the slots of the entries, once it is merged."""

    entries: tuple[Entry, ...]
    inputs: int
    outputs: list[SlotRef]
    parts: list[ModelPart]
    places: list[int]


def patterns_of(kind: str, parts: list[ModelPart]) -> list[PartPattern]:
    """The patterns of the parts of a class: as few as may be."""
    gather(parts)
    merged: list[_Merge] = []
    for variant in _variants(parts):
        if not any(one.take(variant) for one in merged):
            merged.append(_Merge(variant))
    patterns = [one.pattern(kind, parts[0].transparent) for one in merged]
    if parts[0].parent is None:  # the outputs of the model have an order of their own, and may be twice the same
        patterns[0].outputs = entries_of(parts[0])[1]
    return patterns


def gather(parts: list[ModelPart]) -> None:
    """Mark the parts of a class that have any number of inputs, and make one value of them first: dense connections."""
    if parts[0].transparent or len({len(part.inputs) for part in parts}) == 1:
        return
    if all(len(part.inputs) == 1 or _gathers(part) for part in parts):
        for part in parts:
            part.gathers = True


def _gathers(part: ModelPart) -> bool:
    """Whether the first step takes all inputs in their order, and no other step takes any."""
    first, *others = part.parts
    if first.kind != _GATHERS or first.inputs != part.inputs:
        return False
    return all(set(part.inputs).isdisjoint(reads_of(one)) for one in others)


def _variants(parts: list[ModelPart]) -> list[Variant]:
    """The parts by their entries, those with the most first."""
    found: dict[tuple[tuple[Entry, ...], int], Variant] = {}
    for part in parts:
        entries, outputs = entries_of(part)
        key = (tuple(entries), min(len(part.inputs), 1) if part.gathers else len(part.inputs))
        variant = found.get(key)
        if variant is None:
            variant = found[key] = Variant(*key, [], [], list(range(len(entries))))
        variant.parts.append(part)
        variant.outputs.extend([ref for ref in outputs if ref not in variant.outputs])
    for variant in found.values():
        variant.outputs.sort()
    return sorted(found.values(), key=lambda variant: -len(variant.entries))


class _Merge:
    """Variants that fit into one list of slots."""

    def __init__(self, first: Variant) -> None:
        self.inputs = first.inputs
        self.slots = [PatternSlot(*one) for one in first.entries]
        self.outputs = list(first.outputs)
        self.variants = [first]

    def take(self, variant: Variant) -> bool:
        """Take in a variant if it fits; else nothing changes."""
        pairs = self._aligned(variant)
        apart = len(self.slots) + len(variant.entries) - 2 * len(pairs)
        if variant.inputs != self.inputs or apart > _MOST_APART or len(pairs) < max(apart, 1):
            return False
        plan = _Plan(self, variant, pairs)
        if not plan.holds():
            return False
        self.slots, self.outputs, self.variants = plan.slots, plan.outputs, plan.variants
        return True

    def _aligned(self, variant: Variant) -> list[tuple[int, int]]:
        """Slots and entries that are the same, in order: as many as there are (the longest common subsequence)."""
        mine, theirs = self.slots, variant.entries
        if max(len(mine), len(theirs)) > _MOST_ENTRIES:
            return []
        length = [[0] * (len(theirs) + 1) for _ in range(len(mine) + 1)]
        for i in range(len(mine) - 1, -1, -1):
            for j in range(len(theirs) - 1, -1, -1):
                same = _fits(mine[i], theirs[j])
                length[i][j] = 1 + length[i + 1][j + 1] if same else max(length[i + 1][j], length[i][j + 1])
        pairs, i, j = [], 0, 0
        while i < len(mine) and j < len(theirs):
            if _fits(mine[i], theirs[j]):
                pairs.append((i, j))
                i, j = i + 1, j + 1
            elif length[i + 1][j] >= length[i][j + 1]:
                i += 1
            else:
                j += 1
        return pairs

    def pattern(self, kind: str, transparent: bool) -> PartPattern:  # noqa: FBT001 - what the parts say
        """The pattern of all variants; its parts know their rows."""
        pattern = PartPattern(kind, transparent, self.inputs, self.slots, self.outputs)
        pattern.gathers = self.variants[0].parts[0].gathers
        for variant in self.variants:
            absent = set(range(len(self.slots))) - set(variant.places)
            back = {slot: place for place, slot in enumerate(variant.places)}
            results = [_result(resolved(ref, self.slots, absent), back) for ref in self.outputs]
            for part in variant.parts:
                part.pattern = pattern
                part.row = [None if slot in absent else part.parts[back[slot]] for slot in range(len(self.slots))]
                values = _values(part)
                part.results = [values.get(ref) if ref is not None else None for ref in results]
                pattern.parts.append(part)
        pattern.parts.sort(key=lambda part: part.first)
        for number, part in enumerate(pattern.parts):
            part.number = number
        return pattern


def _values(part: ModelPart) -> dict[SlotRef, int]:
    """The values that are read outside of a part, by what stands for them in it."""
    _, refs = entries_of(part)
    return dict(zip(refs, part.outputs, strict=True))


def _result(ref: SlotRef | None, back: dict[int, int]) -> SlotRef | None:
    """An output of a pattern as the part itself would refer to it."""
    return ref if ref is None or ref.slot == INPUT else ref._replace(slot=back[ref.slot])


def _fits(slot: PatternSlot, entry: Entry) -> bool:
    return (slot.id, slot.head, slot.share, slot.outputs) == (entry.id, entry.head, entry.share, entry.outputs)


class _Plan:
    """What a merge would be with one more variant; it holds if every variant reads what it has read."""

    def __init__(self, merge: _Merge, variant: Variant, pairs: list[tuple[int, int]]) -> None:
        self.slots: list[PatternSlot] = []
        self._mine: list[int] = [0] * len(merge.slots)  # the new places of the slots
        self._theirs: list[int] = [0] * len(variant.entries)
        self._lay_out(merge, variant, pairs)
        places = [self._theirs[place] for place in range(len(variant.entries))]
        moved = [one._replace(places=[self._mine[place] for place in one.places]) for one in merge.variants]
        self.variants = [*moved, variant._replace(places=places)]
        everything = set(range(len(self.slots)))
        self._absent = [everything.difference(one.places) for one in self.variants]  # the last is the new variant's
        for (_, theirs), place in zip(pairs, [self._mine[mine] for mine, _ in pairs], strict=True):
            before, after = self.slots[place].reads, [self._moved(ref, places) for ref in variant.entries[theirs].reads]
            if len(before) == len(after):
                self.slots[place].reads = tuple(
                    [self._joined(old, new) or old for old, new in zip(before, after, strict=True)]
                )
        self.outputs = [self._moved(ref, self._mine) for ref in merge.outputs]
        for ref in variant.outputs:
            self._add_output(self._moved(ref, places))

    def _lay_out(self, merge: _Merge, variant: Variant, pairs: list[tuple[int, int]]) -> None:
        """Put the slots in order: between two that both have, first those of the merge, then those of the variant."""
        i = j = 0
        for mine, theirs in [*pairs, (len(merge.slots), len(variant.entries))]:
            for i in range(i, mine):  # noqa: B020 - it goes on where it stood
                self._mine[i] = len(self.slots)
                old = merge.slots[i]
                self.slots.append(replace(old, optional=True))
            for j in range(j, theirs):  # noqa: B020 - likewise
                self._theirs[j] = len(self.slots)
                entry = variant.entries[j]
                self.slots.append(PatternSlot(*entry, optional=True))
            if mine < len(merge.slots):
                self._mine[mine] = self._theirs[theirs] = len(self.slots)
                old = merge.slots[mine]
                self.slots.append(replace(old))
            i, j = mine + 1, theirs + 1
        for place, slot in enumerate(merge.slots):
            new = self.slots[self._mine[place]]
            new.reads = tuple([self._moved(ref, self._mine) for ref in slot.reads])
            new.passes = None if slot.passes is None else self._moved(slot.passes, self._mine)
        matched = {theirs for _, theirs in pairs}
        own = [place for theirs, place in enumerate(self._theirs) if theirs in matched]
        for theirs, entry in enumerate(variant.entries):
            if theirs not in matched:
                place = self._theirs[theirs]
                reads = [self._moved(ref, self._theirs) for ref in entry.reads]
                self.slots[place].reads = tuple([self._latest(ref, place, own) for ref in reads])
                own.append(place)
        for slot in self.slots:
            if slot.optional and slot.passes is None and len(slot.reads) == 1:
                slot.passes = slot.reads[0]

    def _latest(self, ref: SlotRef, place: int, own: list[int]) -> SlotRef:
        """What a new slot reads: the last slot before it that is not there when it is, and then hands on what it read.

        So two steps of which there is one at a time stand one after the other.
        """
        for number in range(place - 1, ref.slot, -1):
            slot = self.slots[number]
            if slot.optional and number not in own and slot.reads == (ref,) and slot.outputs == 1:
                return SlotRef(number, 0)
        return ref

    @staticmethod
    def _moved(ref: SlotRef, places: list[int]) -> SlotRef:
        return ref if ref.slot == INPUT else ref._replace(slot=places[ref.slot])

    def _joined(self, old: SlotRef, new: SlotRef) -> SlotRef | None:
        """The later of what the merge and the variant read, if that comes to the other one where something is left out.

        The optional slots on the way hand on what makes it so.
        """
        late, early, absent = (new, old, self._absent[:-1]) if new.slot > old.slot else (old, new, self._absent[-1:])
        for missing in absent:
            self._hand_on(late, early, missing)
        fits = all(resolved(late, self.slots, one) == resolved(early, self.slots, one) for one in absent)
        return late if fits else None

    def _hand_on(self, late: SlotRef, early: SlotRef, missing: set[int]) -> None:
        """Let slots that read several values hand on the one that comes to ``early``, where they are left out."""
        target, ref = resolved(early, self.slots, missing), late
        while ref.slot in missing and ref != target:
            slot = self.slots[ref.slot]
            if slot.passes is None:
                slot.passes = next((one for one in slot.reads if resolved(one, self.slots, missing) == target), None)
            if slot.passes is None:
                return
            ref = slot.passes

    def _add_output(self, ref: SlotRef) -> None:
        """Add an output, or let one stand for two of which there is one at a time."""
        for place, old in enumerate(self.outputs):
            both = self._joined(old, ref)
            if both is not None:
                self.outputs[place] = both
                return
        self.outputs.append(ref)

    def holds(self) -> bool:
        """Whether every variant reads at every place what it has read, and gives what it has given."""
        ids = [slot.id for slot in self.slots]
        optional = [slot for slot in self.slots if slot.optional]
        if len(set(ids)) < len(ids) or any(slot.outputs > 1 or (slot.reads and not slot.passes) for slot in optional):
            return False
        for variant in self.variants:
            absent = set(range(len(self.slots))) - set(variant.places)
            for entry, place in zip(variant.entries, variant.places, strict=True):
                reads = [resolved(ref, self.slots, absent) for ref in self.slots[place].reads]
                if reads != [self._moved(ref, variant.places) for ref in entry.reads]:
                    return False
            given = [resolved(ref, self.slots, absent) for ref in self.outputs]
            if None in given or any(self._moved(ref, variant.places) not in given for ref in variant.outputs):
                return False
        return True
