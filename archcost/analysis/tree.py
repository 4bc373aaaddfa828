"""Report to tree: scopes with what is below them, costs summed, equal subtrees marked as equal.

Each level is made when it is first looked at: of a million layers below one repeated step, few are ever shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.costs import sum_costs
from archcost.paths import split

if TYPE_CHECKING:
    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Layer, Report
    from archcost.dims import Shape
    from archcost.graph.model import Graph, Scope


class _Known:
    """What the subtrees of one report share."""

    __slots__ = ("_scopes", "graph", "keys")

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.keys: dict[object, int] = {}  # of subtrees, by what makes them equal
        self._scopes: dict[str, Scope] | None = None

    def scope(self, path: str) -> Scope | None:
        """The scope at a path."""
        if self._scopes is None:
            self._scopes = {scope.path: scope for scope in self.graph.scopes}
        return self._scopes.get(path)

    def shape(self, value: int) -> Shape:
        """The shape of a value that a node makes."""
        from bisect import bisect_right

        nodes = self.graph.nodes
        node = nodes[bisect_right(nodes, value, key=lambda node: node.first_value) - 1]
        return node.signature.outputs[value - node.first_value].shape


class Tree:
    """A scope or layer with what is below it."""

    __slots__ = ("_below", "_children", "_costs", "_key", "_kinds", "_known", "layer", "name", "path")

    def __init__(self, name: str, path: str, known: _Known, layer: Layer | None = None) -> None:
        self.name = name
        self.path = path
        self.layer = layer
        self._known = known
        self._below: list[Layer] | None = None  # the layers of a scope
        self._children: dict[str, Tree] | None = None
        self._costs: Costs | None = None
        self._kinds: frozenset[str] | None = None
        self._key = 0

    @property
    def children(self) -> dict[str, Tree]:
        """The subtrees one level below, by name."""
        if self._children is None:
            self._children = self._split() if self._below is not None else _NO_CHILDREN
        return self._children

    @property
    def layers(self) -> int:
        """The number of layers."""
        return 1 if self._below is None else len(self._below)

    @property
    def costs(self) -> Costs:
        """The sum of the costs of the layers."""
        if self.layer is not None:
            return self.layer.costs
        if self._costs is None:
            self._costs = sum_costs([layer.costs for layer in self._below or ()])
        return self._costs

    @property
    def kind(self) -> str:
        """The op of a layer; what kind of scope it is otherwise."""
        if self.layer is not None:
            return self.layer.op
        scope = self._known.scope(self.path)
        return scope.kind if scope is not None else ""

    @property
    def layer_kinds(self) -> frozenset[str]:
        """The kinds of the layers with params; of all layers where none has any."""
        if self._kinds is None:
            layers = [self.layer] if self.layer is not None else self._below or []
            with_params = frozenset([layer.op for layer in layers if layer.costs.params])
            self._kinds = with_params or frozenset([layer.op for layer in layers])
        return self._kinds

    @property
    def output(self) -> tuple[Shape, ...]:
        """The shapes that it hands on."""
        if self.layer is not None:
            return self.layer.output
        scope = self._known.scope(self.path)
        if scope is not None:
            return tuple([self._known.shape(value) for value in scope.outputs if value >= 0])
        return self._below[-1].output if self._below else ()

    @property
    def key(self) -> int:
        """Equal for equal subtrees."""
        if not self._key:
            layer = self.layer
            identity: object
            if layer is not None:
                identity = (id(layer.node.signature), layer.node.weights_of >= 0, layer.activation_bytes)
            else:
                identity = tuple([(name, child.key) for name, child in self.children.items()])
            keys = self._known.keys
            self._key = keys.setdefault(identity, len(keys) + 1)
        return self._key

    def depth(self) -> int:
        """Levels below."""
        start = len(self.path) + 1 if self.path else 0
        return 1 + max([layer.node.path.count(".", start) for layer in self._below]) if self._below else 0

    def rounds(self) -> list[Tree]:
        """What is one level below, as it stands beside the step itself: ``layer.0`` in place of ``0``."""
        found = []
        for child in self.children.values():
            beside = Tree(f"{self.name}.{child.name}", child.path, self._known, child.layer)
            beside._below = child._below  # noqa: SLF001 - as in the class
            found.append(beside)
        return found

    def equals(self, other: Tree) -> bool:
        """Whether another subtree is equal: the same layers under the same names."""
        return self.layers == other.layers and self.key == other.key

    def _split(self) -> dict[str, Tree]:
        """The layers by the next part of their paths, in the order of the graph."""
        start = len(self.path) + 1 if self.path else 0
        known, found = self._known, dict[str, Tree]()
        for layer in self._below or ():
            path = layer.node.path
            end = path.find(".", start)
            if end < 0:
                name = path[start:]
                found[name] = Tree(name, path, known, layer)
                continue
            name = path[start:end]
            child = found.get(name)
            if child is None:
                child = found[name] = Tree(name, path[:end], known)
                child._below = []
            child._below.append(layer)  # type: ignore[union-attr]
        return found


_NO_CHILDREN: dict[str, Tree] = {}


def build_tree(report: Report) -> Tree:
    """The tree of a report's paths."""
    root = Tree("", "", _Known(report.graph))
    root._below = report.layers  # noqa: SLF001 - as in the class
    return root


def find(tree: Tree, path: str) -> Tree | None:
    """The subtree at a path, or None."""
    place: Tree | None = tree
    for part in split(path):
        place = place.children.get(part) if place else None
    return place


def stem(name: str) -> str:
    """A name without the number that a second step of a kind gets; empty for the number of a round."""
    base, _, number = name.rpartition("_")
    return "" if name.isdigit() else base if base and number.isdigit() else name
