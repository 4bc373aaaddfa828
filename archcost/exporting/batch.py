"""The batch in the source: a class finds it in its inputs, and sizes are so many times the batch.

The model is unrolled for twice the batch as well, and sizes that double are noted: so ``reshape: {shape: [$batch, 16,
-1]}`` becomes a reshape for any batch, and comments say ``N×64×56×56``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import ArchcostError
from archcost.exporting.ops import FUNCTIONS
from archcost.graph.unroll import unroll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape
    from archcost.graph.model import Graph, Node


class BatchSize(NamedTuple):
    """Where a class finds the batch: a dim of one of its inputs, and how many times the batch that is in each use."""

    number: int  # of the input
    dim: int
    times: list[int]


class Batch:
    """A graph beside the same for twice the batch, if the model takes that."""

    def __init__(self, graph: Graph) -> None:
        self.size = graph.batch
        self.nodes = graph.nodes
        self._values = shapes_of(graph)
        self._doubled: list[Node] = []
        self._larger = self._values
        larger = graph.settings._replace(params=graph.params, batch=2 * graph.batch, dtype=graph.dtype)
        try:
            doubled = unroll(graph.spec, larger)
        except ArchcostError:
            return
        if [(node.path, node.op.kind) for node in doubled.nodes] == [(n.path, n.op.kind) for n in graph.nodes]:
            self._doubled = doubled.nodes
            self._larger = shapes_of(doubled)

    def size_of(self, uses: Sequence[Sequence[int]]) -> BatchSize | None:
        """Where the batch is, if one input has it in all uses, of which the input values are given: best as it is."""
        found = []
        for number, values in enumerate(zip(*uses, strict=True)):
            columns = [self._multiples(value) for value in values]
            for dim, times in enumerate(zip(*columns, strict=False)):
                if all(times):
                    found.append(BatchSize(number, dim, list(times)))
        return min(found, key=lambda size: max(size.times), default=None)

    def _multiples(self, value: int) -> list[int]:
        """How many times the batch every dim of a value is; 0 for those that do not grow with it."""
        pairs = zip(self._values[value], self._larger[value], strict=True)
        return [
            once // self.size if once and twice == 2 * once and once % self.size == 0 else 0 for once, twice in pairs
        ]

    def sizes(self) -> dict[int, dict[tuple[str, int], int]]:
        """By the number of the node: items of its attributes, and how many times the batch they are."""
        found: dict[int, dict[tuple[str, int], int]] = {}
        for index, larger in enumerate(self._doubled):
            op = self.nodes[index].op
            for name in FUNCTIONS[op.kind].lists if op.kind in FUNCTIONS else ():
                pairs = zip(getattr(op, name), getattr(larger.op, name), strict=False)
                for place, (once, twice) in enumerate(pairs):
                    if once > 0 and twice == 2 * once and once % self.size == 0:
                        found.setdefault(index, {})[name, place] = once // self.size
        return found

    def shape_text(self, index: int, output: int) -> str:
        """The shape that a node gives, with N for the batch: ``N×64×56×56``."""
        shape = self.nodes[index].outputs[output].shape
        larger = self._doubled[index].outputs[output].shape if self._doubled else shape
        return "×".join([self._text(once, twice) for once, twice in zip(shape, larger, strict=True)])

    def _text(self, once: int, twice: int) -> str:
        if twice != 2 * once or once % self.size:
            return str(once)
        return "N" if once == self.size else f"{once // self.size}N"


def shapes_of(graph: Graph) -> dict[int, Shape]:
    """The shapes of all values of a graph."""
    shapes = {-1 - number: tensor.shape for number, tensor in enumerate(graph.inputs.values())}
    for node in graph.nodes:
        shapes |= {node.first_value + number: tensor.shape for number, tensor in enumerate(node.outputs)}
    return shapes
