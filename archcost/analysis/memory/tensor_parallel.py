"""Tensor parallelism as Megatron-LM does it: which layers and values devices divide, and which each has whole.

A linear layer on a whole input is divided by its outputs (its output is then in parts, and so is its bias); what
follows works on parts; a linear layer on parts is divided by its inputs, and gives the whole sum. Tables of embeddings
are divided by rows. What needs all of a value (a norm, a convolution, a sum with a whole value) makes the linear layers
that it comes from whole. Attention of one op with weights inside, convolutions and recurrent layers are whole. So of a
transformer's layer the norms, residual sums and what they read stay whole (Shoeybi et al. 2019, arXiv:1909.08053,
figure 3; Korthikanti et al. 2022, arXiv:2205.05198, section 4.2). Sizes that devices cannot divide evenly are rounded
up, as Megatron pads a vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.dims import numel
from archcost.errors import UsageError
from archcost.graph.adapters import DOWN
from archcost.ops.facets import Work
from archcost.paths import last

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.graph.model import Graph, Node

_PASSES = frozenset((Work.ELEMENTWISE, Work.MOVE, Work.UNCHANGED, Work.SOFTMAX, Work.ATTENTION, Work.PRODUCT))
_NORMS = frozenset(("layer_norm", "rms_norm"))
_HEADS = 4  # dims of a value by heads, whose norms are over the dims of one


class Shards(NamedTuple):
    """In how many parts nodes give their outputs, and tensors that learn are, by owner and name; else 1."""

    nodes: Mapping[int, int]
    weights: Mapping[tuple[int, str], int]


NO_SHARDS = Shards({}, {})


def shards_of(graph: Graph, devices: int) -> Shards:
    """What so many devices divide; raises UsageError where that is nothing."""
    if devices == 1:
        return NO_SHARDS
    whole = {index for index, node in enumerate(graph.nodes) if last(node.path) == DOWN}  # small, and read by parts
    while True:
        found = _Division(graph, devices, whole)
        if not found.refused:
            if not found.weights:
                _refuse(graph, devices)
            return Shards(found.nodes, found.weights)
        whole |= found.refused


def _refuse(graph: Graph, devices: int) -> None:
    """Raise UsageError for a model of which every device would have all."""
    widest = max([node.op.out_features for node in graph.nodes if node.op.kind == "linear"], default=0)  # type: ignore[attr-defined]
    why = f"its widest linear layer has {widest:,} outputs" if widest else "it has no linear layer"
    message = f"no layer of {graph.spec.name} can be divided over {devices:,} devices: {why}"
    raise UsageError(message, "linear layers and tables of embeddings are divided; each device would hold all of it")


class _Division:
    """One walk through the nodes. ``parts`` has, by value in parts, the linear layers that divided it.

    ``refused`` are those of which something needs a whole output.
    """

    def __init__(self, graph: Graph, devices: int, whole: set[int]) -> None:
        self.graph = graph
        self.devices = devices
        self.nodes: dict[int, int] = {}
        self.weights: dict[tuple[int, str], int] = {}
        self.refused: set[int] = set()
        self._whole = whole
        self._parts: dict[int, frozenset[int]] = {}
        for index, node in enumerate(graph.nodes):
            sources = self._divide(index, node)
            if sources:
                self.nodes[index] = devices
                outputs = range(node.first_value, node.first_value + len(node.outputs))
                self._parts.update(dict.fromkeys(outputs, sources))

    def _divide(self, index: int, node: Node) -> frozenset[int]:
        """Divide a node; the linear layers that its outputs come from in parts, none for whole outputs."""
        sources = frozenset[int]().union(*[self._parts.get(value, ()) for value in node.inputs])
        op: Any = node.op
        kind = op.kind
        if kind == "embedding":
            self._weight(index, "weight")
            return frozenset()
        if kind == "linear" and (sources or (index not in self._whole and op.out_features >= self.devices)):
            self._weight(index, "weight")
            if not sources:
                self._weight(index, "bias")
            return frozenset() if sources else frozenset((index,))
        if sources and not self._works_on_parts(node):
            self.refused |= sources
            return frozenset()
        return sources

    def _weight(self, index: int, name: str) -> None:
        self.weights[self.graph.owner(index, name), name] = self.devices

    def _works_on_parts(self, node: Node) -> bool:
        """Whether an op can: it has no weights, and whatever it reads whole is broadcast; or it is a norm of heads."""
        signature = node.signature
        if node.op.kind in _NORMS:
            return len(signature.input_shapes[0]) >= _HEADS
        if node.op.work not in _PASSES or signature.weights():
            return False
        sizes = {value in self._parts: 0 for value in node.inputs}
        for value, shape in zip(node.inputs, signature.input_shapes, strict=True):
            sizes[value in self._parts] = max(sizes[value in self._parts], numel(shape))
        return sizes.get(False, 0) < sizes[True]
