"""The maker that a rule is given: it collects the steps of one call, which count when the call is lowered whole."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcost.importers.form import FormTensor, shape_at, summed
from archcost.importers.made_steps import MadeStep
from archcost.importers.torch.rules.base import UNSEEN, Unmapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.form import Attribute
    from archcost.importers.made_steps import Holders
    from archcost.importers.torch.dependence import Dependences
    from archcost.importers.torch.recorded import Recording, TorchCall
    from archcost.importers.typing_steps import Typist


class Place:
    """Where the steps of a call stand: its index, the module call around it, and its scope."""

    __slots__ = ("call", "module", "scope")

    def __init__(self, call: int, module: int, scope: int) -> None:
        self.call, self.module, self.scope = call, module, scope


class CallMaker:
    """Makes the steps of one call; see :class:`~archcost.importers.torch.rules.base.Maker`."""

    def __init__(
        self,
        recording: Recording,
        known: Dependences,
        typist: Typist,
        holders: Holders,
        values: list[FormTensor],
        place: Place,
    ) -> None:
        self._recording = recording
        self._known = known
        self._typist = typist
        self._holders = holders
        self._values = values
        self._place = place
        self.made: list[MadeStep] = []

    @property
    def dtype(self) -> str:
        """The dtype of the model."""
        return self._recording.dtype

    def step(
        self,
        kind: str,
        inputs: Sequence[int],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        outputs: Sequence[FormTensor] | None = None,
    ) -> int:
        """Add a step of one output and return its value; raises Unmapped if the op refuses it, or has more."""
        values = self.layer(kind, inputs, attributes, {}, outputs=outputs)
        if len(values) != 1:
            raise Unmapped(f"{kind} gives {len(values)} tensors")
        return values[0]

    def steps(
        self,
        kind: str,
        inputs: Sequence[int],
        attributes: Mapping[str, Attribute] | None = None,
        *,
        outputs: Sequence[FormTensor] | None = None,
    ) -> list[int]:
        """Add a step of several outputs and return their values; raises Unmapped if the op refuses it."""
        return self.layer(kind, inputs, attributes, {}, outputs=outputs)

    def layer(
        self,
        kind: str,
        inputs: Sequence[int],
        attributes: Mapping[str, Attribute] | None,
        tensors: dict[str, int],
        *,
        outputs: Sequence[FormTensor] | None = None,
        joined: bool = False,
    ) -> list[int]:
        """Add a step that holds parameters, by the op's names of them; raises Unmapped if it cannot hold them."""
        given = [self._values[value] for value in inputs]
        typed = self._typist.typed(kind, given, attributes or {})
        elements = {name: self._elements(parameter) for name, parameter in tensors.items()}
        wanted = {name: prod(shape) for name, shape in typed.weights.items()}
        if sum(elements.values()) != sum(wanted.values()) if joined else elements != wanted:
            raise Unmapped(f"{kind} has other weights ({_told(wanted)}) than the call ({_told(elements)})")
        self._holders.check(tensors, typed.weights | dict.fromkeys(tensors.keys() - typed.weights.keys(), ()))
        for other in self.made:
            if set(other.holds.values()) & set(tensors.values()):
                raise Unmapped("two layers of one call have the same weights")
        first = len(self._values)
        self._values.extend(outputs or typed.outputs)
        numbers = range(first, len(self._values))
        place = self._place
        self.made.append(
            MadeStep(
                kind,
                tuple(inputs),
                tuple(numbers),
                dict(typed.attributes),
                place.call,
                place.module,
                place.scope,
                typed.macs,
                {name: tensors[name] for name in (*typed.weights, *tensors) if name in tensors},
                typed.weights | dict.fromkeys(tensors.keys() - typed.weights.keys(), ()),
            )
        )
        return list(numbers)

    def _elements(self, value: int) -> int:
        return prod(shape_at(self._recording.values[value].shape, 1))

    def tensor(self, value: int) -> FormTensor:
        """Shape (with the batch) and dtype of a value of the form."""
        return self._values[value]

    def same(self, value: int) -> int:
        """The value itself."""
        return value

    def recorded(self, value: int) -> FormTensor:
        """Shape and dtype of a value of the recording; no step is made for it."""
        found = self._recording.values[value]
        return FormTensor(found.shape, found.dtype)

    def parameter(self, value: int) -> int | None:
        """The parameter that a value of the recording is as the weight of a layer; None if it is not one.

        A value that is derived from parameters alone is the one among them that has as many elements.
        """
        known = self._known.of[value]
        if known.varies:
            return None
        wanted = self._elements(value)
        return next((leaf for leaf in known.parameters if self._elements(leaf) == wanted), None)

    def parts(self, value: int) -> tuple[int, ...]:
        """The parameters that a value is made of, if they have as many elements together; else none."""
        whole = self.parameter(value)
        if whole is not None:
            return (whole,)
        known = self._known.of[value]
        fits = not known.varies and sum(map(self._elements, known.parameters)) == self._elements(value)
        return known.parameters if fits else ()

    def call_of(self, value: int) -> TorchCall | None:
        """The call that gave a value of the recording; None if none did."""
        index = self._known.makers.get(value)
        return None if index is None else self._recording.calls[index]

    def is_read(self, value: int) -> bool:
        """Whether a call that is not dead reads a value of the recording, or it is an output of the model."""
        return value in self._known.last_read

    def held_against(
        self, calls: Sequence[TorchCall], numbers: Sequence[int], values: Sequence[int | None]
    ) -> list[str]:
        """Hold the steps against the calls that they stand for: shapes and MACs; raises Unmapped where they differ.

        ``values`` stand for the ``numbers`` of the recording. Gives the kinds of steps that multiply where torch's
        counter does not see it.
        """
        if len(values) != len(numbers):
            raise Unmapped(f"its rule gives {len(values)} tensors, the run gave {len(numbers)}")
        for value, number in zip(values, numbers, strict=True):
            wanted = self._recording.values[number].shape
            if value is None and not self.is_read(number):
                continue
            if value is None or self._values[value].shape != wanted:
                shape = None if value is None else self._values[value].shape
                raise Unmapped(f"its rule gives a shape of {shape}, the run gave {wanted}")
        macs, counted = summed([step.macs or 0 for step in self.made]), summed([call.macs for call in calls])
        if macs == counted:
            return []
        if all(call.macs or call.function not in UNSEEN for call in calls):
            raise Unmapped(f"its rule gives {macs} MACs, the run gave {counted}")
        return [step.kind for step in self.made if step.macs]


def _told(elements: dict[str, int]) -> str:
    return ", ".join([f"{name} of {count:,}" for name, count in elements.items()]) or "none"
