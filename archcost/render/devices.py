"""Devices as documents: a table of them, and one with its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.hardware.device import MICROCONTROLLER, PEAKS
from archcost.quantities import format_bytes, format_bytes_twice, format_units
from archcost.render.document import Cell, Column, Field, Heading, Line, Records, Table, TreeLine, branches_of
from archcost.zoo_index import families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from archcost.hardware.device import Citation, Device
    from archcost.render.document import Block

_TERA, _GIGA, _MEGA = 10**12, 10**9, 10**6
_BASES = {
    "printed": "dense, as the source prints them",
    "halved": "half of the sparse ones that the source prints",
    "derived": "units × clock × 2; the vendor publishes none",
}
_RATES = (
    "rates in TFLOPS (int8: TOPS), dense, float32 sums; – is not known or not offered; `archcost devices NAME` has the "
    "sources"
)
_LEAVE = {"float32": 4, "tf32": 3, "bfloat16": 7, "float16": 8, "float8": 2, "int8": 6}  # where a page is narrow
_RECORDS = (
    *("name", "title", "vendor", "kind", "year", "memory_bytes", "usable_bytes", "bytes_per_second", "cache_bytes"),
    *(*PEAKS, "float16_acc16", "flash_bytes", "clock_hz", "power_watts", "price_usd", "basis", "sources", "note"),
)


class DevicesDocument(NamedTuple):
    """Devices by vendor, what they hold and how fast they are; microcontrollers apart, which have other figures."""

    devices: Sequence[Device]

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # the table is as long as it is
        small = [device for device in self.devices if device.kind == MICROCONTROLLER]
        large = [device for device in self.devices if device.kind != MICROCONTROLLER]
        if large:
            yield _table(large)
            yield Line(_RATES, style="dim")
        if small:
            yield _small_table(small)

    def branches(self) -> Iterator[TreeLine]:
        """The names alone, by vendor."""
        for vendor, members in _by_vendor(self.devices).items():
            yield TreeLine(0, vendor)
            yield from [TreeLine(1, f"{device.name}: {device.title}".removesuffix(": ")) for device in members]

    def records(self) -> Records:
        """A row a device, figures to the unit; its sources by their short names."""
        return Records(_RECORDS, [_record(device) for device in self.devices])

    def data(self) -> object:
        """A list of devices."""
        return [device.to_dict() for device in self.devices]


class DeviceDocument(NamedTuple):
    """One device: all figures, and where each was read."""

    device: Device

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # it is short
        device = self.device
        yield Heading(device.name, device.title)
        yield from [Field(*pair) for pair in _facts(device) if pair[1]]
        if device.measured is not None:
            from archcost.render.measured import measured_facts

            yield from measured_facts(device.measured)

    def branches(self) -> Iterator[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """The row of the device."""
        return DevicesDocument([self.device]).records()

    def data(self) -> object:
        """A list of this one device."""
        return DevicesDocument([self.device]).data()


def _facts(device: Device) -> Iterator[tuple[str, str]]:
    """Topics of a device and what is said of them, empty for what is not known."""
    is_small = device.kind == MICROCONTROLLER
    yield "aliases", ", ".join(device.aliases)
    yield "what", ", ".join(filter(None, (device.vendor, device.kind, str(device.year or ""))))
    yield "SRAM" if is_small else "memory", format_bytes(device.memory_bytes)
    yield "flash", format_bytes(device.flash_bytes or 0) if device.flash_bytes else ""
    yield "usable", format_bytes_twice(device.usable_bytes) if device.usable_bytes else ""
    yield "cache", format_bytes(device.cache_bytes) if device.cache_bytes else ""
    yield "bandwidth", _with_unit(device.bytes_per_second, _GIGA, "GB/s")
    for name in PEAKS:
        yield name, _per_second(device.peaks.get(name), "OPS" if name == "int8" else "FLOPS")
    yield "float16_acc16", _per_second(device.float16_acc16, "FLOPS")
    yield "rates", _BASES.get(device.basis, device.basis)
    yield "clock", _with_unit(device.clock_hz, _MEGA, "MHz")
    yield "power", _with_unit(device.power_watts, 1, "W")
    yield "price", f"{device.price_usd:,} USD at release" if device.price_usd else ""
    yield "note", device.note
    for source in device.sources:
        yield "source", _cited(source)
    yield "usable by", _cited(device.usable_source) if device.usable_source else ""
    yield "cache by", _cited(device.cache_source) if device.cache_source else ""


def _cited(source: Citation) -> str:
    """What a source is; its address, which would not fit a page, is in the JSON."""
    return source.title or source.name


def _with_unit(value: int | None, scale: int, unit: str) -> str:
    return f"{format_units(value, scale)} {unit}" if value else ""


def _per_second(rate: int | None, unit: str) -> str:
    """``82.6 TFLOPS``, ``2.4 GFLOPS``."""
    return _with_unit(rate, *((_TERA, f"T{unit}") if (rate or 0) >= _TERA else (_GIGA, f"G{unit}")))


def _by_vendor(devices: Sequence[Device]) -> dict[str, list[Device]]:
    return families(devices, lambda device: device.vendor)


def _rows(devices: Sequence[Device]) -> tuple[list[Cell], list[Device | None]]:
    """Names by vendor, with a row for each of these before its devices, and what each row is of."""
    names: list[Cell] = []
    rows: list[Device | None] = []
    for vendor, members in _by_vendor(devices).items():
        rows += [None, *members]
        names += [Cell(vendor, strong=True), *[Cell(device.name, level=2) for device in members]]
    return names, rows


def _table(devices: Sequence[Device]) -> Table:
    """What devices hold and how fast they are; a rate that is known of none of them has no column."""
    names, rows = _rows(devices)
    known = {name for device in devices for name in device.peaks}
    return Table(
        [
            Column("device", names),
            _column("memory", rows, lambda device: format_bytes(device.memory_bytes)),
            _column("GB/s", rows, lambda device: _in(device.bytes_per_second, _GIGA)),
            *[_column(name, rows, _peak(name), leaves) for name, leaves in _LEAVE.items() if name in known],
            *([_column("W", rows, lambda device: _in(device.power_watts, 1), 5)] if any(map(_power, devices)) else []),
            _sources(rows),
        ]
    )


def _small_table(devices: Sequence[Device]) -> Table:
    names, rows = _rows(devices)
    return Table(
        [
            Column(MICROCONTROLLER, names),
            _column("SRAM", rows, lambda device: format_bytes(device.memory_bytes)),
            _column("flash", rows, lambda device: format_bytes(device.flash_bytes) if device.flash_bytes else "–"),
            _column("MHz", rows, lambda device: _in(device.clock_hz, _MEGA)),
            _sources(rows),
        ]
    )


def _power(device: Device) -> int | None:
    return device.power_watts


def _peak(name: str) -> Callable[[Device], str]:
    return lambda device: _in(device.peaks.get(name), _TERA)


def _in(value: int | None, scale: int) -> str:
    return format_units(value, scale) if value else "–"


def _column(heading: str, rows: Sequence[Device | None], text: Callable[[Device], str], leaves: int = 0) -> Column:
    return Column(heading, ["" if device is None else text(device) for device in rows], right=True, leaves=leaves)


def _sources(rows: Sequence[Device | None]) -> Column:
    cells = ["" if device is None else ", ".join([source.name for source in device.sources]) for device in rows]
    return Column("source", cells, style="dim", leaves=1)


def _record(device: Device) -> list[object]:
    found = {**device.to_dict(), **device.peaks, "sources": " ".join([source.name for source in device.sources])}
    return [found.get(name) for name in _RECORDS]
