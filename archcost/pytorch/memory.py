"""Measured memory: the storages that are alive while a module runs, followed by a dispatch mode.

Every tensor that PyTorch's dispatcher gives out is seen, on the CPU, on ``meta`` and on fake tensors (no memory, no
time); what a kernel allocates for itself while it runs is not. Kernels that hide whole layers are turned off: the fused
inference of nn.MultiheadAttention and oneDNN's recurrent layers.
"""

from __future__ import annotations

import weakref
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from archcost.pytorch.module import Network, Scope, example_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from archcost.graph.model import Graph

PARAMS, BUFFERS, INPUTS, ACTIVATIONS, GRADIENTS, OPTIMIZER = (
    "params",
    "buffers",
    "inputs",
    "activations",
    "gradients",
    "optimizer",
)


class Event(NamedTuple):
    """A storage that comes (``bytes`` > 0) or goes, and the layer that ran."""

    storage: int
    bytes: int
    place: str


class Recorder(TorchDispatchMode):
    """Follows the storages of all tensors that ops give out; ``place`` is set by whoever knows which layer runs."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.kinds: dict[int, str] = {}
        self.place = ""
        self._numbers: dict[int, int] = {}  # by the id of the storage, while it is alive
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_iter(result):
            if isinstance(tensor, Tensor):
                self.follow(tensor)
        return result

    def follow(self, tensor: Tensor, kind: str = ACTIVATIONS) -> int:
        """The number of the tensor's storage; from now on its end is noted as well."""
        storage = tensor.untyped_storage()
        number = self._numbers.get(id(storage))
        if number is None:
            number = self._numbers[id(storage)] = len(self.kinds)
            self.kinds[number] = kind
            self._sizes[number] = storage.nbytes()
            self.events.append(Event(number, storage.nbytes(), self.place))
            weakref.finalize(storage, self._gone, id(storage), number).atexit = False
        elif storage.nbytes() != self._sizes[number]:  # resized
            self.events.append(Event(number, storage.nbytes() - self._sizes[number], self.place))
            self._sizes[number] = storage.nbytes()
        return number

    def _gone(self, key: int, number: int) -> None:
        del self._numbers[key]
        self.events.append(Event(number, -self._sizes[number], self.place))


class Measured(NamedTuple):
    """The most bytes alive at a time, by kind at that moment, and the most while each layer ran."""

    peak_bytes: int
    at_peak: dict[str, int]
    place: str
    layers: dict[str, int]


def summary(events: Sequence[Event], kinds: dict[int, str], start: int = 0) -> Measured:
    """The peak from event ``start`` on."""
    live: dict[str, int] = {}
    total = peak = 0
    at_peak: dict[str, int] = {}
    where = ""
    layers: dict[str, int] = {}
    for index, event in enumerate(events):
        kind = kinds[event.storage]
        live[kind] = live.get(kind, 0) + event.bytes
        total += event.bytes
        if index >= start:
            layers[event.place] = max(layers.get(event.place, 0), total)
            if total > peak:
                peak, at_peak, where = total, dict(live), event.place
    return Measured(peak, at_peak, where, layers)


def inference(module: nn.Module, inputs: Sequence[Tensor]) -> Measured:
    """The peak of activations, inputs included, while a module runs in inference; params and buffers are not in it."""
    module.eval()
    recorder = Recorder()
    with _plain_kernels(), _watched(recorder, module, inputs), torch.no_grad():
        outputs = module(*inputs)
    del outputs
    return summary(recorder.events, {k: kind for k, kind in recorder.kinds.items()})


class Training(NamedTuple):
    """A training step: the peaks of its phases, and what is there all the time or at the end."""

    forward: Measured
    backward: Measured
    step: Measured
    param_bytes: int
    buffer_bytes: int
    gradient_bytes: int
    optimizer_bytes: int

    @property
    def peak_bytes(self) -> int:
        """The most of the three phases: params, buffers, gradients and optimizer state are in it."""
        return max(self.forward.peak_bytes, self.backward.peak_bytes, self.step.peak_bytes)


Optimizer = "Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]"


def training(
    module: nn.Module,
    inputs: Sequence[Tensor],
    optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
    autocast: AbstractContextManager[Any] | None = None,
) -> Training:
    """The second of two training steps: forward, the sum of all outputs as the loss, backward, optimizer step.

    The first one makes the optimizer's state. Gradients are set to None before each.
    """
    module.train()
    chosen = optimizer([param for param in module.parameters() if param.requires_grad])
    _step(module, inputs, chosen, autocast, Recorder())
    recorder = Recorder()
    with _watched(recorder, module, inputs):
        for tensor in _tensors(chosen.state):
            recorder.follow(tensor, OPTIMIZER)
    marks = _step(module, inputs, chosen, autocast, recorder)
    for param in module.parameters():
        if param.grad is not None:
            recorder.kinds[recorder.follow(param.grad)] = GRADIENTS
    events, kinds = recorder.events, recorder.kinds
    return Training(
        summary(events[: marks[1]], kinds, marks[0]),
        summary(events[: marks[2]], kinds, marks[1]),
        summary(events[: marks[3]], kinds, marks[2]),
        sum(_bytes(module.parameters())),
        sum(_bytes(module.buffers())),
        sum(_bytes(param.grad for param in module.parameters() if param.grad is not None)),
        sum(_bytes(_tensors(chosen.state))),
    )
