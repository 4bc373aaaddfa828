"""Rates from measured chains: for each class the terms that fit its chains best, by the relative error of each.

A chain takes calls × call + operations × a + bytes of activations × b + bytes of weights × c + d × what a pass over its
activations takes longer than one that caches hold. The terms are not negative; of all sets of terms the one with the
least sum of squared relative errors is taken.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from archcost.hardware.measured import MILLE, NANOSECONDS, PassRate, ProductRate
from archcost.timing.kernels import Pipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.timing.kernels import DeviceKernel

_SMALLEST = 1e-30  # a pivot below it is none
_PICOSECONDS = NANOSECONDS * MILLE


class Chain(NamedTuple):
    """A measured chain: its class, its kernels, and the seconds that it took."""

    group: str
    kernels: tuple[DeviceKernel, ...]
    seconds: float

    def terms(self, base: PassRate) -> tuple[float, ...]:
        """What each term of the time is multiplied with: calls, the amounts, and what caches do not hold."""
        sums = [sum(each) for each in zip(*map(amounts, self.kernels), strict=True)]
        beyond = sum(base.beyond(kernel.read + kernel.written) for kernel in self.kernels)
        return (sum(kernel.launches for kernel in self.kernels), *sums, beyond / _PICOSECONDS)


def amounts(kernel: DeviceKernel) -> tuple[int, int, int]:
    """Operations, bytes of activations and bytes of weights; of a pool its taps, what it reads and what it writes."""
    if kernel.pipe is Pipe.POOL:
        return kernel.operations, kernel.read, kernel.written
    return 2 * kernel.macs, kernel.read + kernel.written, kernel.weights


def by_terms(kernel: DeviceKernel) -> bool:
    """Whether the time of a kernel is a sum of terms, as that of products and pools is; passes have levels."""
    return bool(kernel.macs) or kernel.pipe is Pipe.POOL


def product_rates(chains: Sequence[Chain], base: PassRate) -> dict[str, ProductRate]:
    """The rates of each class of products, beside the pass by which caches are known."""
    found = {}
    for group in dict.fromkeys(chain.group for chain in chains):
        own = [chain for chain in chains if chain.group == group]
        call, work, moved, weights, spilled = _fit([[each / one.seconds for each in one.terms(base)] for one in own])
        found[group] = ProductRate(
            round(call * NANOSECONDS), _rate(work), _rate(moved), _rate(weights), round(MILLE * spilled)
        )
    return found


def pass_rates(chains: Sequence[Chain]) -> dict[str, PassRate]:
    """The call of each class of passes, which is all of its smallest chain, and the rates at the other sizes."""
    found = {}
    for group in dict.fromkeys(chain.group for chain in chains):
        own = sorted([_each(chain) for chain in chains if chain.group == group])
        call = own[0][1]
        levels = [(size, four_digits(size / max(seconds - call, seconds / MILLE))) for size, seconds in own[1:]]
        found[group] = PassRate(round(call * NANOSECONDS), tuple(levels))
    return found


def company(blocks: Sequence[tuple[Chain, int]]) -> tuple[int, int]:
    """What kernels take among others: a share of what they take alone, in thousandths, and nanoseconds for each.

    ``blocks`` are chains of different kernels with the nanoseconds of all of them alone.
    """
    rows = [[alone / NANOSECONDS / chain.seconds, len(chain.kernels) / chain.seconds] for chain, alone in blocks]
    share, each = _fit(rows)
    return round(MILLE * share), round(NANOSECONDS * each)


def _rate(seconds: float) -> int:
    """How many a second at so many seconds each; 0 where they take none."""
    return four_digits(1 / seconds) if seconds else 0


def four_digits(value: float) -> int:
    """A figure to four digits: no measurement is surer."""
    return round(float(f"{value:.4g}"))


def _each(chain: Chain) -> tuple[int, float]:
    """The bytes and the seconds of a kernel of a chain of equal ones."""
    count = len(chain.kernels)
    return sum(kernel.moved for kernel in chain.kernels) // count, chain.seconds / count


def _fit(rows: Sequence[Sequence[float]]) -> list[float]:
    """The x ≥ 0 of least |rows · x − 1|²: of all sets of columns that are not 0 the best."""
    width = len(rows[0])
    best, least = [0.0] * width, float("inf")
    for count in range(1, min(width, len(rows)) + 1):
        for chosen in combinations(range(width), count):
            found = _least_squares([[row[place] for place in chosen] for row in rows])
            if found is None or min(found) < 0:
                continue
            values = [0.0] * width
            for place, value in zip(chosen, found, strict=True):
                values[place] = value
            error = sum((sum(a * b for a, b in zip(row, values, strict=True)) - 1) ** 2 for row in rows)
            if error < least:
                best, least = values, error
    return best


def _least_squares(rows: Sequence[Sequence[float]]) -> list[float] | None:
    """The x of least |rows · x − 1|², by the normal equations with columns scaled to 1; None: no single one."""
    size = len(rows[0])
    scales = [max(row[place] for row in rows) for place in range(size)]
    if min(scales) <= 0:
        return None
    scaled = [[value / scale for value, scale in zip(row, scales, strict=True)] for row in rows]
    matrix = [
        [sum(row[a] * row[b] for row in scaled) for b in range(size)] + [sum(row[a] for row in scaled)]
        for a in range(size)
    ]
    for place in range(size):
        pivot = max(range(place, size), key=lambda row: abs(matrix[row][place]))
        matrix[place], matrix[pivot] = matrix[pivot], matrix[place]
        if abs(matrix[place][place]) < _SMALLEST:
            return None
        for row in range(size):
            if row != place:
                factor = matrix[row][place] / matrix[place][place]
                matrix[row] = [a - factor * b for a, b in zip(matrix[row], matrix[place], strict=True)]
    return [matrix[place][size] / matrix[place][place] / scales[place] for place in range(size)]
