"""What was measured of a device, by classes of kernels: ``archcost calibrate`` writes it, predictions use it."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, TypedDict, cast

from archcost.documents import Count, Positive

if TYPE_CHECKING:
    from collections.abc import Mapping

NANOSECONDS = 10**9
MILLE = 1000
CACHED = 8 << 20  # bytes of a working set that caches may hold
BASE_SWEEP = "relu"  # the pass that stands for those that were not measured
BASE_PRODUCT = "convolution"  # and the product


PAGE_FAULT = "page_fault_ns"  # of a file only where it was measured
MEASURED_NUMBERS = ("spread_thousandths", "load_thousandths", "share_thousandths", "each_ns")
PRODUCT_KEYS = (
    *("call_ns", "operations_per_second", "bytes_per_second", "weight_bytes_per_second", "spilled_thousandths"),
)


class ProductRateData(TypedDict):
    """The terms of products or pools; a rate of 0 costs nothing."""

    call_ns: Count
    operations_per_second: Count
    bytes_per_second: Count
    weight_bytes_per_second: Count
    spilled_thousandths: Count


class PassRateData(TypedDict):
    """The call of a pass, and pairs of a working set in bytes and a rate in bytes a second."""

    call_ns: Count
    levels: list[list[Positive]]


class MeasuredData(TypedDict):
    """What was measured of a device, with the keys of its file."""

    torch: str
    threads: Count
    dtype: str
    spread_thousandths: Count
    load_thousandths: Count
    share_thousandths: Count
    each_ns: Count
    page_fault_ns: NotRequired[Positive]
    products: dict[str, ProductRateData]
    passes: dict[str, PassRateData]


class ProductRate(NamedTuple):
    """Products of a class take call + operations ÷ rate + bytes of activations ÷ rate + bytes of weights ÷ rate.

    Two operations are a multiply-accumulate. A rate of 0 is none that was seen: its term costs nothing. ``spilled`` is
    in thousandths how many passes over memory are added for activations that caches do not hold.
    """

    call_ns: int
    operations_per_second: int
    bytes_per_second: int
    weight_bytes_per_second: int
    spilled: int = 0


class PassRate(NamedTuple):
    """Passes of a class take call + bytes ÷ the rate at their working set, which is all that they read and write.

    ``levels`` are working sets in bytes with rates in bytes a second, smallest first; between two, the time of a byte
    is on a straight line over the logarithm of the size.
    """

    call_ns: int
    levels: tuple[tuple[int, int], ...]

    def picoseconds(self, moved: int) -> int:
        """The picoseconds that so many bytes take without the call."""
        sizes = [size for size, _ in self.levels]
        place = bisect_left(sizes, moved)
        if place in (0, len(sizes)):
            return moved * NANOSECONDS * MILLE // self.levels[min(place, len(sizes) - 1)][1]
        (low, slow), (high, fast) = self.levels[place - 1], self.levels[place]
        from math import log

        share = round(MILLE * log(moved / low) / log(high / low))
        before, after = moved * NANOSECONDS * MILLE // slow, moved * NANOSECONDS * MILLE // fast
        return before + (after - before) * share // MILLE

    def beyond(self, moved: int) -> int:
        """The picoseconds that so many bytes take longer than at the last level that caches hold; 0 of fewer bytes."""
        if moved <= CACHED:
            return 0
        held = [rate for size, rate in self.levels if size <= CACHED] or [self.levels[0][1]]
        return max(0, self.picoseconds(moved) - moved * NANOSECONDS * MILLE // held[-1])


class Calibration(NamedTuple):
    """What ``archcost calibrate`` found: rates by class in ``dtype``, on so many ``threads``, under this ``torch``.

    Among other kernels one takes ``share`` thousandths of what it takes alone, and ``each_ns`` more.
    ``spread`` is how much repeats of a measurement differed by the median, in thousandths, ``load`` the work of others
    that waited for the processor meanwhile, in thousandths of one processor. ``page_fault_ns`` is what it takes to map,
    touch and give back a page; no time of a kernel has it in it, and 0 is not known.
    """

    torch: str
    threads: int
    dtype: str
    spread: int
    load: int
    share: int
    each_ns: int
    products: Mapping[str, ProductRate]
    passes: Mapping[str, PassRate]
    page_fault_ns: int = 0

    def to_dict(self) -> MeasuredData:
        """The JSON form."""
        found: dict[str, Any] = {
            "torch": self.torch,
            "threads": self.threads,
            "dtype": self.dtype,
            **dict(zip(MEASURED_NUMBERS, self[3:7], strict=True)),
            **({PAGE_FAULT: self.page_fault_ns} if self.page_fault_ns else {}),
            "products": {name: dict(zip(PRODUCT_KEYS, rate, strict=True)) for name, rate in self.products.items()},
            "passes": {
                name: {"call_ns": rate.call_ns, "levels": [list(level) for level in rate.levels]}
                for name, rate in self.passes.items()
            },
        }
        return cast("MeasuredData", found)
