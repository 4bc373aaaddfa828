"""Limits on figures: amounts with explicit units, as exact whole numbers, and what a figure may be at most.

An absolute amount is a maximum; a percentage always means growth against a baseline. Amounts are in the unit of the
metric: counts, bytes, nanoseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.figures import BYTES, METRICS, ON_CHIP, PEAK, RUN, TIME
from archcost.quantities import UnitError, parse_bytes, parse_count, parse_nanoseconds, parse_percent

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction

    from archcost.errors import Mark

OTHER_NAMES = {"peak_activation_memory": PEAK, "run_memory": RUN}
OF_DEVICES = (RUN, *ON_CHIP)  # what devices have room for
LEVELS = ("error", "warn")
MAX_LENGTH = 60  # characters of an amount
_PARSERS = {BYTES: parse_bytes, TIME: parse_nanoseconds}  # by unit


class Limit(NamedTuple):
    """What a figure may be at most: a maximum, or a growth against the baseline beyond ``floor`` and ``increase``.

    ``pattern`` names layers or scopes; empty is the whole model. ``text`` is the limit as it was written, ``mark`` the
    key to edit, and ``message`` the words of those who set the limit. Where there is a ``device``, the maximum is what
    it has for a model besides ``reserve`` (empty: what is usual), and unknown until the device is.
    """

    metric: str
    pattern: str
    maximum: int | None
    increase: Fraction | None
    floor: int
    level: str
    message: str
    text: str
    mark: Mark
    device: str = ""
    reserve: str = ""

    @property
    def is_growth(self) -> bool:
        """Whether it needs a baseline."""
        return self.increase is not None

    def allowed(self, baseline: int) -> int:
        """The maximum; or max(⌊baseline · (1 + increase)⌋, baseline + floor), so that both must be exceeded."""
        if self.increase is None:
            return self.maximum or 0
        grown = baseline + self.increase * baseline
        return max(grown.numerator // grown.denominator, baseline + self.floor)


def parse_amount(metric: str, text: str) -> int:
    """An absolute amount of a metric, rounded down to whole units; raises UnitError for a wrong or missing unit."""
    if len(text) > MAX_LENGTH:
        raise UnitError(f"'{text[:MAX_LENGTH]}…' is too long for an amount")
    value = _parser(metric)(text)
    if value < 0:
        raise UnitError(f"a limit is not negative, got '{text}'")
    return value.numerator // value.denominator


def parse_increase(text: str) -> Fraction:
    """A percentage as a fraction; raises UnitError."""
    if len(text) > MAX_LENGTH:
        raise UnitError(f"'{text[:MAX_LENGTH]}…' is too long for a percentage")
    value = parse_percent(text)
    if value < 0:
        raise UnitError(f"an allowed increase is not negative, got '{text}'")
    return value


def is_percentage(text: str) -> bool:
    """Whether an amount is written as growth."""
    return text.rstrip().endswith("%")


def _parser(metric: str) -> Callable[[str], Fraction]:
    return _PARSERS.get(METRICS[metric].unit, parse_count)
