"""What a spec declares and nobody uses: params of the spec and of its blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import WARNING, Diagnostic
from archcost.spec.model import all_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.spec.expressions import Expression
    from archcost.spec.model import Block, Param, References, Spec, Step
    from archcost.spec.template import Template

MEANT = "_"  # at the beginning of a name: it is meant that nobody uses it
_WORD = re.compile(r"\w+")


class UnusedParam(NamedTuple):
    """A param that no expression names; of a block, or of the spec, whose ``block`` is empty."""

    block: str
    name: str
    param: Param


def unused_params(spec: Spec) -> Iterator[Diagnostic]:
    """A warning for each param that no expression names."""
    for block, name, param in unused(spec):
        owner = f"block '{block}'" if block else "spec"
        hint = f"use it as `${name}`, leave it out, or call it `{MEANT}{name}` if that is meant"
        yield Diagnostic(f"the param '{name}' of the {owner} is never used", param.mark, hint, severity=WARNING)


def unused(spec: Spec) -> Iterator[UnusedParam]:
    """Each param that no expression names; of a library, its blocks' alone.

    Where the params of a block shadow those of the spec, the block's own are used. A block that an expression chooses
    takes what the others take that it chooses from, so its params are no mistake.
    """
    top: set[str] = set()
    found: list[UnusedParam] = []
    chosen = _chosen(spec)
    for block in spec.blocks.values():
        names = _names(block)
        top |= names - block.params.keys() | _own_defaults(block)
        found += _unused(block.params, names, block.name) if block.name not in chosen else ()
    top |= _names(spec.main)
    for declaration in spec.inputs.values():
        top |= _of_template(declaration.shape)
    for param in spec.params.values():
        top |= _of_template(param.default)
    if spec.main.steps:
        declared_here = {name: param for name, param in spec.params.items() if param.mark.source is spec.text_source}
        yield from _unused(declared_here, top, "")  # those of a spec that it extends are told of that one
    yield from found


def _unused(params: dict[str, Param], names: set[str], block: str) -> Iterator[UnusedParam]:
    for name, param in params.items():
        if name not in names and not name.startswith(MEANT):
            yield UnusedParam(block, name, param)


def _chosen(spec: Spec) -> set[str]:
    """The words in the expressions that choose a kind, those of blocks among them."""
    steps = [step for block in (spec.main, *spec.blocks.values()) for step, _ in all_steps(block.steps)]
    return {word for step in steps if not isinstance(step.kind, str) for word in _WORD.findall(step.kind.text)}


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
