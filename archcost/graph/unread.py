"""What of a graph may be a mistake: steps and inputs that nobody reads, images whose channels come last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import WARNING, Diagnostic
from archcost.graph.model import REPEAT
from archcost.ops.conv import OwnWeight
from archcost.paths import DOT, above, last

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.dims import Shape
    from archcost.graph.model import Graph, Node, Scope

_MEANT = DOT + "_"  # in a path, a dot in front of it: a name that begins so says that it is meant
_COLOURS = (1, 3, 4)  # channels of an image
_IMAGE = 4  # dims, with the batch


def unread_steps(graph: Graph) -> Iterator[Diagnostic]:
    """A warning for each step none of whose results is read, in the order of the nodes: once for all of its uses.

    Of a block, branch, group or repeated step that nobody reads it is the step, not what is in it.
    """
    read = _read(graph)
    idle = unread_nodes(graph, read)
    if not idle:
        return
    nodes = graph.nodes
    holders = _holders(graph.scopes, read)
    told: set[int] = set()
    for index in idle:
        node = nodes[index]
        found = [holders.get(value, node) for value in _values(node)]
        step = found[0]
        if step is None or None in found or id(step.mark) in told or _MEANT in DOT + step.path:
            continue
        told.add(id(step.mark))
        yield _warning(step, nodes[index + 1] if index + 1 < len(nodes) else None, graph.scopes)


def unread_nodes(graph: Graph, read: bytearray) -> list[int]:
    """The nodes none of whose outputs is read."""
    idle = []
    for index, (_, signature, _, first, _, _) in enumerate(graph.nodes):
        count = len(signature.outputs)
        if not read[first] if count == 1 else not any(read[first : first + count]):
            idle.append(index)
    return idle


def unread_inputs(graph: Graph) -> Iterator[Diagnostic]:
    """A warning for each of several inputs that no step and no output reads; an only one a spec must have."""
    if len(graph.spec.inputs) == 1:
        return
    read = {value for node in graph.nodes for value in node.inputs if value < 0}
    read.update(graph.outputs)
    for place, (name, declared) in enumerate(graph.spec.inputs.items()):
        if -1 - place not in read and not name.startswith("_") and name in graph.inputs:
            hint = f"name it in a `from`, leave it out, or call it `_{name}` if that is meant"
            yield Diagnostic(f"the input '{name}' is never read", declared.mark, hint, (), WARNING)


def _read(graph: Graph) -> bytearray:
    """For every value whether a node or an output of the model reads it."""
    nodes = graph.nodes
    read = bytearray(nodes[-1].first_value + len(nodes[-1].outputs) if nodes else 0)
    for _, _, inputs, _, _, _ in nodes:
        for value in inputs:
            if value >= 0:
                read[value] = 1
    for value in graph.outputs:
        if value >= 0:
            read[value] = 1
    return read


def _values(node: Node) -> range:
    return range(node.first_value, node.first_value + len(node.outputs))


def _holders(scopes: Sequence[Scope], read: bytearray) -> dict[int, Scope | None]:
    """By unread value the outermost scope that it is a result of; None where another result of that is read."""
    holders: dict[int, Scope | None] = {}
    for scope in scopes:  # inner ones come first
        unread = [value for value in scope.outputs if value >= 0 and not read[value]]
        if unread:
            is_read = any(value >= 0 and read[value] for value in scope.outputs)
            holders.update(dict.fromkeys(unread, None if is_read else scope))
    return holders


def _warning(step: Node | Scope, following: Node | None, scopes: Sequence[Scope]) -> Diagnostic:
    over = above(step.path)
    is_round = any(scope.path == over and scope.kind == REPEAT for scope in scopes)
    name = last(over if is_round else step.path)  # a round has no id of its own
    notes: tuple[str, ...] = ()
    if following is not None and not following.inputs:
        notes = (f"'{following.path}', which comes next, takes no input, so the steps after it do not run on this one",)
    hint = f"name it in a later `from` or under `outputs`, or begin its id with _ if that is meant: `id: _{name}`"
    return Diagnostic(f"the result of '{step.path}' is never read", step.mark, hint, notes, WARNING)


def channels_last(graph: Graph) -> Iterator[Diagnostic]:
    """A warning for each input that looks like an image with its channels last, where a convolution reads it."""
    names = [name for name, tensor in graph.inputs.items() if _looks_turned(tensor.shape)]
    if not names:
        return
    places = {-1 - place: name for place, name in enumerate(graph.inputs) if name in names}
    for node in graph.nodes:
        name = places.get(node.inputs[0]) if node.inputs else None
        op = node.op
        if name is None or name.startswith("_") or not isinstance(op, OwnWeight) or len(set(op.kernel_size)) > 1:
            continue
        _, channels, height, width = graph.inputs[name].shape
        declared = graph.spec.inputs[name]
        shape = f"[{channels}, {height}, {width}]"
        message = (
            f"the input '{name}' is {channels:,} channels of {height:,}×{width}; an image has its channels first here"
        )
        hint = f"write [{width}, {channels}, {height}] in place of {shape}"
        yield Diagnostic(message, declared.shape.mark, hint, (), WARNING)
        del places[-1 - list(graph.inputs).index(name)]


def _looks_turned(shape: Shape) -> bool:
    """(N, H, W, C) of an image of one, three or four channels; those of a square one, if it is one."""
    if len(shape) != _IMAGE or shape[3] not in _COLOURS or shape[1] in _COLOURS or shape[2] <= max(_COLOURS):
        return False
    return bool(shape[3] > 1 or shape[1] == shape[2])
