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
    from archcost.graph.model import Graph

_POSITIONS = ("position", "distance")  # in the name of an input with a batch, which says nothing else of its meaning


class EmbeddingTable(NamedTuple):
    """A weight that is looked up, or added to tokens: the layer that owns it, and its shape."""

    layer: int
    path: str
    shape: Shape


class Tables(NamedTuple):
    """The tables of a graph, each once, and every matrix that is a table as well."""

    positions: tuple[EmbeddingTable, ...] = ()
    others: tuple[EmbeddingTable, ...] = ()
    tied: tuple[EmbeddingTable, ...] = ()


def tables(graph: Graph) -> Tables:
    """What is an embedding, and of what."""
    kinds = [node.op.kind for node in graph.nodes]
    positions: set[int] = set()
    others: set[int] = set()
    if "parameter" in kinds:
        positions |= _added(graph)
    same = _same_for_every_sample(graph) if "embedding" in kinds else set()
    for index, (node, kind) in enumerate(zip(graph.nodes, kinds, strict=True)):
        if node.weights_of >= 0:
            continue
        if kind == "relative_position_bias" and node.signature.weights():
            positions.add(index)
        elif kind == "embedding":
            (positions if same.issuperset(node.inputs) else others).add(index)
    embeddings = positions | others
    return Tables(
        _tables(graph, positions),
        _tables(graph, others),
        _tied(graph, kinds, embeddings),
    )


def _tables(graph: Graph, chosen: set[int]) -> tuple[EmbeddingTable, ...]:
    found = []
    for index in sorted(chosen):
        node = graph.nodes[index]
        (shape,) = node.signature.weights().values()  # a table is one tensor
        found.append(EmbeddingTable(index, node.path, shape))
    return tuple(found)


def _tied(graph: Graph, kinds: list[str], embeddings: set[int]) -> tuple[EmbeddingTable, ...]:
    """The matrices that are tables as well: the head of a language model."""
    found = []
    for index, node in enumerate(graph.nodes):
        owner = node.weights_of
        if owner in embeddings and node.op.kind != kinds[owner]:
            (shape,) = graph.nodes[owner].signature.weights().values()
            found.append(EmbeddingTable(index, node.path, shape))
    return tuple(found)


def _same_for_every_sample(graph: Graph) -> set[int]:
    """The values that come from inputs without a batch alone, from inputs named so, or from none."""
    same = {
        -1 - k
        for k, name in enumerate(graph.inputs)
        if not graph.spec.inputs[name].batch or any(word in name for word in _POSITIONS)
    }
    for node in graph.nodes:
        if same.issuperset(node.inputs):
            same.update(range(node.first_value, node.first_value + len(node.outputs)))
    return same


def _added(graph: Graph) -> set[int]:
    """The parameters that are added to what depends on an input, position by position."""
    makers: dict[int, int] = {}  # values that depend on no input, nor on weights but parameters -> their nodes
    added: list[int] = []
    for index, node in enumerate(graph.nodes):
        own = [value in makers for value in node.inputs]
        if all(own) and (node.op.kind == "parameter" or not node.signature.weights()):
            makers |= dict.fromkeys(range(node.first_value, node.first_value + len(node.outputs)), index)
        elif node.op.kind == "add":
            tensors = zip(node.inputs, own, node.signature.inputs, strict=True)
            added += [value for value, known, tensor in tensors if known and _has_positions(tensor.shape)]
    found: set[int] = set()
    seen: set[int] = set()
    while added:
        index = makers[added.pop()]
        if index not in seen:
            seen.add(index)
            node = graph.nodes[index]
            added += node.inputs
            if node.op.kind == "parameter":
                found.add(index if node.weights_of < 0 else node.weights_of)
    return found


def _has_positions(shape: Shape) -> bool:
    """Whether a value differs along two dims at least, the batch aside: along positions and along features."""
    return sum(size > 1 for size in (shape[1:] if len(shape) > 2 else shape)) > 1  # noqa: PLR2004 - batch, positions, features
