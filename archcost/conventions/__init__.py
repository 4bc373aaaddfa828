"""How other tools count: each convention is a table of rules over op kinds, and gives the tool's own figure.

A convention is loaded by its name, :func:`convention`; :func:`archcost.conventions.tool_report.read` holds it against a
report. Nothing here runs a tool or imports torch: the tests do that, and demand equality to the unit.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from archcost.errors import UsageError, suggestion

if TYPE_CHECKING:
    from archcost.conventions.model import Convention

ARCHCOST = "archcost"
TOOLS = ("torch", "fvcore", "torchinfo", "ptflops", "ptflops-aten", "thop", "calflops")
NAMES = (ARCHCOST, *TOOLS)
_ALSO_SOUGHT = ("torchprofile",)  # behind published figures; its rules are read off its source, and no test runs it


def convention(name: str) -> Convention:
    """The convention of this name; raises UsageError with close names."""
    if name not in NAMES:
        raise UsageError(f"there is no convention '{name}'", suggestion(name, NAMES, "conventions"))
    return _load(name)


def sought() -> list[Convention]:
    """The conventions behind published figures: those of the tools, and of some that are not offered by name."""
    return [_load(name) for name in (*TOOLS, *_ALSO_SOUGHT)]


def _load(name: str) -> Convention:
    loaded: Convention = import_module(f"archcost.conventions.{name.replace('-', '_')}").CONVENTION
    return loaded
