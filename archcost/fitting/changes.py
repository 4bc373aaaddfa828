"""What to change so that a model fits, or fits better: the usual ways to need less, each tried on the real figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.study import study
from archcost.dtypes import DTYPE_BYTES, STORED_BITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.microcontroller.study import FusedStudy
    from archcost.fitting.workload import Workload

HALF = "float16"  # which all devices have that have a half precision at all
WEIGHTS, CACHE = ("int8", "int4"), "float8"
_BYTE = 8


class Saving(NamedTuple):
    """A change, the options that make it, and what must be resident then."""

    name: str
    option: str
    total: int


def changes(workload: Workload, now: int) -> list[Saving]:
    """The ways that need less than ``now``, the one that needs least first."""
    found = [*_dtypes(workload), *_conditions(workload, now)]
    return sorted([change for change in found if change.total < now], key=lambda change: change.total)


def changes_on_chip(chip: FusedStudy) -> list[Saving]:
    """The one way to need less on a microcontroller, if it does."""
    if chip.in_place is None:
        return []
    return [Saving("depthwise convolutions in place", "--inplace", chip.in_place.total)]


def _dtypes(workload: Workload) -> Iterator[Saving]:
    """Half precision, and weights and caches in fewer bits; a training step has its own ways."""
    report = workload.report
    if workload.conditions.training:
        return
    if DTYPE_BYTES[report.dtype] > DTYPE_BYTES[HALF]:
        yield _change("half precision", workload, dtype=HALF)
    weights = [dtype for dtype in WEIGHTS if STORED_BITS[dtype] < _bits(report.weight_dtype)]
    for dtype in weights:
        yield _change(f"weights in {dtype}", workload, weight_dtype=dtype)
    if report.totals.cache_bytes and STORED_BITS[CACHE] < _bits(report.kv_dtype or report.dtype):
        yield _change(f"KV cache in {CACHE}", workload, kv_dtype=CACHE)
        for dtype in weights:
            yield _change(f"weights in {dtype}, KV cache in {CACHE}", workload, weight_dtype=dtype, kv_dtype=CACHE)


def _change(name: str, workload: Workload, **dtypes: str) -> Saving:
    option = " ".join([f"--{setting.replace('_', '-')} {dtype}" for setting, dtype in dtypes.items()])
    return Saving(name, option, workload.with_dtypes(**dtypes).memory.total)


def _bits(dtype: str) -> int:
    return STORED_BITS.get(dtype) or _BYTE * DTYPE_BYTES[dtype]


def _conditions(workload: Workload, now: int) -> Iterator[Saving]:
    """What ``memory`` tries: another order, work in place, and in training all that makes the step smaller."""
    found = study(workload.report, workload.conditions._replace(whatifs=True))
    for entry in found.whatifs:
        yield Saving(entry.name, entry.option, now - found.peak + entry.peak)
