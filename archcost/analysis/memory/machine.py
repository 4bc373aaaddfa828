"""A shadow of eager PyTorch: tensors without elements, the storages that are alive, and what autograd keeps of them.

Rules (one a kind of op) run on a :class:`Machine` as PyTorch's functions run on tensors: they allocate, make views,
drop what they hold, and record the steps of the backward pass with what each keeps until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.strides import contiguous, dense_like, is_contiguous
from archcost.dims import numel
from archcost.spec.names import DTYPE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.analysis.memory.strides import Ints

    Gradient = Callable[["Machine", "Tensor"], "Tensor"]
    Gradients = list["Tensor | None"]
    Backward = Callable[["Machine", Gradients, Sequence[bool]], Gradients]  # told which inputs need one


class Storage:
    """Bytes that tensors share; gone when nothing holds them."""

    __slots__ = ("bytes", "holders", "kind", "label", "saves")

    def __init__(self, size: int, kind: str, label: int) -> None:
        self.bytes = size
        self.kind = kind
        self.label = label  # of what made it
        self.holders = 1
        self.saves = 0  # how many steps of the backward pass keep it


class Leaf:
    """A learnable tensor and the gradient that gathers in it."""

    __slots__ = ("gradient", "shape", "strides")

    def __init__(self, shape: Ints) -> None:
        self.shape = shape
        self.strides = contiguous(shape)
        self.gradient: Tensor | None = None


class Step:
    """A step of the backward pass: where the gradients of its inputs go, and the storages that it keeps."""

    __slots__ = ("backward", "gradients", "label", "saved", "shapes", "sources")

    def __init__(self, label: int, inputs: Sequence[Tensor], outputs: int, backward: Backward) -> None:
        self.label = label
        self.sources = [(tensor.source, tensor.output) for tensor in inputs]
        self.shapes = [tensor.shape for tensor in inputs]
        self.backward = backward
        self.saved: list[Storage] = []
        self.gradients: Gradients = [None] * outputs


class Tensor:
    """A hold on a storage: shape, strides, and the step whose output it is (None: it needs no gradient)."""

    __slots__ = ("dtype", "held", "output", "passed", "shape", "source", "storage", "strides")

    def __init__(self, shape: Ints, strides: Ints, dtype: str, storage: Storage) -> None:
        self.shape = shape
        self.strides = strides
        self.dtype = dtype
        self.storage = storage
        self.source: Step | Leaf | None = None
        self.output = 0
        self.held = True
        self.passed = False  # a gradient that others may hold as the same tensor

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie one after the other."""
        return is_contiguous(self.shape, self.strides)

    @property
    def bytes(self) -> int:
        """Elements times the size of the dtype."""
        return numel(self.shape) * DTYPE_BYTES[self.dtype]


class Machine:
    """What is alive, the most that was, and the steps recorded.

    ``watched``: do as PyTorch does while a dispatch mode looks on, which keeps it from some work in place.
    """

    def __init__(self, *, training: bool = False, recording: bool = False, watched: bool = False) -> None:
        self.training = training
        self.recording = recording
        self.watched = watched
        self.live = 0
        self.high = 0  # the most since it was last set
        self.label = 0
        self.steps: list[Step] = []
        self._made: list[Tensor] = []

    def new(self, shape: Ints, dtype: str, strides: Ints | None = None, kind: str = "activation") -> Tensor:
        """A tensor with a storage of its own; contiguous unless strides are given."""
        size = numel(shape) * DTYPE_BYTES[dtype]
        self.live += size
        if self.live > self.high:
            self.high = self.live
        storage = Storage(size, kind, self.label)
        tensor = Tensor(shape, contiguous(shape) if strides is None else strides, dtype, storage)
        self._made.append(tensor)
        return tensor

    def like(self, tensor: Tensor, dtype: str = "") -> Tensor:
        """A new tensor of the same shape, its dims in the same order in memory."""
        return self.new(tensor.shape, dtype or tensor.dtype, dense_like(tensor.shape, tensor.strides))

    def outside(self, shape: Ints, dtype: str, strides: Ints | None = None) -> Tensor:
        """A tensor whose storage counts elsewhere: a param or buffer."""
        return Tensor(shape, strides or contiguous(shape), dtype, Storage(0, "param", self.label))

    def view(self, tensor: Tensor, shape: Ints, strides: Ints) -> Tensor:
        """Another hold on the same storage; autograd does not know of it."""
        tensor.storage.holders += 1
        view = Tensor(shape, strides, tensor.dtype, tensor.storage)
        self._made.append(view)
        return view

    def alias(self, tensor: Tensor) -> Tensor:
        """The same tensor, held once more."""
        view = self.view(tensor, tensor.shape, tensor.strides)
        view.source, view.output = tensor.source, tensor.output
        return view

    def drop(self, *tensors: Tensor) -> None:
        """Let go of tensors; of those that are dropped already, nothing happens."""
        for tensor in tensors:
            if tensor.held:
                tensor.held = False
                self.release(tensor.storage)

    def release(self, storage: Storage) -> None:
        """One holder less; without any the bytes are free."""
        storage.holders -= 1
        if not storage.holders:
            self.live -= storage.bytes

    def record(
        self,
        outputs: Sequence[Tensor],
        inputs: Sequence[Tensor],
        backward: Backward,
        saves: Iterable[Tensor] = (),
    ) -> None:
        """Note how gradients flow back from outputs to inputs, if any input needs one; ``saves`` are kept for it."""
        if not self.recording or all(tensor.source is None for tensor in inputs):
            return
        step = Step(self.label, inputs, len(outputs), backward)
        for tensor in saves:
            storage = tensor.storage
            storage.holders += 1
            storage.saves += 1
            step.saved.append(storage)
        for number, tensor in enumerate(outputs):
            tensor.source, tensor.output = step, number
        self.steps.append(step)

    def open(self) -> list[Tensor]:
        """Begin a function: what it makes is dropped at its end. Returns what :meth:`close` needs."""
        outer, self._made = self._made, []
        return outer

    def close(self, outer: list[Tensor], results: Iterable[Tensor | None]) -> None:
        """End a function: all that it made and still holds is dropped, but its results."""
        kept = {id(tensor) for tensor in results}
        for tensor in self._made:
            if id(tensor) not in kept:
                self.drop(tensor)
        self._made = outer
