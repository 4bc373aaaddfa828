"""Which uses of a block get which text: all that change alike share one, and no more texts are made than needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.graph.model import REPEAT
from archcost.suggesting.uses import MAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from archcost.meter import Meter
    from archcost.suggesting.edits import Edit
    from archcost.suggesting.uses import Rounds, StepUse, Uses
    from archcost.suggesting.view import Place

At = tuple["Place", "Rounds", str]  # a step within a block, in certain rounds, where it is of a kind


class BlockVariant(NamedTuple):
    """A text of a block: the block, and what becomes of its steps.

    ``edits`` are those of steps that are ops, and of repeated steps as wholes (None: the step stays), ``calls`` the
    variants that other steps call, by their numbers; ``uses`` is a use of each step.
    """

    number: int
    block: str
    edits: dict[At, Edit | None]
    calls: dict[At, int]
    uses: dict[At, StepUse]


class Variants(NamedTuple):
    """The texts of all blocks, by number; ``touched`` are those that differ from what is there."""

    all: list[BlockVariant]
    touched: frozenset[int]
    replaced: frozenset[int]  # of these, those that take the place of the block itself

    @property
    def renamed(self) -> frozenset[int]:
        """The variants that are blocks of their own beside the ones that they come from."""
        return self.touched - self.replaced


def variants_of(
    uses: Uses,
    edits: Mapping[int, Edit],
    repeats: Mapping[str, Edit],
    may_replace: Callable[[str], bool],
    is_named_by_kind: Callable[[Place], bool],
    meter: Meter,
) -> Variants:
    """The texts that edits of nodes ask for, and those of repeated steps as wholes, by their paths.

    All instances of a block begin as one variant. A variant whose instances disagree about a step in a round is split,
    until none is: what an instance does not have, it does not disagree about. They also disagree about a step that gets
    its name from its kind, if that differs between them: ``is_named_by_kind`` says which do. ``may_replace`` says of a
    block whether its own text may change. Raises WorkError.
    """
    found = _Splitter(uses, edits, repeats, is_named_by_kind, meter).split()
    return _judged(found, may_replace)


def is_edited(use: StepUse) -> bool:
    """Whether edits are of such a use: of an op, or of a repeated step as a whole; else it calls a block."""
    return use.node >= 0 or use.kind == REPEAT


class _Splitter:
    def __init__(
        self,
        uses: Uses,
        edits: Mapping[int, Edit],
        repeats: Mapping[str, Edit],
        is_named_by_kind: Callable[[Place], bool],
        meter: Meter,
    ) -> None:
        self.edits = edits
        self.repeats = repeats
        self.meter = meter
        self.definitions = uses.definitions
        self.of: dict[str, list[StepUse]] = {instance: [] for instance in uses.definitions}
        for use in (*uses.of_nodes, *uses.of_blocks.values(), *uses.of_repeats.values()):
            self.of[use.instance].append(use)
        numbers: dict[str, int] = {}
        self.number: dict[str, int] = {
            instance: numbers.setdefault(block, len(numbers)) for instance, block in uses.definitions.items()
        }
        self.count = len(numbers)
        touched = {use.place for node in edits for use in uses.chain(node)}
        self.named_by_kind = {place for place in touched if is_named_by_kind(place)}

    def split(self) -> list[BlockVariant]:
        while True:
            groups: dict[int, list[str]] = {}
            for instance, number in self.number.items():
                groups.setdefault(number, []).append(instance)
            made = {number: self._agreeing(instances) for number, instances in groups.items()}
            if all(len(parts) == 1 for parts in made.values()):
                break
            for parts in made.values():
                for instances in parts[1:]:
                    for instance in instances:
                        self.number[instance] = self.count
                    self.count += 1
        return [self._variant(number, parts[0]) for number, parts in made.items()]

    def _agreeing(self, instances: list[str]) -> list[list[str]]:
        """Instances in parts that agree about every step."""
        parts: list[tuple[list[str], dict[object, object]]] = []
        for instance in instances:
            wanted = self._wanted(self.of[instance])
            for members, known in parts:
                self.meter.spend(len(wanted), None)
                if all(known.get(at, target) == target for at, target in wanted.items()):
                    members.append(instance)
                    known.update(wanted)
                    break
            else:
                parts.append(([instance], wanted))
        return [members for members, _ in parts]

    def _wanted(self, uses: list[StepUse]) -> dict[object, object]:
        """What becomes of the steps of an instance, and the names of those whose names depend on it."""
        wanted: dict[object, object] = {(use.place, use.rounds, use.kind): self._target(use) for use in uses}
        wanted.update({use.place: use.name for use in uses if use.place in self.named_by_kind})
        return wanted

    def _target(self, use: StepUse) -> object:
        return self._edit(use) if is_edited(use) else self.number[use.path]

    def _edit(self, use: StepUse) -> Edit | None:
        return self.edits.get(use.node) if use.node >= 0 else self.repeats.get(use.path)

    def _variant(self, number: int, instances: list[str]) -> BlockVariant:
        uses: dict[At, StepUse] = {}
        for instance in instances:
            for use in self.of[instance]:
                uses.setdefault((use.place, use.rounds, use.kind), use)
        edits = {at: self._edit(use) for at, use in uses.items() if is_edited(use)}
        calls = {at: self.number[use.path] for at, use in uses.items() if not is_edited(use)}
        return BlockVariant(number, self.definitions[instances[0]], edits, calls, uses)


def _judged(found: list[BlockVariant], may_replace: Callable[[str], bool]) -> Variants:
    by_block: dict[str, list[BlockVariant]] = {}
    for variant in found:
        by_block.setdefault(variant.block, []).append(variant)
    alone = {
        variants[0].number
        for block, variants in by_block.items()
        if len(variants) == 1 and (block == MAIN or may_replace(block))
    }
    callers: dict[int, list[int]] = {}
    for variant in found:
        for called in variant.calls.values():
            callers.setdefault(called, []).append(variant.number)
    touched = {variant.number for variant in found if any(edit is not None for edit in variant.edits.values())}
    waiting = list(touched)
    while waiting:
        one = waiting.pop()
        if one in alone:
            continue  # its name stays, so that no caller changes
        for caller in callers.get(one, ()):
            if caller not in touched:
                touched.add(caller)
                waiting.append(caller)
    replaced = touched & alone
    for block, variants in by_block.items():
        numbers = [variant.number for variant in variants]
        if block != MAIN and may_replace(block) and len(numbers) > 1 and touched.issuperset(numbers):
            replaced.add(numbers[0])
    return Variants(found, frozenset(touched), frozenset(replaced))
