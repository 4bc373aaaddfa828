"""Branches and groups: steps inside of a step, in a scope that sees the ids and names around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import decided
from archcost.errors import Diagnostic
from archcost.graph.arity import ANY, ONE, taken
from archcost.graph.blocks import whole
from archcost.graph.context import MAX_DEPTH, LimitError
from archcost.graph.model import Scope, new
from archcost.graph.references import Read, resolve
from archcost.graph.rounds import RoundMaker
from archcost.graph.scope import FAILED, Frame, Result
from archcost.graph.work import BRANCH
from archcost.ops.arithmetic import projection
from archcost.ops.base import shape_text
from archcost.paths import DOT
from archcost.spec.checks import StepError, endless
from archcost.spec.expressions import ExpressionError
from archcost.spec.vocabulary import GROUP_INPUT

if TYPE_CHECKING:
    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.graph.scope import Values
    from archcost.spec.model import Branch, Step, StepGroup

_FEATURES = 3  # dims of a tensor without height and width


class GroupMaker(RoundMaker):
    """Unrolls what stands inside of a step."""

    def steps_of(self, steps: list[Step], frame: Frame, result: Result) -> Result:
        """Unroll steps in order, the first one after a result; the result of the last one."""
        raise NotImplementedError

    def branch(self, label: str, branch: Branch, frame: Frame, own: Values) -> Read:
        """Unroll a branch of a step whose own inputs are these; what the step reads of it."""
        self.meter.spend(BRANCH, branch.mark)
        start = new(Result, (own, True, 0, 0))
        try:
            if branch.sources is not None:
                reads = resolve(self, branch.sources, frame, own)
                start = reads[0].result if len(reads) == 1 else Result(taken(self, reads, ANY, frame), True)
        except ExpressionError as error:
            self.fail(error.diagnostic, frame.body)
            start = Result(FAILED, True)
        prefix = f"{frame.prefix}{frame.fresh(label)}"
        frame.branches.add(label)
        inner = Frame(frame.body, frame.names, prefix + DOT, frame)
        first = len(frame.body.nodes)
        result = self._inside(branch.steps, inner, start, branch.mark)
        if len(frame.body.nodes) > first:
            frame.body.scopes.append(Scope(prefix, "branch", whole(result.bare), branch.mark))
        return new(Read, (result, inner.last, branch.mark))

    def group(self, step: Step, group: StepGroup, name: str, frame: Frame, inputs: Values) -> Result:
        """The steps that stand in place of a kind, in a scope that sees those around it; with residual, one `add`."""
        self.meter.spend(BRANCH, step.mark)
        body, path = frame.body, frame.prefix + name
        inner = Frame(body, frame.names, path + DOT, frame)
        start = inner.ids[GROUP_INPUT] = Result(inputs, len(inputs) == 1)
        inner.used.add(GROUP_INPUT)
        first = len(body.nodes)
        result = self._inside(group.steps, inner, start, step.mark)
        if group.adds_input:
            values = taken(self, [Read(result, inner.last, step.mark)], ONE, inner)
            result = self._added(step, path, inner, values[0], inputs)
        if len(body.nodes) > first:
            body.scopes.append(Scope(path, str(step.kind), whole(result.values), step.mark, whole(inputs)))
        return result

    def _added(self, step: Step, path: str, inner: Frame, value: int | None, inputs: Values) -> Result:
        """The input of a residual group added to the result of its steps; both must have one shape."""
        if len(inputs) != 1:
            hint = self.arity_help(step, inner, len(inputs))
            raise StepError(Diagnostic(f"'residual' takes 1 input, got {len(inputs)}", step.mark, hint))
        both = (value, inputs[0])
        if None in both:
            return self.passed_over(inner)
        after, before = (tensor.shape for tensor in inner.types_of(both))  # type: ignore[arg-type]  # none is None
        if len(after) != len(before) or not all(decided(a == b) for a, b in zip(after, before, strict=True)):
            where = "" if path == step.kind else f" '{self.inside(path)}'"
            shapes = f"its input is {shape_text(before)} and its result {shape_text(after)}"
            message = f"residual{where} needs a result of its input's shape: {shapes}"
            raise StepError(Diagnostic(message, step.mark, _shape_help(before, after)))
        return self.add_op(step, "add", inner.fresh("add"), inner, both, both)

    def _inside(self, steps: list[Step], inner: Frame, start: Result, mark: Mark) -> Result:
        """Unroll the steps of a branch or group, one level deeper."""
        if self.depth >= MAX_DEPTH:
            raise self.too_deep(f"blocks, branches and groups nest deeper than {MAX_DEPTH} levels", mark)
        self.depth += 1
        result = self.steps_of(steps, inner, start)
        self.depth -= 1
        return result

    def too_deep(self, message: str, mark: Mark) -> StepError | LimitError:
        """The error where blocks nest too deeply; for one that uses itself, the end, as all of its uses would do so."""
        used = [use.block for use in self.stack]
        name = next((name for name in reversed(used) if used.count(name) > 1), None)
        if name is None:
            return StepError(Diagnostic(message, mark))
        last = len(used) - 1 - used[::-1].index(name)
        before = last - 1 - used[last - 1 :: -1].index(name)
        problem = endless(used[before : last + 1], mark, f"more than {len(used)} levels deep")
        return self.limit(mark, problem)


def _shape_help(before: Shape, after: Shape) -> str:
    """How the result of a residual gets the shape of its input, or its input that of the result."""
    aligning = projection(before, after)
    both_ways = f"`add` with `branches: {{body: [steps], shortcut: [{aligning or 'steps'}]}}`"
    if aligning:
        return f"apply a projection to the shortcut: {both_ways}; or end with steps that give the shape of the input"
    if len(before) == len(after) > _FEATURES and all(
        decided(a < b) for a, b in zip(after[2:], before[2:], strict=True)
    ):
        way = "keep height and width, as a convolution does with `padding: same` and stride 1"
    else:
        way = "end with steps that give this shape"
    return f"{way}, or let the input have steps too: {both_ways}"
