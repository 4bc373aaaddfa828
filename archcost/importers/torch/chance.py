"""Chance in a run: what Python, numpy and torch draw from is set before it, and put back after it."""

from __future__ import annotations

import random
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator


class Chance:
    """Whether anything was drawn since the beginning."""

    def __init__(self) -> None:
        self._start = _states()

    def drawn(self) -> bool:
        """Whether a number was drawn that was not drawn on the meta device, where there are none."""
        return _states() != self._start


@contextmanager
def seeded(seed: int) -> Iterator[Chance]:
    """Begin all that draws random numbers with a seed, for as long as this lasts."""
    kept, numpy = random.getstate(), _numpy()
    kept_by_numpy = None if numpy is None else numpy.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        torch.manual_seed(seed)
        if numpy is not None:
            numpy.seed(seed)
        try:
            yield Chance()
        finally:
            random.setstate(kept)
            if numpy is not None:
                numpy.set_state(kept_by_numpy)


def _states() -> tuple[Any, ...]:
    numpy = _numpy()
    return random.getstate(), torch.random.get_rng_state().tolist(), None if numpy is None else _plain(numpy)


def _plain(numpy: Any) -> list[Any]:
    """Numpy's state without its arrays, which no two are compared as a whole."""
    return [part.tolist() if hasattr(part, "tolist") else part for part in numpy.get_state()]


def _numpy() -> Any:
    """Numpy's source of random numbers, where somebody has loaded it."""
    numpy = sys.modules.get("numpy")
    return None if numpy is None else numpy.random
