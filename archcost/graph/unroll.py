"""Spec to Graph: blocks unrolled, references resolved, every node typed.

A block's body depends on its params and the types of its inputs alone, so each such combination is unrolled once and
its nodes are copied to wherever the block is used. Problems are collected: a step whose inputs failed is passed over,
and the steps that do not depend on it are still checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import Diagnostic, SpecError, suggestion
from archcost.graph.model import Graph, Node, Scope, Signature, TensorType
from archcost.graph.params import freeze, model_dtype, resolve_inputs, resolve_params
from archcost.ops import REGISTRY
from archcost.ops.base import OpError, apply
from archcost.ops.fields import shown, whole_number
from archcost.spec.expressions import Expression, ExpressionError
from archcost.spec.linker import AttributeProblem, build_op, check_params
from archcost.spec.model import Block, Reference
from archcost.spec.steps import kind_help

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.errors import Mark
    from archcost.ops.base import Op
    from archcost.spec.model import Branch, References, Spec, Step

MAX_NODES = 1_000_000
MAX_NESTING = 64

Values = tuple["int | None", ...]  # None stands for the value of a step that failed
_FAILED: Values = (None,)


class _Stop(Exception):
    """A limit is reached: unrolling ends."""


class _Result(NamedTuple):
    """What an id stands for: values, whether a bare reference means the first, and the nodes made for it."""

    values: Values
    main: bool
    start: int
    end: int


class Body:
    """Nodes of an unrolled block, numbered from 0, its inputs being -1, -2 …; ``failed_at`` is the first failing node."""

    __slots__ = ("failed_at", "nodes", "outputs", "scopes", "types")

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.types: list[TensorType] = []
        self.scopes: list[Scope] = []
        self.outputs: Values = ()
        self.failed_at: int | None = None


class _Frame:
    """A scope while it is unrolled: names for expressions, ids, and the path in front of both."""

    __slots__ = ("body", "ids", "inputs", "names", "outer", "prefix", "used")

    def __init__(
        self,
        body: Body,
        names: dict[str, Any],
        inputs: tuple[TensorType, ...],
        prefix: str = "",
        outer: _Frame | None = None,
    ) -> None:
        self.body = body
        self.names = names
        self.inputs = inputs
        self.prefix = prefix
        self.outer = outer
        self.ids: dict[str, _Result] = {}
        self.used: set[str] = set()

    def find(self, name: str) -> _Result | None:
        """The result of an id, here or around."""
        frame: _Frame | None = self
        while frame is not None:
            result = frame.ids.get(name)
            if result is not None:
                return result
            frame = frame.outer
        return None

    def known(self) -> list[str]:
        """All ids that can be referred to, the nearest scope first."""
        outer = self.outer.known() if self.outer else []
        return [name for name in (*self.ids, *outer) if name]  # a step that failed before it had a name has none

    def type_of(self, value: int) -> TensorType:
        """The type of a value of this body."""
        return self.body.types[value] if value >= 0 else self.inputs[-1 - value]

    def fresh(self, wanted: str) -> str:
        """The first free name: ``wanted``, then ``wanted_1`` …"""
        name, count = wanted, 0
        while name in self.used:
            count += 1
            name = f"{wanted}_{count}"
        self.used.add(name)
        return name


class Unroller:
    """Unrolls one spec under one setting of its params; ``problems`` collects what is wrong."""

    def __init__(self, spec: Spec, names: dict[str, Any], dtype: str) -> None:
        self.spec = spec
        self.names = names
        self.dtype = dtype
        self.problems: list[Diagnostic] = []
        self._bodies: dict[Any, Body] = {}
        self._ops: dict[Any, Op] = {}
        self._signatures: dict[Any, Signature] = {}
        self._stack: list[tuple[str, str]] = []  # blocks being unrolled, and where they are used
        self._steps = 0

    def run(self, inputs: dict[str, TensorType]) -> Body:
        """The body of the whole model."""
        types = tuple(inputs.values())
        try:
            return self._body(self.spec.main, self.names, types)
        except _Stop:
            body = Body()
            body.failed_at = 0
            return body

    # --- blocks -----------------------------------------------------------------------------------------------------

    def _body(self, block: Block, names: dict[str, Any], inputs: tuple[TensorType, ...]) -> Body:
        body = Body()
        frame = _Frame(body, names, inputs)
        for index, name in enumerate(block.inputs):
            frame.ids[name] = _Result((-1 - index,), True, 0, 0)
        frame.used.update(block.inputs)
        current = self._steps_of(block.steps, frame, (-1,) if inputs else ())
        if block.outputs is None:
            body.outputs = current.values
        else:
            body.outputs = self._resolve(block.outputs, frame, ())
        return body

    def _steps_of(self, steps: list[Step], frame: _Frame, start: Values) -> _Result:
        """Unroll steps in order; the result of the last one (of the start, when there are none)."""
        for step in steps:
            if step.id is not None:
                if step.id.name in frame.used:
                    self._problem(f"the id '{step.id.name}' is taken in this scope", step.id.mark, "ids are unique")
                frame.used.add(step.id.name)
        result = _Result(start, True, 0, 0)
        inputs = start
        for step in steps:
            result = self._step(step, frame, inputs)
            inputs = result.values if len(result.values) == 1 or not result.main else result.values[:1]
        return result

    def _step(self, step: Step, frame: _Frame, current: Values) -> _Result:
        """Unroll one step: the name, the condition, the inputs, the rounds."""
        body = frame.body
        start = len(body.nodes)
        try:
            inputs = current if step.sources is None else self._resolve(step.sources, frame, current)
            kind = self._kind(step, frame, inputs)
            name = step.id.name if step.id is not None else frame.fresh(kind)
            if step.when is not None and not self._value(step.when, frame, inputs):
                result = _Result(inputs, True, start, start)
            elif step.repeat is None:
                result = self._once(step, kind, name, frame, inputs)
            else:
                result = self._rounds(step, kind, name, frame, inputs)
        except ExpressionError as error:
            name = step.id.name if step.id is not None else ""
            self._fail(error.diagnostic, body)
            result = _Result(_FAILED, True, start, len(body.nodes))
        except AttributeProblem as problem:
            self._fail(problem.diagnostic, body)
            result = _Result(_FAILED, True, start, len(body.nodes))
        frame.ids[name] = result
        return result

    def _kind(self, step: Step, frame: _Frame, inputs: Values) -> str:
        kind = step.kind
        if isinstance(kind, str):
            return kind
        value = kind.evaluate(self._names(frame, inputs) if kind.uses_input else frame.names)
        if not isinstance(value, str) or (value not in REGISTRY and value not in self.spec.blocks):
            message = f"{kind.text} gives {shown(value)}, which is not a kind"
            hint = kind_help(str(value), dict(self.spec.blocks))
            raise ExpressionError(Diagnostic(message, kind.mark, hint))
        return value

    def _rounds(self, step: Step, kind: str, name: str, frame: _Frame, inputs: Values) -> _Result:
        assert step.repeat is not None
        count = whole_number(self._value(step.repeat, frame, inputs))
        if count is None or count < 0:
            given = shown(self._value(step.repeat, frame, inputs))
            raise ExpressionError(Diagnostic(f"'repeat' is a whole number ≥ 0, got {given}", step.repeat.mark))
        if count > MAX_NODES:
            self._limit(step.repeat.mark)
        body = frame.body
        start = len(body.nodes)
        result = _Result(inputs, True, start, start)
        names = frame.names
        for i in range(count):
            frame.names = {**names, step.repeat_as: i}
            result = self._once(step, kind, f"{name}.{i}", frame, inputs)
            frame.ids[f"{name}.{i}"] = result
            inputs = (self._single(result, step.mark), *inputs[1:])
        frame.names = names
        if count:
            body.scopes.append(Scope(frame.prefix + name, "repeat", _good(result.values), step.mark))
        return result._replace(start=start)

    def _once(self, step: Step, kind: str, name: str, frame: _Frame, inputs: Values) -> _Result:
        """One round of a step: its branches, then its op or block."""
        self._steps += 1
        if self._steps > MAX_NODES:
            self._limit(step.mark)
        body = frame.body
        start = len(body.nodes)
        own = inputs
        if step.branches is not None:
            inputs = tuple([self._branch(label, branch, frame, own) for label, branch in step.branches.items()])
        if kind in self.spec.blocks:
            result = self._block(step, self.spec.blocks[kind], name, frame, own, inputs)
        else:
            result = self._op(step, kind, name, frame, own, inputs)
        if step.share is not None and None not in result.values:
            self._share(step.share, frame, start, len(body.nodes))
        return result._replace(start=start, end=len(body.nodes))

    def _branch(self, label: str, branch: Branch, frame: _Frame, own: Values) -> int | None:
        start = own if branch.sources is None else self._resolve(branch.sources, frame, own)
        prefix = f"{frame.prefix}{frame.fresh(label)}"
        inner = _Frame(frame.body, frame.names, frame.inputs, f"{prefix}.", frame)
        first = len(frame.body.nodes)
        result = self._steps_of(branch.steps, inner, start)
        value = self._single(result, branch.mark)
        if len(frame.body.nodes) > first:
            frame.body.scopes.append(Scope(prefix, "branch", _good((value,)), branch.mark))
        return value

    def _block(self, step: Step, block: Block, name: str, frame: _Frame, own: Values, inputs: Values) -> _Result:
        """Copy the nodes of a block's body; unroll it first if these params and types are new."""
        if step.kind is not block.name:
            check_params(step, block)
        if len(inputs) != len(block.inputs):
            wanted = f"{len(block.inputs)} input{'s' * (len(block.inputs) != 1)} ({', '.join(block.inputs)})"
            raise AttributeProblem(Diagnostic(f"'{block.name}' takes {wanted}, got {len(inputs)}", step.mark))
        if None in inputs:
            return self._passed_over(frame)
        values = [value for value in inputs if value is not None]
        types = tuple([frame.type_of(value) for value in values])
        names = self._block_names(step, block, frame, own, types)
        key = (block.name, tuple([freeze(names[param]) for param in block.params]), types)
        path = frame.prefix + name
        sub = self._bodies.get(key)
        if sub is None:
            sub = self._unrolled(block, names, types, step.mark, path)
            self._bodies[key] = sub
        return self._copy(sub, frame, path, values, block.name, step.mark)

    def _block_names(
        self, step: Step, block: Block, frame: _Frame, own: Values, types: tuple[TensorType, ...]
    ) -> dict[str, Any]:
        names = dict(self.names)
        outer = self._names(frame, own) if step.uses_input else frame.names
        given = {param: attribute.template.evaluate(outer) for param, attribute in step.attributes.items()}
        for param, declaration in block.params.items():
            if param in given:
                names[param] = given[param]
            elif declaration.default is not None:
                scope = _with_input(names, types[0]) if declaration.default.uses_input else names
                names[param] = declaration.default.evaluate(scope)
        return names

    def _unrolled(
        self, block: Block, names: dict[str, Any], types: tuple[TensorType, ...], mark: Mark, path: str
    ) -> Body:
        if any(block.name == used for used, _ in self._stack):
            chain = " → ".join([*(used for used, _ in self._stack), block.name])
            raise AttributeProblem(Diagnostic(f"blocks may not use themselves: {chain}", mark))
        if len(self._stack) >= MAX_NESTING:
            raise AttributeProblem(Diagnostic(f"blocks nest deeper than {MAX_NESTING} levels", mark))
        self._stack.append((block.name, f"'{path}' ({mark})"))
        try:
            return self._body(block, names, types)
        finally:
            self._stack.pop()

    def _copy(self, sub: Body, frame: _Frame, path: str, inputs: list[int], kind: str, mark: Mark) -> _Result:
        """Append the nodes of a body under a path, its inputs bound to values of this one."""
        body = frame.body
        nodes, offset, shift = body.nodes, len(body.nodes), len(body.types)
        if offset + len(sub.nodes) > MAX_NODES:
            self._limit(mark)
        if sub.failed_at is not None and body.failed_at is None:
            body.failed_at = offset + sub.failed_at
        prefix = path + "."
        for tail, signature, reads, first, shared, where in sub.nodes:
            bound = tuple([value + shift if value >= 0 else inputs[-1 - value] for value in reads])
            owner = shared if shared < 0 else shared + offset
            nodes.append(Node(prefix + tail, signature, bound, first + shift, owner, where))
        body.types.extend(sub.types)

        def rebind(values: Values) -> Values:
            return tuple(
                [v if v is None else v + shift if v >= 0 else inputs[-1 - v] for v in values]
            )

        for tail, scope_kind, outputs, where in sub.scopes:
            body.scopes.append(Scope(prefix + tail, scope_kind, _good(rebind(outputs)), where))
        outputs = rebind(sub.outputs)
        body.scopes.append(Scope(path, kind, _good(outputs), mark))
        return _Result(outputs, len(outputs) == 1, offset, len(nodes))

    # --- ops --------------------------------------------------------------------------------------------------------

    def _op(self, step: Step, kind: str, name: str, frame: _Frame, own: Values, inputs: Values) -> _Result:
        op = step.op
        if op is None or op.kind != kind:
            op = self._built(step, kind, frame, own)
        if op.max_inputs == 0 and step.sources is None:
            inputs = ()
        if None in inputs:
            return self._passed_over(frame)
        body = frame.body
        types = tuple([frame.type_of(value) for value in inputs if value is not None])
        key = (op, types)
        signature = self._signatures.get(key)
        path = frame.prefix + name
        if signature is None:
            try:
                signature = self._signature(op, types)
            except OpError as error:
                note = _inputs_note(op, types)
                message = f"{kind} '{path}': {error.message}"
                self._fail(Diagnostic(message, step.mark, error.help, note), body)
                return _Result(_FAILED, True, 0, 0)
            self._signatures[key] = signature
        first = len(body.types)
        body.nodes.append(Node(path, signature, inputs, first, -1, step.mark))  # type: ignore[arg-type]  # no None
        body.types.extend(signature.outputs)
        values = tuple(range(first, first + len(signature.outputs)))
        return _Result(values, op.main_output or len(values) == 1, 0, 0)

    def _built(self, step: Step, kind: str, frame: _Frame, own: Values) -> Op:
        """The op of a step whose kind or attributes are expressions."""
        names = self._names(frame, own) if step.uses_input else frame.names
        values = {name: given.template.evaluate(names) for name, given in step.attributes.items()}
        key = (id(step), kind, *map(freeze, values.values()))
        op = self._ops.get(key)
        if op is None:
            marks = {name: given.mark for name, given in step.attributes.items()}
            built = build_op(REGISTRY[kind], values, marks, step.mark)
            assert built is not None
            op = self._ops[key] = built
        return op

    def _signature(self, op: Op, types: tuple[TensorType, ...]) -> Signature:
        outputs = apply(op, tuple([tensor.shape for tensor in types]))
        dtype = types[0].dtype if types else self.dtype
        if op.integer_inputs:
            if "int" not in dtype:
                message = f"{op.kind} takes whole numbers (indices), got {dtype}"
                raise OpError(message, "declare the input as `{shape: [...], dtype: int64}`")
            dtype = self.dtype
        return Signature(op, types, tuple([TensorType(shape, dtype) for shape in outputs]))

    def _passed_over(self, frame: _Frame) -> _Result:
        if frame.body.failed_at is None:
            frame.body.failed_at = len(frame.body.nodes)
        return _Result(_FAILED, True, 0, 0)

    def _share(self, share: Reference, frame: _Frame, start: int, end: int) -> None:
        """Let the nodes from ``start`` use the weights of another step's nodes."""
        nodes = frame.body.nodes
        other = frame.find(share.name)
        if other is None or other.start == other.end:
            message = f"'share' names no step before this one: '{share.name}'"
            raise AttributeProblem(Diagnostic(message, share.mark, suggestion(share.name, frame.known(), "ids")))
        if other.end - other.start != end - start:
            message = f"'{share.name}' has {other.end - other.start} layers, this step has {end - start}"
            raise AttributeProblem(Diagnostic(message, share.mark, "share weights between steps of the same kind"))
        for index, target in zip(range(start, end), range(other.start, other.end), strict=True):
            mine, theirs = nodes[index].signature.weights(), nodes[target].signature.weights()
            for name, shape in mine.items():
                if theirs.get(name, shape) != shape:
                    message = f"'{name}' is {shape} here and {theirs[name]} in '{nodes[target].path}': not the same tensor"
                    raise AttributeProblem(Diagnostic(message, share.mark))
            owner = nodes[target].weights_of
            nodes[index] = nodes[index]._replace(weights_of=owner if owner >= 0 else target)

    # --- names, references, problems --------------------------------------------------------------------------------

    def _names(self, frame: _Frame, inputs: Values) -> dict[str, Any]:
        """The names of a scope with those of the step's input."""
        if not inputs or inputs[0] is None:
            return frame.names
        return _with_input(frame.names, frame.type_of(inputs[0]))

    def _value(self, template: Any, frame: _Frame, inputs: Values) -> Any:
        return template.evaluate(self._names(frame, inputs) if template.uses_input else frame.names)

    def _resolve(self, references: References, frame: _Frame, inputs: Values) -> Values:
        """The values that ids stand for; unknown ones are reported and fail."""
        if isinstance(references, Expression):
            named = references.evaluate(self._names(frame, inputs) if references.uses_input else frame.names)
            items = named if isinstance(named, list) else [named]
            references = [Reference(str(item), references.mark) for item in items]
        return tuple([self._reference(reference, frame) for reference in references])

    def _reference(self, reference: Reference, frame: _Frame) -> int | None:
        name = reference.name
        result = frame.find(name)
        if result is not None:
            return self._single(result, reference.mark, name)
        base, _, index = name.rpartition(".")
        result = frame.find(base) if index.isdigit() else None
        if result is not None:
            if int(index) < len(result.values):
                return result.values[int(index)]
            if None in result.values:
                return None
            count = len(result.values)
            plural = "outputs" if count != 1 else "output"
            self._fail(Diagnostic(f"'{base}' has {count} {plural}, counted from 0", reference.mark), frame.body)
            return None
        if name == "input" and frame.find("input") is None:
            hint = f"the inputs here are {', '.join(self._input_names(frame))}"
        else:
            hint = suggestion(name, list(dict.fromkeys(frame.known())), "ids before this step")
        self._fail(Diagnostic(f"unknown id '{name}'", reference.mark, hint), frame.body)
        return None

    def _input_names(self, frame: _Frame) -> list[str]:
        return [name for name, result in frame.ids.items() if result.values and (result.values[0] or 0) < 0]

    def _single(self, result: _Result, mark: Mark, name: str = "") -> int | None:
        """The value of a step with one output, or the main one."""
        if len(result.values) == 1 or (result.main and result.values):
            return result.values[0]
        label = f"'{name}'" if name else "the step before"
        choices = ", ".join(f"{name or 'id'}.{k}" for k in range(min(3, len(result.values))))
        self._problem(f"{label} has {len(result.values)} outputs", mark, f"pick one: {choices}")
        return None

    def _fail(self, diagnostic: Diagnostic, body: Body) -> None:
        if body.failed_at is None:
            body.failed_at = len(body.nodes)
        if self._stack:
            block, place = self._stack[-1]
            diagnostic = diagnostic._replace(notes=(*diagnostic.notes, f"in the block '{block}', used as {place}"))
        self.problems.append(diagnostic)

    def _problem(self, message: str, mark: Mark, help: str) -> None:  # noqa: A002 - the word users see
        self.problems.append(Diagnostic(message, mark, help))

    def _limit(self, mark: Mark) -> None:
        self._problem(f"the model grows beyond {MAX_NODES:,} layers", mark, "")
        raise _Stop


def _good(values: Values) -> tuple[int, ...]:
    return tuple([value for value in values if value is not None])


def _with_input(names: Mapping[str, Any], tensor: TensorType) -> dict[str, Any]:
    shape = tensor.shape
    extended = {**names, "in_shape": list(shape)}
    if len(shape) > 1:
        extended["in_channels"] = shape[1]
    if shape:
        extended["in_features"] = shape[-1]
    return extended


def _inputs_note(op: Op, types: tuple[TensorType, ...]) -> tuple[str, ...]:
    shapes = ", ".join("(" + ", ".join(map(str, tensor.shape)) + ")" for tensor in types[:6])
    return (f"its input{'s are' if len(types) > 1 else ' is'} {shapes}",) if types else ()


def unroll(
    spec: Spec,
    params: Mapping[str, Any] | None = None,
    *,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
) -> Graph:
    """The graph of a spec under params; raises SpecError with all problems and the graph up to the first."""
    names = resolve_params(spec, params or {}, batch, training=training)
    chosen = model_dtype(spec, dtype)
    inputs = resolve_inputs(spec, names, batch, chosen)
    if not spec.main.steps:
        hint = "this file holds blocks: include it from a spec" if spec.blocks else "add `layers:`"
        raise SpecError([Diagnostic("the spec has no layers", spec.main.mark, hint)])
    unroller = Unroller(spec, names, chosen)
    body = unroller.run(inputs)
    values = {name: names[name] for name in spec.params}
    graph = Graph(
        spec, values, batch, training, chosen, inputs, body.nodes, _good(body.outputs), body.scopes
    )
    if unroller.problems:
        failed = body.failed_at if body.failed_at is not None else len(body.nodes)
        partial = graph._replace(nodes=body.nodes[:failed], outputs=(), scopes=[])
        raise SpecError(_in_order(unroller.problems, spec), partial)
    return graph


def _in_order(problems: list[Diagnostic], spec: Spec) -> list[Diagnostic]:
    """Each problem once, those of the spec's own file first."""
    unique = list({(problem.message, problem.mark): problem for problem in problems}.values())
    return sorted(unique, key=lambda p: (p.mark is None or p.mark.source is not spec.text_source))
