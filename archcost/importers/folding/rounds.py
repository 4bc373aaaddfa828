"""A group of numbered steps, each of which reads the one before, as the rounds of one step.

Unlike a loop, which has the same thing in all rounds, these rounds may be of different blocks: the first of a stage,
and all others; two kinds that take turns. The kind is an expression over the index then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.importers.folding.params import FLAG, KIND, OTHER, Hint, Params
from archcost.importers.folding.solving import INDICES, Solver
from archcost.importers.form import Batched, Worded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.draft import DraftStep
    from archcost.importers.form import Attribute

_FEWEST = 3  # rounds that are worth it


def write_as_rounds(step: DraftStep, params: Mapping[str, Mapping[str, Attribute]], depth: int) -> None:
    """Write a group as a repeated step if its steps are rounds of blocks, which must all take what any of them gets.

    ``params`` are those of every block that takes one value and gives one; ``depth`` counts the loops around the group.
    """
    rounds = step.layers or []
    if step.residual or step.repeat is not None or not _are_rounds(rounds, params):
        return
    kinds = [str(one.kind) for one in rounds]
    values = _values(rounds, kinds, params)
    if values is None:
        return
    solver = Solver(Params({}, set(), kinds=frozenset()))
    index = INDICES[depth]

    def over_rounds(row: Sequence[Any], hint: Hint) -> Attribute:
        return solver.over_rounds(row, hint, index)

    ids = (str(step.id),)
    kind = over_rounds(kinds, Hint(KIND, "kind", ids))
    attributes = {
        name: over_rounds(row, Hint(FLAG if isinstance(row[0], bool) else OTHER, name, ids))
        for name, row in values.items()
    }
    step.kind = kind if isinstance(kind, (str, Worded)) else None
    step.attributes, step.repeat, step.layers = attributes, len(rounds), None
    step.index = index if depth else None


def _are_rounds(rounds: Sequence[DraftStep], params: Mapping[str, Mapping[str, Attribute]]) -> bool:
    """Whether steps are numbered from 0, read each other, and are nothing but uses of blocks."""
    return len(rounds) >= _FEWEST and all(
        one.id == str(number)
        and one.kind in params
        and one.reads is None
        and one.when is None
        and one.share is None
        and one.repeat is None
        and one.branches is None
        for number, one in enumerate(rounds)
    )


def _values(
    rounds: Sequence[DraftStep], kinds: Sequence[str], params: Mapping[str, Mapping[str, Attribute]]
) -> dict[str, list[Any]] | None:
    """What every round gives, by param, with defaults; None if a block lacks one, or has it follow from its input."""
    names = dict.fromkeys([name for one in rounds for name in one.attributes])
    found: dict[str, list[Any]] = {}
    for name in names:
        if any(name not in params[kind] for kind in kinds):
            return None
        row = [one.attributes.get(name, params[kind][name]) for one, kind in zip(rounds, kinds, strict=True)]
        same = all(value == row[0] for value in row)
        if None in row or (not same and any(isinstance(value, (Worded, Batched)) for value in row)):
            return None
        if any(
            isinstance(value, Worded) and name not in one.attributes for one, value in zip(rounds, row, strict=True)
        ):
            return None
        found[name] = row
    return found
