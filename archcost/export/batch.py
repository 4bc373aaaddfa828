"""What grows with the batch: the model is unrolled for twice the batch, and sizes that double are noted.

So ``reshape: {shape: [$batch, 16, -1]}`` becomes a reshape for any batch, and comments say ``N×64×56×56``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import ArchcostError
from archcost.export.literals import BatchMultiple
from archcost.export.ops import FUNCTIONS
from archcost.graph.unroll import unroll

if TYPE_CHECKING:
    from archcost.graph.model import Graph, Node


class Batch:
    """A graph beside the same for twice the batch, if the model takes that."""

    def __init__(self, graph: Graph) -> None:
        self.size = graph.batch
        self.nodes = graph.nodes
        self._doubled: list[Node] = []
        settings = {"batch": 2 * graph.batch, "training": graph.training, "dtype": graph.dtype}
        try:
            doubled = unroll(graph.spec, graph.params, **settings)  # type: ignore[arg-type]
        except ArchcostError:
            return
        if [(node.path, node.op.kind) for node in doubled.nodes] == [(n.path, n.op.kind) for n in graph.nodes]:
            self._doubled = doubled.nodes

    def sizes(self) -> dict[int, dict[tuple[str, int], BatchMultiple]]:
        """By the number of the node: items of its attributes, and how many times the batch they are."""
        found: dict[int, dict[tuple[str, int], BatchMultiple]] = {}
        for index, larger in enumerate(self._doubled):
            op = self.nodes[index].op
            for name in FUNCTIONS[op.kind].lists if op.kind in FUNCTIONS else ():
                pairs = zip(getattr(op, name), getattr(larger.op, name), strict=False)
                for place, (once, twice) in enumerate(pairs):
                    if once > 0 and twice == 2 * once and once % self.size == 0:
                        found.setdefault(index, {})[name, place] = BatchMultiple(once // self.size)
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
