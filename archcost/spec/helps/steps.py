"""The way out for a step that is wrong: what the table of words, and what is written, make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops import REGISTRY
from archcost.spec.helps.attributes import outside_help, unknown_help, value_help
from archcost.spec.helps.kinds import kind_help

if TYPE_CHECKING:
    from archcost.spec.model import Step, Surroundings

_WORK = 2000  # steps of work of a help


def unknown_kind_help(step: Step, kind: str, around: Surroundings) -> str:
    """A help line for a kind that is not known."""
    around.meter.spend(_WORK, step.mark)
    return kind_help(kind, as_written(step), around)


def attribute_help(step: Step, kind: str, name: str, value: Any, around: Surroundings) -> str:
    """A help line for an attribute of a step that is not known, or has a wrong value; empty if there is none."""
    around.meter.spend(_WORK, step.mark)
    given = as_written(step)
    if kind in around.blocks:
        return outside_help(kind, name, given, around.blocks[kind].params)
    op = REGISTRY[kind]
    return value_help(op, name, value, given, around) if name in op.fields else unknown_help(op, name, given, around)


def as_written(step: Step) -> dict[str, Any]:
    """The attributes of a step as they are written."""
    return {name: given.template.value for name, given in step.attributes.items()}
