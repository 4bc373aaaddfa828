"""How quiet a machine is: a yardstick that is measured again and again beside what is of interest.

On a virtual machine the threads of a process may be near to each other at one time, with a cache that both have, and
far from each other at another, for seconds and minutes. Networks of many small layers then take half as long again,
while a large product takes what it took. So the yardstick has short passes, in each of which every thread reads what
another wrote.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter

import torch

QUIET = 1.15  # times the fastest look, up to which a machine counts as quiet
_LOOKS = 3
_SIDE = 256  # of a square product
_ELEMENTS = 1 << 17  # of a pass: enough for two threads
_PRODUCTS, _PASSES = 3, 10


class Yardstick:
    """Small products and passes on the CPU; ``best`` is the fastest look so far, in seconds."""

    def __init__(self, best: float = float("inf")) -> None:
        self.best = best
        self._square = torch.ones(_SIDE, _SIDE)
        self._product = torch.empty(_SIDE, _SIDE)
        self._first, self._second = torch.ones(_ELEMENTS), torch.empty(_ELEMENTS)

    def look(self) -> float:
        """What it takes now, in seconds: the median of a few."""
        found = median([self._once() for _ in range(_LOOKS)])
        self.best = min(self.best, found)
        return found

    def quiet(self, look: float) -> bool:
        """Whether the machine was quiet at a look, by the fastest one of all."""
        return look <= QUIET * self.best

    def _once(self) -> float:
        start = perf_counter()
        for _ in range(_PRODUCTS):
            torch.mm(self._square, self._square, out=self._product)
        half = _ELEMENTS // 2
        for _ in range(_PASSES):
            torch.clamp(self._first, min=0.0, out=self._second)
            torch.cat([self._second[half:], self._second[:half]], out=self._first)
        return perf_counter() - start
