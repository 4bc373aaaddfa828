"""Attributes of an op that are unknown or have a wrong value: the step that was meant."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from archcost.errors import suggestion
from archcost.ops.field_types import ChoiceField, IntField, SpatialField
from archcost.ops.fields import REQUIRED, whole_number
from archcost.spec.expressions import QUOTE_IN_FLOW, Expression
from archcost.spec.helps.expressions import BEGINS
from archcost.spec.helps.kinds import steps_text
from archcost.spec.helps.synonyms import (
    ACTIVATIONS,
    CHANNEL_ORDER,
    IGNORED,
    INFERRED,
    MODIFIERS,
    candidates,
    is_among,
)
from archcost.spec.helps.translation import field_of, half_kernel, has_activation, translate
from archcost.spec.helps.values import meant
from archcost.spec.helps.writing import beside, step, written
from archcost.spec.vocabulary import MODIFIERS as KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from archcost.ops.base import Op
    from archcost.spec.model import Surroundings

_INFERRED = "it is inferred from the input: leave it out"


def unknown_help(op: type[Op], name: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """A help line for an attribute that an op does not have."""
    if name.count(")") > name.count("("):
        return _cut_help(op, name, given, around)
    hint = outside_help(op.kind, name, given, op.fields)
    if hint:
        return hint
    field = field_of(op, name, given, {})
    if is_among(ACTIVATIONS, name) and not field:
        return _activation_help(op, given, name, around)
    if is_among(CHANNEL_ORDER, name) and not field:
        return "channels always come first here, `input: [3, 224, 224]`: leave it out"
    if is_among(INFERRED, name) and not field:
        return _INFERRED
    if is_among(IGNORED, name) and not field:
        return "it changes no figure: leave it out"
    if field:
        return _renamed(op, name, field, given, around)
    if not op.fields:
        return f"{op.kind} has no attributes"
    return suggestion(name, list(op.fields), "attributes", around.meter.hints) or (
        f"its attributes are {', '.join(op.fields)}"
    )


def outside_help(kind: str, name: str, given: Mapping[str, Any], own: Collection[str]) -> str:
    """The help for a modifier among attributes, and for an expression that YAML has cut at a comma."""
    if name.count(")") > name.count("("):
        return QUOTE_IN_FLOW
    if name in KEYS:
        modifier = name
    else:
        found = [key for key in candidates(MODIFIERS, name) if key not in own]
        modifier = found[0] if found and not isinstance(given.get(name), dict) else ""
    if not modifier or is_among(INFERRED, name):
        return ""
    rest = {attribute: value for attribute, value in given.items() if attribute in own}
    inside = {
        key if key in KEYS else candidates(MODIFIERS, key)[0]: written(value)
        for key, value in given.items()
        if key == name or (key in KEYS and key not in own)
    }
    return f"`{modifier}` stands beside the kind: `{beside(kind, rest, inside)}`"


def _activation_help(op: type[Op], given: Mapping[str, Any], name: str, around: Surroundings) -> str:
    if not has_activation(given[name]):
        return "it changes no figure: leave it out"
    texts = steps_text(translate(((op, {}),), given, around, {}), around)
    return f"an activation is a step of its own: write {', then '.join(texts)}"


def _renamed(op: type[Op], name: str, field: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """The step with all names of other libraries replaced; the one name where others are unknown."""
    if field in given:
        return f"it is '{field}', which is given: leave it out"
    translation = translate(((op, {}),), given, around, {})[0]
    missing = [key for key, one in op.fields.items() if one.default is REQUIRED and key not in translation.attributes]
    if translation.unknown or missing:
        return f"it is `{field}` here"
    del name
    return f"write {', then '.join(steps_text([translation], around))}"


def value_help(op: type[Op], name: str, value: Any, given: Mapping[str, Any], around: Surroundings) -> str:
    """A help line for a value that does not fit its attribute; ``given`` is what is written. Empty if nothing helps."""
    hint = _padding_help(op, name, value, given)
    if hint:
        return hint
    if isinstance(given[name], Expression):
        return _rounded(name, value, given[name].text) if isinstance(op.fields[name], IntField) else ""
    half = half_kernel(op, given) if name == "padding" else None
    if half is not None:
        return f"write `padding: {written(half)}`, as PyTorch networks do"
    found = meant(op, name, value, around)
    if found is not None:
        if found.reason == BEGINS:
            return _dollars(op, given, around)
        alone = step(op.kind, {name: found.value}) if len(given) == 1 else f"{name}: {written(found.value)}"
        return f"write `{alone}`{f': {found.reason}' if found.reason else ''}"
    if value is None and op.fields[name].default is not REQUIRED:
        return "leave it out for its default"
    return "`when: false` beside the kind leaves a step out" if value == 0 and name.startswith("out_") else ""


def _dollars(op: type[Op], given: Mapping[str, Any], around: Surroundings) -> str:
    """The help for forgotten ``$``, of all attributes that lack one."""
    found = {name: meant(op, name, value, around) for name, value in given.items() if name in op.fields}
    lacking = {name: one.value for name, one in found.items() if one is not None and one.reason == BEGINS}
    return f"{BEGINS}: {', '.join(f'`{name}: {written(value)}`' for name, value in lacking.items())}"


def _cut_help(op: type[Op], name: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """The help for a value that YAML has cut at a comma: ``{kernel_size: (3, 3)}`` gives the keys ``(3`` and ``3)``."""
    names = list(given)
    end = names.index(name)
    for start in range(end - 1, -1, -1):
        value = given[names[start]]
        if isinstance(value, str) and value.count("(") > value.count(")") and names[start] in op.fields:
            found = meant(op, names[start], ", ".join([value, *names[start + 1 : end + 1]]), around)
            if found is None:
                break
            return f"YAML ends a value at a comma inside of {{}}: write `{names[start]}: {written(found.value)}`"
    return QUOTE_IN_FLOW


def _rounded(name: str, value: Any, text: str) -> str:
    """The help where an expression gives a number with a fraction, and a whole one is wanted."""
    if type(value) is not float or not isfinite(value) or value.is_integer():
        return ""
    inner = text[2:-1] if text.startswith("$(") else text[1:]
    return f"round it: `{name}: $(round({inner}))`, or divide with `//`"


def _padding_help(op: type[Op], name: str, value: Any, given: Mapping[str, Any]) -> str:
    """Padding in the words and the order of other libraries: one number a side, and SAME."""
    rest = {key: one for key, one in given.items() if key != name}
    if name == "padding_mode" and isinstance(op.fields[name], ChoiceField) and str(value).lower() in ("same", "valid"):
        padding = {**rest, "padding": str(value).lower()}
        return f"that is `padding: {padding['padding']}`: write `{step(op.kind, padding)}`"
    sides = isinstance(value, (list, tuple)) and len(value) == 2 * op.ndim
    if name != "padding" or not isinstance(op.fields[name], SpatialField) or not sides:
        return ""
    if any(whole_number(size) is None for size in value):
        return ""
    pad = step("pad", {"pad": list(value)})
    order = {1: "left, right", 2: "left, right, top, bottom"}.get(op.ndim, "the last dim first")
    return f"put `{pad}` ({order}) before it: write `{pad}`, then `{step(op.kind, rest)}`"
