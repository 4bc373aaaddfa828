"""The way out for a step that is wrong: what the table of words, and what is written, make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops import REGISTRY
from archcost.ops.base import alone, asserted_size
from archcost.spec.helps.attributes import outside_help, unknown_help, value_help
from archcost.spec.helps.kinds import kind_help, positional, steps_text
from archcost.spec.helps.translation import translate

if TYPE_CHECKING:
    from archcost.ops.base import Op
    from archcost.spec.model import Step
    from archcost.spec.ways_out import Surroundings

WORK = 2000  # steps of work of a help


def unknown_kind_help(step: Step, kind: str, around: Surroundings) -> str:
    """A help line for a kind that is not known."""
    around.meter.spend(WORK, step.mark)
    return kind_help(kind, as_written(step), alone_of(step), around)


def attribute_help(step: Step, kind: str, name: str, value: Any, around: Surroundings) -> str:
    """A help line for an attribute of a step that is not known, or has a wrong value; empty if there is none."""
    around.meter.spend(WORK, step.mark)
    given = as_written(step)
    if kind in around.blocks:
        return outside_help(kind, name, given, around.blocks[kind].params) if name else ""
    op = REGISTRY[kind]
    if step.asserted is not None:
        given = {asserted_size(op): step.asserted.template.value, **given}
    if not name:  # a value that stands alone
        name, value = alone(op), alone_of(step)
        given = {name: value}
        if not name:
            return told_of_list(op, value, around)
    return value_help(op, name, value, given, around) if name in op.fields else unknown_help(op, name, given, around)


def as_written(step: Step) -> dict[str, Any]:
    """The attributes of a step as they are written."""
    return {name: given.template.value for name, given in step.attributes.items()}


def alone_of(step: Step) -> Any:
    """The value that stands in place of the attributes, None if there is none."""
    return step.alone.template.value if step.alone is not None else None


def told_of_list(op: type[Op], value: Any, around: Surroundings) -> str:
    """The help for arguments without names; empty for a value that is no list."""
    if not isinstance(value, list):
        return ""
    return f"write {', then '.join(steps_text(translate(((op, {}),), positional(op, value), around, {}), around))}"
