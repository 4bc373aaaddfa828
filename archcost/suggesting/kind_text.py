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


class _Index(NamedTuple):
    """What tells rounds apart in expressions: their number, or their items, if that is hidden."""

    name: str
    items: tuple[int | str, ...] = ()


def _by_number(index: _Index, names: Mapping[int, str]) -> str:
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


def _condition(index: _Index, own: list[int], first: int, last: int) -> str:
    name, start, end = index.name, own[0], own[-1]
    items = [_item(index.items[number]) for number in own] if index.items else list(map(str, own))
    if start == end:
        return f"{name} == {items[0]}"
    if _words(own) == 1 and not index.items:
        if start == first:
            return f"{name} <= {end}"
        return f"{name} >= {start}" if end == last else f"{start} <= {name} <= {end}"
    if len(own) > _MAX_LISTED:
        raise UnwritableError("the rounds of a step that change are too many to list")
    return f"{name} in [{', '.join(items)}]"


def _item(value: int | str) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


def _index(use: KindUse, level: int, around: Scenery) -> _Index:
    """What tells the rounds of a repeated step apart in expressions inside of it."""
    step = around.steps[use.rounds[level][0]]
    name = step.repeat_as
    items = _repeated(use, level, around) if name != INDEX else ()
    listed = isinstance(items, (list, tuple))
    hidden = {other for inner in range(level + 1, len(use.rounds)) for other in _indices(use, inner, around)}
    number = INDEX if listed else name  # `as` names the items
    if number not in hidden:
        return _Index(number)
    if listed and items and name not in hidden and _are_distinct(items):
        return _Index(name, tuple(items))
    raise UnwritableError(f"the index '{number}' of a repeated step is hidden by that of another one inside")


def _indices(use: KindUse, level: int, around: Scenery) -> set[str]:
    """The names that the rounds of a repeated step give a value."""
    step = around.steps[use.rounds[level][0]]
    counts = step.repeat_as == INDEX or not isinstance(_repeated(use, level, around), (list, tuple))
    return {step.repeat_as} if counts else {step.repeat_as, INDEX}


def _are_distinct(items: Sequence[Any]) -> bool:
    """Whether each item of a list can be told from the others by a comparison."""
    return all(type(item) in {int, str} for item in items) and len(set(items)) == len(items)


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
