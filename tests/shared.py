"""What many tests look at, made once in a session. It is for reading: whoever changes something makes their own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import archcost

if TYPE_CHECKING:
    from archcost.analysis.report import Report


@cache
def zoo_report(name: str) -> Report:
    """A model of the zoo as it is by default."""
    return archcost.analyze(name)
