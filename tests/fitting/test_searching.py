"""The largest size that fits, found on any need that does not fall: it fits, and one more does not."""

from __future__ import annotations

from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.fitting.searching import BEYOND, MEMORY, MOST, NOTHING, SPEC, Largest, largest

SIZES = st.integers(0, 10**6)
CAPACITIES = st.integers(0, 10**12)


@given(fixed=SIZES, each=st.integers(1, 10**6), capacity=CAPACITIES)
def test_a_need_that_grows_evenly_is_divided(fixed: int, each: int, capacity: int) -> None:
    found = largest(lambda size: fixed + each * size, capacity)
    assert found == Largest(max(0, (capacity - fixed) // each), MEMORY)


@given(each=st.integers(1, 1000), capacity=CAPACITIES)
def test_a_need_that_grows_with_the_square_has_its_root(each: int, capacity: int) -> None:
    assert largest(lambda size: each * size * size, capacity) == Largest(isqrt(capacity // each), MEMORY)


@given(steps=st.lists(SIZES, min_size=1, max_size=60), capacity=st.integers(0, 3 * 10**7))
def test_a_need_of_any_steps_is_searched_to_the_unit(steps: list[int], capacity: int) -> None:
    """Some steps are flat, some high: convex, concave and neither; behind the last the spec allows no more."""
    needs = [sum(steps[: place + 1]) for place in range(len(steps))]

    def need(size: int) -> int | None:
        return needs[size - 1] if size <= len(needs) else None

    fitting = [size for size in range(1, len(needs) + 1) if needs[size - 1] <= capacity]
    expected = Largest(max(fitting, default=0), SPEC if len(fitting) == len(needs) else MEMORY)
    assert largest(need, capacity) == expected


@given(jump=st.integers(2, 10**9), capacity=st.integers(1, 10**9))
def test_a_step_somewhere_is_found_in_few_tries(jump: int, capacity: int) -> None:
    tries = []

    def need(size: int) -> int:
        tries.append(size)
        return capacity + (size >= jump)

    assert largest(need, capacity) == Largest(jump - 1, MEMORY)
    assert len(tries) == len(set(tries)) <= 4 * 31  # by halves and by lines, of 2^30


@given(bound=st.integers(1, 10**6), each=st.integers(0, 1000), capacity=st.integers(10**9, 10**12))
def test_what_the_spec_bounds_says_so(bound: int, each: int, capacity: int) -> None:
    found = largest(lambda size: each * size if size <= bound else None, capacity)
    assert found == Largest(bound, SPEC)


def test_what_does_not_grow_is_bounded_by_nothing() -> None:
    assert largest(lambda _: 7, 7) == Largest(MOST, NOTHING)
    assert largest(lambda _: 7, 6) == Largest(0, MEMORY)
    assert largest(lambda _: None, 6) == Largest(0, SPEC)


def test_what_grows_and_always_fits_is_told_as_such() -> None:
    assert largest(lambda size: size, MOST) == Largest(MOST, BEYOND)
    assert largest(lambda size: size, MOST - 1) == Largest(MOST - 1, MEMORY)


@pytest.mark.parametrize("rest", [-1, 0, 1])
def test_the_edge_is_exact(rest: int) -> None:
    """100 · n bytes on 100 · 2^20 and one byte less or more."""
    assert largest(lambda size: 100 * size, 100 * 2**20 + rest).size == 2**20 + min(rest, 0)
