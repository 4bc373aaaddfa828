"""A shadow of eager PyTorch: tensors without elements, the storages that are alive, and what autograd keeps of them.

Rules (one a kind of op) run on a :class:`Machine` as PyTorch's functions run on tensors: they allocate, make views, and
record the steps of the backward pass with what each keeps until then. A storage is alive as long as Python holds a
tensor on it, as in PyTorch: rules let go of a tensor by ``del``, or by returning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.memory.strides import contiguous, dense_like, is_contiguous
from archcost.dims import ceil_div, numel
from archcost.dtypes import DTYPE_BYTES
from archcost.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.analysis.memory.strides import Ints
    from archcost.errors import Mark

    Gradient = Callable[["Machine", "Tensor"], "Tensor"]
    Gradients = list["Tensor | None"]
    Backward = Callable[["Machine", Gradients, Sequence[bool]], Gradients]  # told which inputs need one

HALVES = ("float16", "bfloat16")  # dtypes that some kernels compute in single precision
EVENT = 30  # steps of work of an allocation, or of a step of the backward pass
OPERAND = 5  # of each tensor that such a step reads or gives
PER_NODE = 20  # a node may take as much as so many layers elsewhere
_NEVER = 2**63  # the number of an allocation that is none


class Held(NamedTuple):
    """What is alive at the peak: what kind of thing, which node made it, and whether the backward pass needs it.

    A gradient is one from the start, whenever it turns out to be one.
    """

    kind: str
    node: int
    bytes: int
    saved: bool


class Storage:
    """Bytes that tensors and steps of the backward pass hold; gone when none of them does."""

    __slots__ = ("born", "bytes", "holders", "kind", "label", "machine", "noted", "saves")

    def __init__(self, machine: Machine, size: int, kind: str, label: int) -> None:
        self.machine = machine
        self.bytes = size
        self.kind = kind
        self.label = label  # of what made it
        self.holders = 0
        self.saves = 0  # how many of the holders are steps
        self.born = _NEVER  # the number of its allocation
        self.noted = 0  # the peak at which its state is noted

    def release(self) -> None:
        """One holder less."""
        self.holders -= 1
        if not self.holders:
            self.machine.free(self)

    def keep(self) -> None:
        """A step of the backward pass holds it."""
        if not self.saves:
            self.machine.note(self)
        self.saves += 1
        self.holders += 1

    def let_go(self) -> None:
        """Such a step holds it no longer."""
        if self.saves == 1:
            self.machine.note(self)
        self.saves -= 1
        self.release()


class Leaf:
    """A learnable tensor and the gradient that gathers in it: of the backward pass that runs, and of those before.

    ``waiting`` is how many steps of the pass have yet to give it one.
    """

    __slots__ = ("earlier", "gradient", "shape", "waiting")

    def __init__(self, shape: Ints) -> None:
        self.shape = shape
        self.gradient: Tensor | None = None
        self.earlier: Tensor | None = None
        self.waiting = 0

    @property
    def gathered(self) -> Tensor | None:
        """The gradient after the passes so far."""
        return self.gradient if self.earlier is None else self.earlier


class MachineStep:
    """A step of the backward pass: where the gradients of its inputs go, and the storages that it keeps.

    It exists as long as one of its outputs does, or a step that needs it.
    """

    __slots__ = ("backward", "gradients", "label", "number", "saved", "segment", "sources", "types")

    def __init__(self, number: int, label: int, inputs: Sequence[Tensor], outputs: int, backward: Backward) -> None:
        self.number = number
        self.label = label
        self.sources = [(tensor.source, tensor.output) for tensor in inputs]
        self.types = [(tensor.shape, tensor.dtype) for tensor in inputs]
        self.backward = backward
        self.saved: list[Storage] = []
        self.gradients: Gradients = [None] * outputs
        self.segment: Any = None  # what must be computed again before it can run

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Let go of what it kept."""
        for storage in self.saved:
            storage.let_go()
        self.saved = []


class Tensor:
    """A hold on a storage: shape, strides, and the step whose output it is (None: it needs no gradient).

    ``parts`` is how many devices have a part of it each; the storage is that of one. ``identity`` is one for all holds
    on what is one tensor in Python.
    """

    __slots__ = ("dtype", "identity", "output", "parts", "passed", "shape", "source", "storage", "strides")

    def __init__(self, shape: Ints, strides: Ints, dtype: str, storage: Storage) -> None:
        self.shape = shape
        self.strides = strides
        self.dtype = dtype
        self.storage = storage
        storage.holders += 1
        self.source: MachineStep | Leaf | None = None
        self.output = 0
        self.parts = 1
        self.passed = False  # a gradient that others may hold as the same tensor
        self.identity = object()

    def __del__(self) -> None:
        self.storage.release()

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie one after the other."""
        return is_contiguous(self.shape, self.strides)

    @property
    def bytes(self) -> int:
        """Elements times the size of the dtype, in the part of one device."""
        return ceil_div(numel(self.shape) * DTYPE_BYTES[self.dtype], self.parts)


class Machine:
    """What is alive, and the most that was.

    ``half``: the dtype of autocast, if it is on. ``watched``: do as PyTorch does while a dispatch mode looks on, which
    keeps it from some work in place. What was alive at the peak is known at the end: a storage is noted
    before it first changes after a peak, and forgotten at a higher one. Every event is work for ``meter``; the
    step at ``mark`` asks for it. New tensors are in ``parts`` on so many devices, unless it is said.
    """

    def __init__(
        self, *, training: bool = False, half: str = "", watched: bool = False, meter: Meter | None = None
    ) -> None:
        self.training = training
        self.half = half
        self.recording = training
        self.watched = watched
        self.meter = meter or Meter()
        self.mark: Mark | None = None  # the step of what runs
        self.count = 0  # of allocations so far
        self.peak = 0  # the most ever, and the allocation that made it so
        self.peak_at = 0
        self._noted: list[tuple[Storage, bool]] = []
        self._alive: dict[int, Storage] = {}
        self.live = 0
        self.high = 0  # the most since it was last set
        self.label = 0
        self.numbers = 0  # of steps so far
        self.cells = 0  # of recurrent layers so far
        self.recorded: list[MachineStep] | None = None  # where steps are noted as well
        self.parts = 1

    def new(
        self, shape: Ints, dtype: str, strides: Ints | None = None, kind: str = "activation", parts: int = 0
    ) -> Tensor:
        """A tensor with a storage of its own; contiguous unless strides are given."""
        parts = parts or self.parts
        size = numel(shape) * DTYPE_BYTES[dtype]
        storage = Storage(self, size if parts == 1 else ceil_div(size, parts), kind, self.label)
        self.allocate(storage)
        tensor = Tensor(shape, contiguous(shape) if strides is None else strides, dtype, storage)
        tensor.parts = parts
        return tensor

    def other(self, size: int, kind: str) -> Tensor:
        """Bytes of another kind than activations, of one device."""
        return self.new((size,), "int8", kind=kind, parts=1)

    def allocate(self, storage: Storage) -> None:
        """Count a storage as alive."""
        self.meter.spend(EVENT, self.mark)
        self.live += storage.bytes
        self.count += 1
        storage.born = self.count
        self._alive[id(storage)] = storage
        if self.live > self.high:
            self.high = self.live
            if self.live > self.peak:
                self.peak, self.peak_at = self.live, self.count
                self._noted = []

    def free(self, storage: Storage) -> None:
        """Count a storage as gone."""
        self.note(storage)
        self.live -= storage.bytes
        self._alive.pop(id(storage), None)

    def note(self, storage: Storage) -> None:
        """Remember what a storage was at the peak, before it changes."""
        if storage.born <= self.peak_at != storage.noted:
            storage.noted = self.peak_at
            self._noted.append((storage, storage.saves > 0))

    def at_peak(self) -> list[Held]:
        """What took bytes at the peak, in the order in which it was made."""
        for storage in self._alive.values():
            self.note(storage)
        noted = sorted(self._noted, key=lambda pair: pair[0].born)
        return [Held(storage.kind, storage.label, storage.bytes, saved) for storage, saved in noted if storage.bytes]

    def like(self, tensor: Tensor, dtype: str = "") -> Tensor:
        """A new tensor of the same shape, its dims in the same order in memory."""
        strides = dense_like(tensor.shape, tensor.strides)
        return self.new(tensor.shape, dtype or tensor.dtype, strides, parts=tensor.parts)

    def outside(self, shape: Ints, dtype: str, strides: Ints | None = None) -> Tensor:
        """A tensor whose storage counts elsewhere: a param or buffer."""
        storage = Storage(self, 0, "param", self.label)
        return Tensor(shape, contiguous(shape) if strides is None else strides, dtype, storage)

    def record(
        self, outputs: Sequence[Tensor], inputs: Sequence[Tensor], backward: Backward, saves: Iterable[Tensor] = ()
    ) -> None:
        """Note how gradients flow back from outputs to inputs, if any input needs one; ``saves`` are kept for it."""
        if not self.recording or all(tensor.source is None for tensor in inputs):
            return
        self.meter.spend(EVENT + OPERAND * (len(inputs) + len(outputs)), self.mark)
        self.numbers += 1
        step = MachineStep(self.numbers, self.label, inputs, len(outputs), backward)
        for tensor in saves:
            tensor.storage.keep()
            step.saved.append(tensor.storage)
        for number, tensor in enumerate(outputs):
            tensor.source, tensor.output = step, number
        if self.recorded is not None:
            self.recorded.append(step)


def view(tensor: Tensor, shape: Ints, strides: Ints) -> Tensor:
    """Another hold on the same storage; autograd does not know of it."""
    held = Tensor(shape, strides, tensor.dtype, tensor.storage)
    held.parts = tensor.parts
    return held


def alias(tensor: Tensor) -> Tensor:
    """The same tensor, held once more."""
    held = view(tensor, tensor.shape, tensor.strides)
    held.source, held.output, held.identity = tensor.source, tensor.output, tensor.identity
    return held
