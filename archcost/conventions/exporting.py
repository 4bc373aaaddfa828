"""What an exporter to ONNX makes of layers beside each other: batch norms that go into the layer before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.ops.facets import Work

if TYPE_CHECKING:
    from archcost.graph.model import Graph, Node

_MATRIX = 2  # a linear layer on more dims is a product and a sum, and takes no norm in


class FoldedNorms(NamedTuple):
    """By the index of their nodes: norms that are gone, and layers that hold one, with its shift as their bias.

    ``unclear`` are those that may be gone as well: they depend on no input, or do what another one does.
    """

    norms: frozenset[int]
    hosts: frozenset[int]
    unclear: frozenset[int] = frozenset()


NOT_FOLDED = FoldedNorms(frozenset(), frozenset())


def folded(graph: Graph) -> FoldedNorms:
    """A norm goes into the layer before it if nobody else reads that, or its weights."""
    readers: dict[int, int] = dict.fromkeys(graph.outputs, 1)
    shared = {node.weights_of for node in graph.nodes}
    for node in graph.nodes:
        for value in node.inputs:
            readers[value] = readers.get(value, 0) + 1
    host_of: dict[int, int] = {}  # by the value that a host gives, or its norm
    norms, hosts = set(), set()
    for index, node in enumerate(graph.nodes):
        if node.weights_of < 0 and index not in shared and _takes(node):
            host_of[node.first_value] = index
        elif len(node.inputs) == 1 and node.inputs[0] in host_of and readers[node.inputs[0]] == 1:
            host = host_of[node.inputs[0]]
            if node.op.work is Work.UNCHANGED:
                host_of[node.first_value] = host
            elif node.op.stem == "batch_norm" and node.op.buffers(node.signature.input_shapes):
                norms.add(index)
                hosts.add(host)
                host_of[node.first_value] = host
    return FoldedNorms(frozenset(norms), frozenset(hosts), _unclear(graph))


def _unclear(graph: Graph) -> frozenset[int]:
    given = {-1 - place for place in range(len(graph.inputs))}  # values that depend on an input
    found, seen = set(), set()
    for index, node in enumerate(graph.nodes):
        same = (id(node.signature), node.inputs)
        constant = given.isdisjoint(node.inputs)
        if constant or (same in seen and not node.signature.weights()):
            found.add(index)
        if not constant:
            given.update(range(node.first_value, node.first_value + len(node.outputs)))
        seen.add(same)
    return frozenset(found)


def _takes(node: Node) -> bool:
    op = node.op
    if not node.signature.weights():
        return False
    linear = op.kind == "linear" and len(node.signature.input_shapes[0]) == _MATRIX
    return linear or op.work in (Work.CONVOLUTION, Work.TRANSPOSED)
