"""One writer of a file at a time, among processes."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from archcost.files import CLOSED_IN_CHILDREN, DISK, FileError
from archcost.writing.unfinished import CREATE, unwritten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 60.0  # seconds that a writer waits for another
_PAUSE = 0.02  # seconds between two tries


@contextmanager
def alone(path: str, patience: float | None = None) -> Iterator[None]:
    """Keep other writers of a file out while the body reads, changes and writes it.

    The folder of the file is locked, which leaves no file behind and ends with the process; where the platform or the
    file system has no such lock, a file beside it stands for it. Raises FileError if another writer stays for longer
    than the patience, in seconds: a minute, if none is given.
    """
    import time

    real = DISK.resolve(path)
    end = time.monotonic() + (_PATIENCE if patience is None else patience)
    try:
        while (release := _try_lock(real)) is None:
            if time.monotonic() > end:
                raise FileError("another process is writing it", f"if none is, delete {_beside(path)}")
            time.sleep(_PAUSE)
    except OSError as error:
        raise unwritten(error) from None
    try:
        yield
    finally:
        release()


def _try_lock(real: str) -> Callable[[], None] | None:
    """Lock a file for writing; how it is released, or None while another process has it."""
    folder = os.path.dirname(real)
    try:
        import fcntl

        descriptor = os.open(folder, os.O_RDONLY | CLOSED_IN_CHILDREN)
    except ImportError:
        return _try_lock_file(_beside(real))
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # a file system that locks no folders
        os.close(descriptor)
        return _try_lock_file(_beside(real))
    return lambda: os.close(descriptor)


def _try_lock_file(path: str) -> Callable[[], None] | None:
    try:
        os.close(os.open(path, CREATE, 0o600))
    except FileExistsError:
        return None
    return lambda: os.unlink(path)


def _beside(path: str) -> str:
    return f"{path}.lock"
