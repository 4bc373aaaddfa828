"""A device: its memory, bandwidth and peak rates, each in one unit and as a whole number; None is what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, TypedDict, cast

from archcost.displays import in_line
from archcost.documents import Envelope, Positive, envelope
from archcost.hardware.measured import MeasuredData

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.hardware.measured import Calibration

PEAKS = ("float32", "tf32", "bfloat16", "float16", "float8", "int8")  # dtypes of products that have a rate
MICROCONTROLLER, CPU = "microcontroller", "cpu"  # kinds of devices
KINDS = ("gpu", "accelerator", "tpu", "soc", "edge", CPU, MICROCONTROLLER)


class CitationData(TypedDict):
    """Where figures have been read: a short name, what it is, and its address."""

    name: str
    title: str
    address: str


class DeviceData(Envelope):
    """A device. Rates are operations a second of dense products, two for a multiply-accumulate.

    Sums of float products are float32; ``float16_acc16`` is the rate where they are float16.
    """

    name: str
    aliases: list[str]
    title: str
    vendor: str
    kind: str
    year: Positive | None
    memory_bytes: Positive
    usable_bytes: Positive | None
    bytes_per_second: Positive | None
    cache_bytes: Positive | None
    peaks: dict[str, Positive]
    float16_acc16: Positive | None
    flash_bytes: Positive | None
    clock_hz: Positive | None
    power_watts: Positive | None
    price_usd: Positive | None
    basis: str
    sources: list[CitationData]
    usable_source: CitationData | None
    cache_source: CitationData | None
    note: str
    measured: NotRequired[MeasuredData]


class Citation(NamedTuple):
    """Where figures have been read: a short name, what it is, and its address."""

    name: str
    title: str
    address: str = ""

    def to_dict(self) -> CitationData:
        """The JSON form."""
        return {"name": self.name, "title": self.title, "address": self.address}


class Device(NamedTuple):
    """A device as its sources print it.

    ``memory_bytes`` is the memory that a model is held in: of a card, of a system that shares it, of a microcontroller
    its SRAM, whose ``flash_bytes`` hold the weights. ``usable_bytes`` is what programs find of it, where a source says.
    ``cache_bytes`` is the last cache before that memory, which all cores share: of a GPU its L2.
    ``peaks`` are dense products by dtype, in operations a second, a multiply-accumulate being two; sums of float
    products are float32. ``float16_acc16`` is the rate of float16 with float16 sums, where it differs. ``basis`` says
    of the rates: ``printed``, ``halved`` (the source prints sparse ones) or ``derived`` (of units and clocks).
    """

    name: str
    memory_bytes: int
    aliases: tuple[str, ...] = ()
    title: str = ""
    vendor: str = ""
    kind: str = ""
    year: int | None = None
    usable_bytes: int | None = None
    bytes_per_second: int | None = None
    cache_bytes: int | None = None
    peaks: Mapping[str, int] = {}
    float16_acc16: int | None = None
    flash_bytes: int | None = None
    clock_hz: int | None = None
    power_watts: int | None = None
    price_usd: int | None = None
    basis: str = ""
    sources: tuple[Citation, ...] = ()
    usable_source: Citation | None = None
    cache_source: Citation | None = None
    note: str = ""
    measured: Calibration | None = None

    def __repr__(self) -> str:
        return in_line(self, self.name, kind=self.kind, memory_bytes=self.memory_bytes)

    @property
    def available_bytes(self) -> int:
        """What programs find of the memory, all of it where no source says less."""
        return self.usable_bytes or self.memory_bytes

    @property
    def label(self) -> str:
        """What people read: the title, or the name of a device that has none."""
        return self.title or self.name

    def to_dict(self) -> DeviceData:
        """The JSON form."""
        measured: dict[str, Any] = {}
        if self.measured is not None:
            measured = {"measured": self.measured.to_dict()}
        found: dict[str, Any] = {
            **envelope("devices"),
            "name": self.name,
            "aliases": list(self.aliases),
            "title": self.title,
            "vendor": self.vendor,
            "kind": self.kind,
            "year": self.year,
            "memory_bytes": self.memory_bytes,
            "usable_bytes": self.usable_bytes,
            "bytes_per_second": self.bytes_per_second,
            "cache_bytes": self.cache_bytes,
            "peaks": dict(self.peaks),
            "float16_acc16": self.float16_acc16,
            "flash_bytes": self.flash_bytes,
            "clock_hz": self.clock_hz,
            "power_watts": self.power_watts,
            "price_usd": self.price_usd,
            "basis": self.basis,
            "sources": [source.to_dict() for source in self.sources],
            "usable_source": self.usable_source.to_dict() if self.usable_source else None,
            "cache_source": self.cache_source.to_dict() if self.cache_source else None,
            "note": self.note,
            **measured,
        }
        return cast("DeviceData", found)


def plain(text: str) -> str:
    """A name without what people write one way or the other: case, blanks, hyphens and all other signs."""
    return "".join(filter(str.isalnum, text.casefold()))
