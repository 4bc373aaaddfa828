"""Attributes of an op that are unknown or have a wrong value: the step that was meant."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from archcost.errors import close_names, suggestion
from archcost.ops.base import asserted_size
from archcost.ops.conv import same_help
from archcost.ops.field_types import ChoiceField, IntField, SpatialField
from archcost.ops.fields import REQUIRED, whole_number
from archcost.spec.expressions import QUOTE_IN_FLOW, Expression
from archcost.spec.helps.expressions import BEGINS
from archcost.spec.helps.kinds import steps_text
from archcost.spec.helps.synonyms import (
    ACTIVATIONS,
    CAUSAL,
    CHANNEL_ORDER,
    IGNORED,
    INFERRED,
    MODIFIERS,
    WEIGHTS,
    candidates,
    is_among,
)
from archcost.spec.helps.translation import field_of, half_kernel, has_activation, translate, window_sizes
from archcost.spec.helps.values import fits, meant
from archcost.spec.helps.writing import beside, step, written
from archcost.spec.vocabulary import MODIFIERS as KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from archcost.ops.base import Op
    from archcost.spec.ways_out import Surroundings

_NEEDLESS = (
    (CHANNEL_ORDER, "channels always come first here, `input: [3, 224, 224]`: leave it out"),
    (INFERRED, "it is inferred from the input: leave it out"),
    (CAUSAL, "a causal mask changes no figure: leave it out"),
    (IGNORED, "it changes no figure: leave it out"),
)
_GIVEN_WEIGHT = "a given weight is an input: `from: [x, w]`"
_OWN_WEIGHT = "it has its own weights: leave it out; `share` beside the kind uses those of another step"


def unknown_help(op: type[Op], name: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """A help line for an attribute that an op does not have."""
    if name.count(")") > name.count("("):
        return _cut_help(op, name, given, around)
    hint = outside_help(op.kind, name, given, _names(op))
    if hint:
        return hint
    field = field_of(op, name, given, {})
    return _renamed(op, field, given, around) if field else _without_field(op, name, given, around)


def _without_field(op: type[Op], name: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """The help for what no attribute of the op is: a step of its own, an input, or nothing at all."""
    if is_among(ACTIVATIONS, name):
        return _activation_help(op, given, name, around)
    for words, hint in _NEEDLESS:
        if is_among(words, name):
            return hint
    if is_among(WEIGHTS, name):
        return _GIVEN_WEIGHT if op.on_weight else _OWN_WEIGHT
    if not op.fields:
        return f"{op.kind} has no attributes"
    respelt = _respelt(op, given, around)
    if respelt:
        return f"write `{step(op.kind, respelt)}`"
    close = suggestion(name, _likely(op, name, around), "attributes", around.meter.hints)
    return close or f"its attributes are {', '.join(op.fields)}"


def _names(op: type[Op]) -> list[str]:
    """What may be written: the attributes, and the size of the input that a step is held to."""
    return [name for name in (*op.fields, asserted_size(op)) if name]


def _likely(op: type[Op], name: str, around: Surroundings) -> list[str]:
    """The names that one may be meant for: the input's size alone where it is the closest, else where none is close."""
    names, size = _names(op), asserted_size(op)
    close = close_names(name, names, around.meter.hints)
    if not size or not close:
        return names
    return [size] if close[0] == size else list(op.fields)


def _respelt(op: type[Op], given: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """The attributes under the names that several unknown ones stand for; empty if there are fewer, or one has none."""
    names = _names(op)
    if sum(name not in names for name in given) < 2:  # noqa: PLR2004 - one is told by its name
        return {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = name if name in names else field_of(op, name, given, {})
        field = field or next(iter(close_names(name, names, around.meter.hints)), "")
        if not field or field in found:
            return {}
        found[field] = value
    return {} if any(one.default is REQUIRED and name not in found for name, one in op.fields.items()) else found


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
    *others, last = [f"`{key}`" for key in inside]
    many = f"{', '.join(others)} and {last} stand" if others else f"{last} stands"
    return f"{many} beside the kind: `{beside(kind, rest, inside)}`"


def _activation_help(op: type[Op], given: Mapping[str, Any], name: str, around: Surroundings) -> str:
    if not has_activation(given[name]):
        return "it changes no figure: leave it out"
    texts = steps_text(translate(((op, {}),), given, around, {}), around)
    return f"an activation is a step of its own: write {', then '.join(texts)}"


def _renamed(op: type[Op], field: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """The step with all names of other libraries replaced; the one name where others are unknown."""
    if field in given:
        return f"it is '{field}', which is given: leave it out"
    translation = translate(((op, {}),), given, around, {})[0]
    missing = [key for key, one in op.fields.items() if one.default is REQUIRED and key not in translation.attributes]
    if translation.unknown or missing:
        respelt = _respelt(op, given, around)
        return f"write `{step(op.kind, respelt)}`" if respelt else f"it is `{field}` here"
    return f"write {', then '.join(steps_text([translation], around))}"


def value_help(op: type[Op], name: str, value: Any, given: Mapping[str, Any], around: Surroundings) -> str:
    """A help line for a value that does not fit its attribute; ``given`` is what is written. Empty if nothing helps."""
    if isinstance(given[name], Expression):
        return _rounded(name, value, given[name].text) if isinstance(op.fields[name], IntField) else ""
    return (
        _padding_help(op, name, value, given)
        or _meant_help(op, name, given, around)
        or _operand_help(op, name, value)
        or _left_out_help(op, name, value)
    )


def _operand_help(op: type[Op], name: str, value: Any) -> str:
    """An input that is named where a number may stand in its place."""
    if name != "other" or not isinstance(value, str) or op.max_inputs == 1:
        return ""
    return f"an input stands in `from`, beside the kind: `{beside(op.kind, {}, {'from': written(['x', value])})}`"


def _meant_help(op: type[Op], name: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """The value that was meant, where one is found that fits."""
    found = meant(op, name, given[name], around)
    if found is None:
        return ""
    if found.reason == BEGINS:
        return _dollars(op, given, around)
    alone = step(op.kind, {name: found.value}) if len(given) == 1 else f"{name}: {written(found.value)}"
    return f"write `{alone}`{f': {found.reason}' if found.reason else ''}"


def _left_out_help(op: type[Op], name: str, value: Any) -> str:
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


def _strided_help(op: type[Op], given: Mapping[str, Any], half: Any) -> str:
    """What stands for `padding: same` of TensorFlow: in a convolution with a stride, what pads as it does too."""
    kernel, stride, dilation = (window_sizes(op, name, given) for name in ("kernel_size", "stride", "dilation"))
    if fits(op, "padding", "same") and stride:
        return same_help(kernel, stride, dilation)
    return f"write `padding: {written(half)}`, as PyTorch networks do"


def _padding_help(op: type[Op], name: str, value: Any, given: Mapping[str, Any]) -> str:
    """Padding in the words and the order of other libraries: one number a side, and SAME."""
    half = half_kernel(op, given) if name == "padding" else None
    if half is not None:
        return _strided_help(op, given, half)
    rest = {key: one for key, one in given.items() if key != name}
    if name == "padding" and value == "causal" and op.ndim == 1:
        return _causal_help(op, given, rest)
    if name == "padding_mode" and isinstance(op.fields[name], ChoiceField) and str(value).lower() in ("same", "valid"):
        padding = {**rest, "padding": str(value).lower()}
        return f"that is `padding: {padding['padding']}`: write `{step(op.kind, padding)}`"
    sides = isinstance(value, (list, tuple)) and len(value) == 2 * op.ndim
    if name != "padding" or not isinstance(op.fields[name], SpatialField) or not sides:
        return ""
    if any(whole_number(size) is None for size in value):
        return ""
    order = {1: "left, right", 2: "left, right, top, bottom"}.get(op.ndim, "the last dim first")
    return _padded_before(op, list(value), order, rest)


def _causal_help(op: type[Op], given: Mapping[str, Any], rest: dict[str, Any]) -> str:
    """Keras's padding of a convolution that reads no later step: all of it before the first."""
    kernel, dilation = whole_number(given.get("kernel_size")), whole_number(given.get("dilation", 1))
    if kernel is None or dilation is None:
        return ""
    return _padded_before(op, [dilation * (kernel - 1), 0], "left, right", rest)


def _padded_before(op: type[Op], sides: list[Any], order: str, rest: dict[str, Any]) -> str:
    pad = step("pad", {"pad": sides})
    return f"put `{pad}` ({order}) before it: write `{pad}`, then `{step(op.kind, rest)}`"
