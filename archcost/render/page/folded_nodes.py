"""A report's tree with equal neighbours folded: each node stands for all layers that are equal to it in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.tree import build_tree
from archcost.graph.model import tensor_bytes
from archcost.paths import DOT, split
from archcost.render.table_rows import folds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree


class FoldedNode(NamedTuple):
    """A scope or layer: ``times`` equal neighbours in each of the scopes around it that are folded in turn.

    ``members`` are all of them, the first being the one that is told of.
    """

    name: str
    parent: int
    depth: int
    times: int
    members: Sequence[Tree]

    @property
    def tree(self) -> Tree:
        """The first of them."""
        return self.members[0]

    @property
    def costs(self) -> Costs:
        """The costs of all of them."""
        return self.tree.costs.times(len(self.members))


class Folded:
    """The nodes of a report in the order of the graph, each before what is below it; the first is the whole model."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.nodes: list[FoldedNode] = []
        self.by_path: dict[str, int] = {}  # of every scope and layer, the node that stands for it
        self.tree = build_tree(report)
        self._add(FoldedNode(report.name, -1, 0, 1, [self.tree]))

    @property
    def work(self) -> str:
        """The operations that its page leads with: those of the training step, if it is of one."""
        return "training_macs" if self.report.graph.training else "macs"

    def of_layers(self) -> list[int]:
        """For every layer of the report, the node that stands for it."""
        return [self.by_path[layer.node.path] for layer in self.report.layers]

    def _add(self, node: FoldedNode) -> None:
        place = len(self.nodes)
        self.nodes.append(node)
        for member in node.members:
            self.by_path[member.path] = place
        rounds = [list(member.children.values()) for member in node.members]
        siblings = rounds[0]
        start = 0
        while start < len(siblings):
            stop = start + 1
            while stop < len(siblings) and folds(siblings[start], siblings[stop]):
                stop += 1
            first, last = siblings[start], siblings[stop - 1]
            name = first.name if stop == start + 1 else f"{first.name} … {last.name}"
            members = [tree for own in rounds for tree in own[start:stop]]
            self._add(FoldedNode(name, place, node.depth + 1, stop - start, members))
            start = stop


Ends = tuple[int, int | None, int | None]  # of an edge: the scope that it is in, from which child, to which


def edges_of(folded: Folded) -> dict[int, list[list[int | None]]]:
    """By scope: from which child to which, and how many bytes are handed on, each tensor once.

    None is what is around the scope: an edge goes through all scopes between its ends.
    """
    graph = folded.report.graph
    producers = graph.producers()
    inputs = list(graph.inputs.values())
    found: dict[Ends, dict[int, int]] = {}  # bytes by value

    def add(value: int, reader: str | None) -> None:
        maker, number = producers[value] if value >= 0 else (-1, -1 - value)
        path = graph.nodes[maker].path if maker >= 0 else None
        size = tensor_bytes(graph.nodes[maker].signature.outputs[number] if maker >= 0 else inputs[number])
        for ends in _ends(folded, path, reader):
            found.setdefault(ends, {})[value] = size

    for node in graph.nodes:
        for value in node.inputs:
            add(value, node.path)
    for value in graph.outputs:
        add(value, None)
    edges: dict[int, list[list[int | None]]] = {}
    for (scope, maker, reader), tensors in found.items():
        edges.setdefault(scope, []).append([maker, reader, sum(tensors.values())])
    return edges


def _ends(folded: Folded, maker: str | None, reader: str | None) -> Iterator[Ends]:
    """In each scope that an edge passes: its children that the ends are in; not in rounds that are not told of."""
    one, other = split(maker or ""), split(reader or "")
    common = 0
    while common < min(len(one), len(other)) - 1 and one[common] == other[common]:
        common += 1
    for level in range(common, max(len(one), len(other))):
        for names in (one, other) if level > common else (one or other,):
            if level >= len(names):
                continue
            scope = DOT.join(names[:level])
            place = folded.by_path[scope]
            if folded.nodes[place].tree.path != scope:
                continue
            left = _child(folded, one, level) if level == common or names is one else None
            right = _child(folded, other, level) if level == common or names is other else None
            if left != right:
                yield place, left, right


def _child(folded: Folded, names: list[str], level: int) -> int | None:
    """The node of an end in a scope of this level; None for an end that is nowhere."""
    return folded.by_path[DOT.join(names[: level + 1])] if names else None
