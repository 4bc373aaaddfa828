"""Rounds of a repeated step: which are equal, or differ only in numbers that grow by equal steps."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from archcost.export.ops import LAYERS, Argument
from archcost.ops.field_types import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.export.units import Unit

_PROGRESSION = 3  # rounds, at least


def arguments_of(unit: Unit) -> list[Argument]:
    """The arguments of the constructor of a layer or of a use of a block."""
    if unit.use is not None:
        index = unit.use.index
        return [
            Argument(
                parameter.name,
                parameter.values[index],
                parameter.default,
                parameter.is_input and parameter.default is REQUIRED,
                parameter.param,
                reads=0 if parameter.is_input else None,
            )
            for parameter in unit.use.type.parameters
        ]
    if unit.arguments is None:
        assert unit.node is not None
        shapes = [tensor.shape for tensor in unit.node.signature.inputs]
        unit.arguments = LAYERS[unit.kind].arguments(unit.node.op, shapes)
    return unit.arguments


def signature(unit: Unit) -> tuple[Any, ...]:
    """What a unit is, with all its numbers."""
    if unit.items:
        return (unit.form, *[(item.name, signature(item)) for item in unit.items])
    made = unit.use.type if unit.use is not None else unit.kind
    return (made, *[(type(argument.value), argument.value) for argument in arguments_of(unit)])


def is_uniform(rounds: Sequence[Unit]) -> bool:
    """Whether rounds are equal, or their whole numbers grow by equal steps."""
    signatures = [signature(unit) for unit in rounds]
    if all(found == signatures[0] for found in signatures):
        return True
    if len(rounds) < _PROGRESSION or rounds[0].items:
        return False
    columns = list(zip(*signatures, strict=False))
    if len({len(found) for found in signatures}) > 1 or len(set(columns[0])) > 1:
        return False
    return all(_is_progression([value for _, value in column]) for column in columns[1:])


def run_ends(uses: Sequence[Sequence[Unit]]) -> Iterator[int]:
    """The ends of the longest runs of uniform rounds that all uses have; all have the same number of rounds."""
    end, count = 0, len(uses[0])
    while end < count:
        start = end
        end += 1
        for size in (2, _PROGRESSION):
            if start + size <= count and all(is_uniform(items[start : start + size]) for items in uses):
                end = start + size
                while end < count and all(is_uniform(items[end - size + 1 : end + 1]) for items in uses):
                    end += 1
                break
        yield end


def _is_progression(values: Sequence[Any]) -> bool:
    if all(value == values[0] for value in values):
        return True
    if not all(type(value) is int for value in values):
        return False
    return len({after - before for before, after in pairwise(values)}) == 1


def describe_loop(unit: Unit) -> tuple[Any, ...]:
    """What of a repeated step belongs to the structure: nothing if its rounds are equal, else the number of rounds.

    The first round may be another than the rest, as in a stage of residual blocks, of which only the first projects.
    """
    kinds = [(item.use.type if item.use is not None else item.kind, item.form, len(item.items)) for item in unit.items]
    if len(set(kinds[1:])) <= 1 and is_uniform(unit.items[1:]):
        return tuple(kinds[:2]) if kinds[0] != kinds[-1] else ()
    if len(set(kinds)) == 1 and is_uniform(unit.items):
        return ()
    return (len(unit.items), *[signature(item)[0] for item in unit.items])
