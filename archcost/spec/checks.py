"""Checks that need every block at once: kinds, attributes, required params, ids, names and recursion.

Ops whose attributes are all constant are built here, once; the others are built when the spec is unrolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic, suggestion
from archcost.ops import REGISTRY
from archcost.ops.base import INFERRED_SIZE, Op, OpError, asserted_size, raise_on_false
from archcost.ops.fields import REQUIRED, AttributeValueError
from archcost.spec.expressions import INPUT_NAMES
from archcost.spec.given import given_to
from archcost.spec.known_names import KnownNames
from archcost.spec.model import all_steps
from archcost.spec.vocabulary import GROUP_INPUT
from archcost.spec.ways_out import ALONE, Surroundings, brief_name, unknown_kind, with_help

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from archcost.dims import Dim
    from archcost.errors import Mark
    from archcost.meter import Meter
    from archcost.ops.base import Check
    from archcost.spec.given import Given
    from archcost.spec.model import Attribute, Block, Spec, Step

_SHOWN_NAMES = 8  # of attributes in a message
_MOST_OTHERS = 49  # problems of one step that are told with its first one
_SHOWN_CYCLE = 8  # blocks of a cycle in a message


class StepError(Exception):
    """A step is wrong; holds the diagnostic, and of one attribute that is wrong its name and value.

    ``others`` are what is wrong with the step besides; ``cause`` is the param that was set to what it is not.
    """

    def __init__(
        self,
        diagnostic: Diagnostic,
        wrong: tuple[str, Any] | None = None,
        others: Sequence[StepError] = (),
        cause: str = "",
    ) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.wrong = wrong
        self.others = others
        self.cause = cause


def _raise_all(problems: Sequence[StepError]) -> None:
    """Raise the first of the problems of a step, with the others, if there are any."""
    if problems:
        first, *others = problems
        raise StepError(first.diagnostic, first.wrong, others)


def link(spec: Spec) -> None:
    """Check every step of a spec and of its blocks."""
    for name, block in spec.blocks.items():
        if name in REGISTRY:
            spec.notes.append(Diagnostic(f"the block '{name}' is used in place of the op of this name", block.mark))
    own = (spec.text_source, *spec.bases)
    top = frozenset({"batch", "training", *INPUT_NAMES, *spec.params})
    for block in (spec.main, *spec.blocks.values()):
        for step, indices in all_steps(block.steps):
            names = (top, block.params, indices)
            _link_step(step, spec, Surroundings(names, spec.blocks, spec.meter, step.mark))
        _check_ids(block.steps, block.inputs, spec)
        if block is spec.main or (spec.main.steps and block.mark.source in own):
            KnownNames(spec, block, top).check()
    _check_recursion(spec)


def _link_step(step: Step, spec: Spec, around: Surroundings) -> None:
    kind = step.kind
    if not isinstance(kind, str):
        sizes = {asserted_size(op) for op in REGISTRY.values()}
        step.asserted = next((given for name, given in step.attributes.items() if name in sizes), None)  # it may be one
    if step.group is not None or not isinstance(kind, str) or not kind:
        return
    try:
        if kind in spec.blocks or kind in REGISTRY:
            step.attributes, step.asserted = given_by(step, kind, spec.blocks)
            step.alone = None
        if kind in spec.blocks:
            if spec.blocks[kind].broken:
                step.broken = True
            else:
                check_params(step, step.attributes, spec.blocks[kind], spec.meter)
        elif kind in REGISTRY:
            if step.reads_several and REGISTRY[kind].on_weight:
                step.kind = kind = REGISTRY[kind].on_weight
            _link_op(step, REGISTRY[kind])
        else:
            step.broken = True
            if not spec.incomplete:
                spec.problems.add(unknown_kind(step, kind, around))
    except StepError as problem:
        step.broken = True
        _tell_all(problem, step, kind, spec, around)


def _tell_all(problem: StepError, step: Step, kind: str, spec: Spec, around: Surroundings) -> None:
    """Report what is wrong with a step, as far as anybody reads; what has the same help is one problem."""
    by_help: dict[str, list[StepError]] = {}
    for each in (problem, *problem.others[:_MOST_OTHERS]):
        by_help.setdefault(with_help(each, step, kind, around).help, []).append(each)
    for hint, same in by_help.items():
        first = same[0].diagnostic._replace(help=hint)
        names = [each.wrong[0] for each in same if each.wrong is not None]
        spec.problems.add(first._replace(message=_unknown(names, kind, spec.blocks)) if len(same) > 1 else first)


def _unknown(names: Sequence[str], kind: str, blocks: Container[str]) -> str:
    """The message that a kind has no attributes, or a block no params, of these names."""
    what, owner = ("param", f"the block '{kind}'") if kind in blocks else ("attribute", kind)
    listed = ", ".join([f"'{brief_name(name)}'" for name in names[:_SHOWN_NAMES]])
    more = ", …" if len(names) > _SHOWN_NAMES else ""
    return f"unknown {what}{'s' * (len(names) > 1)} {listed}{more} of {owner}"


def given_by(step: Step, kind: str, blocks: Mapping[str, Block]) -> Given:
    """What a step gives a kind; raises StepError for a value alone that says nothing to it."""
    given = given_to(step, kind, blocks)
    if isinstance(given, Diagnostic):
        raise StepError(given, ALONE)
    return given


def _link_op(step: Step, kind: type[Op]) -> None:
    values = {name: given.template.value for name, given in step.attributes.items() if given.template.constant}
    marks = {name: given.mark for name, given in step.attributes.items()}
    if step.asserted is not None and step.asserted.template.constant:
        asserted_value(kind, step.asserted, step.asserted.template.value)
    if not step.broken:
        step.op = build_op(kind, values, marks, step.mark, partial=len(values) < len(marks))


def check_params(step: Step, attributes: dict[str, Attribute], block: Block, meter: Meter) -> None:
    """The attributes of a block step name params of the block, and give those that are required."""
    unknown = []
    for name, given in attributes.items():
        if name not in block.params:
            meter.spend(len(block.params), given.mark)
            hint = (
                suggestion(name, block.params, "params", meter.hints)
                if block.params
                else f"'{block.name}' has no params"
            )
            message = _unknown([name], block.name, (block.name,))
            unknown.append(StepError(Diagnostic(message, given.mark, hint), (name, given.template.value)))
    _raise_all(unknown)
    missing = [name for name, param in block.params.items() if param.default is None and name not in attributes]
    if missing and not step.broken:
        names = ", ".join(f"'{name}'" for name in missing)
        raise StepError(Diagnostic(f"the block '{block.name}' needs {names}", step.mark, _give(block.name, missing)))


def build_op(
    kind: type[Op], values: dict[str, Any], marks: dict[str, Mark], mark: Mark, *, partial: bool = False
) -> Op | None:
    """The op with these attribute values; raises StepError at the very attribute.

    With ``partial``, only the given values are judged (others are expressions) and None is returned.
    """
    check_names(kind, marks, mark)
    if partial:
        _check_values(kind, values, marks)
        return None
    return made_op(kind, values, marks, mark, raise_on_false)


def check_names(kind: type[Op], marks: dict[str, Mark], mark: Mark) -> None:
    """Whether an op has these attributes, and all that it needs are among them; raises StepError."""
    fields = kind.fields
    _raise_all(
        [
            StepError(Diagnostic(_unknown([name], kind.kind, ()), where), (name, None))
            for name, where in marks.items()
            if name not in fields
        ]
    )
    missing = [name for name, field in fields.items() if field.default is REQUIRED and name not in marks]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        raise StepError(Diagnostic(f"{kind.kind} needs {names}", mark, _give(kind.kind, missing)))


def made_op(kind: type[Op], values: dict[str, Any], marks: dict[str, Mark], mark: Mark, check: Check) -> Op:
    """The op with the values of attributes that it has; raises StepError at the very attribute."""
    try:
        op = kind(**values)
        op.validate(check)
    except AttributeValueError:
        _check_values(kind, values, marks)
        raise
    except OpError as error:
        raise StepError(Diagnostic(f"{kind.kind}: {error.message}", mark, error.help)) from None
    return op


def asserted_value(kind: type[Op], asserted: Attribute, value: Any) -> Dim:
    """The size that a step says its input has; raises StepError for what is no size."""
    try:
        size: Dim = INFERRED_SIZE.parse(value, kind.ndim)
    except AttributeValueError as error:
        raise StepError(Diagnostic(f"'{kind.inferred}' of {kind.kind}: {error}", asserted.mark)) from None
    return size


def _check_values(kind: type[Op], values: dict[str, Any], marks: dict[str, Mark]) -> None:
    """Judge each value by itself; raises StepError at the first attribute that is wrong."""
    for name, value in values.items():
        try:
            kind.fields[name].parse(value, kind.ndim)
        except AttributeValueError as error:
            raise StepError(Diagnostic(f"'{name}' of {kind.kind}: {error}", marks[name]), (name, value)) from None


def _give(kind: str, missing: list[str]) -> str:
    return f"write `{kind}: {{{', '.join(f'{name}: …' for name in missing)}}}`"


def _check_ids(steps: list[Step], inputs: list[str], spec: Spec) -> None:
    """Ids are unique among the steps of a list; those in a branch are apart."""
    first: dict[str, Mark | None] = dict.fromkeys(inputs)
    for step in steps:
        if step.id is not None:
            name, mark = step.id
            if name in first:
                other = first[name]
                note = f"it is that of the step at {other}" if other else "it is that of an input"
                message = f"the id '{brief_name(name)}' is taken in this scope"
                spec.problems.add(Diagnostic(message, mark, "ids are unique among the steps of a list", (note,)))
            first.setdefault(name, mark)
        for inner in step.inner():
            _check_ids(inner, [GROUP_INPUT] if step.group is not None and inner is step.group.steps else [], spec)


def _check_recursion(spec: Spec) -> None:
    """Report blocks that use themselves in every case; the step that closes the circle is broken.

    A step with `when` or `repeat` may end it: whether it does is seen when the spec is unrolled.
    """
    uses = {
        name: [step for step in _certain(block.steps) if _uses_block(step, spec)] for name, block in spec.blocks.items()
    }
    done: set[str] = set()
    for start, first in uses.items():
        if start in done:
            continue
        trail: dict[str, Iterator[Step]] = {start: iter(first)}  # from the first block to the one looked at
        while trail:
            name, steps = next(reversed(trail.items()))
            step = next(steps, None)
            if step is None:
                done.add(name)
                del trail[name]
                continue
            used = str(step.kind)
            if used in trail:
                step.broken = True
                names = list(trail)
                spec.problems.add(endless([*names[names.index(used) :], used], step.mark))
            elif used not in done:
                trail[used] = iter(uses[used])


def _certain(steps: list[Step]) -> Iterator[Step]:
    """The steps that are made wherever a list of steps is."""
    for step in steps:
        if step.when is None and step.repeat is None:
            yield step
            for inner in step.inner():
                yield from _certain(inner)


def _uses_block(step: Step, spec: Spec) -> bool:
    return step.group is None and isinstance(step.kind, str) and step.kind in spec.blocks


def endless(names: list[str], mark: Mark, depth: str = "without end") -> Diagnostic:
    """The problem that a block uses itself and nothing ends it: the names from one use of it to the next."""
    hint = "give the step a `when` that ends, such as `when: $(levels > 1)`; or use `repeat`"
    return Diagnostic(f"the block '{names[0]}' uses itself {depth}: {cycle_text(names)}", mark, hint)


def cycle_text(names: list[str]) -> str:
    """The blocks of a cycle, the middle of a long one left out."""
    if len(names) > _SHOWN_CYCLE:
        names = [*names[: _SHOWN_CYCLE // 2], "…", *names[-_SHOWN_CYCLE // 2 :]]
    return " → ".join(names)
