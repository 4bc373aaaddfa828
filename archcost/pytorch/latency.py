"""Measuring: end-to-end and per-layer latency, by torch.utils.benchmark.

Layers of the same op on the same types are timed once. One code path serves every device: the timer synchronises it.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils import benchmark

from archcost.errors import UsageError
from archcost.pytorch.devices import choose_device, device_name
from archcost.pytorch.module import Network
from archcost.pytorch.timing import Environment, Latency, summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from archcost.analysis.report import Report
    from archcost.graph.model import Node, TensorType
    from archcost.pytorch.timing import Timing

_PATIENCE = 4  # times the minimum that measuring goes on while it is noisy
_ROUNDS = 3  # several models are measured in turn, so that drift hits all of them
_STREAM = (4 * 2**20, 64 * 2**20)  # float32 numbers read and written to see what a CPU and a GPU move


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """How to measure; ``threads`` 0 leaves torch's choice, ``min_runs`` are of each model."""

    device: str = "auto"
    threads: int = 0
    channels_last: bool = False
    compile: bool = False
    min_time: float = 1.0
    layers: bool = True
    min_runs: int = 1


def measure(
    reports: Sequence[Report], settings: MeasureSettings, watch: Callable[[str], None] = lambda _: None
) -> list[Latency]:
    """Measure models in turn, then their layers; ``watch`` is told what is being measured."""
    device = choose_device(settings.device)
    threads = settings.threads or torch.get_num_threads()
    runs = []
    for report in reports:
        with _told(report, device):
            runs.append(_Run(report, device, settings))
    for run in runs:
        watch(f"{run.report.name}: warm-up")
        run.warm_up()
    samples: list[list[float]] = [[] for _ in runs]
    for _ in range(_ROUNDS if len(runs) > 1 else 1):
        for index, run in enumerate(runs):
            watch(run.report.name)
            least = settings.min_time / (_ROUNDS if len(runs) > 1 else 1)
            samples[index] += _sample(run.call, least, threads, settings.min_runs)
    results = []
    for run, times in zip(runs, samples, strict=True):
        layers = tuple(_layer_timings(run, settings, threads, watch)) if settings.layers else ()
        environment = Environment(
            device.type,
            device_name(device),
            threads,
            str(torch.__version__),
            run.report.dtype,
            settings.channels_last,
            settings.compile,
        )
        results.append(Latency(run.report, environment, summarise(times), layers, run.peak_bytes()))
    return results


@dataclass(frozen=True, slots=True)
class Yardsticks:
    """What the device does where there is nothing but a launch, and nothing but bytes to move.

    ``launch_seconds`` are of a convolution, a linear layer, and any other, of one element.
    """

    launch_seconds: dict[str, float]
    bytes_per_second: float


def yardsticks(settings: MeasureSettings) -> Yardsticks:
    """Measure layers of one element, and a ReLU over more than caches hold, as layers are measured."""
    device = choose_device(settings.device)
    threads = settings.threads or torch.get_num_threads()

    def timed(module: nn.Module, *shape: int) -> Timing:
        inputs = (torch.ones(shape, device=device),)
        return _timing_of(_inference(module.eval().to(device), inputs), settings, threads)

    launch = {
        "conv": timed(nn.Conv2d(1, 1, 1), 1, 1, 1, 1).median,
        "linear": timed(nn.Linear(1, 1), 1, 1).median,
        "other": timed(nn.ReLU(), 1, 1).median,
    }
    elements = _STREAM[device.type == "cuda"]
    # The fastest run: what other programs take of the memory is no property of the device.
    return Yardsticks(launch, 2 * 4 * elements / timed(nn.ReLU(), elements).minimum)


class _Run:
    """A model on its device, ready to be called."""

    def __init__(self, report: Report, device: torch.device, settings: MeasureSettings) -> None:
        self.report = report
        self.device = device
        self.channels_last = settings.channels_last
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        with torch.device(device):
            self.network = Network(report.graph).train(report.graph.training).to(device)
        if settings.channels_last:
            self.network.to(memory_format=torch.channels_last)
        self.inputs = self.tensors(list(report.graph.inputs.values()))
        self.module: nn.Module = torch.compile(self.network) if settings.compile else self.network  # type: ignore[assignment]

    def tensors(self, types: Sequence[TensorType]) -> tuple[Tensor, ...]:
        """Random numbers of these types, zeros for indices; 4-D ones in channels-last order where asked."""
        made = []
        for shape, dtype in types:
            kind = getattr(torch, dtype)
            tensor = (
                torch.randn(shape, dtype=kind, device=self.device)
                if kind.is_floating_point
                else torch.zeros(shape, dtype=kind, device=self.device)
            )
            if self.channels_last and tensor.dim() == 4:  # noqa: PLR2004 - (N, C, H, W)
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            made.append(tensor)
        return tuple(made)

    def call(self) -> object:
        """One inference."""
        with torch.inference_mode():
            return self.module(*self.inputs)

    def warm_up(self) -> None:
        """Run until caches, allocators and the compiler have done their first-time work."""
        with _told(self.report, self.device):
            for _ in range(3):
                self.call()

    def layer_call(self, node: Node) -> Callable[[], object]:
        """One run of a layer's module on tensors of its input types."""
        module = self.network.get_submodule(self.network.module_path(node.path))
        return _inference(module, self.tensors(node.signature.inputs))

    def peak_bytes(self) -> int | None:
        """The most memory that the device had allocated, where it tells."""
        return torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else None


def _inference(module: nn.Module, inputs: tuple[Tensor, ...]) -> Callable[[], object]:
    """A call of a module that keeps nothing for a backward pass."""

    def call() -> object:
        with torch.inference_mode():
            return module(*inputs)

    return call


@contextmanager
def _told(report: Report, device: torch.device, path: str = "") -> Iterator[None]:
    """Make of what a device refuses, memory included, a UsageError that names the model or layer."""
    try:
        yield
    except RuntimeError as error:
        what = f"{path} of {report.name}" if path else report.name
        raise UsageError(f"{what} does not run on {device.type}: {first_line(error)}") from None


def first_line(error: Exception) -> str:
    """The first line of an error's message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _sample(call: Callable[[], object], min_time: float, threads: int, min_runs: int = 1) -> list[float]:
    """Seconds of runs, for at least ``min_time`` and ``min_runs``, and longer while they spread."""
    timer = benchmark.Timer("call()", globals={"call": call}, num_threads=threads)
    times: list[float] = []
    spent = 0.0
    while spent < min_time or len(times) < min_runs or (spent < _PATIENCE * min_time and not summarise(times).steady):
        measured = timer.blocked_autorange(min_run_time=min_time / 2)
        times += measured.times
        spent += sum(measured.raw_times)
    return times


def _layer_timings(
    run: _Run, settings: MeasureSettings, threads: int, watch: Callable[[str], None]
) -> Iterator[Timing | None]:
    """A timing for each layer; None for what is only declared."""
    known: dict[Any, Timing] = {}
    for node in run.report.graph.nodes:
        timing = known.get(node.signature)
        if timing is None and not node.op.declared:
            watch(f"{run.report.name}: {node.path}")
            with _told(run.report, run.device, node.path):
                timing = known[node.signature] = _timing_of(run.layer_call(node), settings, threads)
        yield timing


def _timing_of(call: Callable[[], object], settings: MeasureSettings, threads: int) -> Timing:
    """What one layer takes, after a first call that is not measured."""
    call()
    return summarise(_sample(call, settings.min_time / 20, threads))
