"""Whether predictions put variants of a network in the order that is measured: python -m benchmarks.variant_order

Calibrates this machine, measures 20 variants of each network (widths and depths) at batch 1 in float32 as ``bench``
does, each in a process of its own, and compares every pair. Predictions that are closer together than their error
cannot tell two variants apart; of all other pairs the measured order must be the predicted one.
"""

from __future__ import annotations

import os
import sys
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import archcost
from archcost.timing.kernels import RunMode
from archcost.timing.prediction import Prediction
from benchmarks.own_process import ModelRun, measured_alone

MIN_TIME = 2.0  # seconds for each variant
MEDIAN_ERROR = 0.15  # what a calibrated machine is held to; a class that ships may state less
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "mobilenet_v1": [
        {"width": width, "middle": middle} for width in (0.25, 0.5, 0.75, 1.0, 1.25) for middle in (2, 3, 5, 7)
    ],
    "resnet50": [
        {"depths": depths, "width_per_group": width}
        for depths in ([1, 1, 1, 1], [2, 2, 2, 2], [2, 3, 4, 2], [3, 4, 6, 3], [3, 4, 12, 3])
        for width in (16, 32, 64, 96)
    ],
}


class Variant(NamedTuple):
    """Params of a variant, and its times in ms."""

    params: dict[str, Any]
    predicted: float
    measured: float


class Order(NamedTuple):
    """How many pairs are in the measured order, and which are wrong by more than the stated error allows."""

    pairs: int
    right: int
    apart: int
    wrong: list[tuple[Variant, Variant]]


def order_of(variants: list[Variant], error: float) -> Order:
    """Every pair of variants, judged; ``error`` is that of a prediction, as a fraction.

    Two predictions are apart if the smaller one, longer by the error, is still below the larger one, shorter by it.
    """
    right = apart = 0
    wrong: list[tuple[Variant, Variant]] = []
    pairs = list(combinations(variants, 2))
    for one, other in pairs:
        less, more = sorted((one, other), key=lambda variant: variant.predicted)
        in_order = less.measured < more.measured
        right += in_order
        if less.predicted * (1 + error) < more.predicted * (1 - error):
            apart += 1
            if not in_order:
                wrong.append((less, more))
    return Order(len(pairs), right, apart, wrong)


def main() -> None:
    """Measure, and print the order of each network."""
    path = Path(os.environ.get("TMPDIR", "/tmp")) / "archcost-local.toml"
    device = archcost.calibrate(path, device="cpu", watch=_watch)
    for name, candidates in VARIANTS.items():
        found = [
            one.latency
            for one in measured_alone([ModelRun(name, 1, MIN_TIME, params) for params in candidates], _watch)
        ]
        variants = [
            Variant(params, Prediction(one.report, device, RunMode()).latency_ms, 1000 * one.total.minimum)
            for params, one in zip(candidates, found, strict=True)
        ]
        for variant in sorted(variants, key=lambda one: one.measured):
            ratio = variant.predicted / variant.measured
            print(f"{variant.params}: {variant.measured:8.2f} ms, predicted {variant.predicted:8.2f}: {ratio:.2f}")
        order = order_of(variants, MEDIAN_ERROR)
        print(
            f"{name}: {order.right} of {order.pairs} pairs in the measured order; of {order.apart} pairs that are "
            f"further apart than {MEDIAN_ERROR:.0%}, {len(order.wrong)} are not"
        )
        for less, more in order.wrong:
            print(f"  {less.params} and {more.params}")


def _watch(line: str) -> None:
    sys.stderr.write(f"\r{line:60}")


if __name__ == "__main__":
    main()
