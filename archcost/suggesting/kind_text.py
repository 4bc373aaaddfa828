"""The kind of a step whose uses become different things: a name, or an expression over the index of its rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.spec.expressions import INDEX, Expression
from archcost.suggesting.yaml_text import UnwritableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.spec.model import Step
    from archcost.suggesting.uses import Rounds
    from archcost.suggesting.view import Place

_MAX_LISTED = 24  # rounds that an expression lists


class KindUse(NamedTuple):
    """In which rounds a step is of which kind, and of which kind it shall be."""

    rounds: Rounds
    kind: str
    new: str


def kind_text(step: Step, uses: Sequence[KindUse], steps: Mapping[Place, Step]) -> str:
    """The kind of a step as it is meant, an expression with its ``$``; raises UnwritableError if none can say it."""
    by_kind: dict[str, list[KindUse]] = {}
    for use in uses:
        by_kind.setdefault(use.kind, []).append(use)
    written = step.kind
    if isinstance(written, str):
        if len({use.new for use in uses}) == 1:
            return uses[0].new
        return f"$({_choice([use for own in by_kind.values() for use in own], steps)})"
    inner = _inner(written)
    parts = [
        f"({_choice(own, steps)}) if ({inner}) == {_quoted(kind)} else "
        for kind, own in by_kind.items()
        if any(use.new != kind for use in own)
    ]
    return f"$({''.join(parts)}({inner}))"


def _inner(expression: Expression) -> str:
    return expression.text[2:-1] if expression.text.startswith("$(") else expression.text[1:]


def _quoted(name: str) -> str:
    if not name.isprintable() or set(name) & set("\"'\\"):
        raise UnwritableError(f"the name {name} cannot stand in an expression")
    return f'"{name}"'


def _choice(uses: Sequence[KindUse], steps: Mapping[Place, Step]) -> str:
    """The new kind as the inside of an expression: the name, or one by the number of the round."""
    names = list(dict.fromkeys([use.new for use in uses]))
    if len(names) == 1:
        return _quoted(names[0])
    for level in reversed(range(len(uses[0].rounds))):
        by_number: dict[int, set[str]] = {}
        for use in uses:
            by_number.setdefault(use.rounds[level][1], set()).add(use.new)
        if all(len(found) == 1 for found in by_number.values()):
            index = _index(uses[0].rounds, level, steps)
            return _by_number(index, {number: found.pop() for number, found in by_number.items()})
    raise UnwritableError("which rounds of a step change depends on more than one index")


def _by_number(index: str, names: Mapping[int, str]) -> str:
    numbers: dict[str, list[int]] = {}
    for number, name in sorted(names.items()):
        numbers.setdefault(name, []).append(number)
    *others, (usual, _) = sorted(numbers.items(), key=lambda item: len(item[1]))
    first, last = min(names), max(names)
    parts = [f"{_quoted(name)} if {_condition(index, own, first, last)} else " for name, own in others]
    return "".join(parts) + _quoted(usual)


def _condition(index: str, own: list[int], first: int, last: int) -> str:
    start, end = own[0], own[-1]
    if start == end:
        return f"{index} == {start}"
    if len(own) == end - start + 1:
        if start == first:
            return f"{index} <= {end}"
        return f"{index} >= {start}" if end == last else f"{start} <= {index} <= {end}"
    if len(own) > _MAX_LISTED:
        raise UnwritableError("the rounds of a step that change are too many to list")
    return f"{index} in {own}"


def _index(rounds: Rounds, level: int, steps: Mapping[Place, Step]) -> str:
    """What counts the rounds of a repeated step in expressions inside of it."""
    step = steps[rounds[level][0]]
    if step.repeat is None:
        raise UnwritableError("a round is of no repeated step")
    name = step.repeat_as
    if name != INDEX:
        if not step.repeat.constant:
            raise UnwritableError(f"whether '{name}' is the number of a round or an item depends on a param")
        name = INDEX if isinstance(step.repeat.value, list) else name
    if any(name in steps[place].indices for place, _ in rounds[level + 1 :]):
        raise UnwritableError(f"the index '{name}' of a repeated step is hidden by that of another one inside")
    return name
