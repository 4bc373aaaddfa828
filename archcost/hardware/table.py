"""The devices that ship, from ``devices.csv``, a row each, and what their figures were read in, from ``sources.csv``.

A row has a source and, where there is one, a second that confirms it. What no source was seen for is left empty.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from archcost.hardware.device import Citation, Device
from archcost.hardware.figures import FIGURES, attributes, figure

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE = os.path.dirname(os.path.abspath(__file__))
_MOST_BYTES = 4 << 20
_WORDS = ("name", "title", "vendor", "kind", "basis", "note")


@cache
def shipped() -> Mapping[str, Device]:
    """The devices by name, in the order of the table."""
    cited = {row["name"]: Citation(**row) for row in _rows("sources.csv")}
    return {row["name"]: _device(row, cited) for row in _rows("devices.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    import csv

    from archcost.files import read_named

    text = read_named(os.path.realpath(os.path.join(_HERE, name)), _MOST_BYTES).decode()
    return list(csv.DictReader(text.splitlines()))


def _device(row: Mapping[str, str], cited: Mapping[str, Citation]) -> Device:
    figures = {name: figure(name, f"{row[name]} {kind.unit}".rstrip()) for name, kind in FIGURES.items() if row[name]}
    values: dict[str, Any] = {**{name: row[name] for name in _WORDS}, **attributes(figures)}
    return Device(
        aliases=tuple(row["aliases"].split()),
        sources=tuple([cited[row[name]] for name in ("source", "second_source") if row[name]]),
        usable_source=cited.get(row["usable_source"]),
        cache_source=cited.get(row["cache_source"]),
        **values,
    )
