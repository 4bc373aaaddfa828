"""Ids that are none: steps counted backwards, as darknet and Ultralytics name them, and words for the step before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEFORE = ("previous", "prev", "last", "before", "x")
_MAX_DIGITS = 6


def id_help(name: str, steps: Sequence[str]) -> str:
    """The help for an id that is a number, or a word for the step before; ``steps`` are those before, in order."""
    digits = name.removeprefix("-")
    if digits.isdecimal() and len(digits) <= _MAX_DIGITS:
        place = int(name)
        if -len(steps) <= place < len(steps):
            return f"steps have names: write `{steps[place]}`"
    if name.lower() in _BEFORE and steps:
        return f"write `{steps[-1]}`, the step before; without `from` it is read anyway"
    return ""
