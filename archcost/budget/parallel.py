"""Judging many specs with one process a core."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from archcost.budget.cases import judge_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.budget.cases import CheckContext
    from archcost.budget.verdict import SpecVerdict


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def judge_in_processes(context: CheckContext) -> Iterator[SpecVerdict | None]:
    """The verdicts in the order of the paths."""
    paths = context.chosen.paths
    size = max(1, len(paths) // (4 * cores()))
    with ProcessPoolExecutor(cores(), initializer=gc.set_threshold, initargs=(100_000,)) as pool:
        yield from pool.map(partial(judge_path, context), paths, chunksize=size)
