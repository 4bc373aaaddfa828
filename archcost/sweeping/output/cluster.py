"""Parts made by the workers of a Dask scheduler, through ``distributed``, which is loaded here alone.

The workers may run anywhere: started by hand, by SLURM through dask-jobqueue, in Kubernetes by its operator. They need
archcost[sweep,parquet] in the versions that are here, and a file system that they share with this process.
"""

from __future__ import annotations

import os
import pickle
import time
from asyncio import CancelledError
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.sweeping.output.executors import PartRefusal, refused
from archcost.sweeping.output.heap import kept_heap
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.sweeping.output.executors import Tick
    from archcost.sweeping.output.part import PartMaker

_TASK_PARTS = 8  # about 8 CPU seconds, beside which the 5 ms of a task are nothing
_AHEAD = 4  # tasks that wait for each thread of a worker
_TIMEOUT = 30.0  # seconds to find the scheduler, and for a file to be seen here
_PAUSE = 0.2


def made_by_cluster(maker: PartMaker, parts: Sequence[int], tick: Tick, address: str) -> Iterator[int]:
    """Make parts on the workers of the scheduler at an address; yields their numbers as they are made.

    A worker that is lost is the scheduler's business, which gives its tasks to others. Raises UsageError if there is no
    scheduler, or it gives up.
    """
    distributed: Any = import_module("distributed")  # which has no types of its own for most of what is used here
    try:
        client = distributed.Client(address, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"there is no Dask scheduler at {address}: {_first_line(error)}", _HELP) from None
    with client:
        try:
            shared = client.scatter(pickle.dumps(maker), broadcast=True, hash=True)
            size = _task_parts(len(parts), _threads(client))
            batches = (list(parts[start : start + size]) for start in range(0, len(parts), size))
            running: dict[Any, list[int]] = {}
            done = distributed.as_completed([], loop=client.loop)
            while True:
                for batch in islice(batches, max(1, _AHEAD * _threads(client) - len(running))):
                    future = client.submit(_make, shared, batch, __version__, pure=False, retries=2)
                    running[future] = batch
                    done.add(future)
                if not running:
                    return
                future = next(done)
                batch = running.pop(future)
                if refusal := future.result():
                    raise refusal.error()
                for part in batch:
                    _wait_for(maker, part)
                    tick(maker.plan.designs_of(part))
                    yield part
        except distributed.KilledWorker:
            raise UsageError(
                "workers of the Dask cluster were lost again and again",
                "see their logs: memory may be short, or archcost may be another version there",
            ) from None
        except (OSError, CancelledError) as error:
            raise UsageError(f"the Dask scheduler at {address} is gone: {_first_line(error)}") from None


_HELP = "start one with: dask scheduler"


def _threads(client: Any) -> int:
    """The threads of all workers; one, while there is none."""
    threads: dict[str, int] = client.nthreads()
    return max(1, sum(threads.values()))


def _task_parts(parts: int, threads: int) -> int:
    """The parts of a task: some, and yet a few tasks for every thread."""
    return max(1, min(_TASK_PARTS, parts // (2 * threads)))


def _make(pickled: bytes, parts: Sequence[int], version: str) -> PartRefusal | None:
    """Make parts on a worker."""
    if version != __version__:
        return PartRefusal(f"a worker has archcost {__version__}, where the sweep has {version}", "", is_full=False)

    def make() -> None:
        maker = _maker(pickled)
        with kept_heap():
            for part in parts:
                maker.make(part)

    return refused(make)


@lru_cache(maxsize=2)
def _maker(pickled: bytes) -> PartMaker:
    maker: PartMaker = pickle.loads(pickled)  # noqa: S301 - of the driver, whose code the worker runs anyway
    return maker


def _wait_for(maker: PartMaker, part: int) -> None:
    """Wait until a part that a worker made is seen here too; raises UsageError."""
    end = time.monotonic() + _TIMEOUT
    while maker.note_of(part) is None:
        os.listdir(maker.rows)  # which has file systems of the network look again
        if time.monotonic() > end:
            raise UsageError(
                f"workers write to {maker.rows}, but nothing is seen of it here",
                "give a folder on a file system that the workers share with this machine",
            )
        time.sleep(_PAUSE)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
