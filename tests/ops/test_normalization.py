import pytest

from archcost.ops import REGISTRY
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

IMAGE = (2, 64, 28, 28)
PIXELS = 2 * 64 * 28 * 28
TOKENS = (2, 196, 384)

FIGURES = [
    Figures("batch_norm2d", {}, (IMAGE,), (IMAGE,), params=2 * 64, flops=2 * PIXELS),
    Figures("batch_norm2d", {"affine": False}, (IMAGE,), (IMAGE,), flops=2 * PIXELS),
    Figures("batch_norm2d", {"track_running_stats": False}, (IMAGE,), (IMAGE,), params=2 * 64, flops=4 * PIXELS),
    Figures("batch_norm1d", {}, ((8, 100),), ((8, 100),), params=2 * 100, flops=2 * 8 * 100),
    Figures("batch_norm1d", {}, ((8, 100, 5),), ((8, 100, 5),), params=2 * 100, flops=2 * 8 * 100 * 5),
    Figures("batch_norm3d", {}, ((1, 4, 3, 3, 3),), ((1, 4, 3, 3, 3),), params=2 * 4, flops=2 * 4 * 27),
    Figures("instance_norm1d", {}, ((2, 4, 9),), ((2, 4, 9),), flops=4 * 2 * 4 * 9),
    Figures("instance_norm2d", {"affine": True}, (IMAGE,), (IMAGE,), params=2 * 64, flops=4 * PIXELS),
    Figures("instance_norm2d", {"track_running_stats": True}, (IMAGE,), (IMAGE,), flops=2 * PIXELS),
    Figures("instance_norm3d", {}, ((1, 4, 3, 3, 3),), ((1, 4, 3, 3, 3),), flops=4 * 4 * 27),
    Figures("layer_norm", {}, (TOKENS,), (TOKENS,), params=2 * 384, flops=5 * 2 * 196 * 384),
    Figures("layer_norm", {"bias": False}, (TOKENS,), (TOKENS,), params=384, flops=5 * 2 * 196 * 384),
    Figures(
        "layer_norm",
        {"normalized_shape": [196, 384]},
        (TOKENS,),
        (TOKENS,),
        params=2 * 196 * 384,
        flops=5 * 2 * 196 * 384,
    ),
    Figures(
        "layer_norm",
        {"normalized_shape": 384, "elementwise_affine": False},
        (TOKENS,),
        (TOKENS,),
        flops=4 * 2 * 196 * 384,
    ),
    Figures("rms_norm", {}, (TOKENS,), (TOKENS,), params=384, flops=4 * 2 * 196 * 384),
    Figures("rms_norm", {"elementwise_affine": False}, (TOKENS,), (TOKENS,), flops=3 * 2 * 196 * 384),
    Figures("group_norm", {"num_groups": 32}, (IMAGE,), (IMAGE,), params=2 * 64, flops=5 * PIXELS),
    Figures("group_norm", {"num_groups": 1, "affine": False}, (IMAGE,), (IMAGE,), flops=4 * PIXELS),
    # two values have a variance
    Figures("batch_norm1d", {"affine": False, "track_running_stats": False}, ((2, 3),), ((2, 3),), flops=4 * 2 * 3),
    Figures("instance_norm1d", {}, ((1, 3, 2),), ((1, 3, 2),), flops=4 * 3 * 2),
    Figures("group_norm", {"num_groups": 4, "affine": False}, ((2, 4),), ((2, 4),), flops=4 * 2 * 4),
    Figures("normalize", {}, (IMAGE,), (IMAGE,), flops=3 * PIXELS),
    Figures("normalize", {"p": 1, "dim": -1}, (TOKENS,), (TOKENS,), flops=3 * 2 * 196 * 384),
    Figures("normalize", {"dim": [2, 3]}, (IMAGE,), (IMAGE,), flops=3 * PIXELS),
    Figures("local_response_norm", {"size": 5}, (IMAGE,), (IMAGE,), flops=(5 + 4) * PIXELS),
]

ONE_VALUE = (1, 4, 1, 1)
REFUSALS = [
    Refusal("batch_norm2d", {"track_running_stats": False}, (ONE_VALUE,), "one value per channel has no variance"),
    Refusal(
        "instance_norm2d", {}, ((3, 4, 1, 1),), "one value per channel has no variance, got an input of (3, 4, 1, 1)"
    ),
    Refusal("group_norm", {"num_groups": 4}, (ONE_VALUE,), "one value per group has no variance"),
    Refusal("group_norm", {"num_groups": 3}, (IMAGE,), "64 channels cannot be divided into 3 groups"),
    Refusal(
        "layer_norm",
        {"normalized_shape": 64},
        (TOKENS,),
        "normalized_shape (64) does not match the last dims of the input (2, 196, 384)",
        "leave normalized_shape out",
    ),
    Refusal("rms_norm", {"normalized_shape": [2, 3, 4]}, ((3, 4),), "normalized_shape (2, 3, 4) does not fit"),
    Refusal("layer_norm", {"normalized_shape": []}, ((3, 4),), "normalized_shape () does not fit an input of (3, 4)"),
    Refusal("batch_norm1d", {}, (IMAGE,), "takes an input of 2 to 3 dims (N, C) or (N, C, L), got (2, 64, 28, 28)"),
    Refusal("local_response_norm", {"size": 5}, ((2, 3),), "takes an input of 3 or more dims (N, C, *), got (2, 3)"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


def test_buffers_are_running_statistics_and_a_counter() -> None:
    buffers = {"running_mean": (64,), "running_var": (64,), "num_batches_tracked": ()}
    assert REGISTRY["batch_norm2d"]().buffers((IMAGE,)) == buffers
    assert REGISTRY["batch_norm2d"](track_running_stats=False).buffers((IMAGE,)) == {}
    assert REGISTRY["instance_norm2d"]().buffers((IMAGE,)) == {}
    assert REGISTRY["instance_norm2d"](track_running_stats=True).buffers((IMAGE,)) == buffers
    assert REGISTRY["layer_norm"]().buffers((IMAGE,)) == {}
