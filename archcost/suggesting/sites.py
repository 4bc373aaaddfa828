"""Where a suggestion is: the layers that it changes, and what people call them."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from archcost.paths import DOT, above, inside, scopes
from archcost.suggesting.edits import Removed, SharedRounds, Shares
from archcost.suggesting.places import grouped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.graph.model import Graph
    from archcost.suggesting import places
    from archcost.suggesting.edits import LocalChange
    from archcost.suggesting.rewrite import Rewrite
    from archcost.suggesting.uses import Uses
    from archcost.suggesting.view import GraphView

_NOTES = 3  # that differ from place to place


class Site:
    """Changes that are made together, in a graph: ``nodes`` are those that are changed, or whose shapes may change.

    The owner of weights that another one is to share is one of them, so that nothing else changes it.
    """

    def __init__(self, graph: Graph, group: places.JointChange, weighted: WeightedLayers) -> None:
        self.group = group
        self._weighted = weighted
        self._graph = graph
        edits = group.edits
        owners = {edit.owner for edit in edits.values() if isinstance(edit, Shares)}
        shared = [edit.path for edit in edits.values() if isinstance(edit, SharedRounds)]
        self.changed = frozenset(edits) | group.inside | _below(graph, shared)
        self.nodes = self.changed | owners

    def __repr__(self) -> str:
        return f"Site({self.rewrite.name} at {self.pattern})"

    @property
    def rewrite(self) -> type[Rewrite]:
        """What is done."""
        return self.group.rewrite

    @property
    def note(self) -> str:
        """What was chosen, as ``to 16 channels``; of places where it differs the first ones."""
        notes = list(dict.fromkeys(change.note for change in self.group.changes if change.note))
        more = [f"{len(notes) - _NOTES} more"] if len(notes) > _NOTES else []
        return ", ".join(notes[:_NOTES] + more)

    @property
    def times(self) -> int:
        """At how many places."""
        return len(self.group.changes)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Where each change begins: the first layer that is not just taken away.

        It is the scope around the layer where no other layer in there has weights: the branch of an Inception module
        rather than the convolution in the block in it.
        """
        return tuple([self._path(change) for change in self.group.changes])

    @property
    def pattern(self) -> str:
        """The path, or a pattern that stands for all of several."""
        return pattern_of(self.paths)

    @property
    def last(self) -> int:
        """The last node of the first change."""
        change = self.group.changes[0]
        return max((*change.edits, *change.inside))

    def _path(self, change: LocalChange) -> str:
        nodes = self._graph.nodes
        for edit in change.edits.values():
            if isinstance(edit, SharedRounds):
                return edit.path
        kept = [node for node, edit in sorted(change.edits.items()) if not isinstance(edit, Removed)]
        first = (kept or sorted(change.edits))[0]
        path = nodes[first].path
        own = {*change.edits, *change.inside}
        while (scope := above(path)) and self._is_alone(scope, own):
            path = scope
        return path

    def _is_alone(self, scope: str, own: set[int]) -> bool:
        """Whether all layers with weights in a scope are of a change."""
        nodes = self._graph.nodes
        return self._weighted.of(scope) == sum(
            inside(nodes[node].path, scope) and bool(nodes[node].signature.weights()) for node in own
        )


class WeightedLayers:
    """How many layers with weights each scope of a graph has, counted when first asked."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._counts: Counter[str] | None = None

    def of(self, scope: str) -> int:
        """Those in a scope."""
        if self._counts is None:
            self._counts = Counter()
            weighted = {id(one): bool(one.weights()) for one in {node.signature for node in self._graph.nodes}}
            for node in self._graph.nodes:
                if weighted[id(node.signature)]:
                    self._counts.update(scopes(node.path))
        return self._counts[scope]


def _below(graph: Graph, paths: Sequence[str]) -> frozenset[int]:
    """The nodes of repeated steps."""
    return frozenset(
        [index for index, node in enumerate(graph.nodes) if any(inside(node.path, path) for path in paths)]
        if paths
        else ()
    )


def pattern_of(paths: Sequence[str]) -> str:
    """A pattern for several paths: ``layer*.conv2``, ``**.conv2d`` where they are not equally deep."""
    distinct = list(dict.fromkeys(paths))
    if len(distinct) == 1:
        return distinct[0]
    names = [path.split(DOT) for path in distinct]
    if len({len(one) for one in names}) == 1:
        return DOT.join([_shared(level) for level in zip(*names, strict=True)])
    last = _shared([one[-1] for one in names])
    return f"**{DOT}{last}"


def _shared(names: Sequence[str]) -> str:
    """What names have in common at the beginning and at the end, with a wildcard between."""
    first = names[0]
    if all(name == first for name in names):
        return first
    begin = _beginning(names)
    rest = [name[len(begin) :] for name in names]
    end = _beginning([name[::-1] for name in rest])[::-1]
    return f"{begin}*{end}"


def _beginning(names: Sequence[str]) -> str:
    """The letters that all names begin with."""
    first, last = min(names), max(names)
    shared = next((place for place, letter in enumerate(first) if letter != last[place : place + 1]), len(first))
    return first[:shared]


def sites_of(view: GraphView, uses: Uses, rewrites: Iterable[type[Rewrite]], nodes: Sequence[int]) -> Iterator[Site]:
    """Where rewrites apply that begin at some nodes of a graph, those that change together as one."""
    weighted = WeightedLayers(view.graph)
    wanted = set(nodes)
    for rewrite in rewrites:
        found = [change for node in nodes if (change := rewrite.at(view, node)) is not None]
        own = [change for change in found if wanted.issuperset(change.edits)]
        for group in grouped(uses, rewrite, own):
            yield Site(view.graph, group, weighted)
