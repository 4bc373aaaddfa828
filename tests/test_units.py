"""Counts, bytes and percentages: exact to parse, honest to print."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.phrases import listed
from archcost.quantities import (
    BYTES,
    UnitError,
    format_bytes,
    format_bytes_twice,
    format_count,
    format_share,
    parse_bytes,
    parse_count,
    parse_percent,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        (7, 7),
        ("1.1 k", 1100),
        ("4.1 G", 4_100_000_000),
        ("1_582_671_872", 1_582_671_872),
        ("1,582,671,872", 1_582_671_872),
        ("159 Ki", 159 * 1024),
        ("1e6", 10**6),
        ("0.5M", 500_000),
    ],
)
def test_counts(text: str, value: int) -> None:
    assert parse_count(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("64 MiB", 64 * 2**20), ("1.5 kB", 1500), ("12 B", 12), ("2GiB", 2 * 2**30)]
)
def test_bytes(text: str, value: int) -> None:
    assert parse_bytes(text) == value


def test_percentages() -> None:
    assert parse_percent("5%") == Fraction(1, 20)
    assert parse_percent("0.1 %") == Fraction(1, 1000)


@pytest.mark.parametrize("text", ["", "k", "4.1 X", "4 MiB", "1.2.3", "five", "--1", "1 %", "E0", "e5", "."])
def test_counts_refuse_what_is_none(text: str) -> None:
    with pytest.raises(UnitError):
        parse_count(text)


@pytest.mark.parametrize("text", ["64", 64, "64 M", "64 Mi", "5%"])
def test_a_bare_number_is_no_memory_size(text: str | int) -> None:
    with pytest.raises(UnitError):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0 k"),
        (99_949, "99.9 k"),
        (99_950, "100 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (1_582_671_872, "1.58 G"),
        (-12_345, "-12.3 k"),
        (999_499 * 10**15, "999 E"),
        (999_500 * 10**15, "1.00e21"),
        (-(10**24), "-1.00e24"),
    ],
)
def test_counts_are_printed_in_three_digits(value: int, text: str) -> None:
    assert format_count(value) == text


@given(st.integers(min_value=10_000, max_value=10**18))
def test_a_printed_count_is_within_half_of_its_last_digit(value: int) -> None:
    text = format_count(value)
    digits = text.split()[0]
    printed = parse_count(text)
    last = Fraction(10) ** -len(digits.partition(".")[2]) * (printed / Fraction(digits) if Fraction(digits) else 1)
    assert abs(printed - value) <= last / 2
    assert len(digits.replace(".", "")) == 3


@given(st.integers(min_value=0, max_value=2**60))
def test_printed_bytes_have_at_most_four_digits(value: int) -> None:
    number, unit = format_bytes(value).split()
    assert unit in BYTES
    assert len(number.replace(".", "")) <= 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (768, "768 B"),
        (1023, "1,023 B"),
        (1024, "1,024 B (1.00 KiB)"),
        (2_408_448, "2,408,448 B (2.30 MiB)"),
    ],
)
def test_bytes_are_rounded_beside_the_exact_number_where_that_is_longer(value: int, text: str) -> None:
    assert format_bytes_twice(value) == text
    turned = re.sub(r"(.* B) \((.*)\)", r"\2 (\1)", text)
    assert format_bytes_twice(value, rounded_first=True) == turned


@pytest.mark.parametrize(
    ("names", "count", "text"),
    [
        ([], 0, ""),
        (["a"], 1, "a"),
        (["a", "b"], 2, "a, b"),
        (["a", "b"], 3, "a, b and 1 more"),
        (["a"], 1235, "a and 1,234 more"),
    ],
)
def test_the_first_of_many_names_say_how_many_there_are_more(names: list[str], count: int, text: str) -> None:
    assert listed(names, count) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 10, "0%"),
        (1, 10_000, "<0.1%"),
        (1, 3, "33.3%"),
        (3, 3, "100.0%"),
        (9, 1, "900.0%"),
        (246, 10, "2,460%"),
        (0, 0, "0%"),
    ],
)
def test_shares(part: int, whole: int, text: str) -> None:
    assert format_share(part, whole) == text


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("explain", "memory           weights 32.5 KiB; peak activations 768 B while linear runs"),
        ("memory", "peak activations 768 B while linear runs"),
    ],
)
def test_a_small_peak_is_told_once(run: Callable[..., Run], tmp_path: Path, command: str, line: str) -> None:
    """An input of 64 and an output of 128 floats: 4 · (64 + 128) = 768 bytes."""
    path = tmp_path / "small.yaml"
    path.write_text("archcost: 1\ninput: [64]\nlayers: [{linear: {out_features: 128}}]\n", encoding="utf-8")
    assert line in run(command, str(path)).out.splitlines()
