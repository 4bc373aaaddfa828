"""Steps in their order, with their ids: what is dead goes, and sources come before the first step that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import FormStep
from archcost.importers.made_steps import shared_with
from archcost.importers.step_names import StepNames
from archcost.ops import REGISTRY
from archcost.ops.facets import WrittenAs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.form import FormScope, FormTensor
    from archcost.importers.made_steps import MadeStep
    from archcost.importers.torch.recorded import Recording
    from archcost.importers.torch.scopes import ModuleScopes

_TORCHS = "torch.nn.modules."
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
        self.functional: tuple[str, ...] = ()

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
                )
            )
        self.functional = self._written_as_functions(steps, found, names)
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

    def _written_as_functions(
        self, steps: Sequence[MadeStep], found: Sequence[FormStep], names: StepNames
    ) -> tuple[str, ...]:
        """The paths of layers that archcost builds as modules of torch, and the source computes in a module of another.

        Behind ``derived:`` those of classes derived from torch's own.
        """
        paths = []
        for made, step in zip(steps, found, strict=True):
            if REGISTRY[step.kind].written is not WrittenAs.MODULE:
                continue
            kind = type(self._recording.modules[made.module].module)
            if not kind.__module__.startswith(_TORCHS):
                derived = any(
                    base.__module__.startswith(_TORCHS) and base.__base__ is not object for base in kind.__mro__
                )
                paths.append("derived:" * (derived and bool(made.holds)) + names.path(step))
        return tuple(paths)
