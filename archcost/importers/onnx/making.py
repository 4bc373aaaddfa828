"""The maker that a rule is given: it reads the node's inputs and collects its steps, which count if all of it holds."""

from __future__ import annotations

from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from archcost.dtypes import WHOLE_DTYPES
from archcost.importers.made_steps import MadeStep
from archcost.importers.onnx.scopes import owner_of, path_of
from archcost.importers.onnx.values import Known, Stored, dims
from archcost.importers.step_names import label
from archcost.importers.typing_steps import Unmapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.form import Attribute, FormTensor, Shape, Size
    from archcost.importers.onnx.graph import OnnxNode
    from archcost.importers.onnx.lowering import Lowering
    from archcost.importers.onnx.scopes import Path


class OnnxMaker:
    """Makes the steps of one node; inputs are named by their place."""

    def __init__(self, lowering: Lowering, node: OnnxNode) -> None:
        self._all = lowering
        self.node = node
        self.opset = lowering.opset
        self.made: list[MadeStep] = []
        self.path: Path = path_of(node)
        self.also: list[tuple[OnnxNode, int]] = []  # nodes that are said by these steps, too, and the value of each
        self._sources: dict[int, int] = {}  # values of tensors of the file that are made here

    @property
    def dtype(self) -> str:
        """The dtype of the model."""
        return self._all.dtype

    # --- what the node says ---------------------------------------------------------------------------------------

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute of the node."""
        return self.node.attributes.get(name, default)

    def has(self, place: int) -> bool:
        """Whether the node has an input there: the name of one that is left out is empty."""
        return place < len(self.node.inputs) and bool(self.node.inputs[place])

    @property
    def places(self) -> list[int]:
        """The places of all inputs."""
        return [place for place in range(len(self.node.inputs)) if self.has(place)]

    def given(self, place: int) -> int | Known | Stored:
        """What an input is; raises Unmapped if there is none."""
        if not self.has(place):
            raise Unmapped(f"its input {place} is missing")
        return self._all.named(self.node.inputs[place])

    def shape(self, place: int) -> Shape:
        """The shape of an input."""
        return self._all.shape(self.given(place))

    def rank(self, place: int) -> int:
        """The number of dims of an input."""
        return len(self.shape(place))

    def stored(self, place: int) -> Stored | None:
        """The tensor of the file that an input is; None if it is computed."""
        found = self.given(place) if self.has(place) else None
        return found if isinstance(found, Stored) else None

    def whole(self, place: int) -> Stored | None:
        """As ``stored``, also of one that the file cuts and joins again: all its numbers, in another order."""
        return self._all.whole(self.node.inputs[place]) if self.has(place) else None

    def is_constant(self, place: int) -> bool:
        """Whether an input is numbers that nobody trained: none but 0, made of nothing, or all the same."""
        given = self.given(place)
        if self.is_filled(place, 0):
            return True
        if not isinstance(given, Stored):
            return False
        return self._all.is_computed(given.source) or self._all.sources[given.source].uniform

    def numbers(self, place: int) -> tuple[Size | float, ...]:
        """The numbers of an input, which must be known; raises Unmapped if they depend on data."""
        known = self._all.known(self.given(place), few=False)
        if known is None:
            raise Unmapped(f"its input {place} depends on data")
        return known.sizes(self._all.batches)

    def wholes(self, place: int) -> tuple[Size, ...]:
        """The whole numbers of an input, which may follow the batch."""
        found = dims(self.numbers(place))
        if found is None:
            raise Unmapped(f"its input {place} holds numbers with fractions")
        return found

    def fixed(self, place: int) -> tuple[int, ...]:
        """The whole numbers of an input, which are the same at every batch."""
        found = [size for size in self.wholes(place) if isinstance(size, int)]
        if len(found) < len(self.wholes(place)):
            raise Unmapped(f"its input {place} follows the batch")
        return tuple(found)

    def number(self, place: int) -> float | None:
        """The one number that an input is; None if it is no number that is known."""
        known = self._all.known(self.given(place))
        if known is None or prod(known.shape) != 1:
            return None
        (found,) = known.sizes(self._all.batches)
        return found if isinstance(found, (int, float)) and isfinite(found) else None

    def is_filled(self, place: int, number: float) -> bool:
        """Whether an input is one number everywhere."""
        known = self._all.known(self.given(place), few=False)
        return known is not None and all(set(data) == {number} for data in known.data)

    # --- what is made of it ---------------------------------------------------------------------------------------

    def value(self, place: int) -> int:
        """The value of the form that an input is; what is no value yet is made here."""
        return self.value_of(self.given(place), self.node.inputs[place])

    def value_of(self, given: int | Known | Stored, name: str = "") -> int:
        """The value of the form for what a name stands for."""
        if isinstance(given, int):
            return given
        if isinstance(given, Known):
            return self._known(given)
        return self._stored(given, name)

    def tensor(self, value: int) -> FormTensor:
        """Shape (with the batch) and dtype of a value."""
        return self._all.values[value]

    def step(self, kind: str, inputs: Sequence[int], attributes: Mapping[str, Attribute] | None = None) -> int:
        """Add a step of one output and return its value; raises Unmapped if the op refuses it, or has more."""
        values = self.layer(kind, inputs, attributes, {})
        if len(values) != 1:
            raise Unmapped(f"{kind} gives {len(values)} tensors")
        return values[0]

    def steps(self, kind: str, inputs: Sequence[int], attributes: Mapping[str, Attribute] | None = None) -> list[int]:
        """Add a step of several outputs and return their values; raises Unmapped if the op refuses it."""
        return self.layer(kind, inputs, attributes, {})

    def layer(
        self,
        kind: str,
        inputs: Sequence[int],
        attributes: Mapping[str, Attribute] | None,
        tensors: Mapping[str, Stored],
        *,
        joined: bool = False,
    ) -> list[int]:
        """Add a step that holds tensors of the file, by the op's names of them; raises Unmapped if it cannot.

        ``joined``: the file keeps some of the op's tensors in one, so that only the elements of all are compared.
        """
        typed = self._all.typist.typed(kind, [self._all.values[value] for value in inputs], attributes or {})
        elements = {name: tensor.elements for name, tensor in tensors.items()}
        wanted = {name: prod(shape) for name, shape in typed.weights.items()}
        has = {name: elements[name] for name in wanted if name in elements}
        if (sum(elements.values()) != sum(wanted.values())) if joined else has != wanted:
            raise Unmapped(f"{kind} has {sum(wanted.values()):,} weights, and the node has {sum(elements.values()):,}")
        holds = {name: self._all.own_source(tensor.source) for name, tensor in tensors.items()}
        self._all.holders.check(holds, dict(typed.weights) | dict.fromkeys(holds.keys() - typed.weights.keys(), ()))
        self.path = next(filter(None, map(self._owner, tensors.values())), self.path)
        first = len(self._all.values)
        self._all.values.extend(typed.outputs)
        self.made.append(
            MadeStep(
                kind,
                tuple(inputs),
                tuple(range(first, len(self._all.values))),
                dict(typed.attributes),
                0,
                0,
                0,
                typed.macs,
                holds,
                typed.weights | dict.fromkeys(holds.keys() - typed.weights.keys(), ()),
            )
        )
        return list(range(first, len(self._all.values)))

    def _owner(self, tensor: Stored) -> Path | None:
        """The path of the module that a tensor is of; one that may stand for several layers says none."""
        source = self._all.sources[tensor.source]
        return owner_of(source.name, self.path) if self._all.scopes.are_known and not source.uniform else None

    def is_read(self, place: int) -> bool:
        """Whether anything reads an output of the node."""
        return place < len(self.node.outputs) and self._all.is_read(self.node.outputs[place])

    def said(self, kind: str, inputs: Sequence[int], attributes: Mapping[str, Attribute]) -> FormTensor:
        """What a step would give, which is not made; raises Unmapped if the op refuses it."""
        return self._all.typist.typed(kind, [self._all.values[value] for value in inputs], attributes).outputs[0]

    def quantizes(self) -> None:
        """Note that the file is quantized."""
        self._all.remarks.quantized = True

    def sole_reader(self) -> OnnxNode | None:
        """The only node that reads the first output, if nothing else does."""
        return self._all.sole_reader(self.node.outputs[0])

    def named(self, name: str) -> int | Known | Stored:
        """What a name of the graph stands for."""
        return self._all.named(name)

    def is_made(self, name: str) -> bool:
        """Whether what a name stands for is there already."""
        return name in self._all.names

    # --- tensors of the file and known numbers as values ------------------------------------------------------------

    def _known(self, given: Known) -> int:
        sizes = given.sizes(self._all.batches)
        same = set(sizes)
        value = next(iter(same)) if len(same) == 1 else 0
        return self._constant(given.shape, given.dtype, self.finite(value))

    def _constant(self, shape: Shape, dtype: str, value: Attribute = 0, note: str = "") -> int:
        attributes: dict[str, Attribute] = {"shape": shape, "value": value}
        if dtype != self.dtype:
            attributes["dtype"] = dtype
        found = self.step("constant", [], attributes)
        self.made[-1].note = note
        self.made[-1].source = True
        return found

    def _stored(self, given: Stored, name: str) -> int:
        """A tensor of the file that is read as a value; where a layer has it in another form, it counts there."""
        source = self._all.sources[given.source]
        known = self._all.value_of_source.get(given.source) or self._sources.get(given.source)
        if known is not None and self._all.values[known].shape == given.shape:
            return known
        if given.dtype in WHOLE_DTYPES:
            attributes: dict[str, Attribute] = {"shape": given.shape, "dtype": given.dtype}
            found = self.step("buffer", [], attributes)
        elif given.elements == 1 or self._all.is_computed(given.source):
            value = self.finite(source.numbers[0]) if source.numbers and given.elements == 1 else 0
            return self._constant(given.shape, self.dtype, value)
        else:
            path = self.path
            try:
                (found,) = self.layer("parameter", [], {"shape": given.shape}, {"weight": given})
            except Unmapped:
                return self._constant(given.shape, self.dtype, note="counted where it is a weight")
            self.path = path
        step = self.made[-1]
        step.source = True
        last = (source.name or name).rpartition(".")[2]
        step.name = label(last) if last.isidentifier() else ""
        self._sources[given.source] = found
        return found

    @staticmethod
    def finite(number: Size | float) -> Size | float:
        """A number as specs can have it: 0 for what is none or endless, which changes no figure."""
        return 0 if isinstance(number, float) and not isfinite(number) else number

    def keep(self) -> None:
        """Enter what is made here for good."""
        self._all.value_of_source |= self._sources
