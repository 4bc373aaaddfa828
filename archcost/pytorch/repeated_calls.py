"""Calls of a chain of layers, again and again: what each takes, with the page faults of the system taken off."""

from __future__ import annotations

from time import perf_counter, thread_time
from typing import TYPE_CHECKING, NamedTuple

import torch

from archcost.analysis.report import analyze
from archcost.pytorch.module import Network
from archcost.settings import Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.timing.calibration_cases import CalibrationCase

_LEAST_LEFT = 4  # the time without page faults is at least one part in so many


class Effort(NamedTuple):
    """Rounds, the seconds of a chain in each, and the seconds after which no further round begins."""

    rounds: int = 9
    seconds: float = 0.01
    most_seconds: float = 60.0


QUICK = Effort(3, 0.005, 15.0)


def call_of(case: CalibrationCase, device: torch.device) -> Callable[[], object]:
    """A call that runs a chain on a device."""
    report = analyze(loads(case.text), Settings(batch=case.batch))
    with torch.device(device):
        network = Network(report.graph).eval()
        inputs = [torch.randn(case.batch, *shape) for shape in case.shapes]

    def call() -> object:
        with torch.inference_mode():
            return network(*inputs)

    return call


def calls(call: Callable[[], object], device: torch.device, seconds: float, fault: float = 0.0) -> list[float]:
    """The seconds of each call, of those that fit into so many seconds after one that warms caches.

    On one thread of a CPU it is the processor's time: what others do meanwhile is no part of it. Page faults of
    ``fault`` seconds each are taken off, for how many there are depends on what the process did before.
    """
    clock = thread_time if device.type == "cpu" and torch.get_num_threads() == 1 else perf_counter
    call()
    found: list[float] = []
    end = perf_counter() + seconds
    while not found or perf_counter() < end:
        _wait(device)
        before = faults() if fault else 0
        start = clock()
        call()
        _wait(device)
        taken = clock() - start
        if fault:
            taken = max(taken / _LEAST_LEFT, taken - fault * (faults() - before))
        found.append(taken)
    return found


def fastest(call: Callable[[], object], device: torch.device, effort: Effort) -> float:
    """The seconds of the fastest call of all rounds."""
    return min(min(calls(call, device, effort.seconds)) for _ in range(effort.rounds))


def faults() -> int:
    """The page faults of this process so far that needed no disk."""
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
