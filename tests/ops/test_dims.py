"""The helpers of dims.py on ints and on arrays."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost import dims

SMALL = st.integers(-50, 50)
SIZES = st.integers(1, 1000)


def both(function: object, *arguments: int) -> int:
    """The result on ints, after comparing it with that on arrays."""
    scalar = function(*arguments)  # type: ignore[operator]
    array = function(*[np.array([argument, argument]) for argument in arguments])  # type: ignore[operator]
    assert array.tolist() == [scalar, scalar]
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
    array = dims.scaled(np.array([size]), factor)  # type: ignore[arg-type]
    assert type(scalar) is int
    assert scalar == math.floor(size * factor)
    assert array.dtype == np.int64  # type: ignore[attr-defined]
    assert array.tolist() == [scalar]  # type: ignore[attr-defined]


@given(st.integers(1, 5), st.integers(1, 5))
def test_broadcasting(a: int, b: int) -> None:
    try:
        expected = np.broadcast_shapes((a,), (b,))[0]
    except ValueError:
        assert not dims.dims_compatible(a, b)
    else:
        assert dims.dims_compatible(a, b)
        assert both(dims.broadcast_dim, a, b) == expected


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


def test_concrete() -> None:
    assert dims.concrete(3) == 3
    assert dims.concrete(np.array([3, 3])) == 3  # type: ignore[arg-type]
    assert type(dims.concrete(np.array([3, 3]))) is int  # type: ignore[arg-type]
    with pytest.raises(dims.VaryingSizeError, match="must be the same for all variants, got values from 2 to 3"):
        dims.concrete(np.array([3, 2]))  # type: ignore[arg-type]


def test_always() -> None:
    assert dims.always(True)
    assert not dims.always(False)
    assert dims.always(np.array([True, True]))  # type: ignore[arg-type]
    assert not dims.always(np.array([True, False]))  # type: ignore[arg-type]
