"""The helpers of dims.py on ints and on tables."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost import dims
from tests.ops.table import table

SMALL = st.integers(-50, 50)
SIZES = st.integers(1, 1000)


def both(function: object, *arguments: int) -> int:
    """The result on ints, after comparing it with that on tables."""
    scalar = function(*arguments)  # type: ignore[operator]
    several = function(*[table(argument, argument) for argument in arguments])  # type: ignore[operator]
    assert several.entries == (scalar, scalar)
    return int(scalar)


@given(SMALL, SMALL, SMALL)
def test_order(a: int, b: int, c: int) -> None:
    assert both(dims.smaller, a, b) == min(a, b)
    assert both(dims.larger, a, b) == max(a, b)
    low, high = min(b, c), max(b, c)
    assert both(dims.clamp, a, low, high) == min(max(a, low), high)


@given(SMALL, st.integers(1, 20))
def test_ceil_div(a: int, b: int) -> None:
    assert both(dims.ceil_div, a, b) == math.ceil(a / b)


@given(SIZES, st.floats(0.01, 8))
def test_scaled(size: int, factor: float) -> None:
    scalar = dims.scaled(size, factor)
    assert type(scalar) is int
    assert scalar == math.floor(size * factor)
    assert dims.scaled(table(size, 1), factor).entries == (scalar, math.floor(factor))  # type: ignore[attr-defined]


@given(st.integers(1, 5), st.integers(1, 5))
def test_broadcasting(a: int, b: int) -> None:
    assert dims.dims_compatible(a, b) == (a == b or 1 in (a, b))
    if dims.dims_compatible(a, b):
        assert both(dims.broadcast_dim, a, b) == max(a, b)


@given(st.integers(1, 30), st.integers(1, 6), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_windows_are_the_positions_where_a_kernel_fits(size: int, kernel: int, stride: int, pad: int, gap: int) -> None:
    span = gap * (kernel - 1) + 1
    starts = [start for start in range(0, size + 2 * pad, stride) if start + span <= size + 2 * pad]
    if starts:
        assert both(dims.window_size, size, kernel, stride, 2 * pad, gap) == len(starts)
    transposed = both(dims.transposed_window_size, len(starts), kernel, stride, pad, 0, gap)
    if starts:
        assert transposed == starts[-1] + span - 2 * pad


def test_numel_and_total() -> None:
    assert dims.numel(()) == 1
    assert dims.numel((2, 3, 4)) == 2 * 3 * 4
    assert dims.total(()) == 0
    assert dims.total([2, 3]) == 2 + 3


PLAIN = [3, True, False, "relu", 2.5, None, ["a", "b"]]


@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_a_plain_value_is_decided(value: object) -> None:
    assert dims.decided(value) is value


def test_a_table_is_decided_where_all_candidates_agree() -> None:
    assert dims.decided(table(3, 3)) == 3
    assert dims.decided(table("conv2d", "conv2d")) == "conv2d"
    assert dims.decided(table(3, 4) > 2) is True
    assert dims.decided(table(3, 4) > 4) is False
    with pytest.raises(dims.VaryingSizeError, match="must be the same for all variants, got values from 2 to 3"):
        dims.decided(table(3, 2))
    with pytest.raises(dims.VaryingSizeError):
        dims.decided(table(3, 2) > 2)
