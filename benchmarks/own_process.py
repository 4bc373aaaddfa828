"""Models measured in processes of their own: what ran before in a process decides how many page faults a run has."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import archcost
from archcost.pytorch.timing import Latency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.pytorch.timing import Environment, Timing


class ModelRun(NamedTuple):
    """A model of the zoo as it is measured, for so many seconds at least."""

    name: str
    batch: int
    min_time: float
    params: dict[str, Any] | None = None


def measured_alone(runs: Sequence[ModelRun], watch: Callable[[str], None]) -> Iterator[Latency]:
    """Each run on the CPU in a process of its own, one after the other."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        for number, run in enumerate(runs, 1):
            watch(f"{number} of {len(runs)}: {run.name} at batch {run.batch}")
            environment, total = pool.submit(_measured, run).result()
            report = archcost.analyze(run.name, batch=run.batch, params=run.params)
            yield Latency(report, environment, total, ())


def _measured(run: ModelRun) -> tuple[Environment, Timing]:
    report = archcost.analyze(run.name, batch=run.batch, params=run.params)
    (found,) = archcost.bench(report, device="cpu", min_time=run.min_time, layers=False).results
    return found.environment, found.total
