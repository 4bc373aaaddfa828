"""The walk of a spec for many designs at once: where they differ in what is made, a step is walked for each group.

Most steps make the same layers for all designs, of sizes that are tables. Where Python must decide by a table, a
:class:`~archcost.sweeping.alongs.ForkError` is raised. The innermost step under way catches it, undoes what it did, and
is walked again for each group of designs, with all names and types restricted to the group. Then the groups are joined:
one node stands for the layers of all of them (:class:`Joined`), and its outputs are tables over the axis of the fork. A
group that fails makes its designs invalid. Groups that cannot be joined, because they have outputs of other ranks, fork
the step around, and at last the whole spec: the worst case is a walk for each design.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from archcost.errors import SpecError
from archcost.graph.blocks import Bodies, ResolvedParams, block_names
from archcost.graph.bounds import Bounds
from archcost.graph.context import LimitError
from archcost.graph.model import TensorType, new
from archcost.graph.params import freeze
from archcost.graph.rounds import FEW, Turn
from archcost.graph.scope import FAILED, Body, Frame, Result
from archcost.graph.unroll import Unroller
from archcost.meter import WorkError
from archcost.spec.checks import StepError
from archcost.spec.expressions import ExpressionError, Names
from archcost.spec.problems import Problems
from archcost.sweeping.alongs import Along, CoupledError, ForkError, parts_of
from archcost.sweeping.arrays import np
from archcost.sweeping.effort import EFFORT, PER_GROUP
from archcost.sweeping.groups import Joined, State, WalkedGroup
from archcost.sweeping.joining import restricted
from archcost.sweeping.joins import Join
from archcost.sweeping.varying import VaryingTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.graph.model import Node
    from archcost.graph.rounds import Rounds
    from archcost.spec.model import Block, Spec, Step
    from archcost.sweeping.fusing import Couplings
    from archcost.sweeping.groups import Found


class WalkedBodies(Bodies):
    """As bodies of one design, but that what a step gave before is not compared with what it gives now."""

    def resolved(
        self, step: Step, block: Block, given: dict[str, Any], inputs: tuple[TensorType, ...]
    ) -> ResolvedParams:
        del step
        frozen = tuple(map(freeze, given.values()))
        names = block_names(self._top, block, given, inputs)
        return ResolvedParams(block, frozen, inputs, names, tuple([freeze(names[param]) for param in block.params]))


class CommonRounds(Sequence[int]):
    """The numbers of rounds of which each design makes as many as ``ends`` has for it, one at least."""

    def __init__(self, ends: VaryingTable) -> None:
        self.ends = ends

    def __len__(self) -> int:
        return self.ends.high

    def __getitem__(self, place: Any) -> Any:
        return range(self.ends.high)[place]


def _exceed(numbers: Any, least: int) -> Any:
    """Whether numbers are above one, a table of it."""
    return numbers > least


class Walker(Unroller):
    """Unrolls one spec for the designs of ``world``: some indices along each axis."""

    def __init__(
        self,
        spec: Spec,
        names: Names,
        dtype: str,
        problems: Problems,
        world: dict[int, Along],
        couplings: Couplings,
        *,
        joins: bool,
    ) -> None:
        super().__init__(spec, names, dtype, problems)
        self.couplings = couplings
        self._bodies = WalkedBodies(names)
        self.world = world
        self.joins = joins  # False: whoever asks next wants to see each layer, so that only the whole spec can fork

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

        result: Result = self._forking(step, frame, act, Result(FAILED, True))
        return result

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

        failed = Turn(Result(FAILED, True), before.reads, before.inputs, True)
        turn: Turn = self._forking(step, frame, act, failed)
        return turn

    def look_into(self, nodes: Sequence[Node], span: range) -> None:
        for index in span:
            signature: Any = nodes[index].signature
            if type(signature) is Joined:
                raise ForkError(signature.along.axis, [part.along.indices for part in signature.parts], before=index)

    # --- rounds -----------------------------------------------------------------------------------------------------

    def shared_rounds(self, step: Step, count: Any) -> Sequence[int] | None:
        if type(count) is not VaryingTable or not self.joins or step.varies:
            return None
        if not count.whole or count.low < 0 or count.high > FEW:
            return None
        return (
            CommonRounds(count) if count.low or bool(_exceed(count, 0)) else None
        )  # those without any are by themselves

    def turns(self, rounds: Rounds, frame: Frame, turn: Turn) -> Result:
        if isinstance(rounds.items, CommonRounds):
            return self._turns_of_some(rounds, rounds.items, frame, turn, 0)
        return super().turns(rounds, frame, turn)

    def _turns_of_some(self, rounds: Rounds, items: CommonRounds, frame: Frame, turn: Turn, start: int) -> Result:
        """The rounds from one on: those that all designs make, then for those with few and with many more the rest."""
        step, count = rounds.step, self._here(items.ends)
        end: int = count.low if type(count) is VaryingTable else count
        if 0 < start < end:
            turn = self.handed_on(step, rounds.kind, rounds.name, frame, turn)
        turn = self.turns_between(rounds, frame, turn, start, end)
        if type(count) is not VaryingTable or None in turn.result.values:
            return turn.result
        counts = np.unique(count.array)
        make_more = _exceed(count, int(counts[len(counts) // 2 - 1]))

        def act() -> Result:
            bool(self._here(make_more))  # forks, unless it is the same for all
            return self._turns_of_some(rounds, items, frame, turn, end)

        result: Result = self._forking(step, frame, act, Result(FAILED, True))
        return result

    def _here(self, value: Any) -> Any:
        """A value for the designs that are walked now."""
        for along in self.world.values():
            value = restricted(value, along)
        return value

    # --- groups -----------------------------------------------------------------------------------------------------

    def _forking(self, step: Step, frame: Frame, act: Callable[[], Found], failed: Found) -> Any:
        """Do something with a frame; where designs differ, for each group by itself. ``failed`` is what is left of it
        where all of them fail.
        """
        if not self.joins or all(len(along) == 1 for along in self.world.values()):
            return act()  # one design alone has nothing to differ from
        state = State(self, frame)
        try:
            return act()
        except CoupledError:
            state.restore(self, frame)
            raise
        except ForkError as fork:
            state.restore(self, frame)
            along = self.world[fork.axis]
            parts = parts_of(fork, along)
            if len(parts) == 1 or (fork.before is not None and fork.before < state.nodes):
                raise
            self.couplings.note(fork)
        groups = [self._group(step, frame, state, part, act, failed) for part in parts]
        return Join(self, frame, state, along, groups).made(step.mark, failed)

    def _group(
        self, step: Step, frame: Frame, state: State, along: Along, act: Callable[[], Found], failed: Found
    ) -> WalkedGroup:
        """Walk one group of designs, in place: the frame and its body are as they were before when it ends."""
        body = frame.body
        outer = self.names, self._bodies, self.bounds, self.world, body.types, body.inputs
        types: dict[int, TensorType] = {}

        def own(tensor: TensorType) -> TensorType:
            found = types.get(id(tensor))
            if found is None:
                shape = tensor.shape
                if any(isinstance(size, VaryingTable) for size in shape):
                    found = new(TensorType, (restricted(shape, along), tensor.dtype))
                types[id(tensor)] = found = found or tensor
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
            EFFORT.spend(PER_GROUP + max(0, self.meter.spent - state.spent))
            if self.problems:
                found = None
            nodes, made = body.nodes[state.nodes :], body.types[state.types :]
            given = {-1 - place: tensor for place, tensor in enumerate(body.inputs) if tensor is not None}
            given |= dict(enumerate(body.types[: state.types]))
            ids = dict(islice(frame.ids.items(), state.known, None))
            scopes = len(body.scopes) - state.scopes
            return WalkedGroup(along, found, nodes, made, given, State(self, frame), ids, self.problems, scopes)
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
