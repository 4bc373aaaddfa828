"""Activations that a model computes by their formula."""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING

from archcost.importers.idioms.sight import IdiomRewrite, NewStep

if TYPE_CHECKING:
    from archcost.importers.form import Attribute
    from archcost.importers.idioms.sight import Sight

_PAIR = 2
_CUBIC = 0.044715


def activation(sight: Sight, place: int) -> IdiomRewrite | None:
    """x·σ(x) is ``silu``; ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) is ``gelu``."""
    if sight.step(place).kind != "mul":
        return None
    return _silu(sight, place) or _gelu(sight, place)


def _silu(sight: Sight, place: int) -> IdiomRewrite | None:
    for value in sight.step(place).inputs:
        gate = sight.made_by(value, "sigmoid")
        if gate is not None and sight.other_input(place, value) == sight.step(gate).inputs[0]:
            return _said(sight, "silu", sight.step(gate).inputs[0], [gate, place])
    return None


def _gelu(sight: Sight, place: int) -> IdiomRewrite | None:
    """The products may stand in any order."""
    factors = _factors(sight, place)
    halved = [(value, steps) for value, number, steps in factors if number == 1 / 2]
    for half, steps in halved:
        for value, number, others in factors:
            found = _one_and_tanh(sight, value, half) if number == 1 else None
            if found is not None:
                return _said(sight, "gelu", half, [*found, *steps, *others, place], {"approximate": "tanh"})
    return None


def _factors(sight: Sight, place: int) -> list[tuple[int, object, list[int]]]:
    """The two factors of a product, each with a number that it is multiplied by before, and the step of that."""
    inputs = sight.step(place).inputs
    if len(inputs) != _PAIR:
        return []
    return [(value, 1, []) for value in inputs] + [
        (found[0], found[1], [found[2]]) for value in inputs if (found := _times(sight, value)) is not None
    ]


def _times(sight: Sight, value: int) -> tuple[int, object, int] | None:
    """Of a product with a number: what is multiplied, the number, and the step."""
    place = sight.made_by(value, "mul")
    if place is None or len(sight.step(place).inputs) > 1:
        return None
    return sight.step(place).inputs[0], sight.attribute(place, "other"), place


def _one_and_tanh(sight: Sight, value: int, x: int) -> list[int] | None:
    """The steps of 1 + tanh(√(2/π)·(x + 0.044715·x³)); None if it is something else."""
    added = sight.made_by(value, "add")
    if added is None or len(sight.step(added).inputs) > 1 or sight.attribute(added, "other") != 1:
        return None
    curve = sight.made_by(sight.step(added).inputs[0], "tanh")
    scaled = _times(sight, sight.step(curve).inputs[0]) if curve is not None else None
    if curve is None or scaled is None or not _is_near(scaled[1], sqrt(2 / pi)):
        return None
    total = sight.made_by(scaled[0], "add")
    cubic = sight.other_input(total, x) if total is not None else None
    of_cube = _times(sight, cubic) if cubic is not None else None
    if total is None or of_cube is None or not _is_near(of_cube[1], _CUBIC):
        return None
    cube = sight.made_by(of_cube[0], "pow")
    if cube is None or sight.step(cube).inputs != (x,):
        return None
    return [added, curve, scaled[2], total, of_cube[2], cube]


def _is_near(number: object, wanted: float) -> bool:
    return isinstance(number, float) and abs(number - wanted) < wanted / 10**6


def _said(
    sight: Sight, kind: str, x: int, gone: list[int], attributes: dict[str, Attribute] | None = None
) -> IdiomRewrite:
    last = gone[-1]
    return IdiomRewrite(tuple(gone), (NewStep(last, kind, (x,), sight.step(last).outputs, attributes or {}),))
