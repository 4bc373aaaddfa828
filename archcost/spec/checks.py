"""Checks that need every block at once: kinds, attributes, required params, ids, names and recursion.

Ops whose attributes are all constant are built here, once; the others are built when the spec is unrolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic, suggestion
from archcost.ops import REGISTRY
from archcost.ops.base import Op, OpError, raise_on_false
from archcost.ops.fields import REQUIRED, AttributeValueError
from archcost.spec.expressions import INPUT_NAMES
from archcost.spec.step_reader import kind_help
from archcost.spec.value_reader import merge_help

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from archcost.errors import Mark
    from archcost.meter import Meter
    from archcost.ops.base import Check
    from archcost.spec.expressions import Expression
    from archcost.spec.model import Block, References, Spec, Step, Template

_SHOWN = 60  # characters of a name in a message
_SHOWN_CYCLE = 8  # blocks of a cycle in a message


class StepError(Exception):
    """An attribute of an op is unknown, missing or wrong; holds the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def link(spec: Spec) -> None:
    """Check every step of a spec and of its blocks."""
    for name, block in spec.blocks.items():
        if name in REGISTRY:
            spec.problems.add(Diagnostic(f"the block '{name}' has the name of an op", block.mark, "rename the block"))
    own = (spec.text_source, *spec.bases)
    top = frozenset({"batch", "training", *INPUT_NAMES, *spec.params})
    for block in (spec.main, *spec.blocks.values()):
        for step in _all_steps(block.steps):
            _link_step(step, spec)
        _check_ids(block.steps, block.inputs, spec)
        if block is spec.main or (spec.main.steps and block.mark.source in own):
            _Names(spec, block, top).check()
    _check_recursion(spec)


def _all_steps(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for branch in (step.branches or {}).values():
            yield from _all_steps(branch.steps)


def _link_step(step: Step, spec: Spec) -> None:
    kind = step.kind
    if not isinstance(kind, str) or not kind:
        return
    try:
        if kind in spec.blocks:
            if spec.blocks[kind].broken:
                step.broken = True
            else:
                check_params(step, spec.blocks[kind], spec.meter)
        elif kind in REGISTRY:
            _link_op(step, REGISTRY[kind])
        else:
            step.broken = True
            if not spec.incomplete:
                hint = kind_help(kind, spec.blocks, spec.meter, step.mark)
                spec.problems.add(Diagnostic(f"unknown kind '{_brief(kind)}'", step.mark, merge_help(kind) or hint))
    except StepError as problem:
        step.broken = True
        spec.problems.add(problem.diagnostic)


def _link_op(step: Step, kind: type[Op]) -> None:
    values = {name: given.template.value for name, given in step.attributes.items() if given.template.constant}
    marks = {name: given.mark for name, given in step.attributes.items()}
    if not step.broken:
        step.op = build_op(kind, values, marks, step.mark, partial=len(values) < len(marks))


def check_params(step: Step, block: Block, meter: Meter) -> None:
    """The attributes of a block step name params of the block, and give those that are required."""
    for name, given in step.attributes.items():
        if name not in block.params:
            meter.spend(len(block.params), given.mark)
            hint = (
                suggestion(name, block.params, "params", meter.hints)
                if block.params
                else f"'{block.name}' has no params"
            )
            message = f"unknown param '{_brief(name)}' of the block '{block.name}'"
            raise StepError(Diagnostic(message, given.mark, merge_help(name) or hint))
    missing = [name for name, param in block.params.items() if param.default is None and name not in step.attributes]
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
    for name, where in marks.items():
        if name not in fields:
            hint = suggestion(name, list(fields), "attributes") if fields else f"{kind.kind} has no attributes"
            hint = merge_help(name) or hint or f"its attributes are {', '.join(fields)}"
            raise StepError(Diagnostic(f"unknown attribute '{_brief(name)}' of {kind.kind}", where, hint))
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


def _check_values(kind: type[Op], values: dict[str, Any], marks: dict[str, Mark]) -> None:
    """Judge each value by itself; raises StepError at the first attribute that is wrong."""
    for name, value in values.items():
        try:
            kind.fields[name].parse(value, kind.ndim)
        except AttributeValueError as error:
            raise StepError(Diagnostic(f"'{name}' of {kind.kind}: {error}", marks[name])) from None


def _give(kind: str, missing: list[str]) -> str:
    return f"write `{kind}: {{{', '.join(f'{name}: …' for name in missing)}}}`"


def _brief(name: str) -> str:
    text = " ".join(name.split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _check_ids(steps: list[Step], inputs: list[str], spec: Spec) -> None:
    """Ids are unique among the steps of a list; those in a branch are apart."""
    first: dict[str, Mark | None] = dict.fromkeys(inputs)
    for step in steps:
        if step.id is not None:
            name, mark = step.id
            if name in first:
                other = first[name]
                note = f"it is that of the step at {other}" if other else "it is that of an input"
                message = f"the id '{_brief(name)}' is taken in this scope"
                spec.problems.add(Diagnostic(message, mark, "ids are unique among the steps of a list", (note,)))
            first.setdefault(name, mark)
        for branch in (step.branches or {}).values():
            _check_ids(branch.steps, [], spec)


class _Names:
    """Checks that the expressions of a block use names that there are, also where nothing is unrolled."""

    def __init__(self, spec: Spec, block: Block, top: frozenset[str]) -> None:
        self.spec = spec
        self.block = block
        self.top = top
        self.own: set[str] = set()  # the params of the block so far
        self.indices: tuple[str, ...] = ()  # of the steps around that are repeated

    def check(self) -> None:
        """Report every unknown name."""
        for name, param in self.block.params.items():
            self._template(param.default, self.block.params)
            self.own.add(name)
        self._steps(self.block.steps)
        self._references(self.block.outputs)

    def _steps(self, steps: list[Step]) -> None:
        around = self.indices
        for step in steps:
            if not step.repeat_as:
                continue  # any name may be that of the index, which could not be read
            wrong = [self._template(step.when), self._template(step.repeat), self._references(step.sources)]
            if not isinstance(step.kind, str):
                wrong.append(self._expression(step.kind))
            if step.repeat is not None:
                self.indices = (*around, step.repeat_as)
            wrong += [self._template(given.template) for given in step.attributes.values()]
            wrong.append(self._template(step.requires_grad))
            step.broken = step.broken or any(wrong)
            for branch in (step.branches or {}).values():
                self._references(branch.sources)
                self._steps(branch.steps)
            self.indices = around

    def _is_known(self, name: str) -> bool:
        return name in self.top or name in self.own or name in self.indices

    def _template(self, template: Template | None, later: Container[str] = ()) -> bool:
        if template is None or template.constant:
            return False
        found = [self._expression(expression, later) for expression in template.expressions]  # all are reported
        return any(found)

    def _references(self, references: References | None) -> bool:
        return self._expression(references) if references and not isinstance(references, list) else False

    def _expression(self, expression: Expression, later: Container[str] = ()) -> bool:
        unknown = sorted([name for name in expression.names if not self._is_known(name)])
        for name in unknown:
            names = [*self.top, *self.own, *self.indices]
            self.spec.problems.add(expression.unknown_name(name, names, self.spec.meter, later))
        return bool(unknown)


def _check_recursion(spec: Spec) -> None:
    """Report blocks that use themselves, directly or through others; the step that closes the circle is broken."""
    uses = {
        name: [step for step in _all_steps(block.steps) if isinstance(step.kind, str) and step.kind in spec.blocks]
        for name, block in spec.blocks.items()
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
                message = f"blocks may not use themselves: {cycle_text([*names[names.index(used) :], used])}"
                spec.problems.add(Diagnostic(message, step.mark, "use `repeat` for repetition"))
            elif used not in done:
                trail[used] = iter(uses[used])


def cycle_text(names: list[str]) -> str:
    """The blocks of a cycle, the middle of a long one left out."""
    if len(names) > _SHOWN_CYCLE:
        names = [*names[: _SHOWN_CYCLE // 2], "…", *names[-_SHOWN_CYCLE // 2 :]]
    return " → ".join(names)
