"""The kind of a step whose uses become different things: a name, or an expression over the index of its rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.meter import WorkError
from archcost.spec.expressions import INDEX, Expression, ExpressionError, Names
from archcost.suggesting.yaml_text import UnwritableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from archcost.spec.model import Step
    from archcost.suggesting.uses import Rounds
    from archcost.suggesting.view import Place

_MAX_LISTED = 24  # rounds that an expression lists


class Scenery(NamedTuple):
    """What stands around the steps: all steps by their places, and the names that an instance of a block sees."""

    steps: Mapping[Place, Step]
    names: Callable[[str], Names]


class KindUse(NamedTuple):
    """In which rounds of an instance a step is of which kind, and of which kind it shall be."""

    instance: str
    rounds: Rounds
    kind: str
    new: str


def kind_text(step: Step, uses: Sequence[KindUse], around: Scenery) -> str:
    """The kind of a step as it is meant, an expression with its ``$``; raises UnwritableError if none can say it."""
    by_kind: dict[str, list[KindUse]] = {}
    for use in uses:
        by_kind.setdefault(use.kind, []).append(use)
    written = step.kind
    if isinstance(written, str):
        if len({use.new for use in uses}) == 1:
            return uses[0].new
        return f"$({_choice(uses, around)})"
    inner = _inner(written)
    parts = [
        f"{_in_parentheses(_choice(own, around))} if {inner} == {_quoted(kind)} else "
        for kind, own in by_kind.items()
        if any(use.new != kind for use in own)
    ]
    return f"$({''.join(parts)}{inner})"


def _inner(expression: Expression) -> str:
    """An expression as a part of another one."""
    return expression.text[1:]


def _in_parentheses(choice: str) -> str:
    return f"({choice})" if " if " in choice else choice


def _quoted(name: str) -> str:
    if not name.isprintable() or set(name) & set("\"'\\"):
        raise UnwritableError(f"the name {name} cannot stand in an expression")
    return f'"{name}"'


def _choice(uses: Sequence[KindUse], around: Scenery, level: int = 0) -> str:
    """The new kind as the inside of an expression: the name, or one by the numbers of rounds, the outermost first."""
    names = list(dict.fromkeys([use.new for use in uses]))
    if len(names) == 1:
        return _quoted(names[0])
    levels = len(uses[0].rounds)
    for single in reversed(range(level, levels)):  # most depend on one of them
        by_number = {use.rounds[single][1]: use.new for use in uses}
        if all(by_number[use.rounds[single][1]] == use.new for use in uses):
            quoted = {number: _quoted(name) for number, name in by_number.items()}
            return _by_number(_index(uses[0], single, around), quoted)
    if level == levels:
        raise UnwritableError("one step would have to be of two kinds")
    groups: dict[int, list[KindUse]] = {}
    for use in uses:
        groups.setdefault(use.rounds[level][1], []).append(use)
    parts = {number: _in_parentheses(_choice(own, around, level + 1)) for number, own in groups.items()}
    return _by_number(_index(uses[0], level, around), parts)


def _by_number(index: str, names: Mapping[int, str]) -> str:
    """One of some expressions, by the number of a round."""
    numbers: dict[str, list[int]] = {}
    for number, name in sorted(names.items()):
        numbers.setdefault(name, []).append(number)
    *others, (usual, _) = sorted(numbers.items(), key=lambda item: (_words(item[1]), len(item[1])))
    first, last = min(names), max(names)
    parts = [f"{name} if {_condition(index, own, first, last)} else " for name, own in others]
    return "".join(parts) + usual


def _words(numbers: list[int]) -> int:
    """How many numbers it takes to tell some rounds from the others: those next to each other are a range."""
    return 1 if len(numbers) == numbers[-1] - numbers[0] + 1 else len(numbers)


def _condition(index: str, own: list[int], first: int, last: int) -> str:
    start, end = own[0], own[-1]
    if start == end:
        return f"{index} == {start}"
    if _words(own) == 1:
        if start == first:
            return f"{index} <= {end}"
        return f"{index} >= {start}" if end == last else f"{start} <= {index} <= {end}"
    if len(own) > _MAX_LISTED:
        raise UnwritableError("the rounds of a step that change are too many to list")
    return f"{index} in {own}"


def _index(use: KindUse, level: int, around: Scenery) -> str:
    """What counts the rounds of a repeated step in expressions inside of it."""
    step = around.steps[use.rounds[level][0]]
    if step.repeat is None:
        raise UnwritableError("a round is of no repeated step")
    name = step.repeat_as
    if name != INDEX and isinstance(_repeated(use, level, around), (list, tuple)):
        name = INDEX  # `as` names the items
    if any(name in around.steps[place].indices for place, _ in use.rounds[level + 1 :]):
        raise UnwritableError(f"the index '{name}' of a repeated step is hidden by that of another one inside")
    return name


def _repeated(use: KindUse, level: int, around: Scenery) -> Any:
    """What the ``repeat`` of a step around a use is there: a count, or a list."""
    names, value = Names({}, around.names(use.instance)), None
    try:
        for place, number in use.rounds[: level + 1]:
            step = around.steps[place]
            value = step.repeat.evaluate(names) if step.repeat is not None else 0
            item = value[number] if isinstance(value, (list, tuple)) else number
            names = Names({INDEX: number, step.repeat_as: item}, names)
    except (ExpressionError, WorkError):
        raise UnwritableError("how often a step is repeated depends on its input") from None
    return value
