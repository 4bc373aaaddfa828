"""Steps in their order, with their ids: what is dead goes, and sources come before the first step that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import ROOT, Batched, FormStep
from archcost.importers.torch.steps import shared_with
from archcost.spec.source_calls import SourceCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from archcost.importers.form import FormScope, FormTensor
    from archcost.importers.torch.recorded import Recording
    from archcost.importers.torch.scopes import ModuleScopes
    from archcost.importers.torch.steps import MadeStep

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

    def arranged(
        self, inputs: Sequence[int], outputs: Sequence[int]
    ) -> tuple[list[FormStep], list[FormTensor], list[FormScope], list[int]]:
        """The steps that are left in order, the values and scopes that they use, and the outputs, renumbered."""
        steps = self.kept = self._ordered(self._alive(outputs))
        numbers = {value: place for place, value in enumerate(inputs)}
        for step in steps:
            for value in step.outputs:
                numbers[value] = len(numbers)
        names = _Names(self._scopes.made, steps)
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
        return SourceCall("" if step.source else spelled, _class(whole), " ".join(params), shape, caller)

    def _products_of(self, step: MadeStep) -> str:
        """What multiplies in torch's attention where its weights are asked for; empty where they are not."""
        if step.kind != "multihead_attention":
            return ""
        calls = self._recording.calls[step.call :]
        call = next(each for each in calls if each.function == "multi_head_attention_forward")
        masked = any(call.kwargs.get(name) is not None for name in ("attn_mask", "key_padding_mask"))
        return "torch.bmm" if len(call.outputs) > 1 and not masked else ""


def _class(module: nn.Module) -> str:
    kind = type(module)
    return f"{kind.__module__}.{kind.__qualname__}"


class _Names:
    """Scopes that are left, and the scope and id of each step.

    A module call with one step and nothing else is that step, by the name of the module. All other steps go by their
    kind, or by the path of the tensor that they are.
    """

    def __init__(self, scopes: Sequence[FormScope], steps: Sequence[MadeStep]) -> None:
        count = len(scopes)
        direct, below = [0] * count, [0] * count
        for step in steps:
            direct[step.scope] += 1
        for scope in range(count - 1, 0, -1):
            below[scopes[scope].parent] += bool(direct[scope] or below[scope])
        alone = {
            step.scope
            for step in steps
            if step.scope != ROOT and direct[step.scope] == 1 and not below[step.scope] and not step.name
        }
        numbers: dict[int, int] = {}
        self.scopes: list[FormScope] = []
        self._taken: set[tuple[int, str]] = set()
        for scope, each in enumerate(scopes):
            if scope != ROOT and (scope in alone or not (direct[scope] or below[scope])):
                continue
            numbers[scope] = len(self.scopes)
            each.parent = numbers.get(each.parent, -1)
            self.scopes.append(each)
        for scope, each in enumerate(scopes):
            if scope in alone:
                self._taken.add((numbers[each.parent], each.id))
            elif scope in numbers and scope != ROOT:
                self._taken.add((each.parent, each.id))
        given: list[tuple[int, str] | None] = []
        for step in steps:
            if step.scope in alone:
                each = scopes[step.scope]
                given.append((numbers[each.parent], each.id))
            else:
                given.append(self._free(numbers[step.scope], step.name) if step.name else None)
        self.of_steps = [
            found or self._free(numbers[step.scope], step.kind) for step, found in zip(steps, given, strict=True)
        ]

    def _free(self, scope: int, name: str) -> tuple[int, str]:
        """A scope and a name that is free in it."""
        number, free = 0, name
        while (scope, free) in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add((scope, free))
        return scope, free
