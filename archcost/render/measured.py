"""What was measured of a device: where, how sure, and the rates by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.hardware.measured import MILLE
from archcost.quantities import format_nanoseconds, format_share, format_units
from archcost.render.document import WHOLE, Column, Field, Gap, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.hardware.measured import Calibration, PassRate
    from archcost.render.document import Block

_GIGA = 10**9


def measured_facts(measured: Calibration) -> Iterator[Block]:
    """Where, how sure, and the rates by class."""
    threads = f"{measured.threads} thread{'s' * (measured.threads != 1)}"
    yield Field("measured with", f"PyTorch {measured.torch}, {threads}, in {measured.dtype}")
    load = format_units(measured.load, MILLE)
    yield Field("noise", f"repeats spread by {format_share(measured.spread, MILLE)} by the median; load {load}")
    yield Field(
        "in company",
        f"a kernel takes {format_share(measured.share, MILLE)} of what it takes among its like, and "
        f"{format_nanoseconds(measured.each_ns)}",
    )
    if measured.page_fault_ns:
        yield Field("page fault", f"{format_nanoseconds(measured.page_fault_ns)} for a page that was given back")
    yield Gap()
    products = measured.products
    rates = list(products.values())
    yield Table(
        [
            Column("products and pools", list(products), flexible=True),
            Column("call", [format_nanoseconds(rate.call_ns) for rate in rates], right=True, leaves=2),
            Column("G op/s", [_rate(rate.operations_per_second) for rate in rates], right=True),
            Column("activation GB/s", [_rate(rate.bytes_per_second) for rate in rates], right=True),
            Column("weight GB/s", [_rate(rate.weight_bytes_per_second) for rate in rates], right=True),
            Column("passes beyond caches", [format_units(rate.spilled, MILLE) for rate in rates], right=True, leaves=1),
        ],
        least_flexible=WHOLE,
    )
    yield Line("– costs nothing that was seen; of a pool: taps, what it reads, what it writes", style="dim")
    yield Gap()
    passes = measured.passes
    yield Table(
        [
            Column("passes over tensors", list(passes), flexible=True),
            Column("call", [format_nanoseconds(one.call_ns) for one in passes.values()], right=True, leaves=1),
            *[
                Column(f"{size} GB/s", [_at(one, place) for one in passes.values()], right=True)
                for size, place in _SIZES
            ],
        ],
        least_flexible=WHOLE,
    )


_SIZES = (("small", 0), ("medium", None), ("large", -1))


def _rate(rate: int) -> str:
    return format_units(rate, _GIGA) if rate else "–"


def _at(one: PassRate, place: int | None) -> str:
    return _rate(one.levels[len(one.levels) // 2 if place is None else place][1])
