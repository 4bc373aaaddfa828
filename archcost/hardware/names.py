"""What people call devices: a name, an alias, the title, or what a driver calls it, in any case and with any hyphens.

Devices of one's own are given to each function, and come before those that ship. ``local`` is this machine, as it was
measured.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archcost.errors import UsageError, did_you_mean
from archcost.hardware.device import plain
from archcost.hardware.table import shipped
from archcost.patterns import compiled, is_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from archcost.hardware.device import Device

_LISTED = 12  # candidates in a message
_SHORTEST = 2  # characters that may be a part of a name
_LIST = "`archcost devices` lists them"
_GIGABYTES = re.compile(r"\s*([0-9]+)\s*gi?b?\s*", re.IGNORECASE)


def known(own: Mapping[str, Device]) -> list[Device]:
    """All devices: one's own, and those that ship under other names."""
    return [*own.values(), *[device for name, device in shipped().items() if name not in own]]


def find(name: str, own: Mapping[str, Device] | None = None) -> Device:
    """The device of a name; raises UsageError for none, and for what may be several, with those that it may be."""
    devices = known(own or {})
    found = _called(name, devices) or _local(name)
    if found is not None:
        return found
    message, hint = _of_many(name, devices)
    if message:
        raise UsageError(message, hint)
    near = [device.name for device in devices if _has_part(device, plain(name))]
    if 1 < len(near) <= _LISTED:
        raise UsageError(f"'{name}' may be several devices", f"name one: {', '.join(near)}")
    names = [each for device in devices for each in (device.name, *device.aliases)]
    hint = f"did you mean '{near[0]}'?" if len(near) == 1 else did_you_mean(name, names)
    raise UsageError(f"there is no device '{name}'", hint or _LIST)


def matching(pattern: str | None = None, own: Mapping[str, Device] | None = None) -> list[Device]:
    """The devices that fit: all, the one of this name, or those that have it in a name, their vendor or kind.

    A pattern with wildcards fits names. Raises UsageError for one that fits nothing.
    """
    devices = known(own or {})
    if pattern is None:
        return devices
    named = _called(pattern, devices) or _local(pattern) if is_literal(pattern) else None
    if named is not None:
        return [named]
    fits = _fitting(pattern)
    found = [device for device in devices if fits(device)]
    if not found:
        names = [device.name for device in devices]
        raise UsageError(f"no device fits '{pattern}'", did_you_mean(pattern, names) or _LIST)
    return found


def names_of(device: Device) -> set[str]:
    """All that a device is called, plain."""
    return {plain(name) for name in (device.name, device.title, *device.aliases) if name}


def _called(name: str, devices: Iterable[Device]) -> Device | None:
    wanted = plain(name)
    for device in devices:
        if wanted and {wanted, wanted.removeprefix(plain(device.vendor))} & names_of(device):
            return device
    return None


def _local(name: str) -> Device | None:
    """This machine, by the name that stands for it."""
    from archcost.hardware.local import LOCAL, local_device

    return local_device() if plain(name) == LOCAL else None


def _of_many(name: str, devices: Iterable[Device]) -> tuple[str, str]:
    """The refusal of a word that says a vendor, a kind or a size, and which devices it may mean; empty of any other."""
    if plain(name) in {plain(word) for device in devices for word in (device.vendor, device.kind)} - {""}:
        return f"'{name}' is said of many devices", f"name one: `archcost devices {plain(name)}` lists them"
    size = _GIGABYTES.fullmatch(name) if len(name) <= _LISTED else None
    if size is None:
        return "", ""
    found = [device.name for device in devices if round(device.memory_bytes / 2**30) == int(size[1])]
    more = f", and {len(found) - _LISTED} more: `archcost devices`" if len(found) > _LISTED else ""
    return (
        f"'{name}' is a size, and no device",
        f"name one of this size: {', '.join(found[:_LISTED])}{more}" if found else _LIST,
    )


def _has_part(device: Device, part: str) -> bool:
    return len(part) >= _SHORTEST and any(part in name for name in names_of(device))


def _fitting(pattern: str) -> Callable[[Device], bool]:
    if is_literal(pattern):
        wanted = plain(pattern)
        return lambda device: _has_part(device, wanted) or wanted in {plain(device.vendor), plain(device.kind)} - {""}
    matches = compiled("".join([char for char in pattern.casefold() if char.isalnum() or char in "*?[]!"])).matches
    return lambda device: any(map(matches, names_of(device)))
