"""Memory of arrays that is used again, where a process was told to hand it back to the system at once.

Workers of Dask run with ``MALLOC_TRIM_THRESHOLD_=65536``. Each array of a chunk of rows would then be taken from the
system and cleared anew: two CPU seconds for four million rows that take four.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRIM, _MMAP = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
_KEPT = 1 << 25  # bytes: the most that glibc lets M_MMAP_THRESHOLD be
_USUAL = 1 << 17  # what both are at first


@contextmanager
def kept_heap() -> Iterator[None]:
    """Keep freed memory in the body, where the environment says otherwise and the C library is glibc."""
    trim = _asked("MALLOC_TRIM_THRESHOLD_", _USUAL)
    glibc = _glibc() if trim < _USUAL else None
    if glibc is None:
        yield
        return
    glibc.mallopt(_TRIM, 2 * _KEPT)
    glibc.mallopt(_MMAP, _KEPT)
    try:
        yield
    finally:
        glibc.mallopt(_TRIM, trim)
        glibc.mallopt(_MMAP, _asked("MALLOC_MMAP_THRESHOLD_", _USUAL))
        glibc.malloc_trim(0)


def _asked(name: str, usual: int) -> int:
    try:
        return int(os.environ[name])
    except (KeyError, ValueError):
        return usual


def _glibc() -> Any:
    """The C library of this process if it is glibc, else None."""
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        if library.gnu_get_libc_version and library.mallopt and library.malloc_trim:
            return library
    return None
