"""Pairs of variants: when their predicted order counts, and when it is wrong."""

from __future__ import annotations

import pytest

import archcost
from benchmarks.variant_order import VARIANTS, Variant, order_of


def variants(*times: tuple[float, float]) -> list[Variant]:
    return [Variant({"number": number}, *pair) for number, pair in enumerate(times)]


@pytest.mark.parametrize(
    ("times", "right", "apart", "wrong"),
    [
        (((10.0, 11.0), (20.0, 19.0)), 1, 1, 0),  # 10 * 1.1 < 20 * 0.9
        (((10.0, 19.0), (20.0, 11.0)), 0, 1, 1),
        (((20.0, 11.0), (10.0, 19.0)), 0, 1, 1),  # in any order
        (((10.0, 12.0), (12.0, 11.0)), 0, 0, 0),  # 10 * 1.1 > 12 * 0.9: within the error
        (((1.0, 1.0), (2.0, 2.0), (3.0, 1.5)), 2, 3, 1),  # 1-2, 1-3 right; 2-3 apart (2 * 1.1 < 3 * 0.9) and wrong
    ],
)
def test_pairs_beyond_the_error_are_judged(
    times: tuple[tuple[float, float], ...], right: int, apart: int, wrong: int
) -> None:
    order = order_of(variants(*times), 0.1)
    assert (order.pairs, order.right, order.apart, len(order.wrong)) == (
        len(times) * (len(times) - 1) // 2,
        right,
        apart,
        wrong,
    )


@pytest.mark.parametrize("name", list(VARIANTS))
def test_variants_are_twenty_different_networks(name: str) -> None:
    totals = {archcost.analyze(name, params=params).totals.macs for params in VARIANTS[name]}
    assert len(VARIANTS[name]) == len(totals) == 20
