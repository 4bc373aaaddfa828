"""A model from outside in archcost's words, before it is a spec: steps of ops on numbered values, in scopes.

Readers make it: the recording of a PyTorch model, the nodes of a file. Idioms rewrite it, folding and writing read it,
and the proof holds the spec that was written against it. It is flat: a step names its values, not other steps, and the
scope that it stands in is known by number. Nothing here depends on torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.spec.source_calls import SourceCall


class Batched(NamedTuple):
    """A whole number that follows the batch: ``times · batch + plus``, with ``times`` not 0."""

    times: int
    plus: int = 0

    def at(self, batch: int) -> int:
        """The number at a batch size."""
        return self.times * batch + self.plus


class Worded(NamedTuple):
    """An expression of the language, as it is to be written, without the ``$``: ``in_channels // 4``."""

    text: str


Size = int | Batched
Shape = tuple[Size, ...]  # with the batch
Attribute = None | bool | int | float | str | Batched | Worded | tuple["Attribute", ...]
ROOT = 0  # the scope of the model itself


def fitted(sizes: Sequence[int], batches: Sequence[int]) -> Size:
    """The number that is each of ``sizes`` at the batch size of its place.

    Raises ValueError if no whole number is added for each sample, and the same one between all batch sizes.
    """
    if len(set(sizes)) == 1:
        return sizes[0]
    change, samples = sizes[-1] - sizes[0], batches[-1] - batches[0]
    if not samples or change % samples:
        raise ValueError(" becomes ".join(map(str, sizes)))
    times = change // samples
    found = Batched(times, sizes[0] - times * batches[0])
    if any(found.at(batch) != size for size, batch in zip(sizes, batches, strict=True)):
        raise ValueError(" becomes ".join(map(str, sizes)))
    return found


def summed(sizes: Iterable[Size]) -> Size:
    """The sum of sizes."""
    each = list(sizes)
    times = sum([size.times for size in each if isinstance(size, Batched)])
    plus = sum([size_at(size, 0) for size in each])
    return Batched(times, plus) if times else plus


def size_at(size: Size, batch: int) -> int:
    """A size at a batch size."""
    return size.at(batch) if isinstance(size, Batched) else size


def shape_at(shape: Shape, batch: int) -> tuple[int, ...]:
    """A shape at a batch size."""
    return tuple([size_at(size, batch) for size in shape])


class FormTensor(NamedTuple):
    """The shape (with the batch) and dtype of a value."""

    shape: Shape
    dtype: str


class Input(NamedTuple):
    """An input of the model: the value that it is. It has a batch dim if dim 0 of its tensor is the batch.

    ``own`` is what the source calls it, if that is another name.
    """

    name: str
    value: int
    own: str = ""


@dataclass(slots=True)
class FormScope:
    """A part of the model with a name of its own: a module call, or the container that its path goes through.

    ``id`` is the name in the parent scope (an attribute of the module, or a number). ``kind`` is the class of the
    module. ``transparent`` marks containers without a meaning of their own (Sequential, ModuleList, ModuleDict): two of
    them are never alike because of their class. A module that is called again is another scope of the same ``kind``,
    with an id of its own.
    """

    parent: int
    id: str
    kind: str
    transparent: bool = False


@dataclass(slots=True)
class FormStep:
    """One op: ``outputs`` are made of ``inputs``, all of them numbers of values.

    ``attributes`` has what differs from the op's defaults, by the op's names; nothing that follows from the input. Of a
    layer with a given weight (``functional_conv2d``), the weight is among the inputs. ``id`` is unique in its scope,
    among scopes and steps. ``tensors`` are the source's names of the parameters that the layer has, in the op's order;
    ``shares`` is the index of the earlier step whose weights it uses. ``note`` is a comment for the reader of the spec.
    ``call`` is how the source computes it, if that can be said.
    """

    kind: str
    id: str
    scope: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: dict[str, Attribute] = field(default_factory=dict)
    tensors: tuple[str, ...] = ()
    shares: int | None = None
    note: str = ""
    call: SourceCall | None = None


@dataclass(slots=True)
class Truth:
    """What the source said itself, apart from every formula of archcost; None: it cannot say."""

    params: int | None  # elements of the parameters that take part, shared ones once
    macs: Size | None  # by the source's own counter
    unseen_macs: tuple[str, ...] = ()  # the kinds of ops of which that counter does not see all products


@dataclass(slots=True)
class Form:
    """A model from outside: steps in the order in which they ran.

    ``values`` has the tensor of every value, by number. ``scopes[0]`` is the model itself, with an empty id. A scope
    stands after its parent. ``unused`` are parameters that never took part, with their numbers of elements.
    ``remarks`` are sentences for the user: what was recorded otherwise than usual, and why.
    """

    name: str
    source: str  # one line: the source, and the versions of the libraries
    dtype: str
    inputs: list[Input]
    values: list[FormTensor]
    scopes: list[FormScope]
    steps: list[FormStep]
    outputs: tuple[int, ...]
    truth: Truth
    unused: dict[str, int] = field(default_factory=dict)
    seen_at: tuple[int, ...] = (2,)  # the batch sizes of the runs that it was read from
    remarks: list[str] = field(default_factory=list)

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The batch sizes at which the proof holds it: 1 alone where no input follows the batch."""
        shapes = [self.shape(each.value) for each in self.inputs]
        follows = any(isinstance(size, Batched) for shape in shapes for size in shape)
        return tuple(sorted({1, *self.seen_at})) if follows else (1,)

    def path(self, scope: int) -> str:
        """The path of a scope; empty for the model itself."""
        ids: list[str] = []
        while scope != ROOT:
            ids.append(self.scopes[scope].id)
            scope = self.scopes[scope].parent
        return ".".join(reversed(ids))

    def path_of(self, step: FormStep) -> str:
        """The path of a step, as the module's in the source where it is one."""
        above = self.path(step.scope)
        return f"{above}.{step.id}" if above else step.id

    def shape(self, value: int) -> Shape:
        """The shape of a value."""
        return self.values[value].shape

    def producers(self) -> dict[int, int]:
        """The index of the step that makes a value; inputs of the model are not among them."""
        return {value: index for index, step in enumerate(self.steps) for value in step.outputs}

    def readers(self) -> dict[int, list[int]]:
        """The indices of the steps that read a value, in order; values that nobody reads are not among them."""
        found: dict[int, list[int]] = {}
        for index, step in enumerate(self.steps):
            for value in dict.fromkeys(step.inputs):
                found.setdefault(value, []).append(index)
        return found
