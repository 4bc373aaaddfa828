"""What asks for nothing that can be is refused, and says what may be asked for instead."""

from __future__ import annotations

from typing import Any

import pytest

import archcost
from archcost.errors import CallError

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an amount below 0": ({"target": "-5"}, "at least 0"),
    "no rewrite": ({"only": ""}, "--only got an empty name"),
    "a comma alone": ({"only": ","}, "--only got an empty name"),
    "no path": ({"at": [""]}, "--at got an empty name"),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(CallError, match=words):
        archcost.suggest("conv5x5", **given)
