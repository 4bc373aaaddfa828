"""The way out for a step that is wrong: what the table of words, and what is written, make of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from archcost.ops import REGISTRY
from archcost.ops.base import alone, asserted_size
from archcost.spec.helps.attributes import outside_help, unknown_help, value_help
from archcost.spec.helps.kinds import kind_help, listed, steps_text
from archcost.spec.helps.translation import translate
from archcost.spec.helps.values import fits, numbers_in
from archcost.spec.helps.writing import step as step_text
from archcost.spec.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.ops.base import Op
    from archcost.spec.model import Step
    from archcost.spec.ways_out import Surroundings

WORK = 2000  # steps of work of a help
_JOINED = re.compile(r"(\w{1,99})\s*[:：=]\s*([^\s:=][^:=]{0,99})")  # a name and its value, without `: ` between
_PAIR = re.compile(r"(\w{1,99})\s*[:：=]\s*([^\s,:=]{1,99})")


def unknown_kind_help(step: Step, kind: str, around: Surroundings) -> str:
    """A help line for a kind that is not known."""
    around.meter.spend(WORK, step.mark)
    return kind_help(kind, as_written(step), alone_of(step), around)


def attribute_help(step: Step, kind: str, name: str, value: Any, around: Surroundings) -> str:
    """A help line for an attribute of a step that is not known, or has a wrong value; empty if there is none."""
    around.meter.spend(WORK + len(step.attributes), step.mark)
    given = as_written(step)
    apart = taken_apart(given) if _JOINED.fullmatch(name) else {}
    if kind in around.blocks:
        if apart:
            return f"write `{step_text(kind, apart)}`, with a blank after each colon"
        return outside_help(kind, name, given, around.blocks[kind].params) if name else ""
    op = REGISTRY[kind]
    if apart:
        return f"{_translated(op, apart, around)}, with a blank after each colon"
    if step.asserted is not None:
        given = {asserted_size(op): step.asserted.template.value, **given}
    if not name:  # a value that stands alone
        name, value = alone(op), alone_of(step)
        given = {name: value}
        if not name:
            return told_alone(op, value, around)
        if isinstance(value, (list, str)) and not value_help(op, name, value, given, around):
            return told_alone(op, value, around)
    return value_help(op, name, value, given, around) if name in op.fields else unknown_help(op, name, given, around)


def as_written(step: Step) -> dict[str, Any]:
    """The attributes of a step as they are written."""
    return {name: given.template.value for name, given in step.attributes.items()}


def alone_of(step: Step) -> Any:
    """The value that stands in place of the attributes, None if there is none."""
    return step.alone.template.value if step.alone is not None else None


def taken_apart(given: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes where some have their value in their name, ``{kernel_size:3}``; empty if none has."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        joined = _JOINED.fullmatch(name) if value is None else None
        found |= {joined[1]: resolve(joined[2])} if joined else {name: value}
    return found if found.keys() != given.keys() else {}


def _translated(op: type[Op], given: Mapping[str, Any], around: Surroundings) -> str:
    return f"write {', then '.join(steps_text(translate(((op, {}),), given, around, {}), around))}"


def told_alone(op: type[Op], value: Any, around: Surroundings) -> str:
    """The help for a value that stands for no attribute: a list of arguments, or a text that holds them."""
    if not isinstance(value, str):
        return told_of_list(op, value, around)
    pairs = _PAIR.findall(value)
    if pairs and not _PAIR.sub("", value).strip(" ,"):
        return _translated(op, {name: resolve(text) for name, text in pairs}, around)
    numbers = numbers_in(value)
    return told_of_list(op, numbers, around) if numbers else ""


def told_of_list(op: type[Op], value: Any, around: Surroundings) -> str:
    """The help for arguments without names; empty for a value that is no list, or has what fits none of them."""
    if not isinstance(value, list):
        return ""
    given, of_torch = (listed(op, value, around, of_torch=of_torch) for of_torch in (False, True))
    if len(value) > 1 and not all(fits(op, name, one) for name, one in given.items()):
        return ""
    text, other = (
        ", then ".join(steps_text(translate(((op, {}),), one, around, {}), around)) for one in (given, of_torch)
    )
    return f"write {text}" if text == other else f"write {text}; or {other} if it begins with {op.inferred}"
