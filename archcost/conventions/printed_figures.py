"""A figure as it is printed: ``4.1 GFLOPs``, ``~3.8×10⁹``, ``97.5 MB``, and which numbers are printed so."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from archcost.conventions.published_figures import ARITHMETIC, BYTES, FLOPS, MACS, PARAMS
from archcost.errors import UsageError
from archcost.quantities import BINARY, DECIMAL, UnitError, parse_quantity
from archcost.quantities import BYTES as BYTE_UNITS

_KINDS = (
    (MACS, r"mult(?:iply)?-?(?:adds?|accumulates?|additions?)|m-?adds?|macs?"),
    (FLOPS, r"flops?|ops"),
    (PARAMS, r"(?:(?:active|trainable|total)\s+)?param(?:eter)?s?|weights|active|trainable"),
    (BYTES, r"bytes?"),
)
_BYTES = ((BYTES,),)
_LONGEST = 100  # characters
_LARGEST = 10**30
_LABEL = re.compile(
    r"(?P<before>{words})\s*[:=]?\s*(?P<a>.*)|(?P<b>.*?)\s*(?P<after>{words})".format(
        words="|".join(pattern for _, pattern in _KINDS)
    ),
    re.IGNORECASE,
)
_NUMERALS = {
    "thousand": "k",
    "million": "M",
    "billion": "G",
    "trillion": "T",
    "kilo": "k",
    "mega": "M",
    "giga": "G",
    "tera": "T",
}
_NUMERAL = re.compile(rf"\s*\b({'|'.join(_NUMERALS)})s?\b\s*$", re.IGNORECASE)
_ABOUT = re.compile(r"^(?:[~∼≈≃≅]|\b(?:about|around|approx(?:imately|\.)?|circa|ca\.|c\.))\s*", re.IGNORECASE)
_POWER = re.compile(r"(?<=\d)\s*[×xX*·⋅]\s*10\s*(?:(?:\^|\*\*)\s*\{?([+\-−]?\d+)\}?|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))(?![\d.,])")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻−", "0123456789+--")
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?:\s\d{3})+(?!\d)")
_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_NUMBER = re.compile(r"[^\d.]*(?P<whole>[\d_,]*)\.?(?P<rest>\d*)(?:[eE](?P<exponent>[+-]?\d+))?")


class Written(NamedTuple):
    """A number as printed: ``4.1`` with 1 decimal place, in units of 10⁹ or of 1024³, and what is said to be counted.

    ``kinds`` are those that the words allow, the likelier ones first; empty if nothing is said.
    """

    text: str
    number: Fraction
    places: int
    decimal: int
    binary: int
    digits: int
    kinds: tuple[tuple[str, ...], ...] = ()

    def way(self, value: int) -> tuple[str, int] | None:
        """How a value becomes what is printed (exactly, rounded, cut off, K = 1024) and how unusual it is; or None."""
        for base, words, rank in ((self.decimal, "", 0), (self.binary, " with K = 1024", 2)):
            shown = Fraction(value, base) * 10**self.places
            wanted = self.number * 10**self.places
            if shown == wanted:
                return f"exactly{words}", rank
            if (2 * shown + 1) // 2 == wanted:
                return f"rounded{words}", rank
            if shown // 1 == wanted:
                return f"cut off{words}", rank + 1
            if self.decimal == self.binary:
                break
        if self.in_tens and 2 * abs(value - self.number * self.decimal) <= 10 * self.decimal:
            return f"rounded to {self.digits - 1} digits", 3
        return None

    @property
    def in_tens(self) -> bool:
        """Whether the last digit may be a 0 that only fills: ``110M`` of 109.5 million."""
        return self.digits > 2 and self.places == 0 and self.decimal > 1 and self.number % 10 == 0  # noqa: PLR2004 - at least two that count

    def ratio(self, value: int) -> tuple[Fraction, bool]:
        """How many times the larger of this and a value above 0 is the smaller, and whether the value is the larger.

        A megabyte may be of 10⁶ bytes or of 2²⁰: the nearer one is taken.
        """
        bases = {self.decimal, self.binary} if self.kinds == _BYTES else {self.decimal}
        ratios: list[tuple[Fraction, bool]] = []
        for base in bases:
            times: Fraction = Fraction(value) / (self.number * base)
            ratios.append((times, True) if times > 1 else (Fraction(times.denominator, times.numerator), False))
        return min(ratios)

    @property
    def width(self) -> Fraction:
        """The share of the value within which a figure fits: rounded, cut off, by 1024, or filled up with a 0."""
        bases = 1 if self.decimal == self.binary else 2
        units: int = 10**self.places
        return (bases * Fraction(3, 2) + 9 * self.in_tens) / (self.number * units)


def parse_written(text: str) -> Written:
    """Read ``4.1 GFLOPs``, ``~25.6 million params``, ``3.8×10⁹``, ``97.5 MB`` or ``1582671872``; raises UsageError."""
    if len(text) > _LONGEST:
        raise UsageError(f"--published takes a figure of at most {_LONGEST} characters, got {len(text):,}")
    bare, kind = _split(_ABOUT.sub("", text.strip()))
    bare = _typed(_ABOUT.sub("", bare))
    numeral = _NUMERAL.search(bare)
    if numeral:
        bare = f"{bare[: numeral.start()]} {_NUMERALS[numeral[1].lower()]}"
    try:
        number, unit = parse_quantity(bare)
    except UnitError as error:
        help_text = "write it as it is printed, like 4.1 GFLOPs, 25.6M params, 97.5 MB or 3.8×10⁹"
        raise UsageError(f"--published {text}: {error}", help_text) from None
    of_bytes = unit in BYTE_UNITS and unit not in DECIMAL
    if not of_bytes and unit not in DECIMAL and unit not in BINARY:
        help_text = "use k, M, G, T or Ki, Mi, Gi; of bytes kB, MB, GB or KiB, MiB, GiB"
        raise UsageError(f"--published {text}: '{unit}' is no unit of a count", help_text)
    if number <= 0:
        raise UsageError(f"--published takes a figure above 0, got '{text}'")
    if not Fraction(1, _LARGEST) <= number <= _LARGEST:
        raise UsageError(f"--published {text}: no model has such a figure")
    prefix = unit.removesuffix("B") if of_bytes else unit
    power = _PREFIXES.index({"K": "k", "B": "G"}.get(prefix.removesuffix("i"), prefix.removesuffix("i")))
    found = _NUMBER.match(bare)
    whole, rest, exponent = (found["whole"], found["rest"], found["exponent"]) if found else ("", "", None)
    tens = 10 ** int(exponent) if exponent and int(exponent) > 0 else 1
    decimal, binary = 1000**power * tens, 1024**power * tens
    return Written(
        text.strip(),
        number / tens,
        len(rest),
        binary if "i" in prefix else decimal,
        binary,
        len(re.sub(r"\D", "", whole + rest).lstrip("0")),
        _BYTES if of_bytes or kind == BYTES else _kinds(kind),
    )


def _split(text: str) -> tuple[str, str]:
    """The number with its unit, and the kind of figure that the words before or behind it name."""
    found = _LABEL.fullmatch(text)
    if not found:
        return text, ""
    words = found["before"] or found["after"]
    kind = next(kind for kind, pattern in _KINDS if re.fullmatch(pattern, words, re.IGNORECASE))
    return found["a"] if found["before"] else found["b"], kind


def _typed(number: str) -> str:
    """A number as it is typed: ``3.8e9`` for ``3.8 × 10⁹``, and ``25557032`` for ``25 557 032``."""

    def exponent(found: re.Match[str]) -> str:
        return f"e{(found[1] or found[2]).translate(_RAISED)}"

    spaceless = _SPACED.sub(lambda found: re.sub(r"\s", "", found[0]), number)
    return _POWER.sub(exponent, spaceless, count=1)


def _kinds(kind: str) -> tuple[tuple[str, ...], ...]:
    """What the word means, and what it is used for as well: many call a multiply-accumulate a FLOP."""
    if kind == PARAMS:
        return ((PARAMS,),)
    if kind == MACS:
        return ((MACS,), (FLOPS,))
    return (ARITHMETIC,) if kind == FLOPS else ()
