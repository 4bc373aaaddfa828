"""Spec to Graph: blocks unrolled, references resolved, every node typed.

A block's body depends on its params and the types of its inputs alone, so each such combination is unrolled once, where
it is used first, and its nodes are copied to wherever it is used again. Problems are collected: a step whose inputs
failed is passed over, and the steps that do not depend on it are still checked.
"""

# long: one walk over steps, rounds, branches and blocks, whose parts call one another

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import decided
from archcost.errors import Diagnostic
from archcost.graph.blocks import Bodies, Unrolled, copy_body, whole
from archcost.graph.bounds import Bounds
from archcost.graph.context import MAX_DEPTH, MAX_NESTING, MAX_NODES, LimitError, Use
from archcost.graph.inputs import resolve_inputs
from archcost.graph.model import Graph, Scope, TensorType, new
from archcost.graph.nodes import NodeMaker
from archcost.graph.params import check_weight_dtype, model_dtype, resolve_params
from archcost.graph.references import resolve, single
from archcost.graph.scope import FAILED, Body, Frame, Result, Values
from archcost.graph.sharing import share_weights
from archcost.graph.work import BRANCH, REFERENCE, STEP, USE
from archcost.meter import Meter, WorkError
from archcost.ops import REGISTRY
from archcost.ops.base import raising
from archcost.ops.fields import shown, whole_number
from archcost.paths import DOT, join
from archcost.settings import AS_IT_STANDS
from archcost.spec.checks import StepError, check_params, cycle_text
from archcost.spec.expressions import ExpressionError, Names, has_value
from archcost.spec.problems import Problems
from archcost.spec.step_reader import kind_help

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.ops.base import Check
    from archcost.settings import Settings
    from archcost.spec.model import Block, Branch, Spec, Step


_FEW = 1000  # rounds that are made before anyone counts them


class Unroller(NodeMaker):
    """Unrolls one spec under one setting of its params."""

    def __init__(
        self, spec: Spec, names: Names, dtype: str, problems: Problems, checks: Callable[[], Check] = raising
    ) -> None:
        super().__init__(spec, names, dtype, problems, checks)
        self._bodies = Bodies(names)
        self._bounds = Bounds(spec, names)
        self._unshared: set[int] = set()  # steps whose weights cannot be shared: tried once, not in every round

    def run(self, inputs: dict[str, TensorType | None]) -> Body:
        """The body of the whole model."""
        body = Body(tuple(inputs.values()))
        values = tuple([None if tensor is None else -1 - place for place, tensor in enumerate(body.inputs)])
        try:
            mark = self._bounds.too_large()
            if mark is not None:
                raise self.limit(mark)
            body.outputs = self._results(self.spec.main, Frame(body, self.names), values)
        except LimitError:
            pass
        except WorkError as error:
            self.problems.extend(error.diagnostics)
        except MemoryError:
            body = Body()  # which frees some
            self.problems.add(Diagnostic("there is not enough memory to analyse this model", self.spec.main.mark))
        else:
            return body
        body = Body()
        body.fail()
        return body

    # --- scopes -----------------------------------------------------------------------------------------------------

    def _results(self, block: Block, frame: Frame, values: Values) -> Values:
        """Unroll the steps of a block whose inputs are these values; its outputs."""
        for name, value in zip(block.inputs, values, strict=True):
            frame.ids[name] = Result((value,), True)
        frame.used.update(block.inputs)
        outputs = self._steps_of(block.steps, frame, values[:1]).values
        if block.outputs is not None:
            try:
                outputs = resolve(self, block.outputs, frame, ())
            except ExpressionError as error:
                self.fail(error.diagnostic, frame.body)
                return FAILED
            if not outputs:
                mark = block.mark if isinstance(block.outputs, list) else block.outputs.mark
                problem = Diagnostic("'outputs' is empty", mark, "leave it out to return the last step")
                self.fail(problem, frame.body)
                return FAILED
        return outputs

    def _steps_of(self, steps: list[Step], frame: Frame, start: Values) -> Result:
        """Unroll steps in order; the result of the last one (of the start, when there are none)."""
        frame.used.update([step.id.name for step in steps if step.id is not None])
        result = new(Result, (start, True, 0, 0))
        for step in steps:
            inputs = result.values[:1] if result.main else result.values
            result = self._step(step, frame, inputs)
        return result

    def _branch(self, label: str, branch: Branch, frame: Frame, own: Values) -> int | None:
        self.meter.spend(BRANCH, branch.mark)
        try:
            start = own if branch.sources is None else resolve(self, branch.sources, frame, own)
        except ExpressionError as error:
            self.fail(error.diagnostic, frame.body)
            start = FAILED
        if self.depth >= MAX_DEPTH:
            message = f"blocks and branches nest deeper than {MAX_DEPTH} levels"
            raise StepError(Diagnostic(message, branch.mark))
        prefix = f"{frame.prefix}{frame.fresh(label)}"
        frame.branches.add(label)
        inner = Frame(frame.body, frame.names, prefix + DOT, frame)
        first = len(frame.body.nodes)
        self.depth += 1
        result = self._steps_of(branch.steps, inner, start)
        self.depth -= 1
        value = single(self, result, branch.mark, inner, inner.last)
        if len(frame.body.nodes) > first:
            frame.body.scopes.append(Scope(prefix, "branch", whole((value,)), branch.mark))
        return value

    # --- steps ------------------------------------------------------------------------------------------------------

    def _step(self, step: Step, frame: Frame, current: Values) -> Result:
        """Unroll one step: the name, the condition, the inputs, the rounds."""
        self.meter.spend(STEP, step.mark)
        name = step.id.name if step.id is not None else ""
        start = len(frame.body.nodes)
        result = new(Result, (FAILED, True, start, start))
        try:
            inputs = current if step.sources is None else resolve(self, step.sources, frame, current)
            kind = self._kind(step, frame, inputs)
            name = name or (frame.fresh(kind) if kind else "")
            if not kind or (step.broken and not step.branches):
                frame.body.fail()
            elif step.when is not None and not self._condition(step, frame, inputs):
                result = Result(inputs, True, start, start)
            elif step.repeat is None:
                result = self._once(step, kind, name, frame, inputs)
            else:
                result = self._rounds(step, kind, name, frame, inputs)
        except ExpressionError as error:
            self.fail(error.diagnostic, frame.body)
        except StepError as problem:
            self.fail(problem.diagnostic, frame.body)
        name = name or self._default_name(step, frame)
        if name:
            frame.ids[name] = result
        frame.last = name
        return result

    def _kind(self, step: Step, frame: Frame, inputs: Values) -> str:
        """The kind of a step; empty for one that is not known (and reported already)."""
        kind = step.kind
        if isinstance(kind, str):
            return kind if kind in self.spec.blocks or kind in REGISTRY else ""
        value = decided(kind.evaluate(self.names_at(frame, inputs) if kind.uses_input else frame.names))
        if not isinstance(value, str) or (value not in REGISTRY and value not in self.spec.blocks):
            message = f"{kind.text} gives {shown(value)}, which is not the name of an op or block"
            hint = kind_help(str(value), self.spec.blocks, self.meter, kind.mark)
            raise ExpressionError(Diagnostic(message, kind.mark, hint))
        return value

    def _default_name(self, step: Step, frame: Frame) -> str:
        """The name of a step that failed before it had one; without a kind, ids of the scope are unsure."""
        if isinstance(step.kind, str) and (step.kind in self.spec.blocks or step.kind in REGISTRY):
            return frame.fresh(step.kind)
        frame.unsure.add(step.kind if isinstance(step.kind, str) else step.kind.text)
        return ""

    def _condition(self, step: Step, frame: Frame, inputs: Values) -> bool:
        assert step.when is not None
        value = decided(self.value(step.when, frame, inputs))
        if not isinstance(value, (bool, int, float)):
            hint = "only `true` and `false` are booleans in YAML 1.2" if isinstance(value, str) else ""
            message = f"'when' must be true or false, got {shown(value)}"
            raise ExpressionError(Diagnostic(message, step.when.mark, hint))
        return bool(value)

    def _trains(self, step: Step, frame: Frame, inputs: Values) -> bool:
        """Whether a step says that its weights need gradients."""
        assert step.requires_grad is not None
        value = decided(self.value(step.requires_grad, frame, inputs))
        if not isinstance(value, bool):
            message = f"'requires_grad' must be true or false, got {shown(value)}"
            raise ExpressionError(Diagnostic(message, step.requires_grad.mark, "`false` freezes the weights"))
        return value

    def _rounds(self, step: Step, kind: str, name: str, frame: Frame, inputs: Values) -> Result:
        assert step.repeat is not None
        given = decided(self.value(step.repeat, frame, inputs))
        count = whole_number(given)
        if count is None or count < 0:
            raise ExpressionError(
                Diagnostic(f"'repeat' must be a whole number ≥ 0, got {shown(given)}", step.repeat.mark)
            )
        if count > MAX_NODES or (count > _FEW and self._bounds.are_too_many(count, step, kind, frame.names)):
            raise self.limit(step.repeat.mark)
        body, names = frame.body, frame.names
        start = len(body.nodes)
        result = Result(inputs, True, start, start)
        outputs = FAILED  # of the rounds, until all of them are there
        frame.names = Names({}, names)
        try:
            for i in range(count):
                frame.names[step.repeat_as] = i
                own_name = join(name, str(i))
                frame.ids[own_name] = result = self._once(step, kind, own_name, frame, inputs)
                if None in result.values:
                    break
                if len(inputs) == len(result.values) == 1:
                    inputs = result.values
                elif i + 1 < count:
                    inputs = (single(self, result, step.mark, frame, own_name), *inputs[1:])
            outputs = result.values
        finally:
            frame.names = names
            self._unshared.discard(id(step))
            if count:
                body.scopes.append(Scope(frame.prefix + name, "repeat", whole(outputs), step.mark))
        return Result(result.values, result.main, start, len(body.nodes))

    def _once(self, step: Step, kind: str, name: str, frame: Frame, inputs: Values) -> Result:
        """One round of a step: its branches, then its op or block."""
        if step.requires_grad is not None and not self._trains(step, frame, inputs) and not self.frozen:
            self.frozen = True
            try:
                return self._once(step, kind, name, frame, inputs)
            finally:
                self.frozen = False
        body = frame.body
        start = len(body.nodes)
        own = inputs
        if step.branches is not None:
            inputs = tuple([self._branch(label, branch, frame, own) for label, branch in step.branches.items()])
        if step.broken:
            return self.passed_over(frame)
        if kind in self.spec.blocks:
            result = self._block(step, self.spec.blocks[kind], name, frame, own, inputs)
        else:
            result = self.add_op(step, kind, name, frame, own, inputs)
        if step.share is not None and None not in result.values and id(step) not in self._unshared:
            self._bodies.forget(start)
            try:
                share_weights(self, step.share, frame, start, len(body.nodes))
            except StepError as problem:
                self._unshared.add(id(step))
                self.fail(problem.diagnostic, body)  # the result is as good as without it
        if len(body.nodes) > MAX_NODES or len(body.scopes) > MAX_NODES:
            raise self.limit(step.mark)
        end = len(body.nodes)
        if result.start == start and result.end == end:
            return result
        return new(Result, (result.values, result.main, start, end))

    # --- blocks -----------------------------------------------------------------------------------------------------

    def _block(self, step: Step, block: Block, name: str, frame: Frame, own: Values, inputs: Values) -> Result:
        """Unroll a block; copy the nodes of its body where there is one of these params and types already."""
        if step.kind != block.name:
            check_params(step, block, self.meter)
        if block.broken:
            return self.passed_over(frame)
        outer = self.names_at(frame, own) if step.uses_input else frame.names
        given = {param: attribute.template.evaluate(outer) for param, attribute in step.attributes.items()}
        if None in inputs:
            return self.passed_over(frame)
        if len(inputs) != len(block.inputs):
            wanted = f"{len(block.inputs)} input{'s' * (len(block.inputs) != 1)} ({', '.join(block.inputs)})"
            message = f"the block '{block.name}' takes {wanted}, got {len(inputs)}"
            raise StepError(Diagnostic(message, step.mark, self.arity_help(step, frame, len(inputs))))
        values: tuple[int, ...] = inputs  # type: ignore[assignment]  # none is None
        types = frame.types_of(values)
        resolved = self._bodies.resolved(step, block, given, types[0])
        equal = tuple(map(values.index, values)) if len(values) > 1 else ()  # a body is bound to values, not to places
        key = (block.name, resolved.key, types, equal, self.frozen)
        names = resolved.names
        path, body = frame.prefix + name, frame.body
        start = len(body.nodes)
        known = self._bodies.known.get(key)
        if known is None:
            outputs = self._unrolled(step, block, Frame(body, names, path + DOT), values, key)
        else:
            self.count_copy(known, path, step.mark)
            body.work += known.work
            outputs = copy_body(known, body, path, values)
        own_work = REFERENCE * (len(values) + len(outputs))
        self.meter.spend(USE + own_work, step.mark)
        body.work += own_work
        body.scopes.append(new(Scope, (path, block.name, whole(outputs), step.mark, values, names)))
        return new(Result, (outputs, len(outputs) == 1, start, len(body.nodes)))

    def _unrolled(self, step: Step, block: Block, frame: Frame, values: tuple[int, ...], key: object) -> Values:
        """Unroll the body of a block where it is used, and remember it; its outputs."""
        used = [use.block for use in self.stack]
        if block.name in used:
            chain = cycle_text([*used[used.index(block.name) :], block.name])
            message = f"blocks may not use themselves: {chain}"
            raise StepError(Diagnostic(message, step.mark, "use `repeat` for repetition"))
        if len(self.stack) >= MAX_NESTING or self.depth >= MAX_DEPTH:
            limit = f"{MAX_NESTING} levels" if len(self.stack) >= MAX_NESTING else f"{MAX_DEPTH} levels, with branches"
            raise StepError(Diagnostic(f"blocks nest deeper than {limit}", step.mark))
        body, prefix = frame.body, frame.prefix
        nodes, scopes, first, work = len(body.nodes), len(body.scopes), len(body.types), body.work
        self.stack.append(Use(block.name, prefix.removesuffix(DOT), step.mark))
        self.depth += 1
        outputs = self._results(block, frame, values)
        self.depth -= 1
        self.stack.pop()
        self._bodies.known[key] = Unrolled(
            range(nodes, len(body.nodes)),
            range(scopes, len(body.scopes)),
            first,
            len(body.types),
            len(prefix),
            values,
            outputs,
            body.work - work,
        )
        return outputs


def unroll(spec: Spec, settings: Settings = AS_IT_STANDS, checks: Callable[[], Check] = raising) -> Graph:
    """The graph of a spec under settings; ``checks`` gives the check that judges an op on its inputs.

    Raises UsageError for settings that the spec cannot have, SpecError with all problems (those of the spec's text
    included) and the graph up to the first failing node.
    """
    problems = Problems(spec.text_source, spec.problems)
    dtype = model_dtype(spec, settings.dtype)
    check_weight_dtype(settings.weight_dtype)
    try:
        names = resolve_params(spec, settings, problems, Meter())
        inputs = resolve_inputs(spec, names, settings, dtype, problems)
    except WorkError as error:
        problems.extend(error.diagnostics)
        raise problems.error() from None
    if not spec.main.steps:
        hint = "this file holds blocks: include it from a spec" if spec.blocks else "add `layers:`, a list of steps"
        if not spec.incomplete:
            problems.add(Diagnostic("the spec has no layers", spec.main.mark, hint))
        raise problems.error()
    body = Unroller(spec, names, dtype, problems, checks).run(inputs)
    known = {name: tensor for name, tensor in inputs.items() if tensor is not None}
    values = {name: names[name] for name in spec.params if has_value(names[name])}
    graph = Graph(spec, settings, values, dtype, known, body.nodes, whole(body.outputs), body.scopes)
    if problems:
        if len(known) < len(inputs):
            raise problems.error()
        raise problems.error(graph.before(body.failed_at))
    return graph
