"""The step between values of a variable at which figures follow polynomials, and these polynomials.

A size that is divided by s and rounded down is a polynomial at each remainder of s alone. The values v, v + m, v + 2m …
have one remainder for every s that divides m.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from archcost.explaining.polynomials import Polynomial, interpolated
from archcost.figures import OF_LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.explaining.samples import Samples, ValueFigures

NEIGHBOURS = 10
MOST_DEGREE = 5
LARGEST_STEP = 65_536
_WINDOWS = (0, 1 - NEIGHBOURS, -(NEIGHBOURS // 2), 1)  # where ten neighbours begin, in steps from the value
_DISTANCES = (40_320, 5_040, 720, 120, 24)  # the factorials, which have the most divisors
_SMALL_STEPS = (2, 3, 4, 6, 12)
_FINEST = Fraction(1, 64)  # of numbers that need not be whole


class Fit(NamedTuple):
    """A polynomial through neighbours, the first and last of which are so many steps from the variable's value.

    ``goes_far`` says whether it holds at a value well beyond these.
    """

    polynomial: Polynomial
    first: int
    last: int
    goes_far: bool


def fitted(samples: Samples) -> tuple[Fraction, dict[str, Fit]]:
    """The smallest step found at which as many figures as possible follow polynomials that go far, and these."""
    best, fits = Fraction(1), dict[str, Fit]()
    for step in _candidates(samples):
        found = fits_at(samples, step)
        if _reach(found) > _reach(fits):
            best, fits = step, found
        if all(name in found and found[name].goes_far for name in samples.figures if name in OF_LAYERS):
            break
    if any(fit.polynomial.degree for fit in fits.values()):  # else nothing changes with the variable
        primes = _primes(best) if best.denominator == 1 else []
        for prime in primes if samples.is_whole else [*primes, 2, 5]:
            best, fits = _divided(samples, best, prime, fits)
    return best, fits


def fits_at(samples: Samples, step: Fraction) -> dict[str, Fit]:
    """The figures that follow polynomials at a step, through the value and neighbours of it, or else just above it."""
    found: dict[str, Fit] = {}
    for first in _WINDOWS:
        missing = [name for name in samples.figures if name not in found]
        places = [samples.value + (first + place) * step for place in range(NEIGHBOURS)]
        if not missing or places[0] < samples.least:
            continue
        if first > 0 and step > max(samples.value, Fraction(1)):
            continue  # so far above the value is another model
        neighbours = [(x, samples.at(x)) for x in places]
        for name in missing:
            points = [(x, figure) for x, sample in neighbours if (figure := sample.known(name)) is not None]
            polynomial = interpolated(points, MOST_DEGREE) if len(points) == len(neighbours) else None
            if polynomial is not None:
                goes_far = any(far.known(name) == polynomial.at(x) for x, far in _far(samples, step))
                found[name] = Fit(polynomial, first, first + NEIGHBOURS - 1, goes_far)
    return found


def _far(samples: Samples, step: Fraction) -> Iterator[tuple[Fraction, ValueFigures]]:
    """The figures at half of the value and at one and a half of it, or further away where it is small."""
    steps = max(int(samples.value / step) // 2, 2 * NEIGHBOURS)
    for x in (samples.value - steps * step, samples.value + steps * step):
        if x >= samples.least:
            yield x, samples.at(x)


def _reach(fits: dict[str, Fit]) -> tuple[int, int, int]:
    """How many sums follow polynomials that go far, how many any, and how many figures do."""
    sums = [fit.goes_far for name, fit in fits.items() if name in OF_LAYERS]
    return sum(sums), len(sums), len(fits)


def _divided(samples: Samples, step: Fraction, prime: int, fits: dict[str, Fit]) -> tuple[Fraction, dict[str, Fit]]:
    """The step without those of its factors ``prime`` that no figure needs."""
    while True:
        smaller = step / prime
        if smaller < _FINEST or (samples.is_whole and smaller.denominator > 1):
            return step, fits
        found = fits_at(samples, smaller)
        deciding = [name for name in fits if name in OF_LAYERS] or list(fits)  # a peak changes hands at any step
        if not all(name in found and found[name].goes_far >= fits[name].goes_far for name in deciding):
            return step, fits
        step, fits = smaller, found


def _candidates(samples: Samples) -> Iterator[Fraction]:
    """1, the value itself, what sizes are divided by, and small numbers; the finest of what need not be whole."""
    tried = {Fraction(1)}
    yield Fraction(1)
    if not samples.is_whole:
        tried.add(_FINEST)
        yield _FINEST
    if samples.value.denominator > 1:
        return
    for step in _further_candidates(samples):
        if 0 < step <= LARGEST_STEP and step not in tried:
            tried.add(step)
            yield step


def _further_candidates(samples: Samples) -> Iterator[Fraction]:
    yield samples.value  # often a multiple of all strides, as 224 is of 32
    if samples.has_one_structure():  # else its layers are as many as the variable says: far away there are too many
        own = samples.sizes_at(samples.value)
        for distance in _DISTANCES:
            sizes = samples.sizes_at(samples.value + distance)
            if len(sizes) == len(own):
                yield _divisor(own, sizes, distance)
    yield from map(Fraction, _SMALL_STEPS)


def _divisor(before: list[int], after: list[int], distance: int) -> Fraction:
    """What sizes are divided by: those of ⌊x/s⌋ grow by distance/s, if s divides the distance."""
    slopes = {Fraction(new - old, distance) for old, new in zip(before, after, strict=True)}
    return Fraction(lcm(*[slope.denominator for slope in slopes]))


def _primes(step: Fraction) -> list[int]:
    """The prime factors of a whole step, the largest first."""
    rest, found = int(step), []
    for prime in range(2, int(step) + 1):
        if prime * prime > rest:
            break
        if rest % prime == 0:
            found.append(prime)
        while rest % prime == 0:
            rest //= prime
    return [*([rest] if rest > 1 else []), *reversed(found)]
