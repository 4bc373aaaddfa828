"""Rewrites of heads: what they find, what they save, and the figures of the papers' networks."""

from __future__ import annotations

from typing import Any

import pytest

import archcost
from archcost.suggesting.edits import Attributes, NewSteps, Removed
from tests.suggesting.flat_specs import Steps, found, rewritten, small

CONV: dict[str, Any] = {"conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1}}
DENSE: Steps = [{"linear": 32}, "relu", {"dropout": 0.5}, {"linear": 16}, "relu", {"linear": 10}]
FEATURES: Steps = [{"conv2d": {"out_channels": 64, "kernel_size": 1, "bias": False}}, "batch_norm2d", "relu6"]


@pytest.mark.parametrize(
    ("name", "layers", "params", "macs"),
    [
        pytest.param(
            "global_pooling",
            [CONV, "relu", "flatten", {"dropout": 0.5}, *DENSE],
            (36 - 1) * 8 * 32,  # weights from 8 means, not from 8·6·6 values
            (36 - 1) * 8 * 32,
            id="means",
        ),
        pytest.param(
            "global_pooling",
            [CONV, {"adaptive_avg_pool2d": 3}, "flatten", *DENSE],
            (9 - 1) * 8 * 32,
            (9 - 1) * 8 * 32,
            id="means-by-the-pool-that-is-there",
        ),
        pytest.param(
            "global_pooling",
            [CONV, {"reshape": ["$batch", -1]}, {"linear": {"in_features": 288, "out_features": 10}}],
            (36 - 1) * 8 * 10,
            (36 - 1) * 8 * 10,
            id="means-of-an-asserted-size",
        ),
        pytest.param(
            "global_pooling",
            [CONV, "relu", "flatten", {"dropout": 0.5}, {"linear": 8}],
            288 * 8 + 8,
            288 * 8,
            id="one-map-for-each-class",
        ),
        pytest.param(
            "class_maps",
            [CONV, "relu", "flatten", {"dropout": 0.5}, *DENSE],
            288 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10 - (8 * 10 + 10),
            288 * 32 + 32 * 16 + 16 * 10 - 36 * 8 * 10,
            id="class-maps",
        ),
        pytest.param(
            "class_maps",
            [CONV, "flatten", {"linear": {"out_features": 10, "bias": False}}],
            288 * 10 - 8 * 10,
            0,
            id="class-maps-without-bias",
        ),
        pytest.param(
            "one_dense",
            [CONV, "flatten", {"linear": 64}, "relu", {"linear": {"in_features": 64, "out_features": 10}}],
            288 * 64 + 64 + 64 * 10 - 288 * 10,
            288 * 64 + 64 * 10 - 288 * 10,
            id="one-dense",
        ),
        pytest.param(
            "late_features",
            [CONV, *FEATURES, {"adaptive_avg_pool2d": 1}, "flatten", {"dropout": 0.2}, {"linear": 10}],
            0,
            (36 - 1) * 8 * 64,
            id="late-features",
        ),
        pytest.param(
            "late_features",
            [CONV, *FEATURES, {"avg_pool2d": 6}, {"reshape": ["$batch", -1]}, {"linear": 10}],
            0,
            (36 - 1) * 8 * 64,
            id="late-features-by-a-window",
        ),
    ],
)
def test_savings(name: str, layers: Steps, params: int, macs: int) -> None:
    before = small(layers, (3, 6, 6))
    (change,) = found(before, name)
    after = rewritten(before, change)
    assert before.totals.params - after.totals.params == params
    assert before.totals.macs - after.totals.macs == macs


def test_edits() -> None:
    layers: Steps = [CONV, "relu", "flatten", {"dropout": 0.5}, *DENSE]
    (means,) = found(small(layers, (3, 6, 6)), "global_pooling")
    assert means.edits == {2: NewSteps("pooled_flatten", ("adaptive_avg_pool2d: 1", "flatten"))}
    assert (means.inside, means.note) == ({3, 4}, "8 means")
    (maps,) = found(small(layers, (3, 6, 6)), "class_maps")
    steps = ("conv2d: {out_channels: $out_features, kernel_size: 1}", "adaptive_avg_pool2d: 1", "flatten")
    removed = dict.fromkeys((2, 4, 5, 7, 8), Removed())
    assert maps.edits == {**removed, 9: NewSteps("class_maps", steps)}
    assert (maps.inside, maps.note) == ({3, 6}, "10 maps")
    pooled: Steps = [CONV, {"adaptive_avg_pool2d": 3}, "flatten", {"linear": 5}]
    (change,) = found(small(pooled, (3, 6, 6)), "global_pooling")
    assert change.edits == {1: Attributes((("output_size", "1"),))}
    assert change.inside == {2, 3}


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        pytest.param("global_pooling", [CONV, {"adaptive_avg_pool2d": 1}, "flatten", *DENSE], id="means already"),
        pytest.param("global_pooling", [CONV, {"flatten": 2}, {"linear": 10}], id="positions stay"),
        pytest.param("global_pooling", [CONV, {"permute": [0, 2, 3, 1]}, "flatten", *DENSE], id="channels last"),
        pytest.param("global_pooling", [CONV, "flatten", "relu"], id="no dense layer"),
        pytest.param("class_maps", [CONV, {"adaptive_avg_pool2d": 1}, "flatten", {"linear": 10}], id="nothing saved"),
        pytest.param("class_maps", [CONV, {"adaptive_avg_pool2d": 1}, "flatten", *DENSE], id="no maps"),
        pytest.param("one_dense", [CONV, "flatten", {"linear": 10}], id="none hidden"),
        pytest.param("one_dense", [CONV, "flatten", {"linear": 2}, {"linear": 500}], id="a narrow one saves"),
        pytest.param("late_features", [CONV, *FEATURES, {"adaptive_avg_pool2d": 1}, "flatten"], id="maps of classes"),
        pytest.param(
            "late_features", [*FEATURES, {"adaptive_avg_pool2d": 2}, "flatten", {"linear": 9}], id="not global"
        ),
        pytest.param(
            "late_features", [CONV, "relu", {"adaptive_avg_pool2d": 1}, "flatten", {"linear": 9}], id="no 1×1"
        ),
    ],
)
def test_refusals(name: str, layers: Steps) -> None:
    assert found(small(layers, (3, 6, 6)), name) == []


def test_network_in_network_needs_no_dense_layer() -> None:
    """Section 4.6: the network with a dense head becomes the one with global average pooling, to the unit."""
    before, published = archcost.analyze("nin_dense"), archcost.analyze("nin")
    after = rewritten(before, *found(before, "global_pooling"))
    assert (after.totals.params, after.totals.macs) == (published.totals.params, published.totals.macs)
    assert before.totals.params - after.totals.params == 36 * 1000 * 1000 + 1000


@pytest.mark.parametrize(
    ("name", "params", "macs"),
    [
        ("global_pooling", (49 - 1) * 512 * 4096, (49 - 1) * 512 * 4096),
        (
            "class_maps",
            49 * 512 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 + 1000 - (512 * 1000 + 1000),
            49 * 512 * 4096 + 4096 * 4096 + 4096 * 1000 - 49 * 512 * 1000,
        ),
        (
            "one_dense",
            49 * 512 * 4096 + 4096 + 4096 * 4096 + 4096 + 4096 * 1000 - 49 * 512 * 1000,
            49 * 512 * 4096 + 4096 * 4096 + 4096 * 1000 - 49 * 512 * 1000,
        ),
    ],
)
def test_the_dense_head_of_vgg_16(name: str, params: int, macs: int) -> None:
    before = archcost.analyze("vgg16")
    (change,) = found(before, name)
    after = rewritten(before, change)
    assert before.totals.params - after.totals.params == params
    assert before.totals.macs - after.totals.macs == macs
    assert params > before.totals.params * 7 // 10


def test_the_last_features_of_mobilenet_v2() -> None:
    before = archcost.analyze("mobilenet_v2")
    (change,) = found(before, "late_features")
    after = rewritten(before, change)
    assert before.totals.macs - after.totals.macs == (49 - 1) * 320 * 1280
    assert after.totals.params == before.totals.params
