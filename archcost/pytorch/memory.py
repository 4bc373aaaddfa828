"""Measured memory: the storages that are alive while a module runs, followed by a dispatch mode.

Every tensor that PyTorch's dispatcher gives out is seen, on the CPU, on ``meta`` and on fake tensors (no memory, no
time); what a kernel allocates for itself while it runs is not. Kernels that hide whole layers are turned off: the fused
inference of nn.MultiheadAttention and oneDNN's recurrent layers.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from archcost.importers.torch.plain_attention import without_fused_layers
from archcost.pytorch.module import ModuleScope, Network, example_inputs
from archcost.pytorch.recorder import Event, Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from archcost.graph.model import Graph

PARAMS, BUFFERS, INPUTS, OPTIMIZER = "params", "buffers", "inputs", "optimizer"
GRADIENTS = "gradients"


class MeasuredMemory(NamedTuple):
    """The most bytes alive at a time, by kind at that moment, and the most while each layer ran."""

    peak_bytes: int
    at_peak: dict[str, int]
    place: str
    layers: dict[str, int]


class Training(NamedTuple):
    """A training step: the peaks of its phases, and what is there all the time or at the end."""

    forward: MeasuredMemory
    backward: MeasuredMemory
    step: MeasuredMemory
    param_bytes: int
    buffer_bytes: int
    gradient_bytes: int
    optimizer_bytes: int

    @property
    def peak_bytes(self) -> int:
        """The most of the three phases: params, buffers, gradients and optimizer state are in it."""
        return max(self.forward.peak_bytes, self.backward.peak_bytes, self.step.peak_bytes)


def inference(module: nn.Module, inputs: Sequence[Tensor]) -> MeasuredMemory:
    """The peak of activations, inputs included, while a module runs in inference; params and buffers are not in it."""
    recorder = Recorder()
    for tensor in (*module.parameters(), *module.buffers()):
        recorder.follow(tensor, PARAMS)
    start = len(recorder.events)
    for tensor in inputs:
        recorder.follow(tensor, INPUTS)
    with _mode_of(module), _labels(recorder, module.eval()), plain_kernels(module), recorder, torch.no_grad():
        outputs = module(*inputs)
    del outputs
    return _summary(recorder.events[start:], recorder.kinds)


def training(
    module: nn.Module,
    inputs: Sequence[Tensor],
    make_optimizer: Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer],
    autocast: AbstractContextManager[Any] | None = None,
    *,
    passes: int = 1,
) -> Training:
    """One of many training steps: forward, the sum of all outputs as the loss, backward, optimizer step.

    The optimizer has its state from a step before, with zeros for gradients; gradients are None when the step begins.
    Of several passes before the update, whose gradients add up, the last is measured.
    """
    module.train()
    learnt = [param for param in module.parameters() if param.requires_grad]
    optimizer = make_optimizer(learnt or [nn.Parameter(torch.empty(0))])
    for param in learnt:
        param.grad = torch.zeros_like(param)
    optimizer.step()
    result = _measured(module, inputs, optimizer, autocast, passes)
    idle = [param for param in learnt if param.grad is None and optimizer.state.pop(param, None)]
    if idle:  # without gradients there is no state
        return _measured(module, inputs, optimizer, autocast, passes)
    return result


def _measured(
    module: nn.Module,
    inputs: Sequence[Tensor],
    optimizer: torch.optim.Optimizer,
    autocast: AbstractContextManager[Any] | None,
    passes: int,
) -> Training:
    """The figures of the optimizer's next step."""
    optimizer.zero_grad()
    for _ in range(passes - 1):
        _step(module, inputs, None, autocast, Recorder())
    recorder = Recorder()
    earlier = [param.grad for param in module.parameters() if param.grad is not None]
    kept: dict[str, Sequence[Tensor]] = {
        GRADIENTS: earlier,
        PARAMS: list(module.parameters()),
        BUFFERS: list(module.buffers()),
        INPUTS: inputs,
        OPTIMIZER: _tensors(optimizer),
    }
    for kind, tensors in kept.items():
        for tensor in tensors:
            recorder.follow(tensor, kind)
    del earlier, kept[GRADIENTS]
    marks = _step(module, inputs, optimizer, autocast, recorder)
    gradients = [param.grad for param in module.parameters() if param.grad is not None]
    for gradient in gradients:
        recorder.kinds[recorder.follow(gradient)] = GRADIENTS
    forward, backward, step = [_summary(recorder.events[:end], recorder.kinds, start) for start, end in pairwise(marks)]
    return Training(
        forward,
        backward,
        step,
        param_bytes=_bytes(kept[PARAMS]),
        buffer_bytes=_bytes(kept[BUFFERS]),
        gradient_bytes=_bytes(gradients),
        optimizer_bytes=_bytes(kept[OPTIMIZER]),
    )


def fake(graph: Graph) -> tuple[Network, tuple[Tensor, ...]]:
    """A network and inputs of fake CPU tensors: every op is dispatched as on the CPU, and nothing is computed."""
    with torch.device("meta"):
        network = Network(graph)
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    made: dict[int, Any] = {}
    with mode:
        for module in network.modules():
            for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
                if id(tensor) not in made:
                    copy = torch.empty(tensor.shape, dtype=tensor.dtype)
                    learnt = isinstance(tensor, nn.Parameter)
                    made[id(tensor)] = nn.Parameter(copy, requires_grad=tensor.requires_grad) if learnt else copy
                setattr(module, name, made[id(tensor)])
        return network, example_inputs(graph)


@contextmanager
def plain_kernels(module: nn.Module) -> Iterator[None]:
    """Without the kernels that hide what whole layers allocate."""
    onednn = torch.backends.mkldnn.enabled
    recurrent = any(isinstance(layer, nn.RNNBase) for layer in module.modules())
    torch.backends.mkldnn.enabled = bool(onednn) and not recurrent  # type: ignore[assignment]  # a property of the module
    try:
        with without_fused_layers():
            yield
    finally:
        torch.backends.mkldnn.enabled = onednn


@contextmanager
def _labels(recorder: Recorder, module: nn.Module) -> Iterator[None]:
    """While layers run, the recorder knows their paths."""

    def label(path: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            recorder.place = path

        return hook

    layers = {path: layer for path, layer in module.named_modules() if not isinstance(layer, (Network, ModuleScope))}
    handles = [layer.register_forward_pre_hook(label(path)) for path, layer in layers.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _step(
    module: nn.Module,
    inputs: Sequence[Tensor],
    optimizer: torch.optim.Optimizer | None,
    autocast: AbstractContextManager[Any] | None,
    recorder: Recorder,
) -> list[int]:
    """One training step; where in the recorder's events forward, backward and optimizer step begin, and the end.

    Without an optimizer there is no update.
    """
    marks = [len(recorder.events)]
    with _mode_of(module), plain_kernels(module), _labels(recorder, module), recorder:
        with autocast or nullcontext():
            outputs = module(*inputs)
        loss = _loss(outputs)
        marks.append(len(recorder.events))
        recorder.place = ""
        if loss is not None:
            loss.backward()  # type: ignore[no-untyped-call]
        marks.append(len(recorder.events))
    if optimizer is not None:
        with recorder:  # on fake tensors, the optimizer's own numbers must be real
            optimizer.step()
    del outputs, loss
    marks.append(len(recorder.events))
    return marks


def _loss(outputs: Tensor | tuple[Tensor, ...]) -> Tensor | None:
    """The sum of all outputs that depend on a param."""
    given = outputs if isinstance(outputs, tuple) else (outputs,)
    sums = [output.sum() for output in given if output.requires_grad]
    return reduce(torch.add, sums) if sums else None


def _mode_of(module: nn.Module) -> AbstractContextManager[Any]:
    """The fake mode that a module's tensors belong to, or none."""
    tensors = [*module.parameters(), *module.buffers()]
    return next((tensor.fake_mode for tensor in tensors if isinstance(tensor, FakeTensor)), nullcontext())


def _tensors(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """The tensors of an optimizer's state."""
    return [value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor)]


def _bytes(tensors: Iterable[Tensor]) -> int:
    """Bytes of all different storages."""
    return sum({id(storage): storage.nbytes() for storage in (tensor.untyped_storage() for tensor in tensors)}.values())


def _summary(events: Sequence[Event], kinds: dict[int, str], start: int = 0) -> MeasuredMemory:
    """The peak from event ``start`` on."""
    live: dict[str, int] = {}
    total = peak = 0
    at_peak: dict[str, int] = {}
    place = ""
    layers: dict[str, int] = {}
    for index, event in enumerate(events):
        kind = kinds[event.storage]
        live[kind] = live.get(kind, 0) + event.bytes
        before, total = total, total + event.bytes
        if index >= start - 1:
            layers[event.place] = max(layers.get(event.place, 0), before, total)
            if total > peak:
                peak, at_peak, place = total, dict(live), event.place
    return MeasuredMemory(peak, at_peak, place, layers)
