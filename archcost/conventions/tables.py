"""Which weights are embeddings, which of those are tables of positions, and which matrices are tied to them.

The graph says it, not names: an ``embedding`` looks rows up; its rows are positions where its indices are the same for
every sample, an input of the model with ``batch: false``. A ``parameter`` is a table of positions where a value that is
made of parameters alone, with a dim of positions beside that of its features, is added to what depends on an input.
``relative_position_bias`` is such a table by what it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.graph.model import Graph, Node

_NONE: frozenset[int] = frozenset()
_POSITIONS = ("position", "distance")  # in the name of an input with a batch, which says nothing else of its meaning


class Table(NamedTuple):
    """A weight that is looked up, or added to tokens: the layer that owns it, and its shape."""

    layer: int
    path: str
    shape: Shape


class Tables(NamedTuple):
    """The tables of a graph, each once, and every matrix that is a table as well."""

    positions: tuple[Table, ...] = ()
    others: tuple[Table, ...] = ()
    tied: tuple[Table, ...] = ()


def tables(graph: Graph) -> Tables:
    """What is an embedding, and of what."""
    kinds = [node.op.kind for node in graph.nodes]
    positions: set[int] = set()
    others: set[int] = set()
    if "parameter" in kinds:
        positions |= _added(graph)
    for index, (node, kind) in enumerate(zip(graph.nodes, kinds, strict=True)):
        if node.weights_of >= 0:
            continue
        if kind == "relative_position_bias" and node.signature.weights():
            positions.add(index)
        elif kind == "embedding":
            (positions if _of_positions(graph, node) else others).add(index)
    embeddings = positions | others
    return Tables(
        _tables(graph, positions),
        _tables(graph, others),
        _tied(graph, kinds, embeddings),
    )


def _tables(graph: Graph, chosen: set[int]) -> tuple[Table, ...]:
    found = []
    for index in sorted(chosen):
        node = graph.nodes[index]
        (shape,) = node.signature.weights().values()  # a table is one tensor
        found.append(Table(index, node.path, shape))
    return tuple(found)


def _tied(graph: Graph, kinds: list[str], embeddings: set[int]) -> tuple[Table, ...]:
    """The matrices that are tables as well: the head of a language model."""
    found = []
    for index, node in enumerate(graph.nodes):
        owner = node.weights_of
        if owner in embeddings and node.op.kind != kinds[owner]:
            (shape,) = graph.nodes[owner].signature.weights().values()
            found.append(Table(index, node.path, shape))
    return tuple(found)


def _of_positions(graph: Graph, node: Node) -> bool:
    """Whether the indices are the same for every sample."""
    producers = graph.producers()
    value = node.inputs[0]
    while value >= 0:
        source = graph.nodes[producers[value][0]]
        if not source.inputs:
            return True
        value = source.inputs[0]
    name = list(graph.inputs)[-1 - value]
    given = graph.spec.inputs[name]
    return not given.batch or any(word in name for word in _POSITIONS)


def _added(graph: Graph) -> set[int]:
    """The parameters that are added to what depends on an input, position by position."""
    made_of: dict[int, frozenset[int]] = {}  # values that depend on no input -> the parameters that they are made of
    shapes: dict[int, Shape] = {}
    found: set[int] = set()
    for index, node in enumerate(graph.nodes):
        op = node.op
        constants = [made_of.get(value) for value in node.inputs]
        whole: frozenset[int] | None = None
        if not node.inputs:
            whole = frozenset([index]) if op.kind == "parameter" and node.weights_of < 0 else _NONE
        elif None not in constants and not node.signature.weights():
            whole = _NONE.union(*[part for part in constants if part is not None])
        elif op.kind == "add":
            for value, part in zip(node.inputs, constants, strict=True):
                if part and _has_positions(shapes[value]):
                    found |= part
        if whole is not None:
            for k, tensor in enumerate(node.outputs):
                made_of[node.first_value + k] = whole
                shapes[node.first_value + k] = tensor.shape
    return found


def _has_positions(shape: Shape) -> bool:
    """Whether a value differs along two dims at least, the batch aside: along positions and along features."""
    return sum(size > 1 for size in (shape[1:] if len(shape) > 2 else shape)) > 1  # noqa: PLR2004 - batch, positions, features
