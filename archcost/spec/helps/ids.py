"""Ids that are none: steps counted backwards, as darknet and Ultralytics name them, the step before, and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEFORE = ("previous", "prev", "last", "before", "x")
_MAX_DIGITS = 6


def id_help(name: str, steps: Sequence[str]) -> str:
    """The help for an id that is a number, a word for the step before, or has an expression in its midst.

    ``steps`` are the ids of those before, in order.
    """
    text, opened, rest = name.partition("$(")
    inner, closed, after = rest.rpartition(")")
    if text and opened and closed and not after and '"' not in name:
        listed = f'["{text}" + str({inner})]'
        return f"an expression is the whole list: write `from: $({listed})`, the other ids in it, too"
    digits = name.removeprefix("-")
    if digits.isdecimal() and len(digits) <= _MAX_DIGITS:
        place = int(name)
        if -len(steps) <= place < len(steps):
            return f"steps have names: write `{steps[place]}`"
    if name.lower() in _BEFORE and steps:
        return f"write `{steps[-1]}`, the step before; without `from` it is read anyway"
    return ""
