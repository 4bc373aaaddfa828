"""The answer: whether a workload fits a device, how much larger it may be, and what to change."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.analysis.memory.alternatives import HALF as MIXED
from archcost.analysis.memory.conditions import HALVES
from archcost.displays import in_line, in_notebook
from archcost.errors import SpecError, UsageError
from archcost.fitting.changes import HALF, WEIGHTS, changes, changes_on_chip
from archcost.fitting.reserve import flash_of, usual_reserve
from archcost.fitting.searching import largest
from archcost.fitting.speeds import speeds_of
from archcost.hardware.device import CPU, MICROCONTROLLER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.analysis.memory.run_memory import RunMemory
    from archcost.fitting.changes import Saving
    from archcost.fitting.reserve import Reserve
    from archcost.fitting.searching import Largest
    from archcost.fitting.speeds import Speeds
    from archcost.fitting.workload import Workload
    from archcost.hardware.device import Device


class DeviceFit:
    """A workload on a device.

    ``needed`` is the memory of :func:`archcost.memory` under the same settings, and ``capacity`` what programs find of
    the device's memory less the reserve. On a microcontroller both are of the SRAM, and ``chip`` has the kernels that
    :func:`archcost.microcontroller` gives; there must be room for their weights in the flash, too. What is larger or
    changed is worked out when it is first asked for.
    """

    def __init__(self, workload: Workload, device: Device, reserve: Reserve) -> None:
        self.workload = workload
        self.device = device
        self.reserve = reserve
        self.chip = workload.on_chip if device.kind == MICROCONTROLLER else None
        self.needed = self.chip.sram if self.chip else workload.memory.total
        self.reserve_bytes = reserve.of(device.available_bytes)
        self.capacity = device.available_bytes - self.reserve_bytes

    def __repr__(self) -> str:
        figures = {"fits": self.fits, "needed": self.needed, "capacity": self.capacity}
        return in_line(self, self.workload.spec.name, self.device.name, **figures)

    @property
    def fits(self) -> bool:
        """Whether it fits."""
        return self.holds(self.needed)

    @property
    def headroom(self) -> int:
        """The bytes that are left; below 0, those that are missing."""
        return self.capacity - self.needed

    @property
    def flash_headroom(self) -> int | None:
        """The bytes of flash that are left; below 0, those that are missing; None for a device without."""
        return flash_of(self.device) - self.chip.flash.total if self.chip else None

    def holds(self, needed: int) -> bool:
        """Whether there is room for so many bytes, beside what the flash holds."""
        return needed <= self.capacity and (self.flash_headroom or 0) >= 0

    @cached_property
    def largest_batch(self) -> Largest | None:
        """The largest batch that fits, all else being the same; None on a microcontroller, which runs one at a time."""
        if self.chip:
            return None
        return self._largest(lambda size: self.workload.with_batch(size).memory.total)

    @cached_property
    def largest_context(self) -> Largest | None:
        """The longest context that fits at this batch; None for a model that has none.

        The spec allows no more where the model would get more params, as one with a row of a table for each position.
        """
        if self.chip or self.workload.context is None:
            return None
        params = self.workload.report.totals.params

        def need(size: int) -> int | None:
            longer = self.workload.with_context(size)
            return longer.memory.total if longer.report.totals.params <= params else None

        return self._largest(need)

    @cached_property
    def prompt(self) -> RunMemory | None:
        """What a prompt as long as the context needs that is read in one pass; None where nothing is generated."""
        return self.workload.prompt().memory if self.workload.generates and not self.chip else None

    @cached_property
    def speeds(self) -> Speeds | None:
        """Bounds of a language model's speed; None for any other."""
        return None if self.chip else speeds_of(self.workload, self.device)

    @cached_property
    def changes(self) -> list[Saving]:
        """What needs less, the least first."""
        return changes_on_chip(self.chip) if self.chip else changes(self.workload, self.needed)

    def _largest(self, need: Callable[[int], int | None]) -> Largest:
        def need_if_any(size: int) -> int | None:
            try:
                return need(size)
            except (SpecError, UsageError):  # more than the spec allows
                return None

        return largest(need_if_any, self.capacity)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of what is known of the device and the workload on it."""
        from archcost.fitting.data import fit_data

        return {**fit_data(self)}


class FitVariant:
    """A workload in chosen dtypes or with a chosen change, and what must be resident then."""

    def __init__(self, name: str, option: str, workload: Workload) -> None:
        self.name = name
        self.option = option
        self.workload = workload
        self.memory = workload.memory


class Fits:
    """A workload on several devices: in full on those that were named, else a table of all devices and usual dtypes.

    A table has ``chips`` of its own for a model that some microcontroller may hold.
    """

    def __repr__(self) -> str:
        if self.is_table:
            return in_line(self, self.report.name, devices=len(self.devices) + len(self.chips))
        return in_line(self, self.report.name, *[fit.device.name for fit in self.devices], fits=self.fits)

    def __init__(
        self,
        workload: Workload,
        devices: Sequence[DeviceFit],
        variants: Sequence[FitVariant] = (),
        chips: Sequence[DeviceFit] = (),
    ) -> None:
        self.workload = workload
        self.report = workload.report
        self.memory = workload.memory
        self.devices = devices
        self.variants = variants
        self.chips = chips

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def is_table(self) -> bool:
        """Whether no device was named: then nothing is judged."""
        return bool(self.variants)

    @property
    def fits(self) -> bool:
        """Whether it fits all of the devices."""
        return all(fit.fits for fit in self.devices)

    @property
    def largest_batch(self) -> Largest | None:
        """The largest batch that fits the one device that was named; raises UsageError for several."""
        return self._only().largest_batch

    @property
    def largest_context(self) -> Largest | None:
        """The longest context that fits the one device that was named; raises UsageError for several."""
        return self._only().largest_context

    @property
    def exit_code(self) -> int:
        """1 where a device was named on which the workload does not fit."""
        return int(not self.is_table and not self.fits)

    def _only(self) -> DeviceFit:
        if len(self.devices) != 1:
            raise UsageError(f"each of {len(self.devices)} devices has a largest size", "ask one of `devices`")
        return self.devices[0]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.fits/1``."""
        from archcost.fitting.data import fits_data

        return {**fits_data(self)}


def fits_of(workload: Workload, devices: Sequence[Device], reserve: Reserve | None) -> Fits:
    """A workload on devices that were named."""
    return Fits(workload, [DeviceFit(workload, device, reserve or usual_reserve(device)) for device in devices])


def table_of(workload: Workload, devices: Sequence[Device], reserve: Reserve | None) -> Fits:
    """A workload on all devices; on microcontrollers if the flash of one of them has a byte for each param."""
    chips = [device for device in devices if device.kind == MICROCONTROLLER and device.flash_bytes]
    params = workload.report.totals.params
    if not workload.runs_on_chips or params > max([flash_of(device) for device in chips], default=0):
        chips = []
    usual = [device for device in devices if device.kind not in (MICROCONTROLLER, CPU)]  # a CPU has any memory
    found = fits_of(workload, [*usual, *chips], reserve).devices
    return Fits(workload, found[: len(usual)], variants_of(workload), found[len(usual) :])


def variants_of(workload: Workload) -> list[FitVariant]:
    """The workload as it is, and what is usual to make it smaller: half precision, weights in 8 and in 4 bits.

    A training step has mixed precision, and beside adapters frozen weights in fewer bits. Where dtypes or ways of
    training were chosen there is only that.
    """
    graph, conditions = workload.report.graph, workload.conditions
    now = FitVariant(graph.weight_dtype or graph.dtype, "", workload)
    if workload.settings.dtypes or conditions.half or conditions.master:
        return [now]
    stored = [
        FitVariant(f"{dtype} weights", f"--weight-dtype {dtype}", workload.with_dtypes(weight_dtype=dtype))
        for dtype in WEIGHTS
        if workload.stores_weights
    ]
    if graph.dtype in HALVES:
        return [now, *stored]
    if conditions.training:
        mixed = workload.with_conditions(conditions._replace(half=MIXED))
        return [now, FitVariant(f"mixed {MIXED}", f"--mixed {MIXED}", mixed), *stored]
    return [now, FitVariant(HALF, f"--dtype {HALF}", workload.with_dtypes(dtype=HALF)), *stored]
