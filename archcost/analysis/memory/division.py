"""How devices divide a training step, as stated arithmetic: ZeRO over replicas, tensor parallelism within one.

ZeRO (Rajbhandari et al. 2019, arXiv:1910.02054) divides over ``replicas``: stage 1 the optimizer's state, with float32
copies of half-precision params; stage 2 the gradients as well, as soon as each is whole; stage 3 the params too, of
which those of the layer that runs are gathered. FSDP is stage 3. Every replica runs a batch of its own: activations are
those of one. Tensor parallelism (Shoeybi et al. 2019, arXiv:1909.08053) divides layers over ``tensor`` devices, as
:mod:`archcost.analysis.memory.tensor_parallel` says. Buffers of the communication itself are not counted, nor is what
allocators leave over; a share is rounded up to a byte.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import ceil_div
from archcost.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 1_000_000  # devices
DIVIDES_STATE, DIVIDES_GRADIENTS, GATHERS = 1, 2, 3  # stages
_WORD = re.compile(r"(zero[123]|fsdp|tensor)=([1-9][0-9]{0,6})")
_HELP = "it is `zero1=N`, `zero2=N`, `zero3=N` (or `fsdp=N`), `tensor=N`, or both: `zero3=8,tensor=4`"


class Division(NamedTuple):
    """The stage of ZeRO (0: every replica has all of it), and how many devices divide what."""

    stage: int = 0
    replicas: int = 1
    tensor: int = 1

    def params(self, size: int) -> int:
        """The share of a device in the bytes of params."""
        return self._share(size, GATHERS)

    def gradients(self, size: int) -> int:
        """The share of a device in the bytes of gradients."""
        return self._share(size, DIVIDES_GRADIENTS)

    def state(self, size: int) -> int:
        """The share of a device in the bytes of the optimizer, and of what it makes."""
        return self._share(size, DIVIDES_STATE)

    def _share(self, size: int, stage: int) -> int:
        return ceil_div(size, self.replicas) if self.stage >= stage else size

    @property
    def divides(self) -> bool:
        """Whether more than one device takes part."""
        return self.replicas * self.tensor > 1

    def __str__(self) -> str:
        words = [f"zero{self.stage}={self.replicas}"] * bool(self.stage) + [f"tensor={self.tensor}"] * (self.tensor > 1)
        return ",".join(words)


def division_of(texts: Iterable[str]) -> Division:
    """``zero3=8``, ``tensor=4``, or several with commas between; raises CallError for anything else."""
    division, seen = Division(), set()
    for text in [part.strip() for given in texts for part in given.split(",")]:
        found = _WORD.fullmatch(text)
        if found is None or int(found[2]) > MOST:
            raise CallError(f"--parallel '{text}' is no way to divide a training step", _HELP)
        word, count = found[1], int(found[2])
        way = "tensor" if word == "tensor" else "zero"
        if way in seen:
            raise CallError(f"--parallel has two ways to divide {_WHAT[way]}", _HELP)
        seen.add(way)
        if way == "tensor":
            division = division._replace(tensor=count)
        else:
            division = division._replace(stage=3 if word == "fsdp" else int(word[-1]), replicas=count)
    return division


_WHAT = {"tensor": "layers", "zero": "the states of the model"}
