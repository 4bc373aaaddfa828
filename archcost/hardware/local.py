"""This machine as a device: what ``archcost calibrate`` measured and wrote, in the user's folder of settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archcost.errors import UsageError

if TYPE_CHECKING:
    from archcost.hardware.device import Device

LOCAL = "local"  # the name by which every command takes it
VARIABLE = "ARCHCOST_LOCAL_DEVICE"  # a file of one's own
_TEXTS = ("title", "kind", "note")
_CALIBRATE = "`archcost calibrate` measures this machine and writes it, in less than two minutes"


def local_path() -> str:
    """The file: what the variable says, else ``archcost/local.toml`` in the user's folder of settings."""
    own = os.environ.get(VARIABLE)
    if own:
        return own
    folder = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or ""
    if not os.path.isabs(folder):  # as the rules for XDG_CONFIG_HOME say
        folder = os.path.expanduser(os.path.join("~", ".config"))
    return os.path.join(folder, "archcost", f"{LOCAL}.toml")


def local_device() -> Device:
    """This machine as it was measured; raises UsageError where it was not, ConfigError for a file with a mistake."""
    from archcost.files import failed
    from archcost.hardware.own import read_device_file

    path = local_path()
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise UsageError(f"this machine was not measured: there is no {path}", _CALIBRATE) from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {failed(error).reason}") from None
    return read_device_file(path)


def device_text(device: Device) -> str:
    """A device that was measured as a file: the same for the same figures."""
    from archcost.hardware.measured_text import measured_text

    assert device.measured is not None, "a device that was measured"
    lines = [f'name = "{device.name}"']
    lines += [f"{key} = {_quoted(text)}" for key in _TEXTS if (text := getattr(device, key))]
    lines.append(f'memory = "{device.memory_bytes} B"')
    lines.append(f'bandwidth = "{device.bytes_per_second} B/s"')
    lines += [f'{dtype} = "{rate} OPS"' for dtype, rate in device.peaks.items()]
    return "\n".join(lines) + "\n\n" + measured_text(device.measured)


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    from archcost.strict_json import json_text

    return json_text(text).rstrip()
