"""Steps as other tools write them, and params that hold mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.ops import REGISTRY
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.expressions import Expression, ExpressionError
from archcost.spec.helps.kinds import meaning_of, positional, steps_text, told
from archcost.spec.helps.synonyms import (
    ACTIVATIONS,
    ARGUMENTS,
    KIND_KEYS,
    MODIFIERS,
    candidates,
    is_among,
    squashed,
)
from archcost.spec.helps.translation import field_of, translate
from archcost.spec.helps.writing import flow
from archcost.spec.ways_out import Surroundings

if TYPE_CHECKING:
    from archcost.meter import Meter
    from archcost.spec.document import Value

_MODULE = 4  # items of a step as Ultralytics writes it: from, number, module, arguments


def several_kinds_help(value: Mapping, first: str, second: str, meter: Meter) -> tuple[str, bool]:
    """The help for a step with a key that is no modifier beside its kind, empty if nothing is known of it.

    Besides: whether the kind is the value of a key such as ``type``.
    """
    for name, (_, given) in value.entries.items():
        if squashed(name) in map(squashed, KIND_KEYS) and isinstance(given, Scalar) and given.text:
            hint = _kind_as_value(value, name, given.text, meter)
            return hint, bool(hint)
    return _beside_help(value, first, second, meter), False


def _beside_help(value: Mapping, first: str, second: str, meter: Meter) -> str:
    """The help for a second key: an activation, a modifier or an attribute in other words."""
    entries = value.entries
    op = REGISTRY.get(first)
    if is_among(ACTIVATIONS, second) and isinstance(entries[second][1], Scalar):
        meaning = meaning_of(str(entries[second][1].plain()).rpartition(".")[2], _around(value, meter))
        if meaning is not None:
            return f"an activation is a step of its own, after this one: {told(meaning, '', {}, _around(value, meter))}"
    found = candidates(MODIFIERS, second)
    if found and found[0] not in entries:
        kind = f"{first}: {flow(entries[first][1])}".rstrip(": ")
        return f"it is `{found[0]}` here: `{{{kind}, {found[0]}: {flow(entries[second][1])}}}`"
    field = field_of(op, second, (), {}) if op is not None else ""
    if op is None or not field:
        return ""
    own = entries[first][1]
    inside = {name: data(item) for name, (_, item) in own.entries.items()} if isinstance(own, Mapping) else {}
    outside = {name: data(item) for name, (_, item) in entries.items() if name != first and field_of(op, name, (), {})}
    texts = steps_text(translate(((op, {}),), {**inside, **outside}, _around(value, meter), {}), _around(value, meter))
    return f"attributes stand inside: write {', then '.join(texts)}"


def _kind_as_value(value: Mapping, name: str, word: str, meter: Meter) -> str:
    """The help for ``{type: conv2d, out_channels: 8}``: the kind is the key of the step."""
    given: dict[str, Any] = {}
    for key, (_, item) in value.entries.items():
        if key in ARGUMENTS and isinstance(item, Mapping):
            given |= {inner: data(one) for inner, (_, one) in item.entries.items()}
        elif key != name and not candidates(MODIFIERS, key):
            given[key] = data(item)
    around = _around(value, meter)
    meaning = meaning_of(word.rpartition(".")[2], around)
    return f"the kind is a key: {told(meaning, word, given, around)}" if meaning is not None else ""


def list_step_help(value: Sequence, meter: Meter) -> str:
    """The help for a step that is a list: as Ultralytics writes it, or a kind with its arguments."""
    items = [data(item) for item in value.items]
    if len(items) == _MODULE and isinstance(items[2], str):
        word, arguments = items[2], items[3]
    elif items and isinstance(items[0], str) and not any(isinstance(item, str) for item in items[1:]):
        word, arguments = items[0], items[1:]
    else:
        return ""
    around = _around(value, meter)
    meaning = meaning_of(word.rpartition(".")[2], around)
    if meaning is None or not meaning.steps:
        return ""
    given = positional(meaning.steps[0][0], arguments if isinstance(arguments, list) else [arguments])
    return told(meaning, word, given, around)


def data(value: Value) -> Any:
    """A value as plain data, expressions parsed where they can be."""
    if isinstance(value, Scalar) and value.text.startswith("$"):
        try:
            return Expression(value.text, value.mark)
        except ExpressionError:
            return value.text
    if isinstance(value, Sequence):
        return [data(item) for item in value.items]
    if isinstance(value, Mapping):
        return {name: data(item) for name, (_, item) in value.entries.items()}
    return value.plain()


def _around(value: Value, meter: Meter) -> Surroundings:
    return Surroundings((), {}, meter, value.mark)


def modifier_help(kind: str, name: str, value: Value) -> str:
    """The help for ``branches`` and other modifiers among the attributes whose value is a mapping."""
    return f"`{name}` stands beside the kind: `{{{kind}, {name}: {flow(value)}}}`"


def named_step_help(name: Scalar, value: Mapping) -> str:
    """The help for a step written as ``name: {conv2d: {…}}``."""
    ((op, (_, attributes)),) = value.entries.items()
    return f"the name of a step is its `id`: `{{id: {flow(name)}, {op}: {flow(attributes)}}}`"


def steps_help(value: Value) -> str:
    """The help for steps that are no list: how the first of them is written in one."""
    hint = "each step starts with `- `"
    if not isinstance(value, Mapping) or not value.entries:
        return hint
    name, (key, given) = next(iter(value.entries.items()))
    if name.startswith("-"):
        hint, name = f"{hint}, with a blank", name[1:]
    if name in REGISTRY:
        step = f"{name}: {flow(given)}".rstrip(": ")
    elif isinstance(given, Mapping) and len(given.entries) == 1:
        ((op, (_, attributes)),) = given.entries.items()
        step = f"{{id: {flow(key)}, {op}: {flow(attributes)}}}"
    elif isinstance(given, Sequence):
        step = f"{{id: {flow(key)}, layers: {flow(given)}}}"
    elif isinstance(given, Scalar) and isinstance(given.value, str):
        step = f"{{id: {flow(key)}, {flow(given)}}}"
    else:
        return hint
    return f"{hint}: `- {step}`"


def no_kind_help(value: Mapping) -> str:
    """The help for a step that has modifiers alone."""
    hint = "an op such as `relu`, or a block, beside the modifiers"
    if "branches" in value.entries:
        hint = "what joins the branches stands beside them: `add`, or `concat`"
    elif "repeat" in value.entries:
        hint = "what is repeated stands beside `repeat`: an op, a block, or `layers: [step, step]`"
    if value.flow and value.entries:
        hint += "; inside of [], braces hold a step together: `[{add, from: [a, b]}]`"
    return hint


def repeat_help(value: Mapping) -> str:
    """The help for ``repeat: {times: 3, layers: […]}``: the number alone, with the steps beside it."""
    given = [item for _, item in value.entries.values()]
    counts = [flow(item) for item in given if isinstance(item, Scalar) and item.value is not None]
    steps = [flow(item) for item in given if isinstance(item, Sequence)]
    count, layers = counts[0] if counts else "3", steps[0] if steps else "[step, step]"
    return f"what is repeated stands beside `repeat`: `{{repeat: {count}, layers: {layers}}}`"


def param_help(name: str, value: Value) -> str:
    """The help for a param that holds mappings: lists of lists, or a param for each key."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{name}_{key}: {flow(item)}" for key, (_, item) in value.entries.items())
        return f"give each its own name: `params: {{{pairs}}}`"
    if isinstance(value, Sequence) and all(isinstance(item, Mapping) for item in value.items):
        rows = [[flow(one) for _, one in item.entries.values()] for item in value.items if isinstance(item, Mapping)]
        lists = ", ".join(f"[{', '.join(row)}]" for row in rows)
        return f"lists of lists work: `params: {{{name}: [{lists}]}}`, and `$({name}[i][0])`"
    return ""


def params_help(value: Value) -> str:
    """The help for params that are a list."""
    if not isinstance(value, Sequence):
        return ""
    pairs = []
    for item in value.items:
        pairs += [f"{key}: {flow(one)}" for key, (_, one) in item.entries.items()] if isinstance(item, Mapping) else []
        pairs += [f"{item.text}: 1"] if isinstance(item, Scalar) else []
    return f"write `params: {{{', '.join(pairs)}}}`, each with its default" if pairs else ""
