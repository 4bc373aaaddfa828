"""Limits that name a device: what it has room for, which is what ``fits`` judges by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.figures import FLASH, METRICS, ON_CHIP
from archcost.hardware.device import MICROCONTROLLER
from archcost.quantities import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.hardware.device import Device
    from archcost.spec.budget_limits import Limit


def with_room(limit: Limit, own: Mapping[str, Device]) -> Limit:
    """The limit with its maximum: the memory of its device less the reserve, or the flash.

    ``own`` are the devices of the configuration. Raises UsageError for a device that there is not, and for one that has
    no such memory.
    """
    from archcost.fitting.reserve import capacity, flash_of
    from archcost.hardware.names import find

    device = find(limit.device, own)
    is_chip = device.kind == MICROCONTROLLER
    if is_chip != (limit.metric in ON_CHIP):
        label = METRICS[limit.metric].label
        hint = f"a microcontroller has `sram` and `flash`: `sram: {{device: {limit.device}}}`"
        if not is_chip:
            hint = f"write `run_memory: {{device: {limit.device}}}`"
        raise UsageError(f"{label} is no limit of {device.label}", hint)
    room = flash_of(device) if limit.metric == FLASH else capacity(device, limit.reserve)
    return limit._replace(maximum=room, text=f"{format_bytes(room)} of {device.name}")
