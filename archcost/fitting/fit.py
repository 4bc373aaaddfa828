"""The answer: whether a workload fits a device, how much larger it may be, and what to change."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.analysis.memory.alternatives import HALF as MIXED
from archcost.analysis.memory.conditions import HALVES
from archcost.errors import SpecError, UsageError
from archcost.fitting.changes import HALF, WEIGHTS, changes
from archcost.fitting.reserve import usual_reserve
from archcost.fitting.searching import largest
from archcost.fitting.speeds import speeds_of
from archcost.hardware.device import MICROCONTROLLER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.fitting.changes import Change
    from archcost.fitting.reserve import Reserve
    from archcost.fitting.searching import Largest
    from archcost.fitting.speeds import Speeds
    from archcost.fitting.workload import Workload
    from archcost.hardware.device import Device


class Fit:
    """A workload on a device.

    ``capacity`` is what programs find of the device's memory less the reserve. The memory is that of
    :func:`archcost.memory` under the same settings. What is larger or changed is worked out when it is first asked for.
    """

    def __init__(self, workload: Workload, device: Device, reserve: Reserve, memory: RunMemory) -> None:
        self.workload = workload
        self.device = device
        self.reserve = reserve
        self.memory = memory
        self.reserve_bytes = reserve.of(device.available_bytes)
        self.capacity = device.available_bytes - self.reserve_bytes

    def __repr__(self) -> str:
        word = "fits" if self.fits else "does not fit"
        return f"Fit({self.workload.spec.name!r} {word} {self.device.name!r}: {self.needed} of {self.capacity} bytes)"

    @property
    def needed(self) -> int:
        """What must be resident, in bytes."""
        return self.memory.total

    @property
    def fits(self) -> bool:
        """Whether it fits."""
        return self.needed <= self.capacity

    @property
    def headroom(self) -> int:
        """The bytes that are left; below 0, those that are missing."""
        return self.capacity - self.needed

    @cached_property
    def largest_batch(self) -> Largest:
        """The largest batch that fits, all else being the same."""
        return self._largest(self.workload.with_batch)

    @cached_property
    def largest_context(self) -> Largest | None:
        """The longest context that fits at this batch; None for a model that has none."""
        return self._largest(self.workload.with_context) if self.workload.context is not None else None

    @cached_property
    def prompt(self) -> RunMemory | None:
        """What a prompt as long as the context needs that is read in one pass; None where nothing is generated."""
        return self.workload.prompt().memory if self.workload.generates else None

    @cached_property
    def speeds(self) -> Speeds | None:
        """Bounds of a language model's speed; None for any other."""
        return speeds_of(self.workload, self.device)

    @cached_property
    def changes(self) -> list[Change]:
        """What needs less, the least first."""
        return changes(self.workload, self.needed)

    def _largest(self, at: Callable[[int], Workload]) -> Largest:
        def need(size: int) -> int | None:
            try:
                return at(size).memory.total
            except (SpecError, UsageError):  # more than the spec allows
                return None

        return largest(need, self.capacity)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of what is known of the device and the workload on it."""
        from archcost.fitting.data import fit_data

        return {**fit_data(self)}


class Variant:
    """A workload in chosen dtypes or with a chosen change, and what must be resident then."""

    def __init__(self, name: str, option: str, workload: Workload) -> None:
        self.name = name
        self.option = option
        self.workload = workload
        self.memory = workload.memory


class Fits:
    """A workload on several devices: in full on those that were named, else a table of all devices and usual dtypes."""

    def __init__(self, workload: Workload, fits: Sequence[Fit], variants: Sequence[Variant] = ()) -> None:
        self.workload = workload
        self.report = workload.report
        self.memory = workload.memory
        self.fits = fits
        self.variants = variants

    @property
    def is_table(self) -> bool:
        """Whether no device was named: then nothing is judged."""
        return bool(self.variants)

    @property
    def exit_code(self) -> int:
        """1 where a device was named on which the workload does not fit."""
        return int(not self.is_table and not all(fit.fits for fit in self.fits))

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.fits/1``."""
        from archcost.fitting.data import fits_data

        return {**fits_data(self)}


def fits_of(workload: Workload, devices: Sequence[Device], reserve: Reserve | None, *, is_table: bool) -> Fits:
    """A workload on devices; of a table those that have no other memory for weights than for activations."""
    memory = workload.memory
    found = [
        Fit(workload, device, reserve or usual_reserve(device), memory)
        for device in devices
        if not is_table or device.kind != MICROCONTROLLER
    ]
    return Fits(workload, found, variants_of(workload) if is_table else ())


def variants_of(workload: Workload) -> list[Variant]:
    """The workload as it is, and what is usual to make it smaller: half precision, weights in 8 and in 4 bits.

    A training step has no such weights, but mixed precision. Where dtypes or ways of training were chosen there is only
    that.
    """
    graph = workload.report.graph
    now = Variant(graph.weight_dtype or graph.dtype, "", workload)
    if workload.settings.dtypes or workload.conditions.half or workload.conditions.master:
        return [now]
    is_half = graph.dtype in HALVES
    if workload.conditions.training:
        mixed = workload.with_conditions(workload.conditions._replace(half=MIXED))
        return [now] if is_half else [now, Variant(f"mixed {MIXED}", f"--mixed {MIXED}", mixed)]
    half = [] if is_half else [Variant(HALF, f"--dtype {HALF}", workload.with_dtypes(dtype=HALF))]
    stored = [
        Variant(f"{dtype} weights", f"--weight-dtype {dtype}", workload.with_dtypes(weight_dtype=dtype))
        for dtype in WEIGHTS
    ]
    return [now, *half, *stored]
