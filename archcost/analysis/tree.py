"""Report to tree: scopes with what is below them, costs summed, equal subtrees marked as equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.costs import Costs

if TYPE_CHECKING:
    from archcost.analysis.report import Layer, Report
    from archcost.dims import Shape


class Tree:
    """A scope or layer with what is below it."""

    __slots__ = ("children", "costs", "key", "kind", "last", "layer", "layers", "name", "output", "path")

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self.kind = ""
        self.layer: Layer | None = None
        self.children: dict[str, Tree] = {}
        self.costs = Costs()
        self.layers = 0
        self.output: tuple[Shape, ...] = ()
        self.last: Tree | None = None
        self.key = 0  # equal for equal subtrees


def build_tree(report: Report) -> Tree:
    """The tree of a report's paths, costs summed, shapes and kinds filled in."""
    root = Tree("", "")
    for layer in report.layers:
        parts = layer.path.split(".")
        place = root
        for index, part in enumerate(parts):
            child = place.children.get(part)
            if child is None:
                child = place.children[part] = Tree(part, ".".join(parts[: index + 1]))
            place = child
        place.layer = layer
    _finish(root, {})
    nodes = report.graph.nodes
    producers = report.graph.producers() if report.graph.scopes else []
    for scope in report.graph.scopes:
        found = find(root, scope.path)
        if found is not None and found.layer is None:
            found.kind = scope.kind
            found.output = tuple(
                nodes[producers[value][0]].signature.outputs[producers[value][1]].shape
                for value in scope.outputs
                if value >= 0
            )
    return root


def find(tree: Tree, path: str) -> Tree | None:
    """The subtree at a path, or None."""
    place: Tree | None = tree
    for part in path.split("."):
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
        costs = Costs()
        for child in tree.children.values():
            _finish(child, keys)
            costs += child.costs
            tree.layers += child.layers
            tree.output = child.output
        tree.costs = costs
        identity = tuple([(name, child.key) for name, child in tree.children.items()])
    tree.key = keys.setdefault(identity, len(keys) + 1)


def tree_depth(tree: Tree) -> int:
    """Levels below the root."""
    return 1 + max(map(tree_depth, tree.children.values())) if tree.children else 0


def stem(name: str) -> str:
    """A name without the number that a second step of a kind gets; empty for the number of a round."""
    base, _, number = name.rpartition("_")
    return "" if name.isdigit() else base if base and number.isdigit() else name
