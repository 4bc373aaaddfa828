"""What was measured of a device: where, how sure, and the rates by class."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.hardware.measured import MILLE
from archcost.quantities import format_nanoseconds, format_ratio, format_share, format_units
from archcost.render.document import WHOLE, Column, Field, Gap, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.hardware.measured import Calibration, PassRate
    from archcost.render.document import Block

_GIGA = 10**9
_OF_PRODUCTS = (
    "a layer takes its call + operations ÷ G op/s + bytes ÷ GB/s (of a pool: taps, bytes read, bytes written), and "
    "extra passes over memory for activations that caches do not hold; –: no such cost was seen"
)
_OF_PASSES = "small, medium, large: the least, a middle and the greatest of the tensors that were measured"


def measured_facts(measured: Calibration) -> Iterator[Block]:
    """Where, how sure, and the rates by class."""
    threads = f"{measured.threads} thread{'s' * (measured.threads != 1)}"
    yield Field("measured with", f"PyTorch {measured.torch}, {threads}, in {measured.dtype}")
    load = format_units(measured.load, MILLE)
    spread = format_share(measured.spread, MILLE)
    yield Field("noise", f"repeats differed by {spread} (median); load average {load}")
    share = format_ratio(Fraction(measured.share, MILLE))
    each = format_nanoseconds(measured.each_ns)
    yield Field("in a network", f"a layer takes {share} times what it takes in the tables below, plus {each}")
    if measured.page_fault_ns:
        yield Field("page fault", f"{format_nanoseconds(measured.page_fault_ns)} to map, touch and give back a page")
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
            Column("extra passes", [format_units(rate.spilled, MILLE) for rate in rates], right=True, leaves=1),
        ],
        least_flexible=WHOLE,
    )
    yield Line(_OF_PRODUCTS, style="dim")
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
    yield Line(_OF_PASSES, style="dim")


_SIZES = (("small", 0), ("medium", None), ("large", -1))


def _rate(rate: int) -> str:
    return format_units(rate, _GIGA) if rate else "–"


def _at(one: PassRate, place: int | None) -> str:
    return _rate(one.levels[len(one.levels) // 2 if place is None else place][1])
