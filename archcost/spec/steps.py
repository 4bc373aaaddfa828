"""Reading steps: a kind with its attributes, and the modifiers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import Diagnostic, close_names, suggestion
from archcost.ops import REGISTRY
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.expressions import Expression, ExpressionError
from archcost.spec.model import Attribute, Branch, Reference, Step

if TYPE_CHECKING:
    from archcost.spec.document import Value
    from archcost.spec.parser import Reader

MODIFIERS = ("id", "from", "branches", "when", "repeat", "as", "share")
_QUOTE = 'quote the expression: "$(…)"'


def read_steps(reader: Reader, value: Value, what: str) -> list[Step]:
    """A list of steps; a null value is an empty list."""
    if isinstance(value, Scalar) and value.value is None:
        return []
    if not isinstance(value, Sequence):
        reader.report(f"{what} must be a list of steps", value, "each step starts with `- `")
        return []
    steps = [read_step(reader, item) for item in value.items]
    return [step for step in steps if step is not None]


def read_step(reader: Reader, value: Value) -> Step | None:
    """One step: a bare kind, or a mapping with one kind and modifiers."""
    if isinstance(value, Scalar):
        if not isinstance(value.value, str):
            reader.report(f"a step is a kind such as `relu`, got {value.text or 'nothing'}", value)
            return None
        return _with_kind(reader, value)
    if not isinstance(value, Mapping):
        reader.report("a step is a kind or a mapping with one kind, got a list", value)
        return None
    kinds = [name for name in value.entries if name not in MODIFIERS]
    if len(kinds) != 1:
        _report_kinds(reader, value, kinds)
        return None
    key, attributes = value.entries[kinds[0]]
    step = _with_kind(reader, key)
    if step is None:
        return None
    _read_attributes(reader, step, attributes)
    for name, (modifier, given) in value.entries.items():
        if name in MODIFIERS:
            _MODIFIERS[name](reader, step, modifier, given)
    if "as" in value.entries and "repeat" not in value.entries:
        reader.report("'as' renames the index of `repeat`, which is missing", value.entries["as"][0])
    return step


def _with_kind(reader: Reader, key: Scalar) -> Step | None:
    if not key.text.startswith("$"):
        return Step(key.text, key.mark)
    try:
        return Step(Expression(key.text, key.mark), key.mark)
    except ExpressionError as error:
        reader.problems.append(error.diagnostic)
        return None


def _report_kinds(reader: Reader, value: Mapping, kinds: list[str]) -> None:
    if not kinds:
        reader.report("a step needs a kind", value, "an op such as `relu`, or a block")
        return
    first, second = kinds[:2]
    op = REGISTRY.get(first)
    close = close_names(second, MODIFIERS)
    if op is not None and second in op.fields:
        hint = f"attributes stand inside: `{first}: {{{second}: …}}`"
    elif close:
        hint = f"did you mean '{close[0]}'?"
    else:
        hint = "start each step with its own `- `"
    reader.report(f"a step has one kind, got '{first}' and '{second}'", value.entries[second][0], hint)


def _read_attributes(reader: Reader, step: Step, value: Value) -> None:
    if isinstance(value, Scalar) and value.value is None:
        return
    if not isinstance(value, Mapping):
        name = step.kind if isinstance(step.kind, str) else "…"
        op = REGISTRY.get(name)
        example = next(iter(op.fields), "name") if op else "name"
        reader.report(
            f"the attributes of {name} are a mapping of names to values", value, f"write `{name}: {{{example}: …}}`"
        )
        return
    if _split_by_yaml(reader, value):
        return
    for name, (key, given) in value.entries.items():
        template = reader.template(given)
        if template is not None:
            step.attributes[name] = Attribute(template, key.mark)
            step.uses_input = step.uses_input or template.uses_input


def _split_by_yaml(reader: Reader, mapping: Mapping) -> bool:
    """Report an unquoted expression that YAML cut at a comma inside of ``{}``."""
    if not mapping.flow:
        return False
    for _, given in mapping.entries.values():
        for value in given.items if isinstance(given, Sequence) else [given]:
            if not isinstance(value, Scalar) or value.quoted or not value.text.startswith("$("):
                continue
            if value.text.count("(") > value.text.count(")"):
                message = f"YAML ended this expression at a comma: {value.text}"
                reader.problems.append(Diagnostic(message, value.mark, _QUOTE))
                return True
    return False


def _read_id(reader: Reader, step: Step, key: Scalar, value: Value) -> None:
    del key
    if not isinstance(value, Scalar) or value.value is None or value.text.startswith("$"):
        reader.report("'id' is a plain name", value)
    elif not value.text or "." in value.text or any(char.isspace() for char in value.text):
        reader.report(f"'{value.text}' cannot be an id", value, "an id has no dots and no spaces")
    elif value.text.isdigit():
        reader.report(f"'{value.text}' cannot be an id", value, "a number alone means a round or an output")
    else:
        step.id = Reference(value.text, value.mark)


def _read_from(reader: Reader, step: Step, key: Scalar, value: Value) -> None:
    del key
    step.sources = reader.references(value, "from")


def _read_branches(reader: Reader, step: Step, key: Scalar, value: Value) -> None:
    del key
    mapping = reader.mapping(value, "'branches'")
    if mapping is None:
        return
    if not mapping.entries:
        reader.report("'branches' is empty", value)
    step.branches = {}
    for name, (label, given) in mapping.entries.items():
        if not name or "." in name or any(char.isspace() for char in name):
            reader.report(f"'{name}' cannot name a branch", label, "a name has no dots and no spaces")
            continue
        sources = None
        layers = given
        if isinstance(given, Mapping):
            reader.keys(given, ("from", "layers"), f"the branch '{name}'")
            if "from" in given.entries:
                sources = reader.references(given.entries["from"][1], "from")
            if "layers" not in given.entries:
                step.branches[name] = Branch([], sources, label.mark)
                continue
            layers = given.entries["layers"][1]
        steps = read_steps(reader, layers, f"the branch '{name}'")
        step.branches[name] = Branch(steps, sources, label.mark)


def _read_when(reader: Reader, step: Step, key: Scalar, value: Value) -> None:
    del key
    step.when = reader.template(value)


def _read_repeat(reader: Reader, step: Step, key: Scalar, value: Value) -> None:
    del key
    step.repeat = reader.template(value)


def _read_as(reader: Reader, step: Step, key: Scalar, value: Value) -> None:
    del key
    if isinstance(value, Scalar) and reader.name(value, "an index"):
        step.repeat_as = value.text


def _read_share(reader: Reader, step: Step, key: Scalar, value: Value) -> None:
    del key
    if isinstance(value, Scalar) and value.value is not None and not value.text.startswith("$"):
        step.share = Reference(value.text, value.mark)
    else:
        reader.report("'share' is the id of a step", value)


_MODIFIERS = {
    "id": _read_id,
    "from": _read_from,
    "branches": _read_branches,
    "when": _read_when,
    "repeat": _read_repeat,
    "as": _read_as,
    "share": _read_share,
}


def kind_help(kind: str, blocks: dict[str, object]) -> str:
    """A help line for an unknown kind."""
    return suggestion(kind, [*blocks, *REGISTRY], "kinds") or "`archcost schema spec` lists every op"
