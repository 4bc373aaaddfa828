"""The rounds of a repeated step: what each of them is given, and what it hands on to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.dims import decided
from archcost.errors import Diagnostic
from archcost.graph.arity import ANY, taken
from archcost.graph.blocks import whole
from archcost.graph.bounds import Bounds
from archcost.graph.context import MAX_NODES
from archcost.graph.model import REPEAT, ROUND, Scope, new
from archcost.graph.scope import FAILED, Frame, Result
from archcost.graph.steps import StepMaker, reads_before
from archcost.graph.work import STEP
from archcost.ops.base import raising
from archcost.ops.fields import shown, whole_number
from archcost.paths import DOT
from archcost.spec.expressions import INDEX, ExpressionError, Names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.graph.scope import Values
    from archcost.graph.steps import Reads
    from archcost.ops.base import Check
    from archcost.spec.model import Spec, Step
    from archcost.spec.problems import Problems

FEW = 1000  # rounds that are made before anyone counts them


class Turn(NamedTuple):
    """What a round leaves to the next: its result, what that reads, and the inputs that it is handed.

    ``made`` is false for what stands before the first round, and for a round that is left out.
    """

    result: Result
    reads: Reads
    inputs: Values
    made: bool


class Rounds(NamedTuple):
    """A repeated step: its kind and name, the result before it, and what the index of each round is.

    ``listed`` says whether these are the items of a list.
    """

    step: Step
    kind: str
    name: str
    current: Result
    items: Sequence[Any]
    listed: bool


class RoundMaker(StepMaker):
    """Unrolls repeated steps."""

    def __init__(
        self, spec: Spec, names: Names, dtype: str, problems: Problems, checks: Callable[[], Check] = raising
    ) -> None:
        super().__init__(spec, names, dtype, problems, checks)
        self.bounds = Bounds(spec, names)
        self.unshared: set[int] = set()  # steps whose weights cannot be shared: tried once, not in every round

    def once(self, step: Step, kind: str, name: str, frame: Frame, inputs: Values) -> Result:
        """One round of a step."""
        raise NotImplementedError

    def rounds(self, step: Step, kind: str, name: str, frame: Frame, current: Result, reads: Reads) -> Result:
        """All rounds of a step after a result; ``reads`` and ``kind`` are empty if they differ from round to round."""
        body, names = frame.body, frame.names
        start = len(body.nodes)
        items, listed = self._items(step, kind, frame, reads)
        varies = bool(step.varies)
        is_chained = "from" not in step.varies
        result = self._passed(reads if is_chained else reads_before(current), frame)
        inputs = self.inputs(step, kind, frame, reads) if items and not varies else ()
        outputs = FAILED  # of the rounds, until all of them are there
        frame.names = Names({}, names)
        turn = new(Turn, (result, reads, inputs, False))
        try:
            result = self.turns(Rounds(step, kind, name, current, items, listed), frame, turn)
            outputs = result.values
        finally:
            frame.names = names
            self.unshared.discard(id(step))
            if items:
                body.scopes.append(Scope(frame.prefix + name, REPEAT, whole(outputs), step.mark))
        return Result(result.values, result.main, start, len(body.nodes))

    def turns(self, rounds: Rounds, frame: Frame, turn: Turn) -> Result:
        """Make all rounds; the result of the last, which is ``turn`` where there is none."""
        return self.turns_between(rounds, frame, turn, 0, len(rounds.items)).result

    def turns_between(self, rounds: Rounds, frame: Frame, turn: Turn, start: int, end: int) -> Turn:
        """Make some rounds after another, as if none came after them; what the last leaves, or the first that fails."""
        step, kind, name, current, items, listed = rounds
        last = end - 1
        for number in range(start, end):
            item = items[number]
            if listed:
                frame.names[INDEX] = number
            frame.names[step.repeat_as] = item
            turn = self.turn(step, kind, name, number, frame, current, turn, is_last=number == last)
            if turn.made and None in turn.result.values:
                break
        return turn

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
        """One round of a repeated step, after another; ``current`` is the result before the step itself."""
        result, reads, inputs, _ = before
        own_name = f"{name}.{number}"
        varies = bool(step.varies)
        is_chained = "from" not in step.varies
        if varies:
            self.meter.spend(STEP, step.mark)
            own = reads if is_chained else self.reads(step, frame, current)
            kind = self.kind_of(step, frame, own)
            if not self.holds(step, frame, own):
                result = self._left_out(result) if is_chained else self._passed(own, frame)
                frame.ids[own_name] = result
                return new(Turn, (result, reads, inputs, False))
            inputs = self.inputs(step, kind, frame, own)
        made = self.once if step.branches is None else self._in_scope
        frame.ids[own_name] = result = made(step, kind, own_name, frame, inputs)
        turn = new(Turn, (result, reads, inputs, True))
        return turn if None in result.values or is_last else self.handed_on(step, kind, name, frame, turn)

    def handed_on(self, step: Step, kind: str, name: str, frame: Frame, turn: Turn) -> Turn:
        """A round that another comes after: what that is given."""
        result, reads, inputs, _ = turn
        if len(inputs) == len(result.values) == 1 and not step.varies:
            inputs = result.values
        elif "from" not in step.varies:
            inputs = self._handed_on(step, kind, name, frame, inputs, result)
            reads = reads_before(Result(inputs, False))
        return new(Turn, (result, reads, inputs, True))

    def _in_scope(self, step: Step, kind: str, name: str, frame: Frame, inputs: Values) -> Result:
        """A round that holds its branches, and the step that takes their results."""
        path = frame.prefix + name
        inner = Frame(frame.body, frame.names, path + DOT, frame)
        result = self.once(step, kind, inner.fresh(kind), inner, inputs)
        frame.body.scopes.append(Scope(path, ROUND, whole(result.bare), step.mark, whole(inputs)))
        return result

    def _items(self, step: Step, kind: str, frame: Frame, reads: Reads) -> tuple[Sequence[Any], bool]:
        """What the index of each round is, and whether these are the items of a list."""
        assert step.repeat is not None
        inputs = taken(self, reads, ANY, frame) if step.repeat.uses_input else ()
        given = self.value(step.repeat, frame, inputs)
        shared = self.shared_rounds(step, given)
        if shared is not None:
            return shared, False
        given = decided(given)
        items: Sequence[Any] = ()
        listed = isinstance(given, (list, tuple))
        if listed:
            if step.repeat_as == INDEX:
                hint = f"`repeat: …, as: item` has a round for each item; `{INDEX}` counts them"
                message = f"'repeat' over a list needs `as`, a name of its items other than `{INDEX}`"
                raise ExpressionError(Diagnostic(message, step.repeat.mark, hint))
            items = given
        else:
            count = whole_number(given)
            if count is None or count < 0:
                message = f"'repeat' must be a whole number ≥ 0 or a list, got {shown(given)}"
                hint = self.forgotten(given, step, frame, inputs)
                raise ExpressionError(Diagnostic(message, step.repeat.mark, hint))
            if count > MAX_NODES:
                rounds = f"'repeat' asks for {count:,} rounds: no more than {MAX_NODES:,} are tried, layers or not"
                problem = Diagnostic(rounds, step.repeat.mark) if "when" in step.varies else None
                raise self.limit(step.repeat.mark, problem)
            items = range(count)
        are_sure = len(items) > FEW and "when" not in step.varies
        if are_sure and self.bounds.are_too_many(step, kind, len(items), frame.names):
            raise self.limit(step.repeat.mark)
        return items, listed

    def shared_rounds(self, step: Step, count: Any) -> Sequence[int] | None:
        """The rounds where candidates have more and fewer of them, which are made together; None: there are no such."""
        return None

    def _passed(self, reads: Reads, frame: Frame) -> Result:
        """The result of a step that is left out: what it reads."""
        place = len(frame.body.nodes)
        return Result(taken(self, reads, ANY, frame), True, place, place)

    @staticmethod
    def _left_out(before: Result) -> Result:
        """The result of a round that is left out: that of the round before, without layers of its own."""
        return Result(before.values, before.main, before.end, before.end)

    def _handed_on(self, step: Step, kind: str, name: str, frame: Frame, inputs: Values, result: Result) -> Values:
        """The inputs of the next round: the outputs take the place of the first ones, and the others stay the same.

        Reports outputs that are more than a round takes.
        """
        outputs = result.bare
        if len(outputs) == 1:
            return (*outputs, *inputs[1:])
        takes = self.takes(step, kind)
        if len(outputs) <= len(inputs) or takes.allows(len(outputs)):
            return (*outputs, *inputs[len(outputs) :])
        message = f"a round of '{name}' gives {len(outputs)} outputs, and {takes.text}"
        hint = "a round hands all its outputs to the next: let it give one, or as many as it takes"
        self.fail(Diagnostic(message, step.mark, hint), frame.body)
        return FAILED
