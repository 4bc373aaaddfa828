"""What a class holds, as templates: constructors whose arguments are slots, and the repeats among them.

A template is made from a unit in all uses of a class at once, so every number in it becomes a slot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archcost.export.ops import FUNCTIONS, LAYERS, Argument
from archcost.export.parameters import MISSING, Resolver, Slot
from archcost.export.units import BLOCK, CHAIN, FUNCTION, LAYER, LOOP
from archcost.ops.field_types import REQUIRED
from archcost.spec.expressions import Expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.errors import Mark
    from archcost.export.classes import Class, Row
    from archcost.export.units import Unit
    from archcost.spec.model import Block, Spec, Step, Template

_PROGRESSION = 3  # rounds whose numbers may grow by equal steps


@dataclass
class Constructed:
    """``nn.Conv2d(…)`` or a class of the source, with arguments; ``steps`` are what grows with the round."""

    made: Class | str
    arguments: list[tuple[Argument, Slot]]
    steps: dict[str, Slot] = field(default_factory=dict)
    has_state: bool = True


@dataclass
class Chained:
    """``nn.Sequential`` of named items."""

    names: list[str]
    items: list[Plan]


@dataclass
class Repeated:
    """``nn.Sequential`` or ``nn.ModuleList`` of rounds: each part an item and how often it comes (None: once)."""

    container: str
    parts: list[tuple[Plan, Slot | None, int]]  # the last: how much less than the slot


Plan = Constructed | Chained | Repeated


@dataclass
class RowPlan:
    """A row of a class: its template, and the slot of the truth value that decides whether it is there."""

    row: Row
    plan: Plan | None  # None: a function
    condition: Slot | None = None
    arguments: list[tuple[Argument, Slot]] = field(default_factory=list)  # of a function


class Planner:
    """Makes the templates of one class after the other, and their parameters."""

    def __init__(self, spec: Spec, batch_sizes: Mapping[int, Mapping[tuple[str, int], Any]]) -> None:
        self.spec = spec
        self.steps = _steps_by_mark(spec)
        self.batch_sizes = batch_sizes  # sizes of functions that grow with the batch, by the number of the node
        self.slots: list[Slot] = []

    def plan(self, made: Class) -> list[RowPlan]:
        """The templates of a class; its parameters are set."""
        self.slots = []
        plans = [self._row(row) for row in made.rows]
        block = self.spec.blocks[made.kind] if made.kind else None
        made.parameters = Resolver(made, block).resolve(self.slots)
        return plans

    def _row(self, row: Row) -> RowPlan:
        unit = row.pattern
        inputs = [use.inputs for use in row.uses]
        condition = None
        if row.is_optional:
            present = [found is not None for found in row.units]
            condition = self._slot(Argument(unit.name[-1], None), unit.name[-1], present, default=False)
        if unit.form == FUNCTION:
            return RowPlan(row, None, None, self._function(row))
        return RowPlan(row, self._plan(row.units, [None] * len(row.units), inputs), condition)

    # --- templates ----------------------------------------------------------------------------------------------------

    def _plan(self, units: Sequence[Unit | None], following: Sequence[Unit | None], inputs: Sequence[Any]) -> Plan:
        """The template of a unit in all uses; ``following`` are the rounds after, for numbers that grow."""
        unit = _first(units)
        if unit.form == CHAIN:
            columns = [[found.items[place] if found else None for found in units] for place in range(len(unit.items))]
            nothing: list[Unit | None] = [None] * len(units)
            return Chained(
                [item.name[-1] for item in unit.items], [self._plan(column, nothing, inputs) for column in columns]
            )
        if unit.form == LOOP:
            return self._repeated(units, inputs)
        return self._constructed(units, following, inputs)

    def _constructed(
        self, units: Sequence[Unit | None], following: Sequence[Unit | None], inputs: Sequence[Any]
    ) -> Constructed:
        unit = _first(units)
        columns = [arguments_of(found) if found else None for found in units]
        after = [arguments_of(found) if found else None for found in following]
        pattern = arguments_of(unit)
        made: Class | str = unit.use.type if unit.use is not None else LAYERS[unit.kind].name
        plan = Constructed(made, [], has_state=_has_state(unit))
        for place, argument in enumerate(pattern):
            values = [column[place].value if column else MISSING for column in columns]
            slot = self._slot(argument, unit.name[-1], values, unit.mark)
            slot.is_input = argument.reads is not None and any(
                found is not None and found.reads[argument.reads] in given
                for found, given in zip(units, inputs, strict=True)
            )
            plan.arguments.append((argument, slot))
            growth = [
                column[place].value - value if column and isinstance(value, int) else MISSING
                for column, value in zip(after, values, strict=True)
            ]
            if any(step is not MISSING and step != 0 for step in growth):
                plan.steps[argument.name] = self._slot(Argument("step", None), unit.name[-1], growth)
        return plan

    def _function(self, row: Row) -> list[tuple[Argument, Slot]]:
        kind = row.pattern.kind
        columns = []
        for unit in row.units:
            assert unit is not None
            assert unit.node is not None
            sizes = self.batch_sizes.get(unit.start, {})
            arguments = FUNCTIONS[kind].arguments(unit.node.op)
            columns.append([sizes.get((a.attribute, a.item or 0), a.value) for a in arguments])
        assert row.pattern.node is not None
        pattern = FUNCTIONS[kind].arguments(row.pattern.node.op)
        return [
            (argument, self._slot(argument, row.pattern.name[-1], values, row.pattern.mark))
            for argument, *values in zip(pattern, *columns, strict=True)
        ]

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

    def _repeated(self, units: Sequence[Unit | None], inputs: Sequence[Any]) -> Repeated:
        unit = _first(units)
        rounds = [found.items if found else [] for found in units]
        container = "ModuleList" if len(unit.reads) > 1 or any(len(item.reads) > 1 for item in unit.items) else "Sequential"
        counts = [len(items) if items else MISSING for items in rounds]
        first = [items for items in rounds if items]
        repeated = Repeated(container, [])
        if all(map(is_uniform, first)):
            repeated.parts.append(self._part(rounds, 0, None, unit, inputs, counts))
        elif all(is_uniform(items[1:]) for items in first):
            repeated.parts.append(self._part(rounds, 0, 1, unit, inputs, counts))
            repeated.parts.append(self._part(rounds, 1, None, unit, inputs, counts))
        else:
            start = 0
            while start < len(first[0]):
                end = start + 1
                while end < len(first[0]) and all(is_uniform(items[start : end + 1]) for items in first):
                    end += 1
                repeated.parts.append(self._part(rounds, start, end, unit, inputs, counts))
                start = end
        return repeated

    def _part(
        self,
        rounds: Sequence[list[Unit]],
        start: int,
        end: int | None,
        unit: Unit,
        inputs: Sequence[Any],
        counts: Sequence[Any],
    ) -> tuple[Plan, Slot | None, int]:
        """Equal rounds from ``start`` to ``end`` (None: the last, of which every use has its own number)."""
        chosen = [items[start] if len(items) > start else None for items in rounds]
        stop = [len(items) if end is None else end for items in rounds]
        following = [
            items[start + 1] if last - start > 1 else None for items, last in zip(rounds, stop, strict=True)
        ]
        plan = self._plan(chosen, following, inputs)
        if end is not None:
            return plan, self._slot(Argument("count", None), "", [end - start]) if end - start > 1 else None, 0
        if start == 0 and all(count in (1, MISSING) for count in counts):
            return plan, None, 0
        count = self._slot(Argument(f"num_{unit.name[-1]}", None), "", counts)
        step = self.steps.get(unit.mark)
        if step is not None and step.repeat is not None:
            count.expression = _expression(step.repeat, None)
        return plan, count, start


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
    assert unit.node is not None
    return LAYERS[unit.kind].arguments(unit.node.op, [tensor.shape for tensor in unit.node.signature.inputs])


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


def _is_progression(values: Sequence[Any]) -> bool:
    if all(value == values[0] for value in values):
        return True
    if not all(type(value) is int for value in values):
        return False
    return len({after - before for before, after in zip(values, values[1:], strict=False)}) == 1


def describe_loop(unit: Unit) -> tuple[Any, ...]:
    """What of a repeated step belongs to the structure: nothing if its rounds are equal, else the number of rounds."""
    kinds = {(item.use.type if item.use is not None else item.kind, item.form, len(item.items)) for item in unit.items}
    if len(kinds) == 1 and (is_uniform(unit.items) or is_uniform(unit.items[1:])):
        return ()
    return (len(unit.items), *[signature(item)[0] for item in unit.items])


def _first(units: Sequence[Unit | None]) -> Unit:
    return next(unit for unit in units if unit is not None)


def _has_state(unit: Unit) -> bool:
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
            for branch in (step.branches or {}).values():
                yield from walk(branch.steps)

    blocks: list[Block] = [spec.main, *spec.blocks.values()]
    for block in blocks:
        found.update({step.mark: step for step in walk(block.steps)})
    return found
