"""Shared weights: the same module where all of it is shared, else one tensor after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.export.layout import Comprehension, Group, Item, call
from archcost.export.rounds import signature
from archcost.export.units import FUNCTION, LOOP, holder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.export.classes import Class, Name, Row
    from archcost.export.layout import Doc
    from archcost.export.plans import RowPlan
    from archcost.export.units import Tree, Unit


class Shared:
    """What a class shares among its own modules; ``access`` gives the text that leads to one."""

    def __init__(self, made: Class, tree: Tree, access: Callable[[Name], str]) -> None:
        self.made = made
        self.tree = tree
        self.access = access
        self.rows = {row.pattern.name: row for row in made.rows}
        self.paths: dict[Name, set[str]] = {}  # by unit: those of its nodes that share
        for name, path, _ in made.shape.shares:
            self.paths.setdefault(name, set()).add(path)

    def alias(self, plan: RowPlan) -> Doc | None:
        """The module that a unit is, if it shares all of its weights with one like it; rounds may all be one module."""
        unit = plan.row.pattern
        if unit.name not in self.paths or plan.row.is_optional:
            return None
        if unit.form != LOOP:
            owner = self._owner(unit, plan.row.units)
            return self.access(owner) if owner else None
        columns = [[found.items[place] for found in plan.row.units if found] for place in range(len(unit.items))]
        owners = {self._owner(item, column) for item, column in zip(unit.items, columns, strict=True)}
        owner = owners.pop()
        if owners or not owner or len({len(found.items) for found in plan.row.units if found}) > 1:
            return None
        rounds = Comprehension(self.access(owner), f"for _ in range({len(unit.items)})")
        if len(unit.reads) > 1:
            return call("nn.ModuleList", rounds)
        return Group("nn.Sequential", (Item("*", rounds),))

    def _owner(self, unit: Unit, units: Sequence[Unit | None]) -> Name | None:
        """The unit of the class that is the same module as another, in every use."""
        nodes = self.tree.graph.nodes
        owner = nodes[unit.start].weights_of
        offsets = {index - nodes[index].weights_of for index in range(unit.start, unit.end)}
        if len(offsets) != 1 or owner < self.made.pattern.nodes[0]:
            return None
        row = self.rows.get(holder_of(self.made.pattern.units, owner).name)
        if row is None or row.pattern.start != owner or not _alike(units, row):
            return None
        return row.pattern.name

    def statements(self, plan: RowPlan) -> list[str]:
        """Assignments that let a unit use the tensors of another."""
        unit = plan.row.pattern
        if unit.name not in self.paths or self.alias(plan):
            return []
        return [
            f"{mine}.{tensor} = {theirs}.{tensor}" for mine, theirs, tensors in self._pairs(unit) for tensor in tensors
        ]

    def _pairs(self, unit: Unit) -> Iterator[tuple[str, str, list[str]]]:
        """The modules of a unit, those that they share with, and the tensors that both have."""
        nodes = self.tree.graph.nodes
        shared = self.paths[unit.name]
        above = self.made.pattern.path
        prefix = len(self.tree.names.of(above)) if above else 0
        for index in range(unit.start, unit.end):
            node = nodes[index]
            if node.path[len(above) :] not in shared:
                continue
            owner = nodes[node.weights_of]
            theirs = {**owner.signature.weights(), **owner.signature.buffers()}
            tensors = [name for name in {**node.signature.weights(), **node.signature.buffers()} if name in theirs]
            names = [self.tree.names.of(found.path)[prefix:] for found in (node, owner)]
            yield self.access(names[0]), self.access(names[1]), tensors


def _alike(units: Sequence[Unit | None], owner: Row) -> bool:
    """Whether units are the same module as the owner in every use."""
    if owner.pattern.form == FUNCTION or owner.is_optional:
        return False
    return all(
        mine is not None and theirs is not None and signature(mine) == signature(theirs)
        for mine, theirs in zip(units, owner.units, strict=True)
    )
