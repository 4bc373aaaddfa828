"""What a schedule is about: nodes, what must run before them, and the storages that they touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.liveness import Storages
    from archcost.graph.model import Graph


class Problem:
    """Nodes with what must run before them, and storages with the nodes that touch them."""

    def __init__(self, before: Sequence[set[int]], rises: Sequence[int]) -> None:
        self.before = before
        self.rises = rises
        self.touches: list[list[int]] = [[] for _ in rises]  # the storages that a node touches
        self.makes = [0] * len(rises)  # the bytes of those that it makes
        self.sizes: list[int] = []
        self.touched: list[int] = []  # by how many nodes; one more if it stays to the end
        self.fixed = 0  # bytes that are there from the beginning
        self.given: set[int] = set()  # the storages that are

    def storage(self, size: int, maker: int, touching: set[int], *, stays: bool) -> None:
        """Enter a storage; ``maker`` is -1 for one that is there from the beginning."""
        for node in touching:
            self.touches[node].append(len(self.sizes))
        if maker < 0:
            self.fixed += size
            self.given.add(len(self.sizes))
        else:
            self.makes[maker] += size
        self.sizes.append(size)
        self.touched.append(len(touching) + stays)

    def idle(self, node: int) -> bool:
        """Whether a node takes nothing, and holds on to nothing."""
        return not self.rises[node] and not any(self.sizes[storage] for storage in self.touches[node])

    def constants(self) -> dict[int, int]:
        """Nodes that depend on no input, and that one node alone waits for, with that node."""
        readers: list[list[int]] = [[] for _ in self.rises]
        for node, before in enumerate(self.before):
            for earlier in before:
                readers[earlier].append(node)
        found: dict[int, int] = {}
        for node, before in enumerate(self.before):
            alone = self.given.isdisjoint(self.touches[node])
            if alone and len(readers[node]) == 1 and all(earlier in found for earlier in before):
                found[node] = readers[node][0]
        return found

    def of(self, nodes: Sequence[int], before: Sequence[set[int]], idle: set[int]) -> Problem:
        """The problem of some nodes in their order, with what must run before them; all others are idle."""
        places = {node: place for place, node in enumerate(nodes)}
        rest = Problem(
            [{places[earlier] for earlier in before[node] - idle} for node in nodes],
            [self.rises[node] for node in nodes],
        )
        rest.touches = [self.touches[node] for node in nodes]
        rest.makes = [self.makes[node] for node in nodes]
        rest.sizes, rest.touched, rest.fixed, rest.given = self.sizes, self.touched, self.fixed, self.given
        return rest

    def peak(self, order: Sequence[int]) -> int:
        """The most bytes alive when the nodes run in an order."""
        return max(self.profile(order), default=self.fixed)

    def profile(self, order: Sequence[int]) -> list[int]:
        """The bytes alive while each node of an order runs."""
        left: dict[int, int] = {}  # of the storages that are touched: an order may be of a few nodes only
        live, result = self.fixed, []
        for node in order:
            result.append(live + self.rises[node])
            live += self.makes[node]
            for storage in self.touches[node]:
                more = left[storage] = left.get(storage, self.touched[storage]) - 1
                if not more:
                    live -= self.sizes[storage]
        return result


def problem(graph: Graph, storages: Storages, inplace: frozenset[int] = frozenset()) -> Problem:
    """The scheduling problem of a graph: data, and the writes in place that must keep their order with other uses."""
    of, end = storages.of, len(graph.nodes)
    makers = storages.makers
    touching: list[set[int]] = [set() for _ in storages.sizes]
    since: dict[int, set[int]] = {}  # who touches a storage after its last writer, whom all of them wait for
    before: list[set[int]] = []
    producer: dict[int, int] = {}
    writer: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        values = [*node.inputs, *range(node.first_value, node.first_value + len(node.outputs))]
        used = {of[value] for value in values}
        needed = {producer[value] for value in node.inputs if value >= 0}
        needed |= {writer[storage] for storage in used if storage in writer}
        if _writes(graph, index, inplace):
            storage = of[node.first_value]
            needed |= since.pop(storage, set())
            writer[storage] = index
        for storage in used:
            touching[storage].add(index)
            since.setdefault(storage, set()).add(index)
        producer.update(dict.fromkeys(values[len(node.inputs) :], index))
        before.append(needed)
    result = Problem(before, storages.rises)
    for size, maker, nodes, last in zip(storages.sizes, makers, touching, storages.last, strict=True):
        result.storage(size, maker, nodes, stays=last == end)
    return result


def _writes(graph: Graph, index: int, inplace: frozenset[int]) -> bool:
    """Whether a node works in place; in inference a dropout does nothing."""
    op = graph.nodes[index].op
    return index in inplace or (getattr(op, "inplace", False) and "dropout" not in op.kind)
