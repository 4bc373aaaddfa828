"""What a step gives its kind: a value alone gets a name, and a size that follows from the input is set apart.

Both depend on the kind, so they are told apart once it is known: for most steps when the spec is linked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import Diagnostic
from archcost.ops import REGISTRY
from archcost.ops.base import alone, asserted_size
from archcost.ops.fields import REQUIRED, AttributeValueError, shown
from archcost.spec.expressions import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.spec.model import Attribute, Block, Step
    from archcost.spec.template import Template


_SHOWN_IDS = 3  # in a help


class Given(NamedTuple):
    """The attributes of a step, and the size that its input must have, if the step says one."""

    attributes: dict[str, Attribute]
    asserted: Attribute | None = None


def given_to(step: Step, kind: str, blocks: Mapping[str, Block]) -> Given | Diagnostic:
    """What a step gives a kind, or why a value alone says nothing to it."""
    block = blocks.get(kind)
    attributes = step.attributes
    if step.alone is not None:
        name = _alone_in_block(block) if block is not None else alone(REGISTRY[kind])
        if not name:
            value = step.alone.template
            message = f"the attributes of {kind} are a mapping of names to values, got {_text(value)}"
            return Diagnostic(message, step.alone.mark, _mapping_help(kind, block, value))
        attributes = {name: step.alone}
        refusal = _refusal(kind, name, step.alone) if block is None else None
        if refusal is not None:
            return refusal
    size = "" if block is not None else asserted_size(REGISTRY[kind])
    if size not in attributes:
        return Given(attributes)
    return Given({name: given for name, given in attributes.items() if name != size}, attributes[size])


def _refusal(kind: str, name: str, given: Attribute) -> Diagnostic | None:
    """Why a value alone is none that the attribute takes; None if it may be one."""
    op, value = REGISTRY[kind], given.template.value
    if not given.template.constant or value is UNKNOWN:
        return None
    try:
        op.fields[name].parse(value, op.ndim)
    except AttributeValueError as error:
        doc = op.fields[name].doc
        hint = f"`{kind}: …` is short for `{kind}: {{{name}: …}}`" + (f"; {doc}" if doc else "")
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value) and op.max_inputs != 1:
            hint = f"what a step reads stands beside its kind: `{{{kind}, from: [{', '.join(value[:_SHOWN_IDS])}]}}`"
        return Diagnostic(f"'{name}' of {kind}: {error}", given.mark, hint)
    return None


def _alone_in_block(block: Block) -> str:
    """The param of a block that a value alone stands for: the only one that is required."""
    required = [name for name, param in block.params.items() if param.default is None]
    return required[0] if len(required) == 1 else ""


def _mapping_help(kind: str, block: Block | None, value: Template) -> str:
    """The mapping that is meant by a value alone, as far as that can be told."""
    if block is not None:
        names = list(block.params)
        required = [name for name in names if block.params[name].default is None]
    else:
        names = [name for name in REGISTRY[kind].fields if name != "inplace"]
        required = [name for name in names if REGISTRY[kind].fields[name].default is REQUIRED]
        size = asserted_size(REGISTRY[kind])
        if size and not required:
            return f"write `{kind}` alone: {size} follows from the input"
    if not names or (isinstance(value.value, bool) and not required):
        return f"write `{kind}` alone"
    if required:
        several = isinstance(value.value, list) and value.constant and len(value.value) == len(required)
        texts = [shown(item) for item in value.value] if several else [_text(value), *["…"] * (len(required) - 1)]
        pairs = [f"{name}: {text}" for name, text in zip(required, texts, strict=True)]
        return f"write `{kind}: {{{', '.join(pairs)}}}`"
    others = f"; or {', '.join(names[1:])}" if len(names) > 1 else ""
    return f"name it: `{kind}: {{{names[0]}: {_text(value)}}}`{others}"


def _text(template: Template) -> str:
    value: Any = template.value
    if isinstance(value, list):
        return "a list" if not template.constant else shown(value)
    return shown(value) if template.constant else str(value.text)
