"""What a class holds, as templates: constructors whose arguments are slots, and the repeats among them.

A template is made from a unit in all uses of a class at once, so every number in it becomes a slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.exporting.classes import arguments_of, is_uniform, run_ends
from archcost.exporting.ops import FUNCTIONS
from archcost.exporting.parameters import Resolver
from archcost.exporting.row_plans import Chained, Constructed, Repeated, RowPlan
from archcost.exporting.template import CHAIN, FUNCTION, LOOP, MISSING, Argument, BatchPlace, Slot
from archcost.ops.field_types import REQUIRED
from archcost.spec.expressions import Expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.errors import Mark
    from archcost.exporting.batch import Batch
    from archcost.exporting.module_tree import ModuleTree
    from archcost.exporting.row_plans import Plan
    from archcost.exporting.template import Class, ClassRow, Member
    from archcost.spec.model import Block, Spec, Step
    from archcost.spec.template import Template

_INPUT_DIMS = {"in_channels": 1, "in_features": -1}


class Planner:
    """Makes the templates of one class after the other, and their parameters."""

    def __init__(self, spec: Spec, tree: ModuleTree, batch: Batch) -> None:
        self.spec = spec
        self.tree = tree
        self.steps = _steps_by_mark(spec)
        self.batch = batch
        self.batch_sizes = batch.sizes()
        self.has_batch = False  # whether the class at hand can tell it from its inputs
        self.slots: list[Slot] = []

    def plan(self, made: Class) -> list[RowPlan]:
        """The templates of a class; its parameters are set."""
        self.slots = []
        inputs = [frozenset(use.inputs) for use in made.uses]
        size = self.batch.size_of([use.inputs for use in made.uses])
        self.has_batch = size is not None
        plans = [self._row(row, inputs) for row in made.rows]
        if size is not None and any(slot.grows for slot in self.slots):
            made.batch = BatchPlace(size.number, size.dim, self._slot(Argument("per_sample", None), "", size.times))
        block = self.spec.blocks[made.kind] if made.pattern.is_block else None
        made.parameters = Resolver(made, block, self.tree.meter).resolve(self.slots)
        return plans

    def _row(self, row: ClassRow, inputs: Sequence[Any]) -> RowPlan:
        unit = row.pattern
        condition = None
        if row.is_optional:
            present = [found is not None for found in row.units]
            condition = self._slot(Argument(unit.name[-1], None), unit.name[-1], present, default=False)
            step = self.steps.get(unit.mark)
            if step is not None and step.when is not None:
                condition.expression = _expression(step.when, None)
                self._set_inputs(condition, row.units, inputs)
        if unit.form == FUNCTION:
            return RowPlan(row, None, None, self._function(row))
        return RowPlan(row, self._plan(row.units, [None] * len(row.units), inputs), condition)

    # --- templates ----------------------------------------------------------------------------------------------------

    def _plan(self, units: Sequence[Member | None], following: Sequence[Member | None], inputs: Sequence[Any]) -> Plan:
        """The template of a unit in all uses; ``following`` are the rounds after, for numbers that grow."""
        unit = _first(units)
        if unit.form == CHAIN:
            columns = [[found.items[place] if found else None for found in units] for place in range(len(unit.items))]
            nothing: list[Member | None] = [None] * len(units)
            return Chained(
                [item.name[-1] for item in unit.items], [self._plan(column, nothing, inputs) for column in columns]
            )
        if unit.form == LOOP:
            return self._repeated(units, inputs)
        return self._constructed(units, following, inputs)

    def _constructed(
        self, units: Sequence[Member | None], following: Sequence[Member | None], inputs: Sequence[Any]
    ) -> Constructed:
        unit = _first(units)
        columns = [arguments_of(found) if found else None for found in units]
        after = [arguments_of(found) if found else None for found in following]
        pattern = arguments_of(unit)
        made: Class | str = unit.use.type if unit.use is not None else unit.torch_name
        plan = Constructed(made, [], has_state=_has_state(unit))
        for place, argument in enumerate(pattern):
            values = [column[place].value if column else MISSING for column in columns]
            slot = self._slot(argument, unit.name[-1], values, unit.mark)
            self._set_inputs(slot, units, inputs)
            slot.is_input = argument.reads is not None and self._reads_input(units, inputs, argument.reads)
            plan.arguments.append((argument, slot))
            growth = [
                column[place].value - value if column and isinstance(value, int) else MISSING
                for column, value in zip(after, values, strict=True)
            ]
            if any(step is not MISSING and step != 0 for step in growth):
                plan.steps[argument.name] = self._slot(Argument("step", None), unit.name[-1], growth)
        return plan

    def _reads_input(self, units: Sequence[Member | None], inputs: Sequence[Any], place: int) -> bool:
        """Whether what a unit reads has the channels of what its class takes, in all uses."""
        return all(
            len(unit.reads) > place and self.tree.has_channels_of(unit.reads[place], given)
            for unit, given in zip(units, inputs, strict=True)
            if unit is not None
        )

    def _set_inputs(self, slot: Slot, units: Sequence[Member | None], inputs: Sequence[Any]) -> None:
        """Note what in_channels and in_features are in the spec's expression for a slot."""
        names = slot.expression.names & _INPUT_DIMS.keys() if slot.expression is not None else ()
        for name in names:
            dim = _INPUT_DIMS[name]
            shapes = [self.tree.shape_of(unit.reads[0]) if unit and unit.reads else () for unit in units]
            values = [shape[dim] if len(shape) > abs(dim) else MISSING for shape in shapes]
            slot.inputs[name] = Slot(name, slot.layer, values)
            slot.inputs[name].is_input = self._reads_input(units, inputs, 0)

    def _function(self, row: ClassRow) -> list[tuple[Argument, Slot]]:
        """The attributes of a function in all uses, those that grow with the batch as such."""
        units = [unit for unit in row.units if unit is not None and unit.node is not None]
        columns = [FUNCTIONS[unit.kind].arguments(unit.node.op) for unit in units if unit.node is not None]
        given = []
        for place, argument in enumerate(columns[0]):
            item = (argument.attribute, argument.item or 0)
            times = [self.batch_sizes.get(unit.start, {}).get(item) for unit in units]
            if self.has_batch and None not in times:
                slot = self._slot(Argument(f"{argument.name}_factor", None), row.pattern.name[-1], times)
                slot.grows = True
            else:
                values = [column[place].value for column in columns]
                slot = self._slot(argument, row.pattern.name[-1], values, row.pattern.mark)
            given.append((argument, slot))
        return given

    def _slot(
        self, argument: Argument, layer: str, values: Sequence[Any], mark: Mark | None = None, default: Any = REQUIRED
    ) -> Slot:
        slot = Slot(argument.name, layer, values, default)
        step = self.steps.get(mark) if mark is not None and argument.attribute else None
        given = step.attributes.get(argument.attribute) if step is not None else None
        if given is not None:
            slot.expression = _expression(given.template, argument.item)
        self.slots.append(slot)
        return slot

    # --- repeated steps -----------------------------------------------------------------------------------------------

    def _repeated(self, units: Sequence[Member | None], inputs: Sequence[Any]) -> Repeated:
        unit = _first(units)
        rounds = [found.items if found else [] for found in units]
        present = [items for items in rounds if items]
        repeated = Repeated("Sequential" if len(unit.reads) == 1 else "ModuleList", [])
        ends: list[int | None]
        if all(map(is_uniform, present)):
            ends = [None]
        elif all(is_uniform(items[1:]) for items in present):
            ends = [1, None]
        else:
            ends = [*run_ends(present)]
        start = 0
        for end in ends:
            repeated.parts.append(self._part(rounds, start, end, unit, inputs))
            start = end or start
        return repeated

    def _part(
        self, rounds: Sequence[list[Member]], start: int, end: int | None, unit: Member, inputs: Sequence[Any]
    ) -> tuple[Plan, Slot | None, int]:
        """Uniform rounds from ``start`` to ``end`` (None: the last, of which every use has its own number)."""
        counts = [(len(items) if end is None else end) - start for items in rounds]
        chosen = [items[start] if len(items) > start else None for items in rounds]
        following = [items[start + 1] if len(items) > start + 1 and end != start + 1 else None for items in rounds]
        plan = self._plan(chosen, following, inputs)
        if all(count == 1 for count, items in zip(counts, rounds, strict=True) if items):
            return plan, None, 0
        less = start if end is None else 0  # the slot is the number of all rounds, which the spec has a name for
        values = [count + less if items else MISSING for count, items in zip(counts, rounds, strict=True)]
        slot = self._slot(Argument(f"num_{unit.name[-1]}", None), "", values)
        step = self.steps.get(unit.mark)
        if end is None and step is not None and step.repeat is not None:
            slot.expression = _expression(step.repeat, None)
        return plan, slot, less


def _first(units: Sequence[Member | None]) -> Member:
    return next(unit for unit in units if unit is not None)


def _has_state(unit: Member) -> bool:
    if unit.node is not None:
        return bool(unit.node.signature.weights() or unit.node.signature.buffers())
    return True


def _expression(template: Template, item: int | None) -> Expression | None:
    value = template.value
    if item is not None and isinstance(value, list) and item < len(value):
        value = value[item]
    return value if isinstance(value, Expression) else None


def _steps_by_mark(spec: Spec) -> dict[Mark, Step]:
    """All steps by their places."""
    found: dict[Mark, Step] = {}

    def walk(steps: Sequence[Step]) -> Iterator[Step]:
        for step in steps:
            yield step
            for inner in step.inner():
                yield from walk(inner)

    blocks: list[Block] = [spec.main, *spec.blocks.values()]
    for block in blocks:
        found.update({step.mark: step for step in walk(block.steps)})
    return found
