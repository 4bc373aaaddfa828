"""What params are called in conditions, and what they are in each design."""

from __future__ import annotations

import ast
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np
from archcost.sweeping.defaults import derived, params_under
from archcost.sweeping.space import replaced
from archcost.sweeping.tables import Factor
from archcost.sweeping.where_text import PARAM, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from archcost.errors import ArgumentError
    from archcost.spec.expressions import Expression, ExpressionError
    from archcost.sweeping.space import AxisTarget, Space

_INT64 = 2**62


class DesignNames:
    """The params of the designs of a space by name: along axes, derived from those, or the same for all."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._same = params_under(space.spec, space.settings)
        varied = [target.param for axis in space.axes for target in axis.targets]
        self._sources = derived(space.spec, space.settings, varied)
        self._varied = frozenset(varied)

    @property
    def known(self) -> list[str]:
        """All of their names."""
        return list(dict.fromkeys([*self._varied, *self._same, *self._space.spec.params]))

    def has(self, name: str) -> bool:
        """Whether there is a param of this name."""
        return name in self._same or name in self._space.spec.params

    def axes(self, expression: Expression) -> tuple[int, ...]:
        """The axes that the params of an expression depend on: of ``kernels[0]`` that of this element alone."""
        uses = tuple(_uses(expression.tree))
        return tuple(
            [
                number
                for number, axis in enumerate(self._space.axes)
                if any(self._reads(target, name, places) for target in axis.targets for name, places in uses)
            ]
        )

    def _reads(self, target: AxisTarget, name: str, places: Sequence[int]) -> bool:
        """Whether the value of a param, or of an element of it, depends on what an axis sets."""
        if target.param != name:
            return target.param in self._sources.get(name, ())
        value, found = self._space.lists.get(name), []
        for place in places:
            if not isinstance(value, (list, tuple)) or not -len(value) <= place < len(value):
                break
            found.append(place % len(value))
            value = value[place]
        return all(ours == theirs for ours, theirs in zip(target.place, found, strict=False))

    def entries(self, expression: Expression) -> int:
        """How many values they have together."""
        return prod(self._space.lengths[axis] for axis in self.axes(expression))

    def of(self, design: Sequence[int], names: Iterable[str]) -> dict[str, Any]:
        """The values of some params in a design."""
        wanted = {name: _bare(name) for name in names}
        if any(bare in self._sources and bare not in self._varied for bare in wanted.values()):
            values = params_under(self._space.spec, self._space.settings_of(design))
        else:
            values = self._set(design, {*wanted.values()})
        return {name: values[bare] for name, bare in wanted.items() if bare in values}

    def _set(self, design: Sequence[int], wanted: set[str]) -> dict[str, Any]:
        """The values of params that axes set themselves."""
        values = {name: self._same[name] for name in wanted if name in self._same}
        for axis, index in zip(self._space.axes, design, strict=True):
            for target, value in zip(axis.targets, axis.values[index], strict=True):
                if target.param in wanted:
                    whole = replaced(values[target.param], target.place, value, target)
                    values[target.param] = whole
        return values

    def factor(self, expression: Expression, told: Callable[[ExpressionError], ArgumentError]) -> Factor:
        """A condition on params alone as a bool table over the axes that they depend on."""
        axes = self.axes(expression)
        lengths = self._space.lengths
        entries = np.zeros(tuple([lengths[axis] for axis in axes]), bool)
        design = [0] * len(lengths)
        for place in product(*[range(lengths[axis]) for axis in axes]):
            for axis, index in zip(axes, place, strict=True):
                design[axis] = index
            entries[place] = truth(expression, self.of(design, expression.names), told)
        return Factor(axes, entries)

    def columns(self, names: Iterable[str], indices: NDArray[np.int32]) -> dict[str, Any]:
        """The values of params by row, as arrays of numbers, or as they are where all designs have the same.

        Those of other kinds are left out.
        """
        found: dict[str, Any] = {}
        for name in names:
            bare = _bare(name)
            if bare not in self._sources:
                if bare in self._same:
                    found[name] = self._same[bare]
                continue
            for place, axis in enumerate(self._space.axes):
                for number, target in enumerate(axis.targets):
                    if target.param == bare and not target.place:
                        values = _array([each[number] for each in axis.values])
                        if values is not None:
                            found[name] = values[indices[:, place]]
        return found


def _uses(node: ast.AST) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The params that an expression reads, with the fixed indices that it takes of each: of ``kernels[0]`` 0."""
    places: list[int] = []
    inner = node
    while isinstance(inner, ast.Subscript) and (place := _fixed(inner.slice)) is not None:
        places.insert(0, place)
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield _bare(inner.id), tuple(places)
        return
    for child in ast.iter_child_nodes(node):
        yield from _uses(child)


def _fixed(index: ast.expr) -> int | None:
    """The whole number that an index is written as; None for anything else."""
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub):
        place = _fixed(index.operand)
        return None if place is None else -place
    return index.value if isinstance(index, ast.Constant) and type(index.value) is int else None


def _array(values: Sequence[Any]) -> NDArray[Any] | None:
    """Numbers of one kind as an array; None for anything else."""
    kinds = {type(value) for value in values}
    if kinds == {int} and all(abs(value) < _INT64 for value in values):
        return np.array(values, np.int64)
    if kinds == {float}:
        return np.array(values, np.float64)
    return np.array(values, bool) if kinds == {bool} else None


def _bare(name: str) -> str:
    return name.removeprefix(PARAM)
