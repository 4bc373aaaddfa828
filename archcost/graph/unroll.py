"""Spec to Graph: blocks unrolled, references resolved, every node typed.

A block's body depends on its params and the types of its inputs alone, so each such combination is unrolled once, where
it is used first, and its nodes are copied to wherever it is used again. Problems are collected: a step whose inputs
failed is passed over, and the steps that do not depend on it are still checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import Diagnostic
from archcost.graph.arity import ANY, taken
from archcost.graph.blocks import Bodies, Unrolled, copy_body, whole
from archcost.graph.context import MAX_DEPTH, MAX_NESTING, MAX_NODES, LimitError, Use
from archcost.graph.groups import GroupMaker
from archcost.graph.inputs import resolve_inputs
from archcost.graph.model import Graph, Scope, TensorType, new
from archcost.graph.params import check_stored_dtypes, model_dtype, resolve_params
from archcost.graph.references import resolve
from archcost.graph.scope import FAILED, UNKNOWN_RESULT, Body, Frame, Result, Values
from archcost.graph.steps import reads_before
from archcost.graph.work import REFERENCE, STEP, USE
from archcost.meter import Meter, WorkError
from archcost.ops.base import raising
from archcost.paths import DOT
from archcost.settings import AS_IT_STANDS
from archcost.spec.checks import StepError, check_params
from archcost.spec.expressions import ExpressionError, Names, has_value
from archcost.spec.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.ops.base import Check
    from archcost.settings import Settings
    from archcost.spec.model import Block, Spec, Step


class Unroller(GroupMaker):
    """Unrolls one spec under one setting of its params."""

    def __init__(
        self, spec: Spec, names: Names, dtype: str, problems: Problems, checks: Callable[[], Check] = raising
    ) -> None:
        super().__init__(spec, names, dtype, problems, checks)
        self._bodies = Bodies(names)

    def run(self, inputs: dict[str, TensorType | None]) -> Body:
        """The body of the whole model."""
        body = Body(tuple(inputs.values()))
        values = tuple([None if tensor is None else -1 - place for place, tensor in enumerate(body.inputs)])
        try:
            mark = self.bounds.too_large()
            if mark is not None:
                raise self.limit(mark)
            body.outputs = self._results(self.spec.main, Frame(body, self.names), values).values
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

    def _results(self, block: Block, frame: Frame, values: Values) -> Result:
        """Unroll the steps of a block whose inputs are these values; its outputs."""
        last = len(block.inputs) - 1
        for place, name in enumerate(block.inputs):
            own = values[place:] if block.takes_more and place == last else values[place : place + 1]
            frame.ids[name] = Result(own, len(own) == 1)
        frame.used.update(block.inputs)
        start = frame.ids[block.inputs[0]] if block.inputs else UNKNOWN_RESULT
        result = self.steps_of(block.steps, frame, start)
        if block.outputs is not None:
            try:
                outputs = taken(self, resolve(self, block.outputs, frame, ()), ANY, frame)
            except ExpressionError as error:
                self.fail(error.diagnostic, frame.body)
                return UNKNOWN_RESULT
            if not outputs:
                mark = block.mark if isinstance(block.outputs, list) else block.outputs.mark
                problem = Diagnostic("'outputs' is empty", mark, "leave it out to return the last step")
                self.fail(problem, frame.body)
                return UNKNOWN_RESULT
            return Result(outputs, len(outputs) == 1)
        return result

    def steps_of(self, steps: list[Step], frame: Frame, result: Result) -> Result:
        """Unroll steps in order, the first one after a result; the result of the last one."""
        frame.used.update([step.id.name for step in steps if step.id is not None])
        for step in steps:
            result = self._step(step, frame, result)
        return result

    # --- steps ------------------------------------------------------------------------------------------------------

    def _step(self, step: Step, frame: Frame, current: Result) -> Result:
        """Unroll one step: what it reads, its kind and name, the condition, the rounds."""
        self.meter.spend(STEP, step.mark)
        name = step.id.name if step.id is not None else ""
        start = len(frame.body.nodes)
        result = new(Result, (FAILED, True, start, start))
        varies = step.varies
        try:
            reads = () if "from" in varies else self.reads(step, frame, current)
            kind = "" if "kind" in varies else self.kind_of(step, frame, reads)
            name = name or (frame.fresh(kind) if kind else "")
            if (not kind and "kind" not in varies) or (step.broken and not step.branches):
                frame.body.fail()
            elif step.when is not None and "when" not in varies and not self.holds(step, frame, reads):
                passed = reads_before(current) if "from" in varies else reads
                result = Result(taken(self, passed, ANY, frame), True, start, start)
            elif step.repeat is None:
                simple = step.sources is None and len(current.values) == 1
                inputs = current.values if simple else self.inputs(step, kind, frame, reads)
                result = self.once(step, kind, name, frame, inputs)
            else:
                result = self.rounds(step, kind, name, frame, current, reads)
        except ExpressionError as error:
            self.fail(error.diagnostic, frame.body, cause=error.cause)
        except StepError as problem:
            self.fail(problem.diagnostic, frame.body, cause=problem.cause)
        name = name or self.default_name(step, frame)
        if name:
            frame.ids[name] = result
        frame.last = name
        return result

    def once(self, step: Step, kind: str, name: str, frame: Frame, inputs: Values) -> Result:
        """One round of a step: its branches, then its group, block or op."""
        if step.requires_grad is not None and not self.frozen and not self.trains(step, frame, inputs):
            self.frozen = True
            try:
                return self.once(step, kind, name, frame, inputs)
            finally:
                self.frozen = False
        body = frame.body
        start = len(body.nodes)
        own = inputs
        if step.branches is not None:
            reads = [self.branch(label, branch, frame, own) for label, branch in step.branches.items()]
            inputs = taken(self, reads, self.takes(step, kind), frame)
        if step.broken:
            return self.passed_over(frame)
        if step.group is not None:
            result = self.group(step, step.group, name, frame, inputs)
        elif kind in self.spec.blocks:
            result = self._block(step, self.spec.blocks[kind], name, frame, own, inputs)
        else:
            result = self.add_op(step, kind, name, frame, own, inputs)
        lends = step.repeat is not None and step.share is not None and step.share.name == name  # the round it names
        if step.share is not None and not lends and None not in result.values and id(step) not in self.unshared:
            from archcost.graph.sharing import share_weights

            self._bodies.forget(start)
            try:
                share_weights(self, step.share, frame, start, len(body.nodes))
            except StepError as problem:
                self.unshared.add(id(step))
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
        attributes = self.given(step, block.name).attributes
        if step.kind != block.name:
            check_params(step, attributes, block, self.meter)
        if block.broken:
            return self.passed_over(frame)
        outer = self.names_at(frame, own) if step.uses_input else frame.names
        given = {param: attribute.template.evaluate(outer) for param, attribute in attributes.items()}
        if None in inputs:
            return self.passed_over(frame)
        if not block.allows(len(inputs)):
            message = f"the block '{block.name}' takes {block.takes}, got {len(inputs)}"
            raise StepError(Diagnostic(message, step.mark, self.arity_help(step, frame, len(inputs))))
        values: tuple[int, ...] = inputs  # type: ignore[assignment]  # none is None
        types = frame.types_of(values)
        resolved = self._bodies.resolved(step, block, given, types if block.takes_more else types[:1])
        equal = _places(values) if len(values) > 1 else ()  # a body is bound to values, not to places
        key = (block.name, resolved.key, types, equal, self.frozen)
        names = resolved.names
        path, body = frame.prefix + name, frame.body
        start = len(body.nodes)
        known = self._bodies.known.get(key)
        if known is None:
            outputs, main, *_ = self._unrolled(step, block, Frame(body, names, path + DOT), values, key)
        else:
            self.count_copy(known, path, step.mark)
            body.work += known.work
            outputs, main = copy_body(known, body, path, values), known.main
        own_work = REFERENCE * (len(values) + len(outputs))
        self.meter.spend(USE + own_work, step.mark)
        body.work += own_work
        body.scopes.append(new(Scope, (path, block.name, whole(outputs), step.mark, values, names)))
        return new(Result, (outputs, main, start, len(body.nodes)))

    def _unrolled(self, step: Step, block: Block, frame: Frame, values: tuple[int, ...], key: object) -> Result:
        """Unroll the body of a block where it is used, and remember it; its outputs."""
        if len(self.stack) >= MAX_NESTING:
            raise self.too_deep(f"blocks nest deeper than {MAX_NESTING} levels", step.mark)
        if self.depth >= MAX_DEPTH:
            raise self.too_deep(f"blocks nest deeper than {MAX_DEPTH} levels, with branches", step.mark)
        body, prefix = frame.body, frame.prefix
        nodes, scopes, first, work = len(body.nodes), len(body.scopes), len(body.types), body.work
        self.stack.append(Use(block.name, prefix.removesuffix(DOT), step.mark))
        self.depth += 1
        result = self._results(block, frame, values)
        self.depth -= 1
        self.stack.pop()
        self._bodies.known[key] = Unrolled(
            range(nodes, len(body.nodes)),
            range(scopes, len(body.scopes)),
            first,
            len(body.types),
            len(prefix),
            values,
            result.values,
            result.main,
            body.work - work,
        )
        return result


def _places(values: tuple[int, ...]) -> tuple[int, ...]:
    """For each value, where it stands first."""
    first: dict[int, int] = {}
    return tuple([first.setdefault(value, place) for place, value in enumerate(values)])


def unroll(spec: Spec, settings: Settings = AS_IT_STANDS, checks: Callable[[], Check] = raising) -> Graph:
    """The graph of a spec under settings; ``checks`` gives the check that judges an op on its inputs.

    Raises UsageError for settings that the spec cannot have, SpecError with all problems (those of the spec's text
    included) and the graph up to the first failing node.
    """
    problems = Problems(spec.text_source, spec.problems)
    dtype = model_dtype(spec, settings.dtype)
    check_stored_dtypes(settings)
    try:
        names = resolve_params(spec, settings, problems, Meter())
        inputs = resolve_inputs(spec, names, settings, dtype, problems)
    except WorkError as error:
        problems.extend(error.diagnostics)
        raise problems.error() from None
    if not spec.main.steps:
        hint = "this file holds blocks: include it from a spec" if spec.blocks else "list its steps under `layers:`"
        if not spec.incomplete:
            problems.add(Diagnostic("the spec has no layers", spec.main.mark, hint))
        raise problems.error()
    unroller = Unroller(spec, names, dtype, problems, checks)
    unroller.frozen = settings.lora is not None
    body = unroller.run(inputs)
    known = {name: tensor for name, tensor in inputs.items() if tensor is not None}
    values = {name: names[name] for name in spec.params if has_value(names[name])}
    graph = Graph(spec, settings, values, dtype, known, body.nodes, whole(body.outputs), body.scopes)
    if problems:
        if len(known) < len(inputs):
            raise problems.error()
        raise problems.error(graph.before(body.failed_at))
    if settings.lora is not None:
        from archcost.graph.adapters import with_adapters

        return with_adapters(graph, settings.lora)
    return graph
