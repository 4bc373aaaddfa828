"""The constructor of a class: its modules in the order of the spec, under the names that the spec's paths give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.export.helpers import HELPERS
from archcost.export.layout import INDENT, Comprehension, Doc, Group, Item, call, fits, flat, is_spread, lines
from archcost.export.literals import in_brackets, literal, same
from archcost.export.names import MODULE_ATTRIBUTES, Taken, is_attribute
from archcost.export.plans import Chained, Constructed, Plan, Repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.export.classes import Class
    from archcost.export.parameters import Slot
    from archcost.export.plans import RowPlan
    from archcost.export.sharing import Shared

Name = tuple[str, ...]
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
        items.append(Item("" if argument.positional else f"{argument.name}=", text))
    return Group(_callee(plan), tuple(items))


def _callee(plan: Constructed) -> str:
    if not isinstance(plan.made, str):
        return plan.made.name
    return plan.made if plan.made in HELPERS else f"nn.{plan.made}"


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
        items = [Item(f"{name}=", body) for name, body in zip(plan.names, bodies, strict=True)]
        return call("nn.Sequential", Group("OrderedDict", tuple(items), spread=spread))
    items = [Item(f"{literal(name)}: ", body) for name, body in zip(plan.names, bodies, strict=True)]
    return call("nn.Sequential", call("OrderedDict", Group("", tuple(items), "{}", spread=spread)))


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
            items.append(Item("", body))
        else:
            variable = "i" if isinstance(item, Constructed) and item.steps else "_"
            items.append(Item("*", Comprehension(body, f"for {variable} in range({_count(count, less)})")))
    if plan.container == "Sequential":
        return Group("nn.Sequential", tuple(items))
    if len(items) == 1 and items[0].prefix:
        return call("nn.ModuleList", items[0].body)
    return call("nn.ModuleList", Group("", tuple(items), "[]"))


def _count(slot: Slot, less: int) -> str:
    if not less:
        return slot.text
    return str(slot.known[0] - less) if slot.is_constant else f"{in_brackets(slot.text)} - {less}"


class Holder:
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


def init_lines(made: Class, plans: Sequence[RowPlan], holder: Holder, shared: Shared) -> list[str]:
    """The constructor, and an empty line; nothing where a class holds nothing."""
    if not (made.parameters or holder.kept or any(plan.plan is not None for plan in plans)):
        return []
    parameters = [Item("", "self"), *[Item("", parameter.declaration) for parameter in made.parameters]]
    head = lines("", Group("def __init__", tuple(parameters)), " -> None:", INDENT)
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
    return [*text, ""]
