"""Reading steps: a kind with its attributes, and the modifiers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import close_names
from archcost.ops import REGISTRY
from archcost.spec.document import Mapping, Scalar, Sequence
from archcost.spec.expressions import QUOTE_IN_FLOW, UNKNOWN, ExpressionError
from archcost.spec.model import Attribute, Branch, Reference, Step, StepGroup
from archcost.spec.template import Template
from archcost.spec.value_reader import BODY, brief, is_lone_brace, merge_help
from archcost.spec.vocabulary import GROUPS, MODIFIERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.spec.document import Value
    from archcost.spec.value_reader import Reader


def read_steps(reader: Reader, value: Value, what: str) -> list[Step]:
    """A list of steps; a null value is an empty list."""
    if isinstance(value, Scalar) and value.value is None:
        return []
    if not isinstance(value, Sequence):
        from archcost.spec.helps.structure import steps_help

        reader.report(f"{what} must be a list of steps, got {brief(value)}", value, steps_help(value))
        return [_broken("", value)]
    steps: list[Step] = []
    for item in value.items:
        steps.append(read_step(reader, item))
        if len(steps) > 1 and isinstance(item, Mapping) and item.flow and not item.entries.keys() - set(MODIFIERS):
            steps[-2].broken = True  # its modifier has come off, which is reported
    return steps


def _broken(kind: str, value: Value) -> Step:
    """A step in the place of one that cannot be read."""
    step = Step(kind, value.mark)
    step.broken = True
    return step


def read_step(reader: Reader, value: Value) -> Step:
    """One step: a bare kind, or a mapping with one kind and modifiers."""
    reader.meter.grant()
    if isinstance(value, Scalar):
        if not isinstance(value.value, str):
            reader.report(f"a step is a kind such as `relu`, got {brief(value)}", value)
            return _broken("", value)
        return _with_kind(reader, value)
    if not isinstance(value, Mapping):
        message = "a step is a kind or a mapping with one kind, got a list"
        reader.report(message, value, _list_help(reader, value) or "leave out the inner `- ` or `[]`")
        return _broken("", value)
    kinds = [name for name in value.entries if name not in MODIFIERS]
    kind = next((name for name in kinds if name in REGISTRY), kinds[0] if kinds else "")
    if len(kinds) == 1 and _report_named(reader, *value.entries[kind]):
        return _broken("", value)
    is_group = kind in GROUPS and isinstance(value.entries[kind][1], Sequence)
    if len(kinds) != 1 and not _report_kinds(reader, value, kind, [name for name in kinds if name != kind]):
        return _broken("", value)
    key, attributes = value.entries[kind] if kinds else (None, None)
    step = _broken("", value) if key is None else _with_kind(reader, key)
    step.broken = step.broken or len(kinds) != 1
    if is_group and attributes is not None:
        _read_group(reader, step, attributes)
    elif len(kinds) == 1 and attributes is not None:
        _read_attributes(reader, step, attributes)
    for name, (_, given) in value.entries.items():
        if name in MODIFIERS:
            step.broken = not _MODIFIERS[name](reader, step, given) or step.broken
    _check_rounds(reader, step, value)
    return step


def _check_rounds(reader: Reader, step: Step, value: Mapping) -> None:
    """Look at `repeat` and what depends on it, once all of a step is read."""
    if step.repeat is not None:
        step.note_varying()
    elif "as" in value.entries:
        reader.report("'as' renames the index of `repeat`, which is missing", value.entries["as"][0])
    if step.id is None and "kind" in step.varies:
        hint = "add `id: …`: its rounds are id.0, id.1 …"
        reader.report("a step whose kind differs from round to round needs an id", step.mark, hint)


def _with_kind(reader: Reader, key: Scalar) -> Step:
    if not key.text.startswith("$"):
        return Step(key.text, key.mark)
    try:
        return Step(reader.expression(key), key.mark)
    except ExpressionError as error:
        reader.fail(error)
        return _broken("", key)


def _read_group(reader: Reader, step: Step, value: Value) -> None:
    """The steps that stand in place of a kind; a block of that name takes no list, so a list is always a group."""
    key = str(step.kind)
    step.kind = GROUPS[key]
    step.group = StepGroup(read_steps(reader, value, f"'{key}'"), key == "residual")
    if step.group.adds_input and not step.group.steps:
        reader.report("'residual' is empty", value, "it is a list of steps, to whose result their input is added")
        step.broken = True


def _report_named(reader: Reader, key: Scalar, value: Value) -> bool:
    """Report a step written as ``name: {conv2d: {…}}``; returns whether it is one."""
    if key.text in REGISTRY or key.text in GROUPS or not isinstance(value, Mapping) or len(value.entries) != 1:
        return False
    ((op, (_, attributes)),) = value.entries.items()
    if op not in REGISTRY or not isinstance(attributes, Mapping):
        return False
    from archcost.spec.helps.structure import named_step_help

    reader.report(f"a step has its op as the key, got '{brief(key)}' around {op}", key, named_step_help(key, value))
    return True


def _report_no_kind(reader: Reader, value: Mapping) -> None:
    """Report that a step has modifiers alone, unless `repeat` is a mapping, which is reported as such."""
    if "repeat" in value.entries and isinstance(value.entries["repeat"][1], Mapping):
        return
    from archcost.spec.helps.structure import no_kind_help

    reader.report("a step needs a kind", value, no_kind_help(value))


def _report_kinds(reader: Reader, value: Mapping, first: str, others: list[str]) -> bool:
    """Report that a step has no kind, or more than one; returns whether the first key may be one."""
    if not others:
        _report_no_kind(reader, value)
        return True
    second = others[0]
    op = REGISTRY.get(first)
    from archcost.spec.helps.structure import several_kinds_help

    close = close_names(second, MODIFIERS)
    known, names_kind = several_kinds_help(value, first, second, reader.meter)
    if names_kind:
        hint = known
    elif op is not None and second in op.fields:
        hint = known + ("" if value.flow else f", or indent `{second}` further than `{first}`")
    elif merge_help(second):
        hint = merge_help(second)
    elif second.count(")") > second.count("("):
        hint = QUOTE_IN_FLOW
    elif close:
        hint = f"did you mean '{close[0]}'?"
    elif known:
        hint = known
    else:
        hint = f"start each step with its own `- `; the modifiers beside a kind are {', '.join(MODIFIERS)}"
    key = value.entries[second][0]
    reader.report(f"a step has one kind, got '{brief(value.entries[first][0])}' and '{brief(key)}'", key, hint)
    return not names_kind


def _read_attributes(reader: Reader, step: Step, value: Value) -> None:
    if isinstance(value, Scalar) and value.value is None:
        return
    if not isinstance(value, Mapping):
        template = reader.template(value)
        step.broken = template is None
        if template is not None:
            step.alone = Attribute(template, value.mark)
            step.uses_input = template.uses_input
        return
    for name, (key, given) in value.entries.items():
        if merge_help(name):
            reader.report("attributes cannot be merged with `<<`", key, merge_help(name))
        way_out = _misplaced(step, name, given) if isinstance(given, Mapping) else str
        template = None if merge_help(name) else reader.template(given, way_out)
        if template is None:
            step.broken = True
            continue
        step.attributes[name] = Attribute(template, key.mark)
        step.uses_input = step.uses_input or template.uses_input


def _misplaced(step: Step, name: str, value: Value) -> Callable[[], str]:
    """What gives the help for a mapping in place of an attribute's value: it may be a modifier's."""

    def way_out() -> str:
        from archcost.spec.helps.structure import modifier_help

        return modifier_help(step.kind, name, value) if isinstance(step.kind, str) and name in MODIFIERS else ""

    return way_out


def _list_help(reader: Reader, value: Value) -> str:
    from archcost.spec.helps.structure import list_step_help

    return list_step_help(value, reader.meter) if isinstance(value, Sequence) else ""


# --- modifiers: each sets its part of the step, and returns whether it could be read ----------------------------------


def _read_id(reader: Reader, step: Step, value: Value) -> bool:
    if not isinstance(value, Scalar) or value.value is None or value.text.startswith("$"):
        hint = "the rounds of `repeat` are id.0, id.1 …" if isinstance(value, Scalar) and value.text else ""
        reader.report(f"'id' is a plain name, got {brief(value)}", value, hint)
        return True
    step.id = Reference(value.text, value.mark)
    reader.label(value, "a step")
    return True


def _read_from(reader: Reader, step: Step, value: Value) -> bool:
    step.sources = reader.references(value, "from")
    return True


def _read_branches(reader: Reader, step: Step, value: Value) -> bool:
    mapping = reader.mapping(value, "'branches'")
    if mapping is None:
        return False
    step.branches = {}
    if not mapping.entries:
        reader.report("'branches' is empty", value, "a branch is `name: [steps]`; `name: []` passes the input on")
        return False
    for name, (label, given) in mapping.entries.items():
        reader.meter.spend(BODY, label.mark)
        reader.label(label, "a branch")
        step.branches[name] = _read_branch(reader, label, given)
    return True


def _read_branch(reader: Reader, label: Scalar, value: Value) -> Branch:
    what = f"the branch '{brief(label)}'"
    if not isinstance(value, Mapping):
        return Branch(read_steps(reader, value, what), None, label.mark)
    if "layers" not in value.entries and "from" not in value.entries:
        hint = f"a branch is a list of steps, `{brief(label)}: [step, step]`, or `{{from: id, layers: [step]}}`"
        reader.report(f"{what} has neither steps nor `from`", value, hint)
        return Branch([_broken("", value)], None, label.mark)
    reader.keys(value, ("from", "layers"), what)
    sources = reader.references(value.entries["from"][1], "from") if "from" in value.entries else None
    steps = read_steps(reader, value.entries["layers"][1], what) if "layers" in value.entries else []
    return Branch(steps, sources, label.mark)


def _read_when(reader: Reader, step: Step, value: Value) -> bool:
    step.when = reader.template(value)
    return step.when is not None


def _read_repeat(reader: Reader, step: Step, value: Value) -> bool:
    if isinstance(value, Mapping) and not is_lone_brace(value):
        from archcost.spec.helps.structure import repeat_help

        reader.report("'repeat' is a number or a list, got a mapping", value, repeat_help(value))
        step.repeat = Template(UNKNOWN, value.mark)
        return False
    count = reader.template(value)
    step.repeat = count or Template(UNKNOWN, value.mark)
    return count is not None


def _read_as(reader: Reader, step: Step, value: Value) -> bool:
    if not isinstance(value, Scalar):
        reader.report(f"'as' is a name for the index of `repeat`, got {brief(value)}", value)
    elif reader.name(value, "an index"):
        step.repeat_as = value.text
        return True
    step.repeat_as = ""
    return False


def _read_share(reader: Reader, step: Step, value: Value) -> bool:
    if not isinstance(value, Scalar) or value.value is None or value.text.startswith("$"):
        hint = "write out the id of a step before this one, or its path from the top: `share: encoder.0.attn`"
        reader.report(f"'share' is the id or path of a step, got {brief(value)}", value, hint)
        return True
    step.share = Reference(value.text, value.mark)
    return True


def _read_requires_grad(reader: Reader, step: Step, value: Value) -> bool:
    step.requires_grad = reader.template(value)
    return step.requires_grad is not None


_MODIFIERS = {
    "id": _read_id,
    "from": _read_from,
    "branches": _read_branches,
    "when": _read_when,
    "repeat": _read_repeat,
    "as": _read_as,
    "share": _read_share,
    "requires_grad": _read_requires_grad,
}
