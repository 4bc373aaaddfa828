"""Random whole numbers, exactly uniform or by exact weights, from the 64-bit words of Philox.

They are the same for a seed everywhere: no generator of numpy, whose streams may change with its version, is between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.sweeping.arrays import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Seed = int | Sequence[int]

WORD = 64  # bits


class UniformWords:
    """Draws from a stream of words that a seed decides."""

    def __init__(self, seed: Seed) -> None:
        self._words = np.random.Philox(np.random.SeedSequence(seed))

    def below(self, limit: int, number: int) -> Any:
        """``number`` integers from 0 on below a limit: int64, or Python ints where that is too small."""
        bits = (limit - 1).bit_length()
        found: list[Any] = []
        missing = number
        while missing:
            drawn = self._drawn(missing, bits)
            drawn = drawn[(drawn < limit).astype(bool)]  # what is thrown away leaves the rest uniform
            found.append(drawn)
            missing -= len(drawn)
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def below_each(self, limits: Any) -> Any:
        """An integer from 0 on below each of some limits, all of them above 0: of their type."""
        if limits.dtype == object:
            return np.array([self.below(limit, 1).tolist()[0] for limit in limits.tolist()], dtype=object)
        found = np.zeros(len(limits), dtype=np.int64)
        spread = (limits - 1).astype(np.uint64)
        for shift in (1, 2, 4, 8, 16, 32):  # all bits below the highest one
            spread |= spread >> np.uint64(shift)
        rows = np.flatnonzero(spread)
        while len(rows):
            drawn = (self._words.random_raw(len(rows)) & spread[rows]).astype(np.int64)
            is_below = drawn < limits[rows]
            found[rows[is_below]] = drawn[is_below]
            rows = rows[~is_below]
        return found

    def weighted(self, ends: WeightEnds, number: int) -> Any:
        """``number`` places, each with the chance of its weight: where a uniform real number from 0 to 1 falls.

        The first word is the first 64 binary digits of it. Where they leave the place open, there are more.
        """
        if not len(ends.cuts):
            return np.zeros(number, dtype=np.intp)
        digits = self._words.random_raw(number)
        places = np.searchsorted(ends.cuts, digits, side="right")
        before = ends.cuts[np.maximum(places - 1, 0)]
        for row in np.flatnonzero((places > 0) & (before == digits)).tolist():
            places[row] = self._told_apart(ends, int(digits[row]))
        return places

    def _told_apart(self, ends: WeightEnds, digits: int) -> int:
        bits = WORD
        while True:
            first, last = ends.place(digits, bits), ends.place(digits + 1, bits, is_open=True)
            if first == last:
                return first
            digits = (digits << WORD) + int(self._words.random_raw())
            bits += WORD

    def _drawn(self, number: int, bits: int) -> Any:
        if bits < WORD:
            words = self._words.random_raw(number)
            return (words >> np.uint64(WORD - bits)).astype(np.int64) if bits else np.zeros(number, dtype=np.int64)
        count = -(-bits // WORD)
        words = self._words.random_raw(number * count).reshape(number, count).astype(object)
        drawn = words[:, 0]
        for column in range(1, count):
            drawn = drawn * 2**WORD + words[:, column]
        return drawn >> (WORD * count - bits)


class WeightEnds:
    """Weights as the places in 0…1 where their shares end: endᵢ = (w₀ + … + wᵢ) / Σ w, whatever size they have."""

    def __init__(self, sums: Any) -> None:
        """``sums``: w₀, w₀ + w₁, …; an array, of Python ints where int64 is too small. The last is above 0."""
        self.sums = sums
        self.total = int(sums[-1])
        self.cuts = _cuts(sums[:-1], self.total)

    def place(self, numerator: int, bits: int, *, is_open: bool = False) -> int:
        """The place of the number numerator / 2^bits, or of those just below it."""
        # Σ ≤ x ⇔ sum · 2^bits ≤ numerator · total ⇔ sum ≤ ⌊numerator · total / 2^bits⌋
        most = (numerator * self.total - is_open) >> bits
        return int(np.searchsorted(self.sums[:-1], most, side="right"))


def _cuts(sums: Any, total: int) -> Any:
    """⌊sum · 2^64 / total⌋ of sums at most ``total``, 64 bits each; a sum that is the total is above all digits."""
    if not len(sums):
        return np.zeros(0, dtype=np.uint64)
    most = (1 << WORD) - 1
    return np.array([min((each << WORD) // total, most) for each in sums.tolist()], dtype=np.uint64)
