"""Models measured in processes of their own: what ran before in a process decides how many page faults a run has.

A run counts while the machine is quiet: a yardstick before and after it takes no more than it does at its best. It is
no part of the model, so that nothing is chosen by the times of the model itself.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import archcost
from archcost.pytorch.timing import Latency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.pytorch.timing import Environment, Timing

WINDOW = 0.2  # seconds of runs between two looks at the yardstick
PATIENCE = 10  # times the seconds that are wanted, after which runs on a busy machine count, too


class ModelRun(NamedTuple):
    """A model of the zoo as it is measured, for so many seconds at least."""

    name: str
    batch: int
    min_time: float
    params: dict[str, Any] | None = None


class OwnRuns(NamedTuple):
    """What was measured: over quiet windows, if there were any. ``quiet`` is their share of all.

    ``best`` is the fastest look at the yardstick so far.
    """

    latency: Latency
    quiet: float
    best: float


class _Window(NamedTuple):
    """The seconds of each run, and of the slower look at the yardstick, before or after."""

    runs: list[float]
    look: float


def measured_alone(runs: Sequence[ModelRun], watch: Callable[[str], None]) -> Iterator[OwnRuns]:
    """Each run on the CPU in a process of its own, one after the other."""
    spawn = multiprocessing.get_context("spawn")
    best = float("inf")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        for number, run in enumerate(runs, 1):
            watch(f"{number} of {len(runs)}: {run.name} at batch {run.batch}")
            environment, timing, quiet, best = pool.submit(_measured, run, best).result()
            report = archcost.analyze(run.name, batch=run.batch, params=run.params)
            yield OwnRuns(Latency(report, environment, timing, ()), quiet, best)


def _measured(run: ModelRun, best: float) -> tuple[Environment, Timing, float, float]:
    """As ``bench`` measures the model, in windows, until those that were quiet are long enough."""
    import torch

    from archcost.pytorch.devices import device_name
    from archcost.pytorch.module import Network
    from archcost.pytorch.quietness import Yardstick
    from archcost.pytorch.timing import Environment, summarise

    yardstick = Yardstick(best)  # first, so that its tensors lie below all others
    report = archcost.analyze(run.name, batch=run.batch, params=run.params)
    network = Network(report.graph).eval()
    inputs = [torch.randn(given.shape) for given in report.graph.inputs.values()]
    windows: list[_Window] = []
    with torch.inference_mode():
        for _ in range(3):
            network(*inputs)
        look, end = yardstick.look(), perf_counter() + PATIENCE * run.min_time
        while _quiet_seconds(windows, yardstick) < run.min_time and perf_counter() < end:
            found, before = _window(lambda: network(*inputs)), look
            look = yardstick.look()
            windows.append(_Window(found, max(before, look)))
    quiet = [one for one in windows if yardstick.quiet(one.look)]
    times = [seconds for one in quiet or windows for seconds in one.runs]
    cpu = torch.device("cpu")
    threads, version = torch.get_num_threads(), str(torch.__version__)
    environment = Environment("cpu", device_name(cpu), threads, version, report.dtype, False, False)
    return environment, summarise(times), len(quiet) / len(windows), yardstick.best


def _window(call: Callable[[], object]) -> list[float]:
    """The seconds of runs, after one that finds the caches as the yardstick left them."""
    call()
    found: list[float] = []
    end = perf_counter() + WINDOW
    while not found or perf_counter() < end:
        start = perf_counter()
        call()
        found.append(perf_counter() - start)
    return found


def _quiet_seconds(windows: list[_Window], yardstick: Any) -> float:
    return sum(sum(one.runs) for one in windows if yardstick.quiet(one.look))
