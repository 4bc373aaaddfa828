"""Devices of one's own: ``[tool.archcost.devices.NAME]`` of a configuration, or a file that is one device.

Figures are written as the table has them, with their units: ``memory = "24 GiB"``. Only the memory is required.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from archcost.errors import ConfigError, suggestion
from archcost.files import DISK, FileError, located, read_named
from archcost.hardware.device import KINDS, Citation, Device, plain
from archcost.hardware.figures import FIGURES, attributes, figure
from archcost.hardware.measured_text import read_measured
from archcost.quantities import UnitError
from archcost.spec.document import Scalar, Sequence
from archcost.spec.problems import Problems
from archcost.spec.value_reader import Reader, brief

if TYPE_CHECKING:
    from archcost.spec.document import Mapping as Table
    from archcost.spec.document import Value

ENDING = ".toml"  # of a file that is a device
MAX_DEVICES = 1000
MAX_BYTES = 1 << 20
_WORDS = ("title", "vendor", "kind", "note")
DEVICE_KEYS = (*FIGURES, *_WORDS, "aliases", "source")
_MEMORY = f'write `memory = "{FIGURES["memory"].example}"`'


def read_devices(reader: Reader, value: Value) -> dict[str, Device]:
    """The tables of ``devices`` by their names; what is wrong with one goes to the reader."""
    tables = reader.mapping(value, "'devices'", lambda: f"write `[devices.NAME]` with {_MEMORY.removeprefix('write ')}")
    if tables is None:
        return {}
    if len(tables.entries) > MAX_DEVICES:
        reader.report(f"a configuration holds at most {MAX_DEVICES:,} devices, got {len(tables.entries):,}", value)
        return {}
    found: dict[str, Device] = {}
    taken: dict[str, str] = {}
    for key, inner in tables.entries.values():
        table = reader.mapping(inner, f"the device '{brief(key)}'", lambda: _MEMORY)
        if table is None or not _can_name(reader, key, key.text):
            continue
        reader.keys(table, DEVICE_KEYS, f"the device '{brief(key)}'")
        device = _read(reader, key.text, key, table)
        if device is not None and _is_free(reader, device, key, taken):
            found[key.text] = device
    return found


def read_device_file(path: str) -> Device:
    """The device in a file, with its keys at the top, called as ``name`` says or the file; raises ConfigError."""
    from archcost.spec.toml import parse_toml, toml_source

    source = toml_source(path, lambda: _content(path))
    table = parse_toml(source)
    reader = Reader(Problems(source))
    reader.keys(table, ("name", "measured", *DEVICE_KEYS), "a device")
    name: str | None = os.path.basename(path).removesuffix(ENDING)
    if "name" in table.entries:
        value = table.entries["name"][1]
        name = reader.text(value, "'name'")
        if name is not None and not _can_name(reader, value, name):
            name = None
    device = _read(reader, name or "", table, table)
    if "measured" in table.entries:
        measured = read_measured(reader, table.entries["measured"][1])
        device = device._replace(measured=measured) if device else None
    if reader.problems or device is None:
        raise ConfigError(reader.problems.error().diagnostics)
    return device


def _content(path: str) -> bytes:
    """What a file holds; behind a link on the way only one that is called as a device file is, for messages show it."""
    real, is_linked = located(path)
    if not is_linked:
        return read_named(real, MAX_BYTES)
    if not real.endswith(ENDING):
        raise FileError(f"it leads to a file whose name does not end in {ENDING}")
    return DISK.read(real, MAX_BYTES)


def _read(reader: Reader, name: str, place: Value, table: Table) -> Device | None:
    """A device; None, and the problems, where it cannot be read."""
    before = len(reader.problems)
    entries = table.entries
    figures = {key: value for key in FIGURES if key in entries and (value := _figure(reader, key, entries[key][1]))}
    words = {key: text for key in _WORDS if key in entries and (text := reader.text(entries[key][1], f"'{key}'"))}
    if words.get("kind", KINDS[0]) not in KINDS:
        hint = suggestion(words["kind"], list(KINDS), "kinds")
        reader.report(f"there is no kind of devices '{words['kind']}'", entries["kind"][1], hint)
    aliases = _aliases(reader, entries["aliases"][1]) if "aliases" in entries else ()
    source = reader.text(entries["source"][1], "'source'") if "source" in entries else ""
    if "memory" not in entries:
        reader.report(f"the device '{name}' has no memory", place, _MEMORY)
    elif figures.get("usable", 0) > figures.get("memory", 0) > 0:
        hint = "`usable` is what programs find of `memory`"
        reader.report(f"the device '{name}' has less memory than is usable", entries["usable"][1], hint)
    if len(reader.problems) > before or "memory" not in figures:
        return None
    mark = place.mark
    cited = (Citation(f"{mark.source.name}:{mark.line + 1}", source or ""),)
    values: dict[str, Any] = {**words, **attributes(figures)}
    return Device(name=name, aliases=aliases, sources=cited, **values)


def _figure(reader: Reader, key: str, value: Value) -> int | None:
    if not isinstance(value, Scalar):
        reader.report(f"'{key}' is one figure, got {brief(value)}", value, _way(key))
        return None
    try:
        return figure(key, value.text)
    except UnitError as error:
        reader.report(f"'{key}': {error}", value, _way(key))
        return None


def _way(key: str) -> str:
    """How a figure is written, and what to do where nobody knows it."""
    unknown = "" if key == "memory" else ", or leave it out where it is not known"
    return f'write `{key} = "{FIGURES[key].example}"`{unknown}'


def _aliases(reader: Reader, value: Value) -> tuple[str, ...]:
    items = value.items if isinstance(value, Sequence) else [value]
    texts = [(item, reader.text(item, "an alias")) for item in items]
    return tuple([text for item, text in texts if text is not None and _can_name(reader, item, text)])


def _can_name(reader: Reader, place: Value, name: str) -> bool:
    """Whether a text can name a device: letters and digits, with hyphens between them."""
    if plain(name) and all(char.isalnum() or char in "-_" for char in name):
        return True
    reader.report(f"'{brief(place)}' cannot name a device", place, "use letters, digits, _ and -")
    return False


def _is_free(reader: Reader, device: Device, key: Value, taken: dict[str, str]) -> bool:
    """Whether no other device of the configuration is called so; its names are taken from then on."""
    names = {plain(name): name for name in (device.name, *device.aliases)}
    twice = [name for each, name in names.items() if each in taken]
    for name in twice[:1]:
        message = f"'{name}' names two devices: this one and '{taken[plain(name)]}'"
        reader.report(message, key, "case and hyphens make no other name")
    taken.update(dict.fromkeys(names, device.name))
    return not twice
