"""The balance of a device: how many operations it does in the time in which it moves a byte."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archcost.errors import UsageError

if TYPE_CHECKING:
    from archcost.hardware.device import Device


def balance_of(device: Device, dtype: str) -> Fraction:
    """Dense peak rate over bandwidth, in operations a byte: a layer that does fewer waits for memory.

    Raises UsageError for a device of which one of the two is not known.
    """
    peak = device.peaks.get(dtype)
    if peak is None or device.bytes_per_second is None:
        lacking = f"dense rate in {dtype}" if peak is None else "bandwidth"
        known = f"rates are known in {', '.join(device.peaks)}" if device.peaks else "`archcost devices` shows what is"
        raise UsageError(f"no {lacking} is known of {device.name}", known)
    return Fraction(peak, device.bytes_per_second)
