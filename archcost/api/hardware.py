"""Devices that models run on: those that ship, and one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from archcost.hardware.device import Device


def devices(pattern: str | None = None) -> list[Device]:
    """The devices of the configuration and those that ship, with their figures and what these were read in.

    A name fits the device that is called so, a pattern with wildcards fits names, and any other text what has it in a
    name, and what is of this vendor or kind. The path of a file that ends in ``.toml`` is the device in it. Raises
    UsageError for what fits nothing, and ConfigError for a configuration or a file with a mistake.
    """
    from archcost.hardware.names import matching
    from archcost.hardware.own import ENDING

    return [device(pattern)] if pattern and pattern.endswith(ENDING) else matching(pattern, _own())


def device(name: str | os.PathLike[str]) -> Device:
    """The device of a name, an alias or a title, or the one in a file: ``"4090"``, ``"lab.toml"``.

    Raises UsageError for a name that no device has, or that may be several, and ConfigError as :func:`devices`.
    """
    import os

    from archcost.hardware.names import find
    from archcost.hardware.own import ENDING, read_device_file

    text = os.fspath(name)
    return read_device_file(text) if text.endswith(ENDING) else find(text, _own())


def device_in(given: str | os.PathLike[str] | Device) -> Device:
    """A device as it is, or the one of a name or in a file; raises as :func:`device`."""
    from archcost.hardware.device import Device as DeviceType

    return given if isinstance(given, DeviceType) else device(given)


def _own() -> Mapping[str, Device]:
    from archcost.budget.config import load_config

    return load_config().devices
