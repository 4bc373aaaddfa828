"""Steps to nodes: the op with its attributes, typed by its inputs; equal ones are made once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dims import decided, numel
from archcost.errors import Diagnostic
from archcost.graph.context import Context
from archcost.graph.model import MAX_ELEMENTS, MAX_RANK, Node, Signature, new
from archcost.graph.params import freeze
from archcost.graph.references import outputs_base
from archcost.graph.scope import FAILED, Result
from archcost.graph.work import HELP, PART, layer_work
from archcost.ops import REGISTRY
from archcost.ops.base import OpError, apply, raise_on_false, raising, shape_text
from archcost.spec.checks import StepError, asserted_value, check_names, given_by, made_op
from archcost.spec.expressions import set_otherwise
from archcost.spec.given import Given
from archcost.spec.vocabulary import GROUP_INPUT
from archcost.spec.ways_out import with_help

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.errors import Mark
    from archcost.graph.model import TensorType
    from archcost.graph.scope import Frame, Values
    from archcost.ops.base import Check, Op
    from archcost.spec.expressions import Names
    from archcost.spec.model import Attribute, Spec, Step
    from archcost.spec.problems import Problems


class NodeMaker(Context):
    """Makes the nodes of ops."""

    def __init__(
        self, spec: Spec, names: Names, dtype: str, problems: Problems, checks: Callable[[], Check] = raising
    ) -> None:
        super().__init__(spec, names, dtype, problems)
        self._checks = checks  # gives a check for every op on its types, which the signature keeps
        self._ops: dict[Any, Op] = {}  # by their steps, and the values of attributes that are expressions
        self._equal: dict[Op, Op] = {}  # of equal ops the first, so that they are compared once
        self._marks: dict[tuple[int, str], dict[str, Mark]] = {}  # of the attributes of steps whose names are right
        self._signatures: dict[tuple[int, tuple[TensorType, ...], bool], Signature] = {}
        self._refused: dict[tuple[int, tuple[TensorType, ...], bool], OpError] = {}  # why there is no signature
        self._unmade: dict[Any, tuple[Diagnostic, str]] = {}  # why there is no op

    def passed_over(self, frame: Frame) -> Result:
        frame.body.fail()
        return Result(FAILED, True)

    def arity_help(self, step: Step, frame: Frame, count: int) -> str:
        if step.sources is None and step.branches is None and count > 1:
            base = outputs_base(frame.last or GROUP_INPUT, frame)
            pick = f"pick one with `from: {base}.0`, or several with `from: [{base}.0, …]`"
            if frame.last:
                return f"the previous step has {count} outputs: {pick}"
            return (
                f"the group has {count} inputs: {pick}" if base in frame.ids else "start the branch `from` one of them"
            )
        return "name them: `from: [a, b]`" if count < 2 else ""  # noqa: PLR2004 - several are wanted

    def add_op(self, step: Step, kind: str, name: str, frame: Frame, own: Values, inputs: Values) -> Result:
        op = step.op
        if op is None or op.kind != kind:
            op = self._built(step, kind, frame, own)
        else:
            op = self._ops.get(id(step)) or self._first(id(step), op)
        if op.max_inputs == 0 and step.sources is None:
            inputs = ()
        if None in inputs:
            return self.passed_over(frame)
        body = frame.body
        types = frame.types_of(inputs)  # type: ignore[arg-type]
        key = (id(op), types, self.frozen)
        signature = self._signatures.get(key)
        if signature is None:
            judged = self._judged(key, op, types, step.mark)
            if isinstance(judged, OpError):
                return self._failed(step, op, name, frame, types, judged)
            signature = judged
        path = frame.prefix + name
        if step.asserted is not None:
            self._hold_to(step, path, signature, frame, own)
        outputs = signature.outputs
        work = layer_work(path, len(inputs), len(outputs))
        self.meter.take_layer(work, step.mark)
        body.work += work
        start, first = len(body.nodes), len(body.types)
        body.nodes.append(new(Node, (path, signature, inputs, first, -1, step.mark)))
        if len(outputs) == 1:
            body.types.append(outputs[0])
            return new(Result, ((first,), True, start, start + 1))
        body.types.extend(outputs)
        return Result(tuple(range(first, first + len(outputs))), op.main_output, start, start + 1)

    def _failed(
        self, step: Step, op: Op, name: str, frame: Frame, types: tuple[TensorType, ...], error: OpError
    ) -> Result:
        shapes = ", ".join(str(shape_text(tensor.shape)) for tensor in types[:6]) + (", …" if len(types) > 6 else "")  # noqa: PLR2004
        note = (f"its input{'s are' if len(types) > 1 else ' is'} {shapes}",) if types else ()
        message = told_of(op.kind, frame.prefix + name, error.message)
        identity = (op.kind, error.message, shapes)
        hint = self._way_out(step, op, frame, types) or error.help
        self.fail(Diagnostic(message, step.mark, hint, note), frame.body, identity=identity)
        return Result(FAILED, True)

    def _way_out(self, step: Step, op: Op, frame: Frame, types: tuple[TensorType, ...]) -> str:
        """A help for an op that refuses its inputs, made of what it could have been given."""
        if step.sources is None and step.branches is None:
            if len(types) > 1 and op.max_inputs == 1:
                return self.arity_help(step, frame, len(types))
            if op.min_inputs == 0 and types:
                return "it needs no input: write `from: []` beside the kind"
        if not types:
            return ""
        from archcost.spec.helps.shapes import shape_help

        self.meter.spend(HELP, step.mark)
        declared = zip(self.spec.inputs, frame.body.inputs, strict=True)
        inputs = {name: tensor.shape for name, tensor in declared if tensor is not None}
        written = {name: given.template.value for name, given in step.attributes.items()}
        return shape_help(op, written, types[0].shape, inputs)

    def _built(self, step: Step, kind: str, frame: Frame, own: Values) -> Op:
        """The op of a step whose kind or attributes are expressions."""
        names = self.names_at(frame, own) if step.uses_input else frame.names
        attributes = self.given(step, kind).attributes
        values = {name: given.template.evaluate(names) for name, given in attributes.items()}
        key = (id(step), kind, *[value if type(value) is int else freeze(value) for value in values.values()])
        op = self._ops.get(key)
        if op is not None:
            return op
        if key in self._unmade:
            diagnostic, cause = self._unmade[key]
            raise StepError(diagnostic, cause=cause)
        try:
            return self._first(key, self._made(step, kind, attributes, values))
        except StepError as problem:
            told = with_help(problem, step, kind, self.around(step, frame, own))
            wrong = attributes.get(problem.wrong[0]) if problem.wrong is not None else None
            cause, hint = set_otherwise(wrong.template.expressions if wrong else (), names.evaluator)
            self._unmade[key] = diagnostic, _ = told._replace(help=hint or told.help), cause
            raise StepError(diagnostic, cause=cause) from None

    def given(self, step: Step, kind: str) -> Given:
        """What a step gives its kind, which may be an expression; raises StepError."""
        if isinstance(step.kind, str):
            return Given(step.attributes, step.asserted)
        return given_by(step, kind, self.spec.blocks)

    def _hold_to(self, step: Step, path: str, signature: Signature, frame: Frame, own: Values) -> None:
        """Hold a step to the size that it says its input has; raises StepError, with both."""
        op, shape = signature.op, signature.input_shapes[0]
        asserted = self.given(step, op.kind).asserted
        if asserted is None:
            return
        stated = asserted_value(type(op), asserted, self.value(asserted.template, frame, own))
        try:
            raise_on_false(  # and not the check of the signature, which other steps share
                decided(stated == shape[op.channels]),  # type: ignore[index]  # an op that infers a size says of which
                "{} is {}, but the input {} has {}",
                op.inferred,
                stated,
                shape,
                shape[op.channels],  # type: ignore[index]  # as above
            )
        except OpError as error:
            from archcost.spec.helps.shapes import size_help

            message = told_of(op.kind, self.inside(path), error.message)
            raise StepError(Diagnostic(message, asserted.mark, size_help(op, stated, shape))) from None

    def _made(self, step: Step, kind: str, attributes: dict[str, Attribute], values: dict[str, Any]) -> Op:
        marks = self._marks.get((id(step), kind))
        if marks is None:
            marks = {name: given.mark for name, given in attributes.items()}
            check_names(REGISTRY[kind], marks, step.mark)
            self._marks[id(step), kind] = marks
        return made_op(REGISTRY[kind], values, marks, step.mark, self._checks())

    def _first(self, key: object, op: Op) -> Op:
        """The op that stands for all that are equal to this one; known by the key from now on."""
        first = self._ops[key] = self._equal.setdefault(op, op)
        return first

    def _judged(
        self, key: tuple[int, tuple[TensorType, ...], bool], op: Op, types: tuple[TensorType, ...], mark: Mark
    ) -> Signature | OpError:
        """A new signature, or why there is none; both are kept, so that no equal layer is judged again."""
        refused = self._refused.get(key)
        if refused is not None:
            return refused
        try:
            signature = self._signatures[key] = self._signature(op, types, mark)
        except OpError as error:
            self._refused[key] = error
            return error
        return signature

    def _signature(self, op: Op, types: tuple[TensorType, ...], mark: Mark) -> Signature:
        check = self._checks()
        op.validate(check)  # again: what fails of the op by itself is kept with each of its signatures
        shapes = (types[0].shape,) if len(types) == 1 else tuple([tensor.shape for tensor in types])
        outputs = apply(op, shapes, check)
        dtypes = [tensor.dtype for tensor in types]
        if op.index_inputs or op.mask_inputs:
            check_dtypes(op, dtypes)
        dtype = op.result_dtype(shapes, dtypes, self.dtype)
        for shape in outputs:
            if len(shape) > MAX_RANK:
                raise OpError(f"its output has {len(shape):,} dims, more than the {MAX_RANK} that a tensor may have")
            if not decided(numel(shape) <= MAX_ELEMENTS):
                raise OpError("its output has more than 2⁶³ elements")
        parts = op.parts(shapes)
        if parts:
            self.meter.spend(PART * parts, mark)
        return Signature(op, types, shapes, outputs, dtype, check, frozen=self.frozen)


def check_dtypes(op: Op, dtypes: Sequence[str]) -> None:
    """Raise OpError where an input that names places holds no whole numbers, or one that chooses no truth values."""
    for place in op.index_inputs:
        if dtypes[place] not in op.index_dtypes:
            wanted = " or ".join(op.index_dtypes)
            hint = f"they are {wanted}; declare the input as `{{shape: [...], dtype: int64}}`"
            raise OpError(f"{op.kind} takes integer indices, got {dtypes[place]}", hint)
    for place in op.mask_inputs:
        if dtypes[place] != "bool":
            message = f"{op.kind} takes truth values as its {op.input_names[place]}, got {dtypes[place]}"
            raise OpError(message, "a comparison gives them: `gt: {other: 0}`; an input has `dtype: bool`")


def told_of(kind: str, path: str, message: str) -> str:
    """A message that begins with the op and the path, each once: ``add 'block.add_1' cannot broadcast …``."""
    who = kind if path == kind else f"{kind} '{path}'"
    return f"{who} {message.removeprefix(kind).lstrip()}" if message.startswith(f"{kind} ") else f"{who}: {message}"
