"""How other tools count: each convention is a table of rules over op kinds, and gives the tool's own figure.

A convention is loaded by its name, :func:`convention`, an earlier version by ``NAME@VERSION``;
:func:`archcost.conventions.tool_report.read` holds it against a report. Nothing here runs a tool or imports torch: the
tests do that, and demand equality to the unit.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from archcost.errors import UsageError, suggestion

if TYPE_CHECKING:
    from archcost.conventions.model import Convention

ARCHCOST = "archcost"
TOOLS = ("torch", "fvcore", "torchinfo", "ptflops", "ptflops-aten", "thop", "calflops")
NEWER = ("torchprofile", "ultralytics-thop", "deepspeed")  # which the tests run from folders of their own
ALL_TOOLS = (*TOOLS, *NEWER)
EARLIER = ("torchprofile@0.0.4", "ultralytics-thop@2.0.18", "deepspeed@0.16.9")
OF_FILES = ("onnx-tool",)  # which count what an exporter has written; asked by name
NAMES = (ARCHCOST, *ALL_TOOLS, *EARLIER, *OF_FILES)


def convention(name: str) -> Convention:
    """The convention of this name; raises UsageError with close names."""
    if name not in NAMES:
        raise UsageError(f"there is no convention '{name}'", suggestion(name, NAMES, "conventions"))
    return _load(name)


def sought() -> list[Convention]:
    """The conventions behind published figures; those that give nearly another's would only fit by chance as well."""
    return [_load(name) for name in (*TOOLS, "torchprofile")]


def _load(name: str) -> Convention:
    tool, _, version = name.partition("@")
    module = import_module(f"archcost.conventions.{tool.replace('-', '_')}")
    loaded: Convention = module.EARLIER[version] if version else module.CONVENTION
    return loaded
