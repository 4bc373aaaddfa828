"""Checks that need every block at once: kinds, attributes, required params, and recursion.

Ops whose attributes are all constant are built here, once; the others are built when the spec is unrolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import Diagnostic, suggestion
from archcost.ops import REGISTRY
from archcost.ops.base import Op, OpError, raise_on_false
from archcost.ops.fields import REQUIRED, AttributeValueError
from archcost.spec.steps import kind_help

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.errors import Mark
    from archcost.spec.model import Block, Spec, Step


class AttributeProblem(Exception):
    """An attribute of an op is unknown, missing or wrong; holds the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def link(spec: Spec, problems: list[Diagnostic]) -> None:
    """Check every step of a spec and of its blocks."""
    for name, block in spec.blocks.items():
        if name in REGISTRY:
            problems.append(Diagnostic(f"the block '{name}' has the name of an op", block.mark, "rename the block"))
    for block in (spec.main, *spec.blocks.values()):
        for step in _all_steps(block.steps):
            if isinstance(step.kind, str):
                _link_step(step, step.kind, spec, problems)
    _check_recursion(spec, problems)


def _all_steps(steps: list[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for branch in (step.branches or {}).values():
            yield from _all_steps(branch.steps)


def _link_step(step: Step, kind: str, spec: Spec, problems: list[Diagnostic]) -> None:
    if kind in spec.blocks:
        try:
            check_params(step, spec.blocks[kind])
        except AttributeProblem as problem:
            problems.append(problem.diagnostic)
    elif kind in REGISTRY:
        values = {name: given.template.value for name, given in step.attributes.items() if given.template.constant}
        marks = {name: given.mark for name, given in step.attributes.items()}
        try:
            op = build_op(REGISTRY[kind], values, marks, step.mark, partial=len(values) < len(marks))
        except AttributeProblem as problem:
            problems.append(problem.diagnostic)
        else:
            step.op = op
    else:
        problems.append(Diagnostic(f"unknown kind '{kind}'", step.mark, kind_help(kind, dict(spec.blocks))))


def check_params(step: Step, block: Block) -> None:
    """The attributes of a block step name params of the block, and give those that are required."""
    for name, given in step.attributes.items():
        if name not in block.params:
            known = list(block.params)
            hint = suggestion(name, known, "params") if known else f"'{block.name}' has no params"
            raise AttributeProblem(Diagnostic(f"unknown param '{name}' of the block '{block.name}'", given.mark, hint))
    missing = [name for name, param in block.params.items() if param.default is None and name not in step.attributes]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        raise AttributeProblem(Diagnostic(f"the block '{block.name}' needs {names}", step.mark, _give(block.name, missing)))


def build_op(
    kind: type[Op], values: dict[str, Any], marks: dict[str, Mark], mark: Mark, *, partial: bool = False
) -> Op | None:
    """The op with these attribute values; raises AttributeProblem at the very attribute.

    With ``partial``, only the given values are judged (others are expressions) and None is returned.
    """
    fields = kind.fields
    for name, where in marks.items():
        if name not in fields:
            hint = suggestion(name, list(fields), "attributes") if fields else f"{kind.kind} has no attributes"
            raise AttributeProblem(Diagnostic(f"unknown attribute '{name}' of {kind.kind}", where, hint))
    missing = [name for name, field in fields.items() if field.default is REQUIRED and name not in marks]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        raise AttributeProblem(Diagnostic(f"{kind.kind} needs {names}", mark, _give(kind.kind, missing)))
    for name, value in values.items():
        try:
            fields[name].parse(value, kind.ndim)
        except AttributeValueError as error:
            raise AttributeProblem(Diagnostic(f"'{name}' of {kind.kind}: {error}", marks[name])) from None
    if partial:
        return None
    op = kind(**values)
    try:
        op.validate(raise_on_false)
    except OpError as error:
        raise AttributeProblem(Diagnostic(f"{kind.kind}: {error.message}", mark, error.help)) from None
    return op


def _give(kind: str, missing: list[str]) -> str:
    return f"write `{kind}: {{{', '.join(f'{name}: …' for name in missing)}}}`"


def _check_recursion(spec: Spec, problems: list[Diagnostic]) -> None:
    """Report blocks that use themselves, directly or through others."""
    uses = {
        name: {
            step.kind: step.mark
            for step in _all_steps(block.steps)
            if isinstance(step.kind, str) and step.kind in spec.blocks
        }
        for name, block in spec.blocks.items()
    }
    done: set[str] = set()
    for start in uses:
        trail: list[str] = []
        _walk(start, uses, trail, done, problems)


def _walk(
    name: str, uses: dict[str, dict[str, Mark]], trail: list[str], done: set[str], problems: list[Diagnostic]
) -> None:
    if name in done:
        return
    trail.append(name)
    for used, mark in uses[name].items():
        if used in trail:
            cycle = " → ".join([*trail[trail.index(used) :], used])
            problems.append(Diagnostic(f"blocks may not use themselves: {cycle}", mark, "use `repeat` for repetition"))
        elif len(trail) < 1000:  # noqa: PLR2004 - below the interpreter's recursion limit; unrolling stops at 64
            _walk(used, uses, trail, done, problems)
    trail.pop()
    done.add(name)
