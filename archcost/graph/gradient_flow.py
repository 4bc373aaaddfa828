"""What of a training step needs gradients: as in PyTorch, what follows from a tensor that learns and counts in floats.

The loss is any function of all outputs that need a gradient. A layer of which no such output is read, or is one of the
model's, is in no backward pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dtypes import FLOAT_DTYPES

if TYPE_CHECKING:
    from archcost.graph.model import Graph, Node, Signature


class GradientFlow(NamedTuple):
    """``needed`` are the values that need a gradient; ``learns`` and ``runs`` are by node.

    ``learns`` says whether a weight that it uses needs one, ``runs`` whether the backward pass goes through it.
    """

    needed: frozenset[int]
    learns: list[bool]
    runs: list[bool]

    def wanted(self, index: int, node: Node) -> tuple[bool, ...]:
        """Whether each input of a node needs a gradient, and at last whether its weights do."""
        return (*[value in self.needed for value in node.inputs], self.learns[index])


def gradient_flow(graph: Graph) -> GradientFlow:
    """Follow the values from what learns to the outputs, and the gradients back."""
    learns = _learning(graph)
    needed = set(graph.learnt_inputs())
    for node, own in zip(graph.nodes, learns, strict=True):
        if own or not needed.isdisjoint(node.inputs):
            outputs = enumerate(node.outputs, node.first_value)
            needed.update([value for value, tensor in outputs if tensor.dtype in FLOAT_DTYPES])
    return GradientFlow(frozenset(needed), learns, _backward(graph, needed))


def _learning(graph: Graph) -> list[bool]:
    """Whether a weight that a node uses needs a gradient: its own, or that of another node."""
    known: dict[Signature, bool] = {}
    found = []
    for index, node in enumerate(graph.nodes):
        signature = node.signature
        if node.weights_of >= 0:
            found.append(any(graph.trains(index, name) for name in signature.weights()))
            continue
        if signature not in known:
            known[signature] = signature.trains and bool(signature.weights())
        found.append(known[signature])
    return found


def _backward(graph: Graph, needed: set[int]) -> list[bool]:
    """The nodes that the backward pass goes through. Before a mistake no output is known, and all may lead to one."""
    read = needed.intersection(graph.outputs) if graph.outputs else set(needed)
    runs = [False] * len(graph.nodes)
    for index in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[index]
        if not read.isdisjoint(range(node.first_value, node.first_value + len(node.outputs))):
            runs[index] = True
            read.update(needed.intersection(node.inputs))
    return runs
