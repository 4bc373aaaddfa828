"""Who makes the parts: this process, several processes of this machine, or the workers of a Dask scheduler."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from archcost.errors import UsageError
from archcost.sweeping.output.part import NoRoomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    from archcost.sweeping.output.part import PartMaker

    Tick = Callable[[int], None]  # hears of designs that were gone through

_AHEAD = 2  # parts that wait for each process
_LIVES = 3  # times that a process may end without a part in between


class StoppedError(BaseException):
    """A signal asked for an end; ``code`` is that of the process, 128 and the number of the signal.

    As KeyboardInterrupt, it passes whoever handles any error of what he has called.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


@dataclass(frozen=True, slots=True)
class PartRefusal:
    """Why another process made no part, which travels where exceptions of several arguments do not."""

    message: str
    help: str
    is_full: bool

    def error(self) -> UsageError:
        """The error to raise here."""
        return (NoRoomError if self.is_full else UsageError)(self.message, self.help)


def made_inline(maker: PartMaker, parts: Sequence[int], tick: Tick) -> Iterator[int]:
    """Make parts one after the other; yields their numbers."""
    for part in parts:
        maker.make(part, tick)
        yield part


def made_by_processes(maker: PartMaker, parts: Sequence[int], tick: Tick, jobs: int) -> Iterator[int]:
    """Make parts in processes that begin anew and end with this one; yields their numbers as they are made.

    A process that is killed is replaced, and its part made by another; raises UsageError if that goes on and on.
    """
    left, lives = dict.fromkeys(parts), _LIVES
    while left:
        try:
            for part in _made_by_pool(maker, tuple(left), min(jobs, len(left))):
                del left[part]
                lives = _LIVES
                tick(maker.plan.designs_of(part))
                yield part
        except BrokenProcessPool:
            lives -= 1
            if not lives:
                raise UsageError(
                    "processes of the sweep were killed again and again", "give fewer --jobs: memory may be short"
                ) from None


def _made_by_pool(maker: PartMaker, parts: Sequence[int], jobs: int) -> Iterator[int]:
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_begin, initargs=(maker,))
    coming = iter(parts)
    try:
        running: dict[Future[PartRefusal | None], int] = {}
        while True:
            for part in islice(coming, jobs * _AHEAD - len(running)):
                running[pool.submit(_make, part)] = part
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                part = running.pop(future)
                if refusal := future.result():
                    raise refusal.error()
                yield part
    finally:
        _end(pool)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool, which may be at work, and wait for them."""
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - a pool has no other way to end work early
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()


class _Here:
    """What a process of a pool makes parts with."""

    maker: PartMaker


def _begin(maker: PartMaker) -> None:
    """Begin a process of a pool: interrupts are the parent's, and it ends where the parent was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _Here.maker = maker


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
        os._exit(1)


def _make(part: int) -> PartRefusal | None:
    return refused(partial(_Here.maker.make, part))


def refused(make: Callable[[], Any]) -> PartRefusal | None:
    """Make parts; why that failed, if it did."""
    try:
        make()
    except UsageError as error:
        return PartRefusal(error.message, error.help, isinstance(error, NoRoomError))
    return None


@contextmanager
def stoppable(tick: Tick) -> Iterator[Tick]:
    """Have SIGINT and SIGTERM raise StoppedError in the body, wherever it is, and leave no file half written.

    The tick that it gives raises it, too: Python drops what is raised in a destructor or a callback.
    """
    if threading.current_thread() is not threading.main_thread():
        yield tick
        return
    got: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        got.append(number)
        raise StoppedError(number)

    def ticking(designs: int) -> None:
        if got:
            raise StoppedError(got[0])
        tick(designs)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ticking
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
