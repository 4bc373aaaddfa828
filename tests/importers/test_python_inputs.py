"""Inputs as Python gives them to `import_model`, and advice in Python's words."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

import archcost
from archcost.errors import UsageError
from archcost.given_inputs import given_inputs
from archcost.settings import THE_ONLY

IMAGE = {THE_ONLY: ((3, 32, 32), "")}
BOTH = {"x": ((10, 32), ""), "pad": ((10,), "bool")}
GIVEN: list[tuple[Any, Any]] = [
    (None, {}),
    ("3x32x32", IMAGE),
    ((3, 32, 32), IMAGE),
    ([3, 32, 32], IMAGE),
    (["3x32x32"], IMAGE),
    (8, {THE_ONLY: ((8,), "")}),
    ((), {THE_ONLY: ((), "")}),
    ("x=10x32 pad=10:bool", BOTH),
    (["x=10x32", "pad=10:bool"], BOTH),
    ({"x": "10x32", "pad": "10:bool"}, BOTH),
    ({"x": (10, 32), "pad": "10:bool"}, BOTH),
    ({"x": 8}, {"x": ((8,), "")}),
]
WRONG: list[Any] = [
    {"x": "a"},
    {"x": "y=8"},
    {"x": 1.5},
    {"x": None},
    ["x", 3],
    [1.5],
    1.5,
    object(),
    "8 9",
    ["8", "9"],
]


@pytest.mark.parametrize(("given", "wanted"), GIVEN)
def test_inputs_are_sizes_or_texts(given: Any, wanted: Any) -> None:
    found = given_inputs(given)
    assert {name: (tuple(shape), shape.dtype) for name, shape in found.items()} == wanted


@pytest.mark.parametrize("given", WRONG, ids=range(len(WRONG)))
def test_others_are_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="inputs"):
        given_inputs(given)


def test_errors_are_public_and_speak_python() -> None:
    with pytest.raises(UsageError) as caught:
        archcost.import_model(nn.Linear(8, 4), "7")
    assert type(caught.value) is UsageError
    for give in (None, {"y": 8}):
        with pytest.raises(UsageError) as caught:
            archcost.import_model(nn.Bilinear(8, 8, 4), give)
        assert "--" not in caught.value.help
        assert "inputs=" in caught.value.help or "known inputs" in caught.value.help
