"""What a spec declares and nobody uses: params of the spec and of its blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import WARNING, Diagnostic
from archcost.spec.model import all_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.spec.expressions import Expression
    from archcost.spec.model import Block, Param, References, Spec, Step
    from archcost.spec.template import Template

MEANT = "_"  # at the beginning of a name: it is meant that nobody uses it


def unused_params(spec: Spec) -> Iterator[Diagnostic]:
    """A warning for each param that no expression names; of a library, its blocks' alone.

    Where the params of a block shadow those of the spec, the block's own are used.
    """
    top: set[str] = set()
    found: list[Diagnostic] = []
    for block in spec.blocks.values():
        names = _names(block)
        top |= names - block.params.keys() | _own_defaults(block)
        found += _unused(block.params, names, f"block '{block.name}'")
    top |= _names(spec.main)
    for declaration in spec.inputs.values():
        top |= _of_template(declaration.shape)
    for param in spec.params.values():
        top |= _of_template(param.default)
    if spec.main.steps:
        declared_here = {name: param for name, param in spec.params.items() if param.mark.source is spec.text_source}
        yield from _unused(declared_here, top, "spec")  # those of a spec that it extends are told of that one
    yield from found


def _unused(params: dict[str, Param], names: set[str], owner: str) -> Iterator[Diagnostic]:
    for name, param in params.items():
        if name not in names and not name.startswith(MEANT):
            hint = f"use it as `${name}`, leave it out, or call it `{MEANT}{name}` if that is meant"
            yield Diagnostic(f"the param '{name}' of the {owner} is never used", param.mark, hint, severity=WARNING)


def _own_defaults(block: Block) -> set[str]:
    """The names in the defaults of a block's params: those of later params are the spec's there."""
    return {name for param in block.params.values() for name in _of_template(param.default)}


def _names(block: Block) -> set[str]:
    """All names in the expressions of a block or model."""
    found = _own_defaults(block) | _of_references(block.outputs)
    for step, _ in all_steps(block.steps):
        found |= _of_step(step)
    return found


def _of_step(step: Step) -> set[str]:
    found: set[str] = set() if isinstance(step.kind, str) else set(step.kind.names)
    attributes = [*step.attributes.values(), *filter(None, (step.alone, step.asserted))]
    for template in (step.when, step.repeat, step.requires_grad, *[given.template for given in attributes]):
        found |= _of_template(template)
    for references in (step.sources, *[branch.sources for branch in (step.branches or {}).values()]):
        found |= _of_references(references)
    return found


def _of_template(template: Template | None) -> set[str]:
    expressions: tuple[Expression, ...] = () if template is None else template.expressions
    return {name for expression in expressions for name in expression.names}


def _of_references(references: References | None) -> set[str]:
    return set() if references is None or isinstance(references, list) else set(references.names)
