"""The walk of a spec for many designs at once: where they differ in what is made, a step is walked for each group.

Most steps make the same layers for all designs, of sizes that are tables. Where Python must decide by a table, a
:class:`~archcost.sweeping.varying.Fork` is raised. The innermost step under way catches it, undoes what it has done, and
is walked again for each group of designs, with all names and types restricted to the group. Then the groups are joined:
one node stands for the layers of all of them (:class:`Joined`), and its outputs are tables over the axis of the fork. A
group that fails makes its designs invalid. Groups that cannot be joined, because they have outputs of other ranks, fork
the step around, and at last the whole spec: the worst case is a walk for each design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from archcost.graph.blocks import Bodies, ResolvedParams, block_names
from archcost.graph.bounds import Bounds
from archcost.graph.context import LimitError
from archcost.graph.model import Node, TensorType, new
from archcost.graph.params import freeze
from archcost.graph.references import Read
from archcost.graph.rounds import Turn
from archcost.graph.scope import FAILED, Body, Frame, Result
from archcost.graph.unroll import Unroller
from archcost.meter import WorkError
from archcost.spec.checks import StepError
from archcost.spec.expressions import ExpressionError, Names
from archcost.spec.problems import Problems
from archcost.errors import SpecError
from archcost.sweeping.varying import Along, CoupledError, Fork, Table, joined, restricted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.graph.model import Signature
    from archcost.graph.scope import Values
    from archcost.spec.model import Block, Step

    Found = TypeVar("Found", Result, Turn)


class Layer(NamedTuple):
    """A node of a group: what it computes, the values that it reads, and the tensors that are another's.

    Values are counted within the group; -1, -2 … are those that the joined node reads.
    """

    signature: Signature | Joined
    inputs: tuple[int, ...]
    shared: frozenset[str]


class Part(NamedTuple):
    """The designs of one group: their indices, their layers, and whether they are invalid.

    ``outputs`` are the values that those of the joined node stand for, as in :class:`Layer`.
    """

    along: Along
    layers: tuple[Layer, ...]
    outputs: tuple[int, ...]
    failed: bool


class Joined:
    """What stands for the layers of several groups of designs: in place of a signature, shared by its copies."""

    __slots__ = ("along", "outputs", "parts")

    def __init__(self, along: Along, parts: tuple[Part, ...], outputs: tuple[TensorType, ...]) -> None:
        self.along = along
        self.parts = parts
        self.outputs = outputs


class _State:
    """What a step may change, as it was before."""

    def __init__(self, walk: Walker, frame: Frame) -> None:
        body = frame.body
        self.ids, self.used, self.unsure = dict(frame.ids), set(frame.used), set(frame.unsure)
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
        frame.ids, frame.used, frame.unsure = dict(self.ids), set(self.used), set(self.unsure)
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


class _Group(NamedTuple):
    """What the walk of a step gave for one group of designs."""

    along: Along
    found: Any  # a Result or a Turn; None: it failed
    nodes: list[Node]
    types: list[TensorType]
    given: dict[int, TensorType]  # the types of values from before
    state: _State
    problems: Problems

    def type_of(self, value: int, first: int) -> TensorType:
        """The type of a value in this group."""
        return self.types[value - first] if value >= first else self.given[value]


class WalkedBodies(Bodies):
    """As bodies of one design, but that what a step gave before is not compared with what it gives now."""

    def resolved(
        self, step: Step, block: Block, given: dict[str, Any], inputs: tuple[TensorType, ...]
    ) -> ResolvedParams:
        del step
        frozen = tuple(map(freeze, given.values()))
        names = block_names(self._top, block, given, inputs)
        return ResolvedParams(block, frozen, inputs, names, tuple([freeze(names[param]) for param in block.params]))


class Walker(Unroller):
    """Unrolls one spec for the designs of ``world``: some indices along each axis."""

    def __init__(
        self, spec: Any, names: Names, dtype: str, problems: Problems, world: dict[int, Along], *, joins: bool
    ) -> None:
        super().__init__(spec, names, dtype, problems)
        self._bodies = WalkedBodies(names)
        self.world = world
        self.joins = joins  # False: whoever asks next wants to see each layer, so that only the whole spec can fork
        self.forks = 0
        self.groups = 0

    @property
    def bodies(self) -> Bodies:
        """The bodies that were unrolled for these designs."""
        return self._bodies

    def run(self, inputs: dict[str, TensorType | None]) -> Body:
        """The body of the whole model; raises WorkError where the walk takes too much."""
        body = Body(tuple(inputs.values()))
        values = tuple([None if tensor is None else -1 - place for place, tensor in enumerate(body.inputs)])
        try:
            mark = self.bounds.too_large()
            if mark is not None:
                raise self.limit(mark)
            body.outputs = self._results(self.spec.main, Frame(body, self.names), values).values
        except LimitError:
            body.fail()
        return body

    # --- where steps fork -------------------------------------------------------------------------------------------

    def _step(self, step: Step, frame: Frame, current: Result) -> Result:
        def act() -> Result:
            return super(Walker, self)._step(step, frame, current)

        return self._forking(step, frame, act, Result(FAILED, True))

    def turn(
        self,
        step: Step,
        kind: str,
        name: str,
        number: int,
        frame: Frame,
        current: Result,
        before: Turn,
        *,
        is_last: bool,
    ) -> Turn:
        def act() -> Turn:
            return super(Walker, self).turn(step, kind, name, number, frame, current, before, is_last=is_last)

        return self._forking(step, frame, act, Turn(Result(FAILED, True), before.reads, before.inputs, True))

    def look_into(self, nodes: Sequence[Node], span: range) -> None:
        for index in span:
            signature: Any = nodes[index].signature
            if type(signature) is Joined:
                raise Fork(signature.along.axis, [part.along.indices for part in signature.parts], before=index)

    def _forking(self, step: Step, frame: Frame, act: Callable[[], Found], failed: Found) -> Found:
        """Do something with a frame; where designs differ, for each group by itself."""
        if not self.joins:
            return act()
        state = _State(self, frame)
        try:
            return act()
        except CoupledError:
            state.restore(self, frame)
            raise
        except Fork as fork:
            state.restore(self, frame)
            parts = self._parts(fork)
            if len(parts) < 2 or (fork.before is not None and fork.before < state.nodes):  # noqa: PLR2004
                raise
            parting = fork
        along = self.world[parting.axis]
        self.forks += 1
        groups = [self._group(step, frame, state, Along(along.axis, part), act, failed) for part in parts]
        return self._join(step, frame, state, along, groups, failed)

    def _parts(self, fork: Fork) -> list[list[int]]:
        """The parts of a fork among the designs that are walked, all others as one more."""
        indices = self.world[fork.axis].indices
        rest = set(indices)
        parts = []
        for part in fork.parts:
            own = [index for index in part if index in rest]
            rest -= set(own)
            if own:
                parts.append(own)
        if rest:
            parts.append([index for index in indices if index in rest])
        return parts

    def _group(
        self, step: Step, frame: Frame, state: _State, along: Along, act: Callable[[], Found], failed: Found
    ) -> _Group:
        """Walk one group of designs, in place: the frame and its body are as they were before when it ends."""
        self.groups += 1
        body = frame.body
        outer = self.names, self._bodies, self.bounds, self.world, body.types, body.inputs
        types: dict[int, TensorType] = {}

        def own(tensor: TensorType) -> TensorType:
            found = types.get(id(tensor))
            if found is None:
                found = types[id(tensor)] = new(TensorType, (restricted(tensor.shape, along), tensor.dtype))
            return found

        self.world = {**self.world, along.axis: along}
        frame.names = self._restricted_names(frame.names, along)
        self._bodies = WalkedBodies(self.names)
        self.bounds = Bounds(self.spec, self.names)
        body.types = [own(tensor) for tensor in body.types]
        body.inputs = tuple([None if tensor is None else own(tensor) for tensor in body.inputs])
        self.problems = Problems(state.problems.main)
        found: Any = None
        try:
            try:
                found = self._forking(step, frame, act, failed)
            except (ExpressionError, StepError) as error:
                self.fail(error.diagnostic, body, cause=error.cause)
            except LimitError:
                pass
            except WorkError:
                raise
            except SpecError as error:  # more problems than anybody reads
                self.problems = Problems(state.problems.main, error.diagnostics[:1])
            if self.problems:
                found = None
            nodes, made = body.nodes[state.nodes :], body.types[state.types :]
            given = {-1 - place: tensor for place, tensor in enumerate(body.inputs) if tensor is not None}
            given |= dict(enumerate(body.types[: state.types]))
            return _Group(along, found, nodes, made, given, _State(self, frame), self.problems)
        finally:
            self.names, self._bodies, self.bounds, self.world, body.types, body.inputs = outer
            frame.names = state.names
            state.restore(self, frame)

    def _restricted_names(self, names: Names, along: Along) -> Names:
        """The names of a scope for the designs of a group; those of the top become the walk's own."""
        chain: list[Names] = []
        outer: Names | None = names
        while outer is not None:
            chain.append(outer)
            outer = outer.outer
        top = chain.pop()
        found = Names({name: restricted(value, along) for name, value in top.items()}, meter=top.meter)
        found.evaluator = top.evaluator
        self.names = found
        for each in reversed(chain):
            found = Names({name: restricted(value, along) for name, value in each.items()}, found)
        return found

    # --- where groups join ------------------------------------------------------------------------------------------

    def _join(
        self, step: Step, frame: Frame, state: _State, along: Along, groups: list[_Group], failed: Found
    ) -> Found:
        body = frame.body
        alive = [group for group in groups if group.found is not None]
        tightest = min([group.state for group in groups], key=lambda each: each.allowed - each.spent)
        self.meter.spent, self.meter.allowed = tightest.spent, tightest.allowed
        if not alive:
            self.problems.extend(groups[0].problems)
            body.fail()
            self._settle(frame, state, along, groups, groups, None, None)
            return failed
        slots = [_slots(group.found) for group in alive]
        forms = [form for _, form in slots]
        if any(form != forms[0] for form in forms):
            raise self._around(along, groups)
        columns = list(zip(*[values for values, _ in slots], strict=True))
        if any(None in column for column in columns):
            if not all(value is None for column in columns if None in column for value in column):
                raise self._around(along, groups)
        first = state.types
        new_values: dict[tuple[int | None, ...], int] = {}
        outputs: list[TensorType] = []
        for column in columns:
            if None in column or column in new_values or (column[0] < first and len(set(column)) == 1):
                continue
            new_values[column] = first + len(outputs)
            outputs.append(self._joined_type(along, groups, alive, column, first))
        reads: dict[int, int] = {}  # values from before, by place among the inputs of the joined node
        for group in groups:
            for node in group.nodes:
                for value in node.inputs:
                    if value < first:
                        reads.setdefault(value, len(reads))
        for column in new_values:
            for value in column:
                if value is not None and value < first:
                    reads.setdefault(value, len(reads))
        parts = []
        place = -1
        for group in groups:
            is_alive = group.found is not None
            place += is_alive
            own = [_inside(column[place], first, reads) for column in new_values] if is_alive else []
            layers = _layers(group.nodes, state, body.nodes, first, reads) if is_alive else ()
            parts.append(Part(group.along, layers, tuple(own), not is_alive))
        signature: Any = Joined(along, tuple(parts), tuple(outputs))
        body.work += max([group.state.work - state.work for group in alive])
        if any(group.state.failed_at is not None for group in alive):
            body.fail()
        mark = step.mark
        body.nodes.append(new(Node, (frame.prefix + "…", signature, tuple(reads), first, -1, mark)))
        body.types.extend(outputs)
        index = state.nodes
        values = [column[0] if None in column else new_values.get(column, column[0]) for column in columns]
        found = _with_values(alive[0].found, values, index, index + 1)
        self._settle(frame, state, along, groups, alive, found, index)
        return found

    def _around(self, along: Along, groups: Sequence[_Group]) -> Fork:
        """The fork of the step around: what the groups give does not go together."""
        return Fork(along.axis, [group.along.indices for group in groups])

    def _joined_type(
        self, along: Along, groups: Sequence[_Group], alive: Sequence[_Group], column: tuple[Any, ...], first: int
    ) -> TensorType:
        """The type of a value that is another one in each group."""
        types = [group.type_of(value, first) for group, value in zip(alive, column, strict=True)]
        ranks = {(len(tensor.shape), tensor.dtype) for tensor in types}
        if len(ranks) > 1:
            raise self._around(along, groups)
        shape = [
            joined(along, [(group.along, dim) for group, dim in zip(alive, dims, strict=True)])
            for dims in zip(*[tensor.shape for tensor in types], strict=True)
        ]
        return TensorType(tuple(shape), types[0].dtype)

    def _settle(
        self,
        frame: Frame,
        state: _State,
        along: Along,
        groups: Sequence[_Group],
        alive: Sequence[_Group],
        found: Any,
        index: int | None,
    ) -> None:
        """Leave the ids and names of the frame as the step leaves them in all groups.

        What they differ in is unsettled: whoever asks for it forks the scope around.
        """
        states = [group.state for group in alive]
        frame.last = states[0].last
        frame.branches = set().union(*[each.branches for each in states])
        frame.unsure = set().union(*[each.unsure for each in states])
        differing = set().union(*[each.used for each in states]) - set.intersection(*[each.used for each in states])
        counted = set().union(*[each.counts for each in states])
        differing |= {name for name in counted if len({each.counts.get(name) for each in states}) > 1}
        frame.used = set().union(*[each.used for each in states])
        frame.counts = {name: max([each.counts.get(name, 0) for each in states]) for name in counted}
        fork = Fork(along.axis, [group.along.indices for group in groups], before=index)

        def tell() -> None:
            raise Fork(fork.axis, fork.parts, fork.before)

        for each in states:
            for name, told in each.unsettled.items():
                frame.unsettled.setdefault(name, told if name in state.unsettled else tell)
        ids = {name: None for each in states for name in each.ids}
        for name in ids:
            if name in state.ids and all(each.ids.get(name) == state.ids[name] for each in states):
                continue
            if found is None:
                frame.ids[name] = Result(FAILED, True)
            elif all(each.ids.get(name) is _result(group.found) for each, group in zip(states, alive, strict=True)):
                frame.ids[name] = _result(found)
            else:
                frame.ids[name] = _result(found)
                frame.unsettled[name] = tell
        for name in differing if index is not None else ():
            frame.unsettled.setdefault(name, tell)


def _result(found: Any) -> Result:
    return found.result if isinstance(found, Turn) else found


def _slots(found: Any) -> tuple[list[int | None], Any]:
    """The values of what a step or a round gives, and all else that groups must have in common."""
    if isinstance(found, Turn):
        result, reads, inputs, made = found
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


def _with_values(found: Any, values: list[int | None], start: int, end: int) -> Any:
    """What a step or a round gives, with other values."""
    if isinstance(found, Turn):
        given = iter(values)
        result = _taken(found.result, given, start, end)
        inputs = tuple([next(given) for _ in found.inputs])
        reads = tuple([read._replace(result=_taken(read.result, given, start, end)) for read in _plain(found.reads)])
        return Turn(result, reads, inputs, True)
    return _taken(found, iter(values), start, end)


def _taken(result: Result, given: Any, start: int, end: int) -> Result:
    return Result(tuple([next(given) for _ in result.values]), result.main, start, end)


def _inside(value: int | None, first: int, reads: dict[int, int]) -> int:
    """The number of a value within a group."""
    assert value is not None
    return value - first if value >= first else -1 - reads[value]


def _layers(
    nodes: Sequence[Node], state: _State, before: Sequence[Node], first: int, reads: dict[int, int]
) -> tuple[Layer, ...]:
    """The nodes of a group as its layers."""
    found = []
    for node in nodes:
        inputs = tuple([_inside(value, first, reads) for value in node.inputs])
        found.append(
            Layer(
                node.signature,
                inputs,
                shared_tensors(node, [*before[: state.nodes], *nodes] if node.weights_of >= 0 else nodes),
            )
        )
    return tuple(found)


def shared_tensors(node: Node, nodes: Sequence[Node]) -> frozenset[str]:
    """The names of the tensors that are another node's."""
    if node.weights_of < 0:
        return frozenset()
    owner = nodes[node.weights_of].signature
    return frozenset((*owner.weights(), *owner.buffers()))
