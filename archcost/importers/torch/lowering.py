"""Recording → Model: every call by its rule, under four laws.

1. What depends on parameters alone is the weight of the layer that it is given to.
2. What depends on no input is one constant, made where somebody uses it.
3. What only asks a tensor for its shape does not depend on it.
4. What no rule can say is ``custom``, with its shape from the run, and its MACs if they are known.

A rule is believed only where its steps have the shapes and the MACs of the run.
"""

# long: one class, whose methods share what is known of the recording while its calls are lowered

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from archcost.dtypes import DTYPE_BYTES, WHOLE_DTYPES
from archcost.errors import UsageError
from archcost.importers.form import Form, FormTensor, Input, Truth, shape_at
from archcost.importers.made_steps import Holders, MadeStep
from archcost.importers.step_names import label
from archcost.importers.torch.arranging import StepOrder
from archcost.importers.torch.dependence import Dependences, data_of, refs
from archcost.importers.torch.making import CallMaker, Place
from archcost.importers.torch.recorded import Origin, Ref
from archcost.importers.torch.remarks import unmapped
from archcost.importers.torch.rules import RULES
from archcost.importers.torch.rules.base import FREE, Unmapped
from archcost.importers.torch.rules.calls import bound
from archcost.importers.torch.rules.modules import MODULE_RULES
from archcost.importers.torch.scopes import ModuleScopes
from archcost.importers.torch.spans import span_of
from archcost.importers.typing_steps import Typist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import Attribute
    from archcost.importers.torch.recorded import Argument, Recording, TorchCall, TorchValue
    from archcost.importers.torch.rules.modules import ModuleRule
    from archcost.importers.torch.spans import Span

_NO_OUTPUT = "leave it out, in a callable of your own: `package.module:callable`"
_NO_STEP = "name a module that computes something of its input"


def lower(recording: Recording, *, name: str, source: str) -> Form:
    """The model that a recording shows; raises UsageError for what no spec can say."""
    return _Lowering(recording).model(name, source)


class _Lowering:
    """Lowers the calls of a recording in order; what is static only when it is asked for."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.known = Dependences(recording)
        self.scopes = ModuleScopes(recording)
        self.typist = Typist(recording.batch_sizes, recording.dtype)
        self.holders = Holders()
        self.values: list[FormTensor] = []
        self.steps: list[MadeStep] = []
        self.unseen: dict[str, None] = {}
        self._found: dict[int, int] = {}  # by value of the recording, that of the form
        self._at = (0, 0)  # the call that is being lowered, and the module call around it

    def model(self, name: str, source: str) -> Form:
        """All of the model."""
        recording = self.recording
        inputs = [self._input(recording.values[value]) for value in recording.inputs]
        index = 0
        while index < len(recording.calls):
            index = self._lower_module(index) or self._lower_next(index)
        self._at = (max(len(recording.calls) - 1, 0), 0)
        outputs = [self.value(value) for value in recording.outputs if self._elements(value)]
        if len(outputs) < len(recording.outputs):
            raise UsageError("the model gives a tensor without elements: no spec can say that", _NO_OUTPUT)
        if not self.steps:
            raise UsageError("the model computes nothing: it gives its input as it is, which no spec can say", _NO_STEP)
        for parameter, index in self.known.parameters.items():
            if parameter not in self.holders and self._elements(parameter):
                self._at = (index, recording.calls[index].module)
                self._parameter(recording.values[parameter])
        arrangement = StepOrder(recording, self.scopes, self.steps, self.values)
        steps, values, scopes, outputs = arrangement.arranged(inputs, outputs)
        taking_part = {recording.values[value].name for value in self.known.parameters}
        return Form(
            name,
            source,
            recording.dtype,
            [
                Input(given, place, own)
                for place, (given, (own, _)) in enumerate(zip(arrangement.inputs, inputs, strict=True))
            ],
            values,
            scopes,
            steps,
            tuple(outputs),
            Truth(
                sum([size for path, size in recording.parameters.items() if path in taking_part]),
                recording.macs,
                tuple(self.unseen),
            ),
            {path: size for path, size in recording.parameters.items() if path not in taking_part},
            recording.batch_sizes,
            [*recording.remarks, *unmapped(recording, arrangement.kept)],
        )

    def value(self, number: int) -> int:
        """The value of the form for one of the recording; what is static is made now, at the call that uses it."""
        found = self._found.get(number)
        if found is None:
            found = self._found[number] = self._made(number)
        return found

    def _made(self, number: int) -> int:
        value = self.recording.values[number]
        if not self._elements(number):
            raise Unmapped("it reads a tensor without elements")
        known, maker = self.known.of[number], self.known.makers.get(number)
        if value.origin is Origin.PARAMETER:
            return self._parameter(value)
        if value.origin is Origin.BUFFER:
            dtype = value.dtype if value.dtype in WHOLE_DTYPES else None
            return self._source("buffer", value, {"shape": value.shape, "dtype": dtype}, named=True)
        if known.varies:
            raise Unmapped("it reads a result that no op of archcost gives")
        if known.constant or maker is None:
            return self._constant(value, maker)
        at = self._at
        self._lower(maker)
        self._at = at
        return self._found[number]

    def _input(self, value: TorchValue) -> tuple[str, int]:
        self.values.append(FormTensor(value.shape, value.dtype))
        self._found[value.number] = len(self.values) - 1
        return value.name, len(self.values) - 1

    def _parameter(self, value: TorchValue) -> int:
        """A parameter that is read as a value; where a layer holds it in another form already, it counts there."""
        shape = shape_at(value.shape, 1)
        holds, shapes = {"weight": value.number}, {"weight": shape}
        try:
            self.holders.check(holds, shapes)
        except Unmapped:
            return self._source("constant", value, {"shape": shape}, named=True, note="counted where it is a weight")
        return self._source("parameter", value, {"shape": shape}, named=True, holds=holds)

    def _constant(self, value: TorchValue, maker: int | None) -> int:
        dtype = value.dtype if value.dtype in DTYPE_BYTES and value.dtype != self.recording.dtype else None
        at = self._at
        if maker is not None:
            self._at = (maker, self.recording.calls[maker].module)
        found = self._source("constant", value, {"shape": value.shape, "dtype": dtype}, named=False)
        self._at = at
        return found

    def _source(
        self,
        kind: str,
        value: TorchValue,
        attributes: dict[str, Attribute],
        *,
        named: bool,
        holds: dict[str, int] | None = None,
        note: str = "",
    ) -> int:
        """A step without inputs. A ``named`` one goes by its path in the model."""
        call, module = self._at
        owner, _, last = value.name.rpartition(".")
        scope = self.scopes.of_path(owner, module) if named else self.scopes.of_call(module)
        typed = self.typist.typed(kind, (), attributes)
        self.values.extend(typed.outputs)
        step = MadeStep(
            kind,
            (),
            (len(self.values) - 1,),
            dict(typed.attributes),
            call,
            module,
            scope,
            0,
            holds or {},
            typed.weights,
            source=True,
            name=label(last) if named else "",
            note=note,
        )
        self.steps.append(step)
        self.holders.add(step)
        return len(self.values) - 1

    def _lower_module(self, index: int) -> int | None:
        """Lower a module whole whose first call this is, if there is a rule for it; gives the index after its calls."""
        module = self.recording.calls[index].module
        while module and self.scopes.start(module) == index:
            for rule in MODULE_RULES:
                last = rule.last(self.recording.modules, module)
                if last is not None:
                    span = span_of(self.recording, self.known, last, index, self.value)
                    if self._lower_span(span, rule):
                        return span.end
            module = self.recording.modules[module].parent
        return None

    def _lower_span(self, span: Span, rule: ModuleRule) -> bool:
        self._at = (span.start, span.number)
        maker = self._maker(span.start, span.number)
        try:
            values = rule.lower(span, maker)
            self.unseen.update(dict.fromkeys(maker.held_against(span.calls, span.outputs, values)))
        except Unmapped:
            return False  # its calls are lowered one by one, each with its own reason
        self._keep(maker.made)
        self._found.update(zip(span.outputs, values, strict=True))
        return True

    def _lower_next(self, index: int) -> int:
        """Lower a call, unless it is static or dead, or gives nothing; gives the index after it."""
        outputs = self.recording.calls[index].outputs
        if (
            index in self.known.alive
            and any(self.known.of[value].varies for value in outputs)
            and any(map(self._elements, outputs))
        ):
            self._lower(index)
        return index + 1

    def _lower(self, index: int) -> None:
        """Lower a call, by its rule or as a custom step."""
        call = self.recording.calls[index]
        self._at = (index, call.module)
        try:
            made, values = self._by_rule(index, call)
        except Unmapped as reason:
            self._at = (index, call.module)
            made, values = self._custom(index, call, str(reason))
        self._keep(made)
        for number, value in zip(call.outputs, values, strict=True):
            if value is not None:
                self._found[number] = value

    def _keep(self, made: Sequence[MadeStep]) -> None:
        self.steps.extend(made)
        for step in made:
            self.holders.add(step)

    def _maker(self, index: int, module: int) -> CallMaker:
        place = Place(index, module, self.scopes.of_call(module))
        return CallMaker(self.recording, self.known, self.typist, self.holders, self.values, place)

    def _by_rule(self, index: int, call: TorchCall) -> tuple[list[MadeStep], list[int | None]]:
        """The steps of a call by its rule; raises Unmapped if there is none, or what it gives is not what ran."""
        rule = RULES.get(call.function)
        if rule is None:
            raise Unmapped("archcost has no op for it")
        maker = self._maker(index, call.module)
        results = [self._tensor(number) for number in call.outputs]
        found = rule.lower(bound(self._without_empty(call), rule.signature, results, self.value), maker)
        values: list[int | None] = [found] if isinstance(found, int) else list(found)
        self.unseen.update(dict.fromkeys(maker.held_against([call], call.outputs, values)))
        return maker.made, values

    def _custom(self, index: int, call: TorchCall, reason: str) -> tuple[list[MadeStep], list[int | None]]:
        """A call that no rule can say, in the shapes of the run; MACs are unknown unless it is known to have none."""
        given = set(refs((call.args, call.kwargs)))
        fresh = [number for number in dict.fromkeys(call.outputs) if number not in given]
        results = [self._tensor(number) for number in fresh]
        if not all(map(self._elements, fresh)):
            path = self.recording.modules[call.module].path
            words = f"{call.function} in '{path}' gives a tensor without elements, and no op of archcost can say it"
            raise UsageError(words, f"it is called at {call.place}" if call.place else "")
        inputs = [self.value(number) for number in data_of(call) if self._elements(number)]
        dtype = results[0].dtype
        inputs.sort(key=lambda value: self.values[value].dtype != dtype)  # the first says the dtype of the outputs
        shapes = tuple([result.shape for result in results])
        attributes: dict[str, Attribute] = {"name": call.function, "output": shapes if len(shapes) > 1 else shapes[0]}
        if call.macs or call.function in FREE:
            attributes["macs"] = call.macs
        maker = self._maker(index, call.module)
        values = dict(zip(fresh, maker.steps("custom", inputs, attributes), strict=True))
        maker.made[0].unmapped = reason
        found: list[int | None] = [
            values[number] if number in values else self.value(number) for number in call.outputs
        ]
        return maker.made, found

    def _without_empty(self, call: TorchCall) -> TorchCall:
        """A call without the tensors that have no elements, as in lists of those that are joined."""
        args = tuple([self._filled(each) for each in call.args])
        kwargs = {name: self._filled(each) for name, each in call.kwargs.items()}
        return replace(call, args=args, kwargs=kwargs)

    def _filled(self, argument: Argument) -> Argument:
        if type(argument) is tuple:
            return tuple([each for each in argument if self._filled(each) is not None or each is None])
        return None if isinstance(argument, Ref) and not self._elements(argument.value) else argument

    def _elements(self, number: int) -> int:
        """The elements of a value of the recording at batch 1."""
        return prod(shape_at(self.recording.values[number].shape, 1))

    def _tensor(self, number: int) -> FormTensor:
        value = self.recording.values[number]
        return FormTensor(value.shape, value.dtype)
