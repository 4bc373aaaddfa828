"""Latency and peak memory on a GPU of 40 models of the zoo, within a budget of time: python -m benchmarks.gpu

python -m benchmarks.gpu --minutes 8       # writes benchmarks/data/gpu_latency.csv

Throughput at three batch sizes in float32 and bfloat16, eager and compiled, and the peak of the memory that PyTorch
allocates in inference and in a training step. Each stage has an equal part of the time that is left; the most important
stages and models come first, and what was not reached is said. Rows of the same device and PyTorch are replaced.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch

import archcost
from archcost.pytorch.devices import choose_device, device_name
from archcost.pytorch.module import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from archcost.analysis.report import Report

DATA = Path(__file__).resolve().parent / "data" / "gpu_latency.csv"
COLUMNS = (
    *("model", "zoo_name", "gpu", "dtype", "layout", "compile", "torch", "batch", "img_size", "samples_per_sec"),
    *("source_file", "peak_bytes", "step_peak_bytes"),
)
MODELS = (  # 40, of different families first
    *("resnet50", "vit_b_16", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "swin_t", "densenet121", "vgg16"),
    *("regnet_y_8gf", "resnext50_32x4d", "mobilenet_v3_large", "googlenet", "inception_v3", "mixer_b16"),
    *("resnet18", "shufflenet_v2_x1_0", "squeezenet1_1", "alexnet", "mnasnet1_0", "ghostnet", "gmlp_s16", "repvgg_a2"),
    *("poolformer_s12", "maxvit_t", "swin_v2_t", "wide_resnet50_2", "se_resnet50", "mixnet_m", "efficientnet_v2_s"),
    *("regnet_x_3_2gf", "resnet34", "resnet101", "resnet152", "vit_b_32", "vgg11", "densenet169", "efficientnet_b3"),
    *("mobilenet_v1", "inception_v4", "convnext_small"),
)
BATCHES = (1, 16, 128)
DTYPES = ("float32", "bfloat16")
_WARM_UP = 3
_SECONDS = 0.1  # of calls in a repeat
_REPEATS = 3


class Stage(NamedTuple):
    """Something to measure of every model: throughput, or with ``peak`` memory in inference and in a training step."""

    batch: int
    dtype: str
    compiled: bool = False
    peak: bool = False

    def __str__(self) -> str:
        mode = "peak memory" if self.peak else "compiled" if self.compiled else "eager"
        return f"{mode}, {self.dtype}, batch {self.batch}"


def stages(batches: Sequence[int]) -> list[Stage]:
    """Most important first: eager in both dtypes, memory, and then compiled, which takes longest."""
    eager = [Stage(batch, dtype) for batch in reversed(batches) for dtype in reversed(DTYPES)]
    peaks = [Stage(batches[len(batches) // 2], dtype, peak=True) for dtype in DTYPES]
    return [*eager, *peaks, *[Stage(batch, dtype, compiled=True) for batch, dtype, *_ in eager]]


class Measured(NamedTuple):
    """What a stage found of a model."""

    model: str
    stage: Stage
    size: int
    samples_per_second: float | None
    peak: int | None = None
    step_peak: int | None = None


def measure(
    models: Sequence[str], batches: Sequence[int], device: torch.device, seconds: float, tell: Callable[[str], None]
) -> list[Measured]:
    """All stages within so many seconds, each in an equal part of what is left when it begins."""
    end = perf_counter() + seconds
    plan = stages(batches)
    found: list[Measured] = []
    for number, stage in enumerate(plan):
        until = perf_counter() + (end - perf_counter()) / (len(plan) - number)
        left = list(models)
        while left and perf_counter() < until:
            name = left.pop(0)
            try:
                found.append(_measured(name, stage, device))
            except RuntimeError as error:  # out of memory, or what a device does not run
                tell(f"{stage}: {name} does not run: {str(error).splitlines()[0]}")
            torch.compiler.reset()
        if left:
            tell(f"{stage}: not reached: {', '.join(left)}")
    return found


def _measured(name: str, stage: Stage, device: torch.device) -> Measured:
    report = archcost.analyze(name, batch=stage.batch, dtype=stage.dtype)
    size = next(iter(report.graph.inputs.values())).shape[-1]
    if stage.peak:
        step = archcost.analyze(name, batch=stage.batch, dtype=stage.dtype, training=True)
        return Measured(name, stage, size, None, _peak(report, device), _peak(step, device))
    call = _inference(report, device, compiled=stage.compiled)
    return Measured(name, stage, size, stage.batch / seconds_of(call, device))


def _ready(report: Report, device: torch.device) -> tuple[Network, list[torch.Tensor]]:
    dtype = getattr(torch, report.dtype)
    with torch.device(device):
        network = Network(report.graph).train(report.graph.training)
        inputs = [torch.randn(shape, dtype=dtype) for shape, _ in report.graph.inputs.values()]
    return network, inputs


def _inference(report: Report, device: torch.device, *, compiled: bool = False) -> Callable[[], object]:
    network, inputs = _ready(report, device)
    module: Callable[..., object] = torch.compile(network) if compiled else network

    def call() -> object:
        with torch.inference_mode():
            return module(*inputs)

    return call


def _step(report: Report, device: torch.device) -> Callable[[], object]:
    network, inputs = _ready(report, device)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)

    def call() -> None:
        optimizer.zero_grad()
        found = network(*inputs)
        outputs = found if isinstance(found, tuple) else (found,)
        sum(output.float().sum() for output in outputs).backward()  # type: ignore[union-attr]
        optimizer.step()

    return call


def _peak(report: Report, device: torch.device) -> int | None:
    """The most memory that is allocated in a run after the first; None where the device does not tell."""
    call = (_step if report.graph.training else _inference)(report, device)
    call()
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device)


def seconds_of(call: Callable[[], object], device: torch.device) -> float:
    """What a call takes: the median over repeats of many calls in a row, after some that are not measured."""
    for _ in range(_WARM_UP):
        call()
    once = _span(call, 1, device)
    count = max(1, min(1000, round(_SECONDS / max(once, 1e-6))))
    return median(_span(call, count, device) / count for _ in range(_REPEATS))


def _span(call: Callable[[], object], count: int, device: torch.device) -> float:
    """Seconds of so many calls: between two events of a GPU, on a CPU by the clock."""
    if device.type != "cuda":
        start = perf_counter()
        for _ in range(count):
            call()
        return perf_counter() - start
    first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize(device)
    first.record()
    for _ in range(count):
        call()
    last.record()
    torch.cuda.synchronize(device)
    return first.elapsed_time(last) / 1000


def write(path: Path, found: Iterable[Measured], name: str) -> None:
    """Rows of these measurements; those of other devices and versions stay."""
    version = str(torch.__version__)
    kept: list[dict[str, str]] = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            kept = [row for row in csv.DictReader(file) if (row["gpu"], row["torch"]) != (name, version)]
    rows = [dict(zip(COLUMNS, _cells(one, name, version), strict=True)) for one in found]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*kept, *rows])


def _cells(one: Measured, name: str, version: str) -> tuple[object, ...]:
    stage = one.stage
    rate = "" if one.samples_per_second is None else f"{one.samples_per_second:.2f}"
    mode = "torch.compile" if stage.compiled else "eager"
    head = (one.model, one.model, name, stage.dtype, "nchw", mode, version, stage.batch, one.size, rate)
    return (*head, "benchmarks/gpu.py", one.peak or "", one.step_peak or "")


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and write the rows."""
    parser = argparse.ArgumentParser(description="Latency and memory of models of the zoo on a GPU.")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    parser.add_argument("--output", type=Path, default=DATA)
    given = parser.parse_args(words)
    device = choose_device(given.device)

    def tell(line: str) -> None:
        sys.stderr.write(line + "\n")

    found = measure(given.models, given.batches, device, 60 * given.minutes, tell)
    write(given.output, found, device_name(device))
    tell(f"{len(found)} measurements on {device_name(device)} in {given.output}")


if __name__ == "__main__":
    main()
