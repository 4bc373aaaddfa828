"""The constructor of a class: its modules in the order of the spec, under the names that the spec's paths give.

Weights that are shared: the same module where all of it is shared, else one tensor after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.exporting.classes import signature
from archcost.exporting.names import MODULE_ATTRIBUTES, Taken, in_brackets, is_attribute, literal, same
from archcost.exporting.own_layers import own_layers
from archcost.exporting.row_plans import Chained, Constructed, Plan, Repeated
from archcost.exporting.source_lines import (
    INDENT,
    Brackets,
    Comprehension,
    Doc,
    Inner,
    call,
    fits,
    flat,
    is_spread,
    lines,
)
from archcost.exporting.template import FUNCTION, LOOP, holder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.exporting.module_tree import ModuleTree
    from archcost.exporting.row_plans import RowPlan
    from archcost.exporting.template import Class, ClassRow, Member, Name, Slot

_BODY = 2 * INDENT


def constructed(plan: Plan) -> Doc:
    """The expression that makes a module."""
    if isinstance(plan, Chained):
        return _chained(plan)
    if isinstance(plan, Repeated):
        return _repeated(plan)
    items = []
    for argument, slot in plan.arguments:
        step = plan.steps.get(argument.name)
        if step is None and slot.is_constant and same(slot.known[0], argument.default):
            continue
        text = slot.text if step is None else _growing(slot.text, step.text)
        items.append(Inner("" if argument.positional else f"{argument.name}=", text))
    return Brackets(_callee(plan), tuple(items))


def _callee(plan: Constructed) -> str:
    if not isinstance(plan.made, str):
        return plan.made.name
    return plan.made if plan.made in own_layers() else f"nn.{plan.made}"


def _growing(text: str, step: str) -> str:
    """A number that grows with the round."""
    growth = "i" if step == "1" else f"{in_brackets(step)} * i"
    return growth if text == "0" else f"{in_brackets(text)} + {growth}"


def _chained(plan: Chained) -> Doc:
    """nn.Sequential under the spec's names, or without names where there is nothing that a state_dict would hold."""
    bodies = [constructed(item) for item in plan.items]
    if not any(map(has_state, plan.items)):
        return bodies[0] if len(bodies) == 1 else call("nn.Sequential", *bodies)
    spread = len(bodies) > 1
    if all(map(is_attribute, plan.names)):
        items = [Inner(f"{name}=", body) for name, body in zip(plan.names, bodies, strict=True)]
        return call("nn.Sequential", Brackets("OrderedDict", tuple(items), spread=spread))
    items = [Inner(f"{literal(name)}: ", body) for name, body in zip(plan.names, bodies, strict=True)]
    return call("nn.Sequential", call("OrderedDict", Brackets("", tuple(items), "{}", spread=spread)))


def has_state(plan: Plan) -> bool:
    """Whether a module holds tensors."""
    if isinstance(plan, Chained):
        return any(map(has_state, plan.items))
    if isinstance(plan, Repeated):
        return any(has_state(item) for item, _, _ in plan.parts)
    return plan.has_state


def _repeated(plan: Repeated) -> Doc:
    items = []
    for item, count, less in plan.parts:
        body = constructed(item)
        if count is None:
            items.append(Inner("", body))
        else:
            variable = "i" if isinstance(item, Constructed) and item.steps else "_"
            items.append(Inner("*", Comprehension(body, f"for {variable} in range({_count(count, less)})")))
    if plan.container == "Sequential":
        return Brackets("nn.Sequential", tuple(items))
    if len(items) == 1 and items[0].prefix:
        return call("nn.ModuleList", items[0].body)
    return call("nn.ModuleList", Brackets("", tuple(items), "[]"))


def _count(slot: Slot, less: int) -> str:
    if not less:
        return slot.text
    return str(slot.known[0] - less) if slot.is_constant else f"{in_brackets(slot.text)} - {less}"


class ModuleAccess:
    """Where the modules of a class are: the text that leads to each, and the containers on the way."""

    def __init__(self, plans: Sequence[RowPlan]) -> None:
        self.lists: set[Name] = set()  # nn.ModuleList, all others are plain modules
        self.indexed = {plan.row.pattern.name for plan in plans if isinstance(plan.plan, Repeated)}
        self.kept: dict[str, str] = {}  # values that the forward pass needs: the name of the attribute, the text
        below: dict[Name, list[Name]] = {}
        for plan in plans:
            name = plan.row.pattern.name
            for place in range(1, len(name) if plan.plan is not None else 0):
                below.setdefault(name[:place], []).append(name[place:])
        self.lists |= {
            above for above, names in below.items() if names == [(str(place),) for place in range(len(names))]
        }
        self._taken = Taken({*MODULE_ATTRIBUTES, *[plan.row.pattern.name[0] for plan in plans]})
        self._names: dict[str, str] = {}  # of the attributes, by their texts

    def access(self, name: Name) -> str:
        """How a module is reached: ``self.residual.conv1``."""
        text = "self"
        for place, part in enumerate(name):
            if name[:place] in self.lists or name[:place] in self.indexed:
                text += f"[{part}]"
            elif is_attribute(part):
                text += f".{part}"
            else:
                text += f".get_submodule({literal(part)})"
        return text

    def assign(self, name: Name, body: Doc, condition: str = "", indent: int = _BODY) -> list[str]:
        """The statement that puts a module in its place."""
        *above, last = name
        if not condition:
            holder = self.access(tuple(above))
            if tuple(above) in self.lists:
                return lines("", call(f"{holder}.append", body), "", indent)
            if is_attribute(last):
                return lines(f"{holder}.{last} = ", body, "", indent)
            return lines("", call(f"{holder}.add_module", literal(last), body), "", indent)
        choice = f"{flat(body)} if {condition} else nn.Identity()"
        short = self.assign(name, choice, indent=indent)
        if len(short) == 1 and fits(short[0], 0) and not is_spread(body):
            return short
        margin = " " * indent
        first = self.assign(name, body, indent=indent + INDENT)
        second = self.assign(name, "nn.Identity()", indent=indent + INDENT)
        return [f"{margin}if {condition}:", *first, f"{margin}else:", *second]

    def keep(self, slot: Slot) -> str:
        """The text for a value in the forward pass: itself, or the attribute that keeps it."""
        if slot.is_constant:
            return slot.text
        if slot.text not in self._names:
            name = self._taken.free(slot.text if slot.text.isidentifier() else slot.argument)
            self._taken.add(name)
            self.kept[name] = slot.text
            self._names[slot.text] = name
        return f"self.{self._names[slot.text]}"


def init_lines(made: Class, plans: Sequence[RowPlan], holder: ModuleAccess, shared: Shared) -> list[str]:
    """The constructor, and an empty line; nothing where a class holds nothing."""
    if not (made.parameters or holder.kept or any(plan.plan is not None for plan in plans)):
        return []
    parameters = [Inner("", "self"), *[Inner("", parameter.declaration) for parameter in made.parameters]]
    head = lines("", Brackets("def __init__", tuple(parameters)), " -> None:", INDENT)
    text = [*head, " " * _BODY + "super().__init__()"]
    text += [f"{' ' * _BODY}self.{name} = {value}" for name, value in holder.kept.items()]
    containers: set[Name] = set()
    for plan in plans:
        name = plan.row.pattern.name
        if plan.plan is None:
            continue
        for place in range(1, len(name)):
            above = name[:place]
            if above not in containers:
                containers.add(above)
                text += holder.assign(above, "nn.ModuleList()" if above in holder.lists else "nn.Module()")
        body = shared.alias(plan) or constructed(plan.plan)
        text += holder.assign(name, body, plan.condition.text if plan.condition else "")
        text += [" " * _BODY + line for line in shared.statements(plan)]
        frozen = [item for part, item in made.shape.frozen if part == name]
        text += [f"{' ' * _BODY}{holder.access(name)}{item}.requires_grad_(False)" for item in frozen]
    return [*text, ""]


class Shared:
    """What a class shares among its own modules; ``access`` gives the text that leads to one."""

    def __init__(self, made: Class, tree: ModuleTree, access: Callable[[Name], str]) -> None:
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
        return Brackets("nn.Sequential", (Inner("*", rounds),))

    def _owner(self, unit: Member, units: Sequence[Member | None]) -> Name | None:
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

    def _pairs(self, unit: Member) -> Iterator[tuple[str, str, list[str]]]:
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


def _alike(units: Sequence[Member | None], owner: ClassRow) -> bool:
    """Whether units are the same module as the owner in every use."""
    if owner.pattern.form == FUNCTION or owner.is_optional:
        return False
    return all(
        mine is not None and theirs is not None and signature(mine) == signature(theirs)
        for mine, theirs in zip(units, owner.units, strict=True)
    )
