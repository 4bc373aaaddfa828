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
    "two devices": ({"goal": "latency@a100-sxm-80gb", "device": "rtx4090"}, "the device is rtx4090"),
}


@pytest.mark.parametrize(("given", "words"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(CallError, match=words):
        archcost.suggest("conv5x5", **given)


@pytest.mark.parametrize("numbers", ["all,1", "1,all", "", "1,"])
def test_all_stands_alone(numbers: str) -> None:
    with pytest.raises(CallError, match="numbers of the list such as 1,3, or all"):
        archcost.suggest("conv5x5").apply(numbers)


def test_a_target_above_all_there_is_holds_already() -> None:
    found = archcost.suggest("conv5x5", target="1e999")
    assert found.reached
    assert found.target is not None
    assert found.target.allowed == found.before.macs
