"""YAML 1.2 scalars, and the places of keys and values."""

from __future__ import annotations

import math
from typing import Any

import pytest
from language import shapes

import archcost
from archcost.errors import Source
from archcost.spec.document import Mapping, Scalar, Sequence, parse_document

SCALARS: dict[str, Any] = {
    # the core schema
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "0": 0,
    "12": 12,
    "-12": -12,
    "+12": 12,
    "010": 10,
    "0o17": 15,
    "0x1F": 31,
    "1e6": 1e6,
    "1E6": 1e6,
    "1.5": 1.5,
    ".5": 0.5,
    "5.": 5.0,
    "-1.5e-3": -1.5e-3,
    "+.5e+1": 5.0,
    ".inf": math.inf,
    "-.INF": -math.inf,
    "+.Inf": math.inf,
    # text, unlike in YAML 1.1
    "no": "no",
    "yes": "yes",
    "on": "on",
    "off": "off",
    "y": "y",
    "nULL": "nULL",
    "tRUE": "tRUE",
    "3:20": "3:20",
    "1:30:00": "1:30:00",
    "1_000": "1_000",
    "0b11": "0b11",
    "0O17": "0O17",
    "-0x1f": "-0x1f",
    "1e": "1e",
    "e6": "e6",
    ".": ".",
    "..": "..",
    "-": "-",
    "1.2.3": "1.2.3",
    "2014-09-17": "2014-09-17",
    "inf": "inf",
    "nan": "nan",
    ".iNf": ".iNf",
    "<<": "<<",
    "=": "=",
    "3x3": "3x3",
    "1x1": "1x1",
    "$(a)": "$(a)",
    "ｎ": "ｎ",
    "١٢": "١٢",  # digits that are not ASCII
    "9" * 41: "9" * 41,
    # quoted values are text
    '"1"': "1",
    "'true'": "true",
    '""': "",
    "'~'": "~",
    '"a\\tb"': "a\tb",
    "'it''s'": "it's",
}


def plain(text: str) -> Any:
    return parse_document(Source("spec.yaml", text))[0].plain()


@pytest.mark.parametrize("text", SCALARS)
def test_scalars(text: str) -> None:
    if text != "-":  # alone in a list it would be an item
        assert plain(f"[{text}, {text}]" if text else "[~]") == [SCALARS[text]] * (2 if text else 1)
    found = plain(f"key: {text}\n" if text != "-" else 'key: "-"\n')["key"]
    assert found == SCALARS[text]
    assert type(found) is type(SCALARS[text])


def test_not_a_number() -> None:
    assert all(math.isnan(value) for value in plain("[.nan, .NaN, .NAN]"))


def test_long_numbers() -> None:
    assert plain("0.1000000000000000055511151231257827021181583404541015625") == 0.1
    assert plain("9" * 40) == int("9" * 40)


def test_keys_are_text() -> None:
    assert plain("{1: a, 3x3: b, true: c, ~: d, 1.0: e}") == {"1": "a", "3x3": "b", "true": "c", "~": "d", "1.0": "e"}


def test_folded_and_literal_text() -> None:
    assert plain("a: |\n  1\n  2\nb: >\n  1\n  2\n") == {"a": "1\n2\n", "b": "1 2\n"}


def test_aliases_stand_for_values() -> None:
    assert plain("a: &x [1, {b: 2}]\nc: *x\nd: [*x, &y no, *y]") == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": [[1, {"b": 2}], "no", "no"],
    }


def test_values_know_their_places() -> None:
    text = "# first\r\nlayers:\r\n  - conv2d: {out_channels: 4}\r\n  - 漢字: [a, 'b c']\r\n"
    root, problems = parse_document(Source("spec.yaml", text))
    assert problems == []
    assert isinstance(root, Mapping)
    key, value = root.entries["layers"]
    assert str(key.mark) == "spec.yaml:2:1"
    assert key.mark.length == len("layers")
    assert isinstance(value, Sequence)
    first, second = value.items
    assert isinstance(first, Mapping)
    assert isinstance(second, Mapping)
    assert str(first.entries["conv2d"][0].mark) == "spec.yaml:3:5"
    inner = first.entries["conv2d"][1]
    assert isinstance(inner, Mapping)
    assert str(inner.entries["out_channels"][0].mark) == "spec.yaml:3:14"
    assert str(inner.entries["out_channels"][1].mark) == "spec.yaml:3:28"
    words = second.entries["漢字"][1]
    assert isinstance(words, Sequence)
    assert [str(item.mark) for item in words.items] == ["spec.yaml:4:10", "spec.yaml:4:13"]
    assert words.items[1].mark.length == len("'b c'")


def test_quoted_values_are_told_from_plain_ones() -> None:
    root, _ = parse_document(Source("spec.yaml", "[1, '1']"))
    assert isinstance(root, Sequence)
    assert [item.quoted for item in root.items if isinstance(item, Scalar)] == [False, True]


SPLIT = {
    "a value": ("{a: $(max(1, 2)), b: 3}", {"a": "$(max(1, 2))", "b": 3}),
    "the last value": ("{a: $(max(1, 2))}", {"a": "$(max(1, 2))"}),
    "an item": ("[$(max(1, 2)), 3]", ["$(max(1, 2))", 3]),
    "a pair in a list": ("[a: $(max(1, 2)), b]", [{"a": "$(max(1, 2))"}, "b"]),
    "a key": ("{$(f(1, 2)): {x: 1}, y: 2}", {"$(f(1, 2))": {"x": 1}, "y": 2}),
    "several commas": ("{a: $(max(1, 2, (3), 4)), b: }", {"a": "$(max(1, 2, (3), 4))", "b": None}),
    "over two lines": ("{a: $(max(1,\n  2)), b: 3}", {"a": "$(max(1,\n  2))", "b": 3}),
    "two of them": ("{a: $(f(1, 2)), b: $(f(3, 4))}", {"a": "$(f(1, 2))", "b": "$(f(3, 4))"}),
}


@pytest.mark.parametrize("name", SPLIT)
def test_an_expression_that_yaml_cuts_is_reported_and_read_as_it_was_meant(name: str) -> None:
    text, expected = SPLIT[name]
    root, problems = parse_document(Source("spec.yaml", text))
    assert root.plain() == expected
    assert len(problems) == text.count("$")
    assert all("YAML ends this expression at a comma" in problem.message for problem in problems)


WHOLE = {
    "a whole float": ("linear: {out_features: 1e1}", (1, 8, 4, 10)),
    "with a point": ("linear: {out_features: 10.0}", (1, 8, 4, 10)),
    "in a list": ("conv2d: {out_channels: 8, kernel_size: [3.0, 1], padding: [1e0, 0]}", (1, 8, 4, 4)),
    "hexadecimal": ("linear: {out_features: 0x10}", (1, 8, 4, 16)),
    "a leading zero": ("linear: {out_features: 010}", (1, 8, 4, 10)),
    "octal": ("linear: {out_features: 0o17}", (1, 8, 4, 15)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers(name: str) -> None:
    step, expected = WHOLE[name]
    assert list(shapes(f"layers: [{step}]").values()) == [expected]


def test_no_is_text_and_no_boolean() -> None:
    with pytest.raises(archcost.SpecError, match="expected true or false, got 'no'"):
        shapes("layers: [linear: {out_features: 3, bias: no}]")
