"""Blocks: the names that their bodies see, and copying an unrolled body to where the block is used again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.graph.context import with_input
from archcost.graph.model import Node, Scope, new
from archcost.graph.params import freeze
from archcost.paths import DOT
from archcost.spec.expressions import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.graph.model import TensorType
    from archcost.graph.scope import Body, Values
    from archcost.spec.model import Block, Step


def block_names(top: Names, block: Block, given: dict[str, Any], inputs: tuple[TensorType, ...]) -> Names:
    """The top-level names and the block's params: those given, and defaults over what comes before them.

    A name that stands for any number of inputs is the list of their shapes.
    """
    names = Names({}, top)
    if block.takes_more:
        names[block.inputs[-1]] = [list(tensor.shape) for tensor in inputs[len(block.inputs) - 1 :]]
    for param, declaration in block.params.items():
        if param in given:
            names[param] = given[param]
        elif declaration.default is not None:
            scope = with_input(names, inputs[0]) if declaration.default.uses_input else names
            names[param] = declaration.default.evaluate(scope)
    return names


class ResolvedParams:
    """The names that a body sees, for what a step gives and the inputs; ``key`` are the values of its params."""

    __slots__ = ("block", "given", "inputs", "key", "names")

    def __init__(
        self, block: Block, given: tuple[Any, ...], inputs: tuple[TensorType, ...], names: Names, key: tuple[Any, ...]
    ) -> None:
        self.block = block
        self.given = given
        self.inputs = inputs
        self.names = names
        self.key = key


class Unrolled(NamedTuple):
    """Where the body of a block stands that is unrolled: its nodes, scopes and values, and what it took from outside.

    ``cut`` is the length of the path in front of its own; ``main`` says that its first output is the main one; ``work``
    is that of its layers: what copying it takes.
    """

    nodes: range
    scopes: range
    first_value: int
    end_value: int
    cut: int
    inputs: tuple[int, ...]
    outputs: Values
    main: bool
    work: int


class Bodies:
    """The bodies that were unrolled, by what they depend on, in the order in which they ended."""

    def __init__(self, top: Names) -> None:
        self.known: dict[Any, Unrolled] = {}
        self._top = top
        self._last: dict[int, ResolvedParams] = {}  # by the steps that use blocks

    def resolved(
        self, step: Step, block: Block, given: dict[str, Any], inputs: tuple[TensorType, ...]
    ) -> ResolvedParams:
        """The params of a block where a step uses it: most rounds of a step give what the round before gave.

        Of a block with a fixed number of inputs they depend on the first one alone.
        """
        frozen = _frozen(given.values())
        last = self._last.get(id(step))
        if last is not None and last.given == frozen and last.inputs == inputs and last.block is block:
            return last
        names = block_names(self._top, block, given, inputs)
        key = _frozen([names[param] for param in block.params])
        found = self._last[id(step)] = ResolvedParams(block, frozen, inputs, names, key)
        return found

    def forget(self, start: int) -> None:
        """Forget the bodies that begin at a node or after it: its nodes are about to differ from what was unrolled."""
        while self.known and next(reversed(self.known.values())).nodes.start >= start:
            self.known.popitem()


def _frozen(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple([one if type(one) is int else freeze(one) for one in values])


def copy_body(sub: Unrolled, body: Body, path: str, inputs: tuple[int, ...]) -> Values:
    """Append the nodes and scopes of a block's body once more, under a path and bound to other inputs; its outputs.

    Which of the inputs are the same value must be as it was: what the body reads is told apart by it.
    """
    nodes, first_value, cut = body.nodes, sub.first_value, sub.cut
    offset, shift = len(nodes) - sub.nodes.start, len(body.types) - first_value
    given = dict(zip(sub.inputs, inputs, strict=True))

    def bound(values: tuple[int, ...]) -> tuple[int, ...]:
        return tuple([value + shift if value >= first_value else given[value] for value in values])

    prefix = path + DOT
    append = nodes.append
    for tail, signature, reads, first, shared, where in nodes[sub.nodes.start : sub.nodes.stop]:
        if len(reads) == 1:
            value = reads[0]
            taken: tuple[int, ...] = (value + shift if value >= first_value else given[value],)
        else:
            taken = bound(reads)
        owner = shared if shared < sub.nodes.start else shared + offset  # one outside of the body stays the same
        append(new(Node, (prefix + tail[cut:], signature, taken, first + shift, owner, where)))
    body.types += body.types[first_value : sub.end_value]
    for tail, kind, results, where, takes, resolved in body.scopes[sub.scopes.start : sub.scopes.stop]:
        body.scopes.append(new(Scope, (prefix + tail[cut:], kind, bound(results), where, bound(takes), resolved)))
    return tuple(
        [value if value is None else value + shift if value >= first_value else given[value] for value in sub.outputs]
    )


def whole(values: Values) -> tuple[int, ...]:
    """The values of a group; none where one of them is not known."""
    return () if None in values else values  # type: ignore[return-value]
