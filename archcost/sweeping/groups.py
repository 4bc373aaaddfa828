"""Groups of designs for which a step is walked by itself: what it may change, what it gave, and what is left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.graph.references import Read
from archcost.graph.rounds import Turn
from archcost.graph.scope import Result
from archcost.spec.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.graph.model import Node, Signature, TensorType
    from archcost.graph.scope import Frame
    from archcost.sweeping.alongs import Along
    from archcost.sweeping.walker import Walker

Found = Result | Turn  # what a step or a round gives


class WalkedLayer(NamedTuple):
    """A node of a group: what it computes, the values that it reads, and the tensors that are another's.

    Values are counted within the group; -1, -2 … are those that the joined node reads.
    """

    signature: Signature | Joined
    inputs: tuple[int, ...]
    shared: frozenset[str]


class GroupPart(NamedTuple):
    """The designs of one group: their indices, their layers, and whether they are invalid.

    ``outputs`` are the values that those of the joined node stand for, as in :class:`WalkedLayer`, ``scopes`` the
    number of blocks that were unrolled for it, those of groups within aside.
    """

    along: Along
    layers: tuple[WalkedLayer, ...]
    outputs: tuple[int, ...]
    failed: bool
    scopes: int = 0


class Joined:
    """What stands for the layers of several groups of designs: in place of a signature, shared by its copies."""

    __slots__ = ("along", "outputs", "parts")

    def __init__(self, along: Along, parts: tuple[GroupPart, ...], outputs: tuple[TensorType, ...]) -> None:
        self.along = along
        self.parts = parts
        self.outputs = outputs


class State:
    """What a step may change, as it was before."""

    def __init__(self, walk: Walker, frame: Frame) -> None:
        body = frame.body
        self.known = len(frame.ids)  # ids are only added, and rounds make so many that they are not copied
        self.used, self.unsure = set(frame.used), set(frame.unsure)
        self.branches, self.counts, self.unsettled = set(frame.branches), dict(frame.counts), dict(frame.unsettled)
        self.last, self.names = frame.last, frame.names
        self.own = dict(frame.names)
        self.nodes, self.types, self.scopes = len(body.nodes), len(body.types), len(body.scopes)
        self.work, self.failed_at = body.work, body.failed_at
        self.depth, self.stack, self.frozen = walk.depth, len(walk.stack), walk.frozen
        self.spent, self.allowed = walk.meter.spent, walk.meter.allowed
        self.unshared = set(walk.unshared)
        self.problems = walk.problems
        self.found = list(walk.problems)

    def restore(self, walk: Walker, frame: Frame) -> None:
        """Undo all that was done since."""
        body = frame.body
        while len(frame.ids) > self.known:
            frame.ids.popitem()
        frame.used, frame.unsure = set(self.used), set(self.unsure)
        frame.branches, frame.counts, frame.unsettled = set(self.branches), dict(self.counts), dict(self.unsettled)
        frame.last, frame.names = self.last, self.names
        frame.names.clear()
        frame.names.update(self.own)
        del body.nodes[self.nodes :], body.types[self.types :], body.scopes[self.scopes :]
        body.work, body.failed_at = self.work, self.failed_at
        walk.depth, walk.frozen = self.depth, self.frozen
        del walk.stack[self.stack :]
        walk.meter.spent, walk.meter.allowed = self.spent, self.allowed
        walk.unshared = set(self.unshared)
        walk.places = None
        walk.bodies.forget(self.nodes)
        if len(self.problems) != len(self.found):
            self.problems = Problems(self.problems.main, self.found)
        walk.problems = self.problems


class WalkedGroup(NamedTuple):
    """What the walk of a step gave for one group of designs."""

    along: Along
    found: Any  # a Result or a Turn; None: it failed
    nodes: list[Node]
    types: list[TensorType]
    given: dict[int, TensorType]  # the types of values from before
    state: State
    ids: dict[str, Result]  # those that it added
    problems: Problems
    scopes: int  # how many it added

    def type_of(self, value: int, first: int) -> TensorType:
        """The type of a value in this group."""
        return self.types[value - first] if value >= first else self.given[value]


def result_of(found: Any) -> Result:
    return found.result if isinstance(found, Turn) else found


def slots_of(found: Any) -> tuple[list[int | None], Any]:
    """The values of what a step or a round gives, and all else that groups must have in common."""
    if isinstance(found, Turn):
        result, reads, inputs, _ = found
        reads = _plain(reads)
        values = [*result.values, *inputs, *[value for read in reads for value in read.result.values]]
        marks = tuple([(read.name, read.result.main, len(read.result.values)) for read in reads])
        return values, (len(result.values), result.main or len(result.values) == 1, len(inputs), marks)
    return list(found.values), (len(found.values), found.main or len(found.values) == 1)


def _plain(reads: tuple[Read, ...]) -> tuple[Read, ...]:
    """What reads one value as if it were that of the step before."""
    if len(reads) == 1 and len(reads[0].result.values) == 1:
        return (Read(Result(reads[0].result.values, True), "", None),)
    return reads


def with_values(found: Any, values: list[int | None], start: int, end: int) -> Any:
    """What a step or a round gives, with other values."""
    if isinstance(found, Turn):
        given = iter(values)
        result = _taken(found.result, given, start, end)
        inputs = tuple([next(given) for _ in found.inputs])
        reads = tuple([read._replace(result=_taken(read.result, given, start, end)) for read in _plain(found.reads)])
        return Turn(result, reads, inputs, True)
    return _taken(found, iter(values), start, end)


def _taken(result: Result, given: Iterator[int | None], start: int, end: int) -> Result:
    return Result(tuple([next(given) for _ in result.values]), result.main, start, end)


def inside(value: int | None, first: int, reads: dict[int, int]) -> int:
    """The number of a value within a group."""
    assert value is not None
    return value - first if value >= first else -1 - reads[value]


def layers_of(
    nodes: Sequence[Node], before: Sequence[Node], first: int, reads: dict[int, int]
) -> tuple[WalkedLayer, ...]:
    """The nodes of a group as its layers."""
    every = [*before, *nodes]
    return tuple(
        [
            WalkedLayer(
                signature, tuple([inside(value, first, reads) for value in inputs]), shared_tensors(owner, every)
            )
            for _, signature, inputs, _, owner, _ in nodes
        ]
    )


def shared_tensors(weights_of: int, nodes: Sequence[Node]) -> frozenset[str]:
    """The names of the tensors that are another node's; -1: none."""
    if weights_of < 0:
        return frozenset()
    owner = nodes[weights_of].signature
    return frozenset((*owner.weights(), *owner.buffers()))
