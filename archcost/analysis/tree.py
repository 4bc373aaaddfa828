"""Report to tree: scopes with what is below them, costs summed, equal subtrees marked as equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.costs import NO_COSTS, sum_costs
from archcost.paths import above, last, split

if TYPE_CHECKING:
    from archcost.analysis.report import Layer, Report
    from archcost.dims import Shape


class Tree:
    """A scope or layer with what is below it."""

    __slots__ = ("children", "costs", "key", "kind", "layer", "layers", "name", "output", "path")

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self.kind = ""
        self.layer: Layer | None = None
        self.children: dict[str, Tree] = {}
        self.costs = NO_COSTS
        self.layers = 0
        self.output: tuple[Shape, ...] = ()
        self.key = 0  # equal for equal subtrees


def build_tree(report: Report) -> Tree:
    """The tree of a report's paths, costs summed, shapes and kinds filled in."""
    root = Tree("", "")
    known = {"": root}  # by their paths
    for layer in report.layers:
        _place(layer.node.path, known).layer = layer
    _finish(root, {})
    nodes = report.graph.nodes
    producers = report.graph.producers() if report.graph.scopes else []
    for scope in report.graph.scopes:
        found = known.get(scope.path)
        if found is not None and found.layer is None:
            found.kind = scope.kind
            found.output = tuple(
                nodes[producers[value][0]].signature.outputs[producers[value][1]].shape
                for value in scope.outputs
                if value >= 0
            )
    return root


def _place(path: str, known: dict[str, Tree]) -> Tree:
    """The subtree at a path, made where there is none yet."""
    found = known.get(path)
    if found is None:
        scope, name = above(path), last(path)
        found = known[path] = Tree(name, path)
        parent = known.get(scope) or _place(scope, known)
        parent.children[name] = found
    return found


def find(tree: Tree, path: str) -> Tree | None:
    """The subtree at a path, or None."""
    place: Tree | None = tree
    for part in split(path):
        place = place.children.get(part) if place else None
    return place


def _finish(tree: Tree, keys: dict[object, int]) -> None:
    """Sum the costs bottom up, and give equal subtrees equal keys. Depth is bounded by the nesting of blocks."""
    if tree.layer is not None:
        layer = tree.layer
        tree.costs, tree.layers, tree.output = layer.costs, 1, layer.output
        tree.kind = layer.op
        identity: object = (id(layer.node.signature), layer.node.weights_of >= 0, layer.activation_bytes)
    else:
        children = list(tree.children.values())
        for child in children:
            _finish(child, keys)
            tree.layers += child.layers
        if children:
            tree.output = children[-1].output
        tree.costs = sum_costs([child.costs for child in children])
        identity = tuple([(name, child.key) for name, child in tree.children.items()])
    tree.key = keys.setdefault(identity, len(keys) + 1)


def tree_depth(tree: Tree) -> int:
    """Levels below the root."""
    return 1 + max(map(tree_depth, tree.children.values())) if tree.children else 0


def stem(name: str) -> str:
    """A name without the number that a second step of a kind gets; empty for the number of a round."""
    base, _, number = name.rpartition("_")
    return "" if name.isdigit() else base if base and number.isdigit() else name
