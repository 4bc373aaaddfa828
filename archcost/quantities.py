"""Counts and bytes with units: parse what people write ("4.1 G", "64 MiB", "5%") and print what people read.

Counts are exact: a figure is a rational number of units, never a binary float, so that "1.1 k" is 1100.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fractions import Fraction

DECIMAL = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12, "P": 10**15, "E": 10**18}
BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
BYTES = {
    **{f"{prefix}B": scale for prefix, scale in DECIMAL.items() if prefix != "B"},
    **{f"{prefix}B": scale for prefix, scale in BINARY.items()},
}
NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9}  # the micro sign, and mu
_KIB = 1024
_MAX_LENGTH = 100  # of a number that anybody writes
_QUANTITY = r"\s*([+-]?(?:\d+(?:[_,]\d{3})*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([A-Za-zµμ%]*)\s*"


class UnitError(ValueError):
    """Text is not a quantity of the kind asked for."""


class Quantity(NamedTuple):
    """An exact value and the unit that was written."""

    value: Fraction
    unit: str


def parse_quantity(text: str | float) -> Quantity:
    """Split ``"4.1 G"`` into an exact number and its unit; raises UnitError."""
    from fractions import Fraction

    if isinstance(text, int) and text.bit_length() > 4 * _MAX_LENGTH:  # which Python may refuse to write out
        raise UnitError(f"expected a number of at most {_MAX_LENGTH} digits")
    text = str(text)
    if len(text) > _MAX_LENGTH:
        raise UnitError(f"expected a number with a unit, got '{text[:_MAX_LENGTH]}…'")
    match = re.fullmatch(_QUANTITY, text)
    if not match or not any(char.isdigit() for char in match[1]):
        raise UnitError(f"expected a number with a unit, got '{text}'")
    return Quantity(Fraction(match[1].replace("_", "").replace(",", "")), match[2])


def parse_count(text: str | float) -> Fraction:
    """A count: ``1582671872``, ``"1.6 G"``, ``"159 Ki"``; raises UnitError for any other unit."""
    value, unit = parse_quantity(text)
    scale = DECIMAL.get(unit) or BINARY.get(unit)
    if scale is None:
        raise UnitError(f"'{text}' is not a count: use k, M, G, T (powers of 1000) or Ki, Mi, Gi (powers of 1024)")
    return value * scale


def parse_bytes(text: str | float) -> Fraction:
    """A number of bytes with its unit: ``"64 MiB"``; raises UnitError, for a bare number too."""
    value, unit = parse_quantity(text)
    if unit not in BYTES:
        raise UnitError(f"'{text}' is not a memory size: write B, kB, MB, GB or KiB, MiB, GiB")
    return value * BYTES[unit]


def parse_nanoseconds(text: str | float) -> Fraction:
    """A time with its unit in nanoseconds: ``"12 ms"``; raises UnitError, for a bare number too."""
    value, unit = parse_quantity(text)
    if unit not in NANOSECONDS:
        raise UnitError(f"'{text}' is not a time: write ns, µs, ms or s")
    return value * NANOSECONDS[unit]


def parse_in(text: str | float, units: tuple[str, ...], what: str, example: str) -> Fraction:
    """A number in one of these units, which may have a decimal prefix: ``"165.2 TFLOPS"``, ``"216 MHz"``.

    Raises UnitError for any other unit, with ``what`` it is not and an ``example`` of how it is written.
    """
    value, unit = parse_quantity(text)
    for known in units:
        prefix = unit.removesuffix(known)
        if unit.endswith(known) and prefix in DECIMAL:
            return value * DECIMAL[prefix]
    raise UnitError(f"'{text}' is not {what}: write it like {example}")


def parse_percent(text: str | float) -> Fraction:
    """A percentage as a fraction: ``"5%"`` is 1/20; raises UnitError."""
    value, unit = parse_quantity(text)
    if unit != "%":
        raise UnitError(f"'{text}' is not a percentage: write it like 1%")
    return value / 100


def parse_reserve(text: str) -> tuple[Fraction, int]:
    """A part of a memory: the share of ``"5%"`` and 0, or 0 and the bytes of ``"1 GiB"`` or ``"0"``."""
    value, unit = parse_quantity(text)
    if unit == "%" and not 0 <= value < 100:  # noqa: PLR2004 - percent
        raise UnitError(f"'{text}' is not a part of a memory: it is from 0% to less than 100%")
    if unit == "%":
        return value / 100, 0
    size = parse_bytes(text) if unit or value else value
    if size < 0:
        raise UnitError(f"what is kept free is not less than nothing, got '{text}'")
    return 0 * size, -(-size.numerator // size.denominator)


def format_count(count: int) -> str:
    """A count in at most four digits and a decimal prefix: ``1.58 G``; exact below 10,000, and a power beyond exa."""
    if abs(count) < 10_000:  # noqa: PLR2004 - four digits
        return f"{count:,}"
    if 2 * abs(count) >= 1999 * DECIMAL["E"]:  # 999.5 E and more
        return f"{'-' * (count < 0)}{format_power(abs(count))}"
    return _scaled(count, 1000, ("k", "M", "G", "T", "P", "E"))


def format_power(count: int) -> str:
    """A count of any size in three digits and a power of ten, rounded half up: ``3.14e23``; exact below 10,000."""
    if count < 10_000:  # noqa: PLR2004 - four digits
        return f"{count:,}"
    exponent = len(str(count)) - 1
    scale = 10 ** (exponent - 2)
    digits = (2 * count + scale) // (2 * scale)
    if digits == 1000:  # noqa: PLR2004 - 9.996 is 1.00 of the next power
        digits, exponent = 100, exponent + 1
    return f"{digits // 100}.{digits % 100:02d}e{exponent}"


def format_bytes(count: int) -> str:
    """A number of bytes with a binary prefix: ``2.3 MiB``."""
    return f"{count} B" if abs(count) < _KIB else _scaled(count, _KIB, ("KiB", "MiB", "GiB", "TiB", "PiB"))


def rounded_bytes(count: int) -> str:
    """What ``format_bytes`` says, for a place beside the exact number; empty below 1 KiB, where both are the same."""
    return format_bytes(count) if abs(count) >= _KIB else ""


def format_bytes_twice(count: int, *, rounded_first: bool = False) -> str:
    """A number of bytes exactly, and rounded where that is another text: ``2,408,448 B (2.30 MiB)``, ``768 B``.

    With ``rounded_first`` in the other order, ``2.30 MiB (2,408,448 B)``.
    """
    exact, rounded = f"{count:,} B", rounded_bytes(count)
    first, second = (rounded, exact) if rounded_first else (exact, rounded)
    return f"{first} ({second})" if rounded else exact


def format_nanoseconds(count: int) -> str:
    """A time in three digits: ``12.3 ms``."""
    return f"{count} ns" if abs(count) < 1000 else _scaled(count, 1000, ("µs", "ms", "s"))  # noqa: PLR2004


def format_exact(count: int) -> str:
    """A count to the unit, with thousands separators."""
    return f"{count:,}"


def format_units(count: int, scale: int) -> str:
    """A count in units of ``scale``, as data sheets print it: exact, without zeros at the end; ``165.2``, ``1,008``."""
    whole, rest = divmod(count, scale)
    return f"{whole:,}.{rest:0{len(str(scale)) - 1}d}".rstrip("0").rstrip(".") if rest else f"{whole:,}"


_EXACT_SHARE = 10_000  # tenths of a percent from which they tell nothing


def format_share(part: int, whole: int) -> str:
    """A share in percent with one decimal, from 1,000% on with none; ``<0.1%`` for what would round to nothing."""
    if not whole or not part:
        return "0%" if not part else "–"
    tenths = (2000 * part + whole) // (2 * whole)
    if tenths >= _EXACT_SHARE:
        return f"{(200 * part + whole) // (2 * whole):,}%"
    return f"{tenths // 10}.{tenths % 10}%" if tenths else "<0.1%"


def format_ratio(ratio: Fraction) -> str:
    """A ratio in three digits, rounded half up: ``99.6``, ``0.250``; ``<0.001`` for what would round to nothing."""
    if not ratio:
        return "0"
    for decimals, limit in ((3, 1), (2, 10), (1, 100)):
        if ratio < limit:
            scaled = (2 * ratio.numerator * 10**decimals + ratio.denominator) // (2 * ratio.denominator)
            if scaled >= limit * 10**decimals:
                continue  # 9.996 is 10.0
            whole, rest = divmod(scaled, 10**decimals)
            return f"{whole}.{rest:0{decimals}d}" if scaled else "<0.001"
    return f"{(2 * ratio.numerator + ratio.denominator) // (2 * ratio.denominator):,}"


def _scaled(count: int, base: int, units: tuple[str, ...]) -> str:
    """Three significant digits, rounded half up in integers; never rolls over to four digits before the point."""
    sign, rest = ("-", -count) if count < 0 else ("", count)
    scale, index = base, 0
    while index + 1 < len(units) and (2 * rest + scale) // (2 * scale) >= base:
        scale, index = scale * base, index + 1
    hundredths = (200 * rest + scale) // (2 * scale)
    tenths = (20 * rest + scale) // (2 * scale)
    if hundredths < 1000:  # noqa: PLR2004 - below 10.00
        text = f"{hundredths // 100}.{hundredths % 100:02d}"
    elif tenths < 1000:  # noqa: PLR2004 - below 100.0
        text = f"{tenths // 10}.{tenths % 10}"
    else:
        whole = (2 * rest + scale) // (2 * scale)
        text = f"{whole:,}" if whole >= 10_000 else str(whole)  # noqa: PLR2004 - beyond the last unit
    return f"{sign}{text} {units[index]}"


def within(computed: int, stated: Fraction | float, tolerance: Fraction | float) -> bool:
    """Whether |computed - stated| ≤ tolerance × stated."""
    return bool(abs(computed - stated) <= tolerance * stated)
