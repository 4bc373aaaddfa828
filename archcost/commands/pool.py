"""Judging many specs with one process a core."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from archcost.commands.judging import judge_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.budget.verdict import SpecVerdict
    from archcost.commands.judging import Chosen, Context

_context: list[Context] = []  # of a worker process


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def judge_in_processes(context: Context, chosen: Chosen) -> Iterator[SpecVerdict | None]:
    """The verdicts in the order of the paths."""
    size = max(1, len(chosen.paths) // (4 * cores()))
    named = [path in chosen.named for path in chosen.paths]
    with ProcessPoolExecutor(cores(), initializer=_start, initargs=(context,)) as pool:
        yield from pool.map(_judge, chosen.paths, named, chunksize=size)


def _start(context: Context) -> None:
    gc.set_threshold(100_000)
    _context[:] = [context]


def _judge(path: str, named: bool) -> SpecVerdict | None:  # noqa: FBT001 - mapped over
    return judge_path(_context[0], path, named=named)
