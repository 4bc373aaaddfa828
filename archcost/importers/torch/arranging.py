"""Steps in their order, with their ids: what is dead goes, and sources come before the first step that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import Batched, FormStep
from archcost.importers.made_steps import shared_with
from archcost.importers.step_names import StepNames
from archcost.spec.source_calls import SourceCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from archcost.importers.form import FormScope, FormTensor
    from archcost.importers.made_steps import MadeStep
    from archcost.importers.torch.recorded import Recording
    from archcost.importers.torch.scopes import ModuleScopes

# A call; 0 for what stands before it, that of outer scopes first, by their depth; the order in which steps were made.
_Position = tuple[int, int, int, int]


class StepOrder:
    """Arranges the steps of a lowering."""

    def __init__(
        self, recording: Recording, scopes: ModuleScopes, steps: Sequence[MadeStep], values: Sequence[FormTensor]
    ) -> None:
        self._recording = recording
        self._scopes = scopes
        self._steps = steps
        self._values = values
        self.kept: list[MadeStep] = []
        self.inputs: list[str] = []  # what the inputs are called

    def arranged(
        self, inputs: Sequence[tuple[str, int]], outputs: Sequence[int]
    ) -> tuple[list[FormStep], list[FormTensor], list[FormScope], list[int]]:
        """The steps that are left in order, the values and scopes that they use, and the outputs, renumbered."""
        steps = self.kept = self._ordered(self._alive(outputs))
        numbers = {value: place for place, (_, value) in enumerate(inputs)}
        for step in steps:
            for value in step.outputs:
                numbers[value] = len(numbers)
        names = StepNames(self._scopes.made, steps, [name for name, _ in inputs])
        self.inputs = names.inputs
        parameters = self._recording.values
        found = []
        for step, shares, (scope, name) in zip(steps, shared_with(steps), names.of_steps, strict=True):
            found.append(
                FormStep(
                    step.kind,
                    name,
                    scope,
                    tuple([numbers[value] for value in step.inputs]),
                    tuple([numbers[value] for value in step.outputs]),
                    step.attributes,
                    tuple([parameters[value].name for value in step.holds.values()]),
                    shares,
                    step.note,
                    self._call(step),
                )
            )
        values = [self._values[value] for value in numbers]
        return found, values, names.scopes, [numbers[value] for value in outputs]

    def _alive(self, outputs: Sequence[int]) -> list[MadeStep]:
        """The steps that an output needs, or that count by themselves; a step stands after all that it reads."""
        needed = set(outputs)
        alive = []
        order = {id(step): (not step.source, step.call, number) for number, step in enumerate(self._steps)}
        for step in sorted(self._steps, key=lambda step: order[id(step)], reverse=True):
            if step.counts or not needed.isdisjoint(step.outputs):
                alive.append(step)
                needed.update(step.inputs)
        return alive

    def _ordered(self, steps: list[MadeStep]) -> list[MadeStep]:
        """In the order of the calls; a source before the first step that reads it, outside of other scopes' steps."""
        made = {id(step): number for number, step in enumerate(self._steps)}
        positions: dict[int, _Position] = {}
        sources = {step.outputs[0]: step for step in steps if step.source}
        for step in steps:
            if step.source:
                continue
            positions[id(step)] = (step.call, 1, 0, made[id(step)])
            for value in step.inputs:
                source = sources.get(value)
                if source is not None:
                    place = (self._start(source, step), 0, len(self._scopes.above(source.scope)), made[id(source)])
                    positions[id(source)] = min(place, positions.get(id(source), place))
        for step in sources.values():
            positions.setdefault(id(step), (step.call, 0, len(self._scopes.above(step.scope)), made[id(step)]))
        return sorted(steps, key=lambda step: positions[id(step)])

    def _start(self, source: MadeStep, user: MadeStep) -> int:
        inner = self._scopes.before(source.scope, user.module)
        return user.call if inner is None else self._scopes.start(inner)

    def _call(self, step: MadeStep) -> SourceCall:
        """How the source computes a step."""
        modules = self._recording.modules
        around = modules[step.module]
        whole = around.module
        names = {} if any(whole.children()) else {id(each): name for name, each in whole.named_parameters()}
        held = [modules[0].module.get_parameter(self._recording.values[value].name) for value in step.holds.values()]
        params = [names[id(parameter)] for parameter in held if id(parameter) in names]
        spelled = self._products_of(step) or self._recording.calls[step.call].spelled
        caller = _class(modules[around.parent].module) if step.module else ""
        output = self._recording.values[around.output].shape if params and around.output is not None else ()
        sizes = [(size.times, size.plus) if isinstance(size, Batched) else (0, size) for size in output]
        shape = " ".join([f"{times}n+{plus}" for times, plus in sizes])
        function = "" if step.source else spelled
        return SourceCall(function, _class(whole), " ".join(params), shape, caller, _base(whole))

    def _products_of(self, step: MadeStep) -> str:
        """What multiplies in torch's attention where its weights are asked for; empty where they are not."""
        if step.kind != "multihead_attention":
            return ""
        calls = self._recording.calls[step.call :]
        call = next(each for each in calls if each.function == "multi_head_attention_forward")
        masked = any(call.kwargs.get(name) is not None for name in ("attn_mask", "key_padding_mask"))
        return "torch.bmm" if len(call.outputs) > 1 and not masked else ""


def _class(module: nn.Module) -> str:
    return _name(type(module))


def _base(module: nn.Module) -> str:
    """Torch's own layer that the class of a module is derived from; empty if it is one, and if it is none."""
    lines = [kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn.modules.")]
    first = lines[0]
    return "" if first is type(module) or first.__name__ == "Module" else _name(first)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
