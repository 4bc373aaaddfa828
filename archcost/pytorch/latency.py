"""What a model takes: end-to-end and per-layer latency, by torch.utils.benchmark.

Times are measured, so they are floats in seconds, and every one comes with its spread. Layers of the same op on the
same types are timed once. One code path serves every device: the timer synchronises it.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import benchmark

from archcost.errors import UsageError
from archcost.files import read_system
from archcost.pytorch.module import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor, nn

    from archcost.analysis.report import Report
    from archcost.graph.model import Node, TensorType

NOISY = 0.10  # relative spread from which a measurement is called noisy
_STEADY = 0.05  # relative spread at which measuring may stop
_PATIENCE = 4  # times the minimum that measuring goes on while it is noisy
_ROUNDS = 3  # several models are measured in turn, so that drift hits all of them
_NORMAL_IQR = 1.349  # interquartile range of a normal distribution in standard deviations


@dataclass(frozen=True, slots=True)
class Settings:
    """How to measure; ``threads`` 0 leaves torch's choice."""

    device: str = "auto"
    threads: int = 0
    channels_last: bool = False
    compile: bool = False
    min_time: float = 1.0
    layers: bool = True


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run: the distribution over ``runs`` samples."""

    median: float
    iqr: float
    p95: float
    minimum: float
    runs: int

    @property
    def spread(self) -> float:
        """Interquartile range over median."""
        return self.iqr / self.median if self.median else 0.0

    @property
    def noisy(self) -> bool:
        """Whether the spread says that the machine was busy with something else."""
        return self.spread > NOISY

    @property
    def sigma(self) -> float:
        """The standard deviation that a normal distribution of this spread has."""
        return self.iqr / _NORMAL_IQR


@dataclass(frozen=True, slots=True)
class Environment:
    """Where it was measured."""

    device: str
    name: str
    threads: int
    torch: str
    dtype: str
    channels_last: bool
    compile: bool


@dataclass(frozen=True, slots=True)
class Latency:
    """The measurement of one model; ``layers`` holds a timing per layer, in order, or nothing."""

    report: Report
    environment: Environment
    total: Timing
    layers: tuple[Timing, ...] = field(default=())
    peak_device_bytes: int | None = None

    @property
    def throughput(self) -> float:
        """Samples a second."""
        return self.report.batch / self.total.median

    @property
    def macs_per_second(self) -> float:
        """MACs of the analysis over the measured time."""
        return self.report.totals.macs / self.total.median


def choose_device(name: str) -> torch.device:
    """The device by name; ``auto`` is the fastest that torch sees. Raises UsageError, and says what is missing."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if name == "cuda" and not cuda:
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "is a build without CUDA"
        raise UsageError(f"torch sees no CUDA device: torch {torch.__version__} {built}", "measure with `--device cpu`")
    if name == "mps" and not mps:
        raise UsageError("torch sees no Apple GPU (mps)", "measure with `--device cpu`")
    return torch.device(name)


def measure(
    reports: Sequence[Report], settings: Settings, watch: Callable[[str], None] = lambda _: None
) -> list[Latency]:
    """Measure models in turn, then their layers; ``watch`` is told what is being measured."""
    device = choose_device(settings.device)
    threads = settings.threads or torch.get_num_threads()
    runs = [_Run(report, device, settings) for report in reports]
    for run in runs:
        watch(f"{run.report.name}: warm-up")
        run.warm_up()
    samples: list[list[float]] = [[] for _ in runs]
    for _ in range(_ROUNDS if len(runs) > 1 else 1):
        for index, run in enumerate(runs):
            watch(run.report.name)
            samples[index] += _sample(run.call, settings.min_time / (_ROUNDS if len(runs) > 1 else 1), threads)
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


class _Run:
    """A model on its device, ready to be called."""

    def __init__(self, report: Report, device: torch.device, settings: Settings) -> None:
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
        try:
            for _ in range(3):
                self.call()
        except RuntimeError as error:
            raise UsageError(f"{self.report.name} does not run on {self.device.type}: {first_line(error)}") from None

    def layer_call(self, node: Node) -> Callable[[], object]:
        """One run of a layer's module on tensors of its input types."""
        module = self.network.get_submodule(self.network.module_path(node.path))
        inputs = self.tensors(node.signature.inputs)

        def call() -> object:
            with torch.inference_mode():
                return module(*inputs)

        return call

    def peak_bytes(self) -> int | None:
        """The most memory that the device had allocated, where it tells."""
        return torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else None


def first_line(error: Exception) -> str:
    """The first line of an error's message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _sample(call: Callable[[], object], min_time: float, threads: int) -> list[float]:
    """Seconds of runs, for at least ``min_time``, and longer while they spread."""
    timer = benchmark.Timer("call()", globals={"call": call}, num_threads=threads)
    times: list[float] = []
    spent = 0.0
    while spent < min_time or (spent < _PATIENCE * min_time and summarise(times).spread > _STEADY):
        measured = timer.blocked_autorange(min_run_time=min_time / 2)
        times += measured.times
        spent += sum(measured.raw_times)
    return times


def _layer_timings(run: _Run, settings: Settings, threads: int, watch: Callable[[str], None]) -> Iterator[Timing]:
    known: dict[Any, Timing] = {}
    for node in run.report.graph.nodes:
        timing = known.get(node.signature)
        if timing is None:
            watch(f"{run.report.name}: {node.path}")
            call = run.layer_call(node)
            call()
            timing = known[node.signature] = summarise(_sample(call, settings.min_time / 20, threads))
        yield timing


def summarise(times: Sequence[float]) -> Timing:
    """Median, quartiles and 95th percentile of samples; raises ValueError for none."""
    if not times:
        raise ValueError("no samples")
    ordered = sorted(times)
    iqr = percentile(ordered, 0.75) - percentile(ordered, 0.25)
    return Timing(percentile(ordered, 0.5), iqr, percentile(ordered, 0.95), ordered[0], len(ordered))


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """The value below which a fraction of sorted samples lies, linear between neighbours."""
    position = fraction * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def speed_up(fast: Timing, slow: Timing) -> tuple[float, float]:
    """How many times faster, ± one standard deviation, from medians and spreads."""
    ratio = slow.median / fast.median
    relative = sqrt((fast.sigma / fast.median) ** 2 + (slow.sigma / slow.median) ** 2)
    return ratio, ratio * relative


def device_name(device: torch.device) -> str:
    """The GPU's name, or the processor's."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    for line in read_system("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
