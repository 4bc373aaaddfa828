"""Containers whose parts are the rounds of a loop: numbered from 0, alike, each reading what the one before gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.folding.patterns import PartPattern, PatternSlot, SlotRef, head_of, reads_of, results_of

if TYPE_CHECKING:
    from archcost.importers.folding.tree import ModelPart


def loops_among(parts: list[ModelPart]) -> list[list[ModelPart]]:
    """The parts of a class that are loops, by what they repeat; one of them at least has several rounds."""
    by_head: dict[object, list[ModelPart]] = {}
    for part in parts:
        if _is_numbered(part):
            by_head.setdefault(head_of(part.parts[0]), []).append(part)
    found = []
    for head, group in by_head.items():
        chains = {_chain(part) for part in group} - {()}
        if len(chains) != 1:
            continue
        chain = chains.pop()
        if chain is not None and _accepts(head, chain, group[0]):
            found.append(group)
    return found


def loop_pattern(kind: str, parts: list[ModelPart]) -> PartPattern:
    """The pattern of loops over the same thing."""
    first = parts[0]
    head = head_of(first.parts[0])
    outputs = len(head.outputs) if isinstance(head, PartPattern) else len(first.parts[0].outputs)
    slot = PatternSlot("", head, (), outputs=outputs)
    pattern = PartPattern(
        kind, True, len(reads_of(first)), [slot], [SlotRef(0, place) for place in range(outputs)], loop=True
    )
    pattern.parts = parts
    for part in parts:
        part.pattern = pattern
        part.row = list(part.parts)
        part.results = results_of(part.parts[-1])
    return pattern


def _is_numbered(part: ModelPart) -> bool:
    """Whether all that a part has in it are parts that are alike, numbered from 0."""
    if part.step is not None or not part.parts or part.parent is None:
        return False
    head = head_of(part.parts[0])
    return all(
        one.id == str(number) and head_of(one) == head and one.share is None for number, one in enumerate(part.parts)
    ) and not (isinstance(head, PartPattern) and (head.loop or head.gathers))


def _chain(part: ModelPart) -> tuple[int, ...] | None:
    """The places of the inputs that each round takes from the one before, by output; empty for a single round.

    None if the rounds are no chain: then each of them must name what it reads.
    """
    chains: set[tuple[int, ...]] = set()
    for before, after in zip(part.parts, part.parts[1:], strict=False):
        given, taken, results = reads_of(before), reads_of(after), results_of(before)
        if len(given) != len(taken):
            return None
        places: dict[int, int] = {}
        for place, value in enumerate(taken):
            if value in results:
                places[results.index(value)] = place
            elif value != given[place]:
                return None
        if len(places) != len(results):
            return None
        chains.add(tuple([places[output] for output in range(len(results))]))
    return None if len(chains) > 1 else chains.pop() if chains else ()


def _accepts(head: object, chain: tuple[int, ...], part: ModelPart) -> bool:
    """Whether what is repeated can have the inputs first that go from round to round; of a pattern it sees to that."""
    inputs = len(reads_of(part.parts[0]))
    order = [*chain, *[place for place in range(inputs) if place not in chain]]
    if not isinstance(head, PartPattern):
        return order == list(range(inputs))
    if head.order and head.order != order:
        return False
    head.order = order
    return True
