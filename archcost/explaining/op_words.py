"""What an op says of itself: the words of its class."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.ops.base import Op

_COSTS = re.compile(r"\b(MACs|FLOPs?)\b")
_MINUS = re.compile(r"`[^`]*`|(?<=\S) - (?=\S)|(?<![\w`-])-(?=[^\W\d])")  # between two terms, or before one


def words_of(op: Op | type[Op]) -> str:
    """The docstring of an op, with true minus signs in its formulas; what is typed stands as it is."""
    return _MINUS.sub(_true_minus, inspect.getdoc(op) or "")


def _true_minus(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("`") else found[0].replace("-", "−")


def first_line(words: str) -> str:
    """The line that says what the op computes, and what that costs."""
    return words.partition("\n")[0]


def computed(words: str) -> str:
    """What the op computes, without what that costs: the parts of the first line that name no MACs or FLOPs."""
    parts = first_line(words).replace(": MACs", "; MACs").split("; ")
    return "; ".join([part for part in parts if not _COSTS.search(part)]).rstrip(".")
