"""Where the steps of a spec are used: which block calls which, at which step, in which rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.graph.model import REPEAT
from archcost.paths import DOT, above, last
from archcost.suggesting.view import Place, place_of

if TYPE_CHECKING:
    from archcost.errors import Source
    from archcost.graph.model import Graph

MAIN = ""  # the path of the model, and the name of its definition

Rounds = tuple[tuple[Place, int], ...]  # the repeated steps around a step within its block, and the number of the round


class StepUse(NamedTuple):
    """One use of a step: in an instance of its block, in certain rounds.

    ``node`` is its index if the step is an op, and -1 if it calls a block, whose instance is ``path`` then. A repeated
    step as a whole is of the kind ``repeat``. ``name`` is what the step is called in its scope.
    """

    instance: str  # the path of the block around it
    place: Place
    rounds: Rounds
    path: str
    name: str
    kind: str
    node: int


class Uses:
    """All uses of the steps of a graph, and the instances of its blocks by their paths."""

    def __init__(self, graph: Graph) -> None:
        self.definitions: dict[str, str] = {MAIN: MAIN}  # of each instance, the name of its block
        self.sources: dict[str, Source] = {}  # by the name of the file
        self._repeats: dict[str, Place] = {}
        self._inside: dict[str, tuple[str, Rounds]] = {MAIN: (MAIN, ())}
        for scope in graph.scopes:
            self.sources.setdefault(scope.mark.source.file, scope.mark.source)
            if scope.params is not None:
                self.definitions[scope.path] = scope.kind
            elif scope.kind == REPEAT:
                self._repeats[scope.path] = place_of(scope.mark)
        self.of_nodes: list[StepUse] = []
        for index, node in enumerate(graph.nodes):
            self.sources.setdefault(node.mark.source.file, node.mark.source)
            self.of_nodes.append(self._use(node.path, place_of(node.mark), node.op.kind, index))
        self.of_blocks: dict[str, StepUse] = {  # by the path of the instance that is called
            scope.path: self._use(scope.path, place_of(scope.mark), scope.kind, -1)
            for scope in graph.scopes
            if scope.params is not None
        }

        self.of_repeats: dict[str, StepUse] = {  # by the path of the repeated step
            path: self._use(path, place, REPEAT, -1) for path, place in self._repeats.items()
        }

    def chain(self, index: int) -> list[StepUse]:
        """The use of a node, and those of the blocks around it, the innermost first."""
        found = [self.of_nodes[index]]
        while found[-1].instance != MAIN:
            found.append(self.of_blocks[found[-1].instance])
        return found

    def _use(self, path: str, place: Place, kind: str, node: int) -> StepUse:
        instance, rounds = self._around(path)
        name = last(above(path)) if above(path) in self._repeats else last(path)
        return StepUse(instance, place, rounds, path, name, kind, node)

    def _around(self, path: str) -> tuple[str, Rounds]:
        """The instance that a step at a path belongs to, and the rounds that it is in there."""
        scope = above(path)
        instance, rounds = self._within(scope)
        repeated = self._repeats.get(scope)
        return (instance, rounds) if repeated is None else (instance, (*rounds, (repeated, int(last(path)))))

    def _within(self, scope: str) -> tuple[str, Rounds]:
        """The instance and the rounds of what lies within a scope."""
        known = self._inside.get(scope)
        if known is None:
            waiting = [scope]  # without recursion: paths may be deep
            while (outer := above(waiting[-1])) not in self._inside:
                waiting.append(outer)
            for one in reversed(waiting):
                self._inside[one] = (one, ()) if one in self.definitions else self._around(one)
            known = self._inside[scope]
        return known


def is_below(path: str, instance: str) -> bool:
    """Whether a path lies within an instance."""
    return instance == MAIN or path.startswith(instance + DOT)
