"""A model while idioms look at it: its steps by what they make and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.ops import REGISTRY
from archcost.ops.fields import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.form import Attribute, Form, FormStep, Shape


class NewStep(NamedTuple):
    """A step of a rewrite: it stands at the place of a step that goes, and makes values that are there already.

    A value that is not there yet has a negative number, the same wherever it is read. ``id`` empty: that of its kind.
    """

    place: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Attribute] = {}
    tensors: tuple[str, ...] = ()
    id: str = ""


class IdiomRewrite(NamedTuple):
    """Steps that go, by their places, and those that come, in their order."""

    gone: tuple[int, ...]
    made: tuple[NewStep, ...]


class Sight:
    """The steps of a model by place (None: gone), and who makes and reads a value; kept while steps are rewritten."""

    def __init__(self, model: Form) -> None:
        self.model = model
        self.steps: list[FormStep | None] = list(model.steps)
        self._makers = model.producers()
        self._readers = model.readers()
        self._outputs = frozenset(model.outputs)
        self._roles = [(model.scopes[step.scope].kind, step.id) for step in model.steps]
        self._alike: dict[tuple[str, str], list[int]] = {}
        for place, role in enumerate(self._roles):
            self._alike.setdefault(role, []).append(place)

    def step(self, place: int) -> FormStep:
        """The step at a place where one is."""
        found = self.steps[place]
        if found is None:
            raise LookupError(place)
        return found

    def alike(self, place: int) -> list[int]:
        """The places of the steps of this name in all modules of this class, but for those that are gone."""
        return [other for other in self._alike[self._roles[place]] if self.steps[other] is not None]

    def shape(self, value: int) -> Shape:
        """The shape of a value."""
        return self.model.shape(value)

    def maker(self, value: int) -> int | None:
        """The place of the step that makes a value; None for an input of the model."""
        return self._makers.get(value)

    def readers(self, value: int) -> list[int]:
        """The places of the steps that read a value, in order."""
        return self._readers.get(value, [])

    def is_output(self, value: int) -> bool:
        """Whether a value is an output of the model."""
        return value in self._outputs

    def reader(self, value: int) -> int | None:
        """The place of the only step that reads a value; None if there are more or none, or it is an output."""
        places = self.readers(value)
        return places[0] if len(places) == 1 and not self.is_output(value) else None

    def made_by(self, value: int, *kinds: str) -> int | None:
        """The place of the step that makes a value, if it is of one of some kinds."""
        place = self.maker(value)
        return place if place is not None and self.step(place).kind in kinds else None

    def read_by(self, value: int, *kinds: str) -> int | None:
        """The place of the only step that reads a value, if it is of one of some kinds."""
        place = self.reader(value)
        return place if place is not None and self.step(place).kind in kinds else None

    def other_input(self, place: int, value: int) -> int | None:
        """Of a step with two inputs the one that is not this value; the value itself if both are."""
        inputs = self.step(place).inputs
        if len(inputs) != 2 or value not in inputs:  # noqa: PLR2004 - a pair
            return None
        return inputs[1] if inputs[0] == value else inputs[0]

    def attribute(self, place: int, name: str) -> Any:
        """An attribute of a step, which may have its default."""
        step = self.step(place)
        if name in step.attributes:
            return step.attributes[name]
        default = REGISTRY[step.kind].fields[name].default
        return None if default is REQUIRED else default

    def dim(self, place: int, name: str = "dim") -> int | None:
        """An attribute of a step that is one dim of its first input, counted from the front; None if it is not one."""
        value = self.attribute(place, name)
        if isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        if type(value) is not int:
            return None
        return value % len(self.shape(self.step(place).inputs[0]))

    def is_last_dim(self, place: int, name: str = "dim") -> bool:
        """Whether an attribute of a step is the last dim of its first input."""
        return self.dim(place, name) == len(self.shape(self.step(place).inputs[0])) - 1

    def replace(self, gone: tuple[int, ...], made: dict[int, FormStep]) -> None:
        """Put other steps in the place of some."""
        for place in gone:
            self._forget(place)
        for place, step in sorted(made.items()):
            self._note(place, step)

    def _forget(self, place: int) -> None:
        step = self.step(place)
        self.steps[place] = None
        for value in step.outputs:
            self._makers.pop(value, None)
        for value in set(step.inputs):
            self._readers[value].remove(place)

    def _note(self, place: int, step: FormStep) -> None:
        self.steps[place] = step
        self._makers.update(dict.fromkeys(step.outputs, place))
        for value in set(step.inputs):
            places = self._readers.setdefault(value, [])
            places.append(place)
            places.sort()
