"""Report to rows: the path tree, equal neighbours folded, cut at a depth or sorted flat. No text is laid out here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import Costs

if TYPE_CHECKING:
    from archcost.analysis.report import Layer, Report
    from archcost.dims import Shape

MAX_ROWS = 48  # what the default depth aims at
SORT_KEYS = ("params", "macs", "flops", "weight_bytes", "activation_bytes")


class Row(NamedTuple):
    """One line of a table: ``times`` neighbours that are equal, ``costs`` being their sum."""

    depth: int
    name: str
    path: str
    op: str
    output: tuple[Shape, ...]
    costs: Costs
    layers: int
    times: int
    group: bool


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
        identity: object = (id(layer.node.signature), layer.node.weights_of >= 0)
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


def tree_rows(tree: Tree, depth: int | None) -> list[Row]:
    """Rows in the order of the graph, groups above their layers, down to ``depth`` levels."""
    rows: list[Row] = []
    _collect(tree, 1, depth, rows)
    return rows


def _collect(tree: Tree, level: int, depth: int | None, rows: list[Row]) -> None:
    siblings = list(tree.children.values())
    start = 0
    while start < len(siblings):
        first = siblings[start]
        stop = start + 1
        while stop < len(siblings) and siblings[stop].key == first.key:
            stop += 1
        count = stop - start
        rows.append(_row(first, siblings[stop - 1], count, level))
        if first.children and (depth is None or level < depth):
            _collect(first, level + 1, depth, rows)
        start = stop


def _row(first: Tree, last: Tree, count: int, level: int) -> Row:
    name = first.name if count == 1 else f"{first.name} … {last.name}"
    costs = first.costs if count == 1 else _times(first.costs, count)
    group = first.layer is None
    return Row(level, name, first.path, first.kind, first.output, costs, first.layers * count, count, group)


def _times(costs: Costs, count: int) -> Costs:
    return Costs(*[getattr(costs, name) * count for name in Costs.__slots__])


def automatic_depth(tree: Tree) -> int:
    """The deepest level whose table stays within MAX_ROWS rows; at least 1."""
    deepest = tree_depth(tree)
    depth = 1
    while depth < deepest and len(tree_rows(tree, depth + 1)) <= MAX_ROWS:
        depth += 1
    return depth


def flat_rows(tree: Tree, depth: int | None, sort: str, top: int | None) -> list[Row]:
    """Layers (or scopes at ``depth``) by their full paths, the largest first; neighbours are not folded."""
    rows: list[Row] = []
    _leaves(tree, 1, depth, rows)
    rows.sort(key=lambda row: -getattr(row.costs, sort))
    return rows[:top]


def _leaves(tree: Tree, level: int, depth: int | None, rows: list[Row]) -> None:
    for child in tree.children.values():
        if child.children and (depth is None or level < depth):
            _leaves(child, level + 1, depth, rows)
        else:
            rows.append(_row(child, child, 1, 1)._replace(name=child.path))


def report_rows(
    report: Report, *, depth: int | None = None, sort: str | None = None, top: int | None = None
) -> tuple[list[Row], int, int]:
    """The rows to show, the depth they go to, and the depth there is; ``depth=None`` chooses one that fits."""
    tree = build_tree(report)
    deepest = tree_depth(tree)
    if sort is not None:
        return flat_rows(tree, depth, sort, top), depth or deepest, deepest
    chosen = automatic_depth(tree) if depth is None else depth
    rows = tree_rows(tree, chosen)
    return rows[:top], min(chosen, deepest), deepest
