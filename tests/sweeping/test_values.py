from __future__ import annotations

import pytest

from archcost.errors import ArgumentError, Source
from archcost.sweeping.axes import read_vary, read_zip
from archcost.sweeping.values import MAX_VALUES, piece_of, read_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("3,5,7", (3, 5, 7)),
        ("1..8", (1, 2, 3, 4, 5, 6, 7, 8)),
        ("8..6", (8, 7, 6)),
        ("128..224..32", (128, 160, 192, 224)),
        ("224..128..-32", (224, 192, 160, 128)),
        ("1..8..3", (1, 4, 7)),  # 10 is past the end
        ("1:3", (1, 2, 3)),
        ("0.1:0.5:0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("0.5..1..0.25", (0.5, 0.75, 1.0)),
        ("1..3,8,16", (1, 2, 3, 8, 16)),
        ("relu,gelu", ("relu", "gelu")),
        ("'a,b',c", ("a,b", "c")),
        ("true,false,null", (True, False, None)),
        ("[16,32],[32,64]", ([16, 32], [32, 64])),
        ("[[1,2],[3]],[]", ([[1, 2], [3]], [])),
        ("1, 2 , 3", (1, 2, 3)),
        ("1,true", (1, True)),
        ("-1..1", (-1, 0, 1)),
        ("a:b", ("a:b",)),
        ("1...5", ("1...5",)),  # no range from 1 to .5
        ("5..5", (5,)),
    ],
)
def test_values(text: str, values: tuple[object, ...]) -> None:
    found = read_values(piece_of(Source("--vary", text), 0, len(text)))
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


def test_steps_are_decimal() -> None:
    (*values,) = read_vary("width=0.25:1.5:0.05").values
    assert len(values) == 26  # (1.5 - 0.25) / 0.05 + 1
    assert repr(values[1][0]) == "0.3"
    assert values[-1] == (1.5,)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("width=1,2,1", 10, "the value 1 stands here for the second time"),
        ("width=1,1.0", 8, "the value 1.0 stands here for the second time"),
        ("width=1,,2", 8, "there is no value here"),
        ("width=", 6, "there is no value here"),
        ("width=[1,2", 6, "[1,2 is not closed"),
        ("width=1],2", 7, "a ']' that nothing opens"),
        ("width=5..1..1", 6, "5..1..1 has no values: a step of 1 does not lead from 5 to 1"),
        ("width=0..1..0", 6, "a step of 0 leads nowhere"),
        ("width=1:999999", 6, f"1:999999 is 999,999 values, and an axis has at most {MAX_VALUES:,}"),
        (
            "width=1..1e999",
            6,
            "1..1e999 is more than 1,000,000,000,000 values, and an axis has at most 65,536",
        ),
        ("width=1,0.1:0.5", 8, "0.1:0.5 is 0.1 alone: a step of 1 leads beyond 0.5"),
        ("width=1..8..10", 6, "1..8..10 is 1 alone: a step of 10 leads beyond 8"),
        ("width=[{a: 1},2],[3]", 6, "a mapping is no value of a param"),
        ("width={a: 1}", 6, "a mapping is no value of a param"),
        ("width", 0, "--vary takes NAME=VALUES"),
    ],
)
def test_wrong_values_have_a_caret(text: str, column: int, message: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        read_vary(text)
    assert raised.value.diagnostic.message == message
    assert raised.value.diagnostic.mark is not None
    assert raised.value.diagnostic.mark.column == column


def test_a_range_of_fractions_asks_for_its_step() -> None:
    with pytest.raises(ArgumentError) as raised:
        read_vary("width=0.1:0.5")
    assert raised.value.diagnostic.help == "say the step: `0.1:0.5:0.1`"


def test_zip() -> None:
    wish = read_zip("a,b=1/10,2/20")
    assert [name.text for name in wish.names] == ["a", "b"]
    assert wish.values == ((1, 10), (2, 20))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b=1/10,2", "1 value for 2 params"),
        ("a,b=1/10,1/10", "the value [1,10] stands here for the second time"),
        ("a,b=1..2/3,4/5", "1..2 is 2 values, and a step has one for each param"),
    ],
)
def test_wrong_zip(text: str, message: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        read_zip(text)
    assert raised.value.diagnostic.message == message
