"""Rewrites are made only where they change nothing that counts: shapes, params and MACs stay, and who reads what.

What an idiom proposes is typed by archcost's own ops at two batch sizes, and held against the steps that it replaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel
from archcost.importers.form import FormStep, FormTensor, size_at
from archcost.importers.typing_steps import Typist, Unmapped
from archcost.ops import REGISTRY
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from archcost.importers.form import Form
    from archcost.importers.idioms.sight import IdiomRewrite, NewStep, Sight
    from archcost.importers.typing_steps import Typed
    from archcost.spec.source_calls import SourceCall

    Idiom = Callable[[Sight, int], IdiomRewrite | None]

_BATCHES = (2, 3)
_IDLE = (Work.TABLE, Work.MOVE, Work.UNCHANGED)  # they compute nothing


class Rewriter:
    """Applies idioms to the steps of a model."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.model: Form = sight.model
        self.changed: set[int] = set()  # scopes
        self.made: list[FormStep] = []
        self._typist = Typist(_BATCHES, self.model.dtype)
        self._shared = {step.shares for step in self.model.steps}

    def apply(self, idiom: Idiom) -> None:
        """Try an idiom at every step, in order."""
        for place, step in enumerate(self.sight.steps):
            if step is None:
                continue
            rewrite = idiom(self.sight, place)
            if rewrite is not None:
                self._try(rewrite)

    def _try(self, rewrite: IdiomRewrite) -> bool:
        """Make a rewrite, unless it would change what counts."""
        gone = tuple(dict.fromkeys(rewrite.gone))
        if not self._is_closed(gone, rewrite.made) or not self._is_in_order(gone, rewrite.made):
            return False
        tensors: dict[int, FormTensor] = {}
        try:
            typed = [self._typed_made(made, tensors) for made in rewrite.made]
            before = [self._typed_step(self.sight.step(place)) for place in gone]
        except Unmapped:
            return False
        if None in typed or _figures(filter(None, typed)) != _figures(before) or None in _figures(before):
            return False
        self._replace(gone, rewrite.made, [each for each in typed if each is not None], tensors)
        return True

    def _is_closed(self, gone: tuple[int, ...], made: tuple[NewStep, ...]) -> bool:
        """Whether nothing outside needs a value that is lost, and no weights that go are shared."""
        kept = {value for each in made for value in each.outputs}
        for place in gone:
            step = self.sight.step(place)
            if step.shares is not None or place in self._shared:
                return False
            for value in step.outputs:
                outside = not set(gone).issuperset(self.sight.readers(value))
                if value not in kept and (outside or self.sight.is_output(value)):
                    return False
        return True

    def _is_in_order(self, gone: tuple[int, ...], made: tuple[NewStep, ...]) -> bool:
        """Whether every step stands after what it reads, and before who reads it."""
        new = {value: each.place for each in made for value in each.outputs}
        for each in made:
            if each.place not in gone:
                return False
            for value in each.inputs:
                maker = new.get(value, self.sight.maker(value))
                if maker is not None and (maker >= each.place or (maker in gone and value not in new)):
                    return False
            for value in each.outputs:
                if any(place <= each.place for place in self.sight.readers(value) if place not in gone):
                    return False
        return True

    def _typed_made(self, made: NewStep, tensors: dict[int, FormTensor]) -> Typed | None:
        """A new step as its op sees it; None if it does not give the values that are there."""
        inputs = [self._tensor(value, tensors) for value in made.inputs]
        typed = self._typist.typed(made.kind, inputs, dict(made.attributes))
        if len(typed.outputs) != len(made.outputs):
            return None
        for value, tensor in zip(made.outputs, typed.outputs, strict=True):
            if value < 0:
                tensors[value] = tensor
            elif tensor != self.model.values[value]:
                return None
        return typed

    def _typed_step(self, step: FormStep) -> Typed:
        return self._typist.typed(step.kind, [self.model.values[value] for value in step.inputs], step.attributes)

    def _tensor(self, value: int, tensors: dict[int, FormTensor]) -> FormTensor:
        return tensors[value] if value < 0 else self.model.values[value]

    def _replace(
        self, gone: tuple[int, ...], made: tuple[NewStep, ...], typed: list[Typed], tensors: dict[int, FormTensor]
    ) -> None:
        numbers = {}
        for value, tensor in tensors.items():
            numbers[value] = len(self.model.values)
            self.model.values.append(tensor)
        steps = {}
        for each, seen in zip(made, typed, strict=True):
            inputs, outputs = (
                tuple([numbers.get(value, value) for value in those]) for those in (each.inputs, each.outputs)
            )
            before = self.sight.step(each.place)
            scope = before.scope
            steps[each.place] = FormStep(
                each.kind, each.id or each.kind, scope, inputs, outputs, dict(seen.attributes), each.tensors
            )
            steps[each.place].call = self._call(before, gone, each.tensors)
            self.changed.add(scope)
        self.changed.update([self.sight.step(place).scope for place in gone])
        self.made += steps.values()
        self.sight.replace(gone, steps)

    def _call(self, before: FormStep, gone: tuple[int, ...], tensors: tuple[str, ...]) -> SourceCall | None:
        """How the source computes a new step: in the module of the one at its place, and by one function or several."""
        if before.call is None:
            return None
        replaced = [self.sight.step(place) for place in gone]
        functions = [step.call.function for step in replaced if step.call and REGISTRY[step.kind].work not in _IDLE]
        call = before.call._replace(function=functions[0] if len(functions) == 1 else "", params="", output="")
        for step in replaced:
            if step.call and step.call.params and step.tensors == tensors:
                call = call._replace(params=step.call.params, output=step.call.output)
        return call

    def sweep(self) -> None:
        """Take away what nobody reads any more, and what holds no params and no products."""
        for place in range(len(self.sight.steps) - 1, -1, -1):
            step = self.sight.steps[place]
            if step is None or step.shares is not None or place in self._shared:
                continue
            if any(self.sight.readers(value) or self.sight.is_output(value) for value in step.outputs):
                continue
            try:
                counts = _figures([self._typed_step(step)]) != _NOTHING
            except Unmapped:
                continue
            if not counts:
                self.changed.add(step.scope)
                self.sight.replace((place,), {})


def _figures(typed: Iterable[Typed]) -> tuple[int | None, ...]:
    """The params of steps, and their MACs at each batch size; None where they are not known."""
    steps = list(typed)
    params = sum([numel(shape) for step in steps for shape in step.weights.values()])
    macs = [step.macs for step in steps]
    if None in macs:
        return params, None
    return params, *[sum([size_at(each, batch) for each in macs if each is not None]) for batch in _BATCHES]


_NOTHING = (0, *[0 for _ in _BATCHES])
