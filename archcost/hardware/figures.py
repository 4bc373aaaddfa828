"""The figures of a device as people write them: the one table of what is read for each, and in which unit.

The table that ships and a device of one's own have the same words. In the table the unit of a column may be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.hardware.device import PEAKS
from archcost.quantities import UnitError, parse_bytes, parse_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction


class DeviceFigure(NamedTuple):
    """How a figure is written: the attribute of a device that it is or is in, its reader, its unit and an example."""

    attribute: str
    read: Callable[[str], Fraction]
    unit: str
    example: str


def _bytes_per_second(text: str) -> Fraction:
    """``"1008 GB/s"``."""
    if not text.rstrip().endswith("/s"):
        raise UnitError(f"'{text}' is not a bandwidth: write it like 1008 GB/s")
    return parse_bytes(text.rstrip().removesuffix("/s"))


def _operations(text: str) -> Fraction:
    """``"165.2 TFLOPS"``, ``"330 TOPS"``; operations a second."""
    return parse_in(text.rstrip().removesuffix("/s"), ("FLOPS", "OPS", "FLOP", "OP"), "a rate", "165.2 TFLOPS")


def _watts(text: str) -> Fraction:
    return parse_in(text, ("W",), "a power", "450 W")


def _hertz(text: str) -> Fraction:
    return parse_in(text, ("Hz",), "a clock", "216 MHz")


def _dollars(text: str) -> Fraction:
    return parse_in(text, ("USD", ""), "a price", "1599 USD")


def _year(text: str) -> Fraction:
    return parse_in(text, ("",), "a year", "2022")


MOST = 10**21  # of any figure: a zettabyte, a thousand exaflops
FIGURES: dict[str, DeviceFigure] = {
    "memory": DeviceFigure("memory_bytes", parse_bytes, "", "24 GiB"),
    "usable": DeviceFigure("usable_bytes", parse_bytes, "", "23.9 GiB"),
    "flash": DeviceFigure("flash_bytes", parse_bytes, "", "1 MiB"),
    "bandwidth": DeviceFigure("bytes_per_second", _bytes_per_second, "GB/s", "1008 GB/s"),
    "cache": DeviceFigure("cache_bytes", parse_bytes, "", "72 MiB"),
    **{name: DeviceFigure("peaks", _operations, "TFLOPS", "165.2 TFLOPS") for name in PEAKS},
    "float16_acc16": DeviceFigure("float16_acc16", _operations, "TFLOPS", "330.3 TFLOPS"),
    "clock": DeviceFigure("clock_hz", _hertz, "MHz", "216 MHz"),
    "power": DeviceFigure("power_watts", _watts, "W", "450 W"),
    "price": DeviceFigure("price_usd", _dollars, "USD", "1599 USD"),
    "year": DeviceFigure("year", _year, "", "2022"),
}


def figure(name: str, text: str) -> int:
    """A figure in its smallest unit, rounded down, at least 1; raises UnitError."""
    value = FIGURES[name].read(text)
    if value < 1:
        raise UnitError(f"'{text}' is nothing that a device could have")
    if value > MOST:
        raise UnitError(f"'{text}' is more than any device has")
    return value.numerator // value.denominator


def attributes(figures: Mapping[str, int]) -> dict[str, Any]:
    """Figures by their words as attributes of a device: the rates of dtypes are one."""
    values: dict[str, Any] = {FIGURES[name].attribute: value for name, value in figures.items() if name not in PEAKS}
    return {**values, "peaks": {name: figures[name] for name in PEAKS if name in figures}}
