"""Blocks: the names that their bodies see, and copying an unrolled body to where the block is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.graph.context import with_input
from archcost.graph.model import Node, Scope, new
from archcost.graph.scope import Body, Result, Values
from archcost.paths import DOT
from archcost.spec.expressions import Names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.errors import Mark
    from archcost.graph.model import TensorType
    from archcost.spec.model import Block


def block_names(top: Names, block: Block, given: dict[str, Any], tensor: TensorType) -> Names:
    """The top-level names and the block's params: those given, and defaults over what comes before them."""
    names = Names({}, top)
    for param, declaration in block.params.items():
        if param in given:
            names[param] = given[param]
        elif declaration.default is not None:
            scope = with_input(names, tensor) if declaration.default.uses_input else names
            names[param] = declaration.default.evaluate(scope)
    return names


def copy_body(
    sub: Body, body: Body, path: str, inputs: list[int], kind: str, mark: Mark, params: Mapping[str, Any]
) -> Result:
    """Append the nodes of a block's body under a path, its inputs bound to values of this one."""
    nodes, offset, shift = body.nodes, len(body.nodes), len(body.types)
    if sub.failed_at is not None and body.failed_at is None:
        body.failed_at = offset + sub.failed_at
    prefix = path + DOT
    for tail, signature, reads, first, shared, where in sub.nodes:
        if len(reads) == 1:
            value = reads[0]
            bound: tuple[int, ...] = (value + shift if value >= 0 else inputs[-1 - value],)
        else:
            bound = tuple([value + shift if value >= 0 else inputs[-1 - value] for value in reads])
        owner = shared if shared < 0 else shared + offset
        nodes.append(new(Node, (prefix + tail, signature, bound, first + shift, owner, where)))
    body.types.extend(sub.types)
    for tail, scope_kind, results, where, takes, resolved in sub.scopes:
        bound = tuple([value + shift if value >= 0 else inputs[-1 - value] for value in results])
        taken = tuple([value + shift if value >= 0 else inputs[-1 - value] for value in takes])
        body.scopes.append(Scope(prefix + tail, scope_kind, bound, where, taken, resolved))
    outputs: Values = tuple(
        [value if value is None else value + shift if value >= 0 else inputs[-1 - value] for value in sub.outputs]
    )
    body.scopes.append(Scope(path, kind, whole(outputs), mark, tuple(inputs), params))
    return Result(outputs, len(outputs) == 1, offset, len(nodes))


def whole(values: Values) -> tuple[int, ...]:
    """The values of a group; none where one of them is not known."""
    return () if None in values else values  # type: ignore[return-value]
