"""What a page fault costs this machine: a page that a process gave back and touches again.

The system finds a page, fills it with zeros and maps it, and takes it back later; caches lose what they held, and
threads wait for each other. So it is measured where it happens: in blocks of layers whose activations go back to the
system after each use, against the same blocks once malloc keeps them.
"""

from __future__ import annotations

import os
import platform
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch

from archcost.pytorch.quietness import Yardstick
from archcost.pytorch.repeated_calls import Effort, call_of, fastest, faults
from archcost.timing.calibration_cases import faulting_blocks
from archcost.timing.heap import LAST_THRESHOLD, PAGE

if TYPE_CHECKING:
    from collections.abc import Callable

_FRESH = 16 << 20  # float32 numbers of a tensor that malloc always maps anew: glibc maps all above 32 MiB
_MANY = 256  # faults of a call that are enough to see
_ENOUGH = 8  # calls with so many
_ROUNDS = 20  # of an effort's seconds, for the calls of a block


class _Call(NamedTuple):
    """A call's seconds and page faults, and the seconds of a look at the yardstick before it."""

    seconds: float
    faults: int
    look: float


def page_fault_seconds(device: torch.device, effort: Effort) -> float:
    """The seconds of a page that is mapped, touched and given back, beyond those of writing to it; 0.0: not known.

    It is known where the malloc is that of glibc, which predictions follow, and where the system hands out pages of the
    usual size one by one. In a process whose malloc keeps its pages already, it is measured with one large tensor,
    which is less than what it costs among layers.
    """
    usual = platform.libc_ver()[0] == "glibc" and os.sysconf("SC_PAGE_SIZE") == PAGE
    if device.type != "cpu" or not usual:
        return 0.0
    return _among_layers(device, effort) or _alone(device, effort)


def _among_layers(device: torch.device, effort: Effort) -> float:
    """The median, over calls with many faults, of what each fault of them costs; 0.0 if there are too few."""
    yardstick = Yardstick()
    blocks = [call_of(case, device) for case in faulting_blocks()]
    giving = [_counted(block, effort, yardstick) for block in blocks]
    _keep_pages()
    keeping = [_counted(block, effort, yardstick) for block in blocks]
    found = []
    for given, kept in zip(giving, keeping, strict=True):
        quiet = [[one for one in calls if yardstick.quiet(one.look)] for calls in (given, kept)]
        without = median([one.seconds for one in quiet[1] if one.faults < _MANY] or [0.0])
        found += [(one.seconds - without) / one.faults for one in quiet[0] if without and one.faults >= _MANY]
    return max(0.0, median(found)) if len(found) >= _ENOUGH else 0.0


def _counted(call: Callable[[], object], effort: Effort, yardstick: Yardstick) -> list[_Call]:
    call()
    found: list[_Call] = []
    end = perf_counter() + _ROUNDS * effort.seconds
    while not found or perf_counter() < end:
        look = yardstick.look()
        before, start = faults(), perf_counter()
        call()
        found.append(_Call(perf_counter() - start, faults() - before, look))
    return found


def _keep_pages() -> None:
    """Free a tensor of the size from which glibc's malloc learns most: from then on it keeps pieces of that size."""
    torch.empty((LAST_THRESHOLD - 4 * PAGE) // 4).fill_(1.0)


def _alone(device: torch.device, effort: Effort) -> float:
    """That of a large tensor, which is always mapped anew, against one that stays; 0.0 where its pages are not."""
    pages = 4 * _FRESH // PAGE
    kept = torch.empty(_FRESH)
    resident = fastest(lambda: kept.fill_(1.0), device, effort)
    before = faults()
    torch.empty(_FRESH).fill_(1.0)
    if faults() - before < pages // 2:  # larger pages, or a malloc that keeps them
        return 0.0
    return max(0.0, (fastest(lambda: torch.empty(_FRESH).fill_(1.0), device, effort) - resident) / pages)
