"""Rewrites of several layers: what they find, what they save, and the figures that their papers give."""

from __future__ import annotations

from typing import Any

import pytest

import archcost
from archcost.spec.loader import loads
from archcost.suggesting.edits import Attributes, NewSteps, Removed
from tests.suggesting.flat_specs import Steps, found, rewritten, small


def conv(out: int, kernel: int = 3, **more: Any) -> dict[str, Any]:
    """A convolution that keeps the size, unless more is said."""
    padding = {} if kernel == 1 else {"padding": kernel // 2}
    return {"conv2d": {"out_channels": out, "kernel_size": kernel, **padding, "bias": False, **more}}


def residual(*steps: str | dict[str, Any]) -> Steps:
    return [{"residual": list(steps)}, "relu"]


def saved(layers: Steps, shape: tuple[int, ...], name: str) -> tuple[int, int]:
    """The params and MACs that a rewrite saves, at all of its places together."""
    before = small(layers, shape)
    after = rewritten(before, *found(before, name))
    return before.totals.params - after.totals.params, before.totals.macs - after.totals.macs


BLOCK: Steps = [conv(64), "batch_norm2d", "relu", conv(64), "batch_norm2d"]
STEM: Steps = [
    conv(64, 7, stride=2),
    "batch_norm2d",
    "relu",
    {"max_pool2d": {"kernel_size": 3, "stride": 2, "padding": 1}},
]


@pytest.mark.parametrize(
    ("name", "layers", "shape", "params", "macs"),
    [
        pytest.param(
            "bottleneck",
            residual(*BLOCK),
            (64, 8, 8),
            # the first norm is of 16 channels, and there is another one of 16
            2 * 9 * 64 * 64 + 2 * 64 - (64 * 16 + 9 * 16 * 16 + 16 * 64 + 2 * 16 + 2 * 16),
            8 * 8 * (2 * 9 * 64 * 64 - 64 * 16 - 9 * 16 * 16 - 16 * 64),
            id="bottleneck",
        ),
        pytest.param(
            "bottleneck",
            [{"add": None, "branches": {"a": [conv(64, stride=2), "relu", conv(64)], "b": [conv(64, 1, stride=2)]}}],
            (32, 8, 8),
            9 * 32 * 64 + 9 * 64 * 64 - 32 * 16 - 9 * 16 * 16 - 16 * 64,
            # the stride is that of the 3×3, so the first 1×1 is at 8×8
            4 * 4 * (9 * 32 * 64 + 9 * 64 * 64 - 9 * 16 * 16 - 16 * 64) - 8 * 8 * 32 * 16,
            id="bottleneck-stride",
        ),
        pytest.param(
            "bottleneck",
            residual("batch_norm2d", "relu", conv(64), "batch_norm2d", "relu", conv(64)),
            (64, 8, 8),
            2 * 9 * 64 * 64 + 2 * 64 - (64 * 16 + 9 * 16 * 16 + 16 * 64 + 2 * 2 * 16),
            8 * 8 * (2 * 9 * 64 * 64 - 64 * 16 - 9 * 16 * 16 - 16 * 64),
            id="bottleneck-norm-first",
        ),
        pytest.param(
            "plain_bottleneck",
            [conv(64, bias=True), "relu", conv(64, bias=True), "relu", conv(64, bias=True), "relu"],
            (32, 8, 8),
            # of three the last two; two biases of 64 become two of 16 and one of 64
            2 * (9 * 64 * 64 + 64) - (64 * 16 + 16 + 9 * 16 * 16 + 16 + 16 * 64 + 64),
            8 * 8 * (2 * 9 * 64 * 64 - 64 * 16 - 9 * 16 * 16 - 16 * 64),
            id="stack",
        ),
        pytest.param(
            "earlier_stride",
            [conv(16, 1), "relu", conv(16, stride=2), "relu", conv(64, 1)],
            (64, 9, 9),
            0,
            (9 * 9 - 5 * 5) * 64 * 16,
            id="earlier-stride",
        ),
        pytest.param(
            "earlier_stride",
            [conv(64, 1), conv(64, stride=[2, 1], groups=64)],
            (16, 8, 8),
            0,
            (8 * 8 - 4 * 8) * 16 * 64,
            id="earlier-stride-of-one-dim",
        ),
        pytest.param(
            "strided",
            [conv(16), "batch_norm2d", "relu", {"max_pool2d": 2}, conv(16, 5), {"avg_pool2d": {"kernel_size": 2}}],
            (8, 32, 32),
            0,
            (32 * 32 - 16 * 16) * 9 * 8 * 16 + (16 * 16 - 8 * 8) * 25 * 16 * 16,
            id="strided",
        ),
        pytest.param(
            "strided",
            [{"conv1d": {"out_channels": 8, "kernel_size": 3, "padding": 1}}, {"max_pool1d": 3}],
            (4, 30),
            0,
            (30 - 10) * 3 * 4 * 8,
            id="strided-1d",
        ),
        pytest.param(
            "patch_stem",
            STEM,
            (3, 64, 64),
            (49 - 16) * 3 * 64,
            32 * 32 * 49 * 3 * 64 - 16 * 16 * 16 * 3 * 64,
            id="patch-stem",
        ),
        pytest.param(
            "zero_shortcut",
            [
                {
                    "add": None,
                    "branches": {"a": [conv(64, stride=2)], "b": [conv(64, 1, stride=2), "batch_norm2d"]},
                }
            ],
            (32, 9, 9),
            32 * 64 + 2 * 64,
            5 * 5 * 32 * 64,
            id="zero-shortcut",
        ),
    ],
)
def test_savings(name: str, layers: Steps, shape: tuple[int, ...], params: int, macs: int) -> None:
    assert saved(layers, shape, name) == (params, macs)


def test_edits_of_a_bottleneck() -> None:
    (change,) = found(small(residual(*BLOCK), (64, 8, 8)), "bottleneck")
    steps = (
        "conv2d: {out_channels: $reduced, kernel_size: 1, bias: $bias}",
        "batch_norm2d",
        "relu",
        "conv2d: {out_channels: $reduced, kernel_size: $kernel_size, padding: $padding, bias: $bias}",
    )
    assert change.edits == {
        0: NewSteps("narrow_conv2d", steps, (("reduced", "$(out_channels // 4)"),)),
        3: Attributes((("kernel_size", "1"), ("padding", None))),
    }
    assert change.inside == {1, 2}
    assert change.note == "16 channels inside"


def test_edits_where_the_resolution_falls() -> None:
    (strided,) = found(small(STEM, (3, 64, 64)), "strided")
    assert strided.edits == {0: Attributes((("stride", "4"),)), 3: Removed()}
    (patches,) = found(small(STEM, (3, 64, 64)), "patch_stem")
    assert patches.edits == {0: Attributes((("kernel_size", "4"), ("stride", "4"), ("padding", None))), 3: Removed()}
    assert patches.inside == {1, 2}
    (early,) = found(small([conv(16, 1), "relu", conv(16, stride=[2, 1])], (64, 9, 9)), "earlier_stride")
    assert early.edits == {0: Attributes((("stride", "[2, 1]"),)), 2: Attributes((("stride", None),))}


@pytest.mark.parametrize(("depth", "firsts"), [(1, []), (2, [0]), (3, [1]), (4, [0, 2]), (5, [1, 3])])
def test_stacks_are_taken_in_pairs_from_the_end(depth: int, firsts: list[int]) -> None:
    changes = found(small([conv(32) for _ in range(depth)], (32, 8, 8)), "plain_bottleneck")
    edited = sorted(index for change in changes for index, edit in change.edits.items() if isinstance(edit, NewSteps))
    assert len(changes) <= 1
    assert edited == firsts


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        pytest.param("bottleneck", residual(conv(64), conv(64, 5)), id="no 3×3"),
        pytest.param("bottleneck", residual(conv(32), conv(64)), id="other widths"),
        pytest.param("bottleneck", residual(conv(64, groups=2), conv(64, groups=2)), id="groups"),
        pytest.param("bottleneck", [conv(64), conv(64)], id="no shortcut"),
        pytest.param("plain_bottleneck", residual(conv(64), conv(64)), id="a shortcut"),
        pytest.param(
            "plain_bottleneck",
            [{"id": "a", **conv(64)}, conv(64), {"concat": None, "from": ["a", "conv2d"]}],
            id="read by others",
        ),
        pytest.param("plain_bottleneck", [{"id": "a", **conv(64)}, {"share": "a", **conv(64)}], id="shared weights"),
        pytest.param("plain_bottleneck", [conv(64), conv(64, padding=0)], id="the size changes"),
        pytest.param("plain_bottleneck", [conv(3), conv(3)], id="too narrow"),
        pytest.param("earlier_stride", [conv(16, 3), conv(16, stride=2)], id="no 1×1"),
        pytest.param("earlier_stride", [conv(16, 1), conv(16, kernel=4, padding=1, stride=2)], id="another size"),
        pytest.param("earlier_stride", [{"id": "a", **conv(64, 1)}, conv(64, stride=1), "relu"], id="no stride"),
        pytest.param("strided", [conv(16, 1), {"max_pool2d": 2}], id="positions unread"),
        pytest.param("strided", [conv(16, padding="same"), {"max_pool2d": 2}], id="padding same"),
        pytest.param("strided", [conv(16), {"max_pool2d": {"kernel_size": 2, "return_indices": True}}], id="indices"),
        pytest.param("strided", [conv(16), {"max_pool2d": {"kernel_size": 3, "stride": 2}}], id="another size"),
        pytest.param(
            "strided", [conv(16), {"max_pool2d": {"kernel_size": 3, "stride": 1, "padding": 1}}], id="no stride to take"
        ),
        pytest.param("patch_stem", ["relu", *STEM], id="not the first"),
        pytest.param("patch_stem", [conv(64, 7, stride=2), "relu"], id="no pooling"),
        pytest.param("patch_stem", [conv(64, 7, stride=2), {"max_pool2d": 3}], id="sizes not divisible"),
        pytest.param("zero_shortcut", residual(conv(64), "relu", conv(64, 1)), id="the branch, not the shortcut"),
    ],
)  # fmt: skip
def test_refusals(name: str, layers: Steps) -> None:
    assert found(small(layers, (64, 16, 16)), name) == []


def test_a_value_that_is_an_output_stays() -> None:
    layers: Steps = [{"id": "a", **conv(64)}, conv(64)]
    assert found(small(layers, (64, 8, 8), outputs=["a", "conv2d"]), "plain_bottleneck") == []
    assert (
        found(small([{"id": "a", **conv(64)}, {"max_pool2d": 2}], (64, 8, 8), outputs=["a", "max_pool2d"]), "strided")
        == []
    )


WIDE = """
archcost: 1
name: wide
include: zoo:blocks/resnet
input: [3, 224, 224]
layers:
  - conv2d: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3, bias: false}
  - batch_norm2d
  - relu
  - max_pool2d: {kernel_size: 3, stride: 2, padding: 1}
  - {repeat: 3, basic_block: {width: 256}}
  - {repeat: 4, basic_block: {width: 512, stride: $(2 if i == 0 else 1)}}
  - {repeat: 6, basic_block: {width: 1024, stride: $(2 if i == 0 else 1)}}
  - {repeat: 3, basic_block: {width: 2048, stride: $(2 if i == 0 else 1)}}
  - adaptive_avg_pool2d: 1
  - flatten
  - linear: 1000
"""


def test_blocks_of_resnet_34_four_times_as_wide_become_resnet_50() -> None:
    """Section 4.1: "we replace each 2-layer block in the 34-layer net with this 3-layer bottleneck block"."""
    before = archcost.analyze(loads(WIDE))
    changes = found(before, "bottleneck")
    assert len(changes) == 3 + 4 + 6 + 3
    after, published = rewritten(before, *changes), archcost.analyze("resnet50")
    assert (after.totals.params, after.totals.macs) == (published.totals.params, published.totals.macs)


def test_both_designs_of_figure_5_have_similar_time_complexity() -> None:
    """Figure 5: two 3×3 over 64 channels to the left; to the right 1×1 to 64, 3×3, 1×1, over 256 channels."""
    left = small(residual(conv(64), "relu", conv(64)), (64, 56, 56))
    wide = small(residual(conv(256), "relu", conv(256)), (256, 56, 56))
    right = rewritten(wide, *found(wide, "bottleneck"))
    assert left.totals.macs == 56 * 56 * 2 * 9 * 64 * 64
    assert right.totals.macs == 56 * 56 * (256 * 64 + 9 * 64 * 64 + 64 * 256)
    assert 0.9 < right.totals.macs / left.totals.macs < 1


def test_bottlenecks_of_resnet_34() -> None:
    """width² × positions is the same in all stages, so that a block of each costs as much as one of the first."""
    before = archcost.analyze("resnet34")
    after = rewritten(before, *found(before, "bottleneck"))
    one = 64 * 64 * 56 * 56
    # 13 blocks: 18 become 1/4 + 9/16 + 1/4; 3 with stride: 4.5 + 9 become 1/2, at four times the positions, and as much
    assert (before.totals.macs - after.totals.macs) * 16 == one * (13 * (18 * 16 - 17) + 3 * (27 * 8 - 21))


def test_stacks_of_vgg_16() -> None:
    before = archcost.analyze("vgg16")
    changes = found(before, "plain_bottleneck")
    after = rewritten(before, *changes)
    stacks = [(112, 64, 128), (56, 256, 256), (28, 512, 512), (14, 512, 512)]  # not the first, which begins with 3
    assert len(changes) == len(stacks)
    assert before.totals.macs - after.totals.macs == sum(
        side * side * (9 * (channels + width) * width - channels * width // 4 - 13 * width * width // 16)
        for side, channels, width in stacks
    )


def test_the_stride_of_the_papers_resnet_50() -> None:
    before = archcost.analyze("resnet50")
    after = rewritten(before, *found(before, "earlier_stride"))
    assert after.totals.macs == archcost.analyze("resnet50", params={"stride_in_1x1": True}).totals.macs


def test_option_a_of_resnet_34() -> None:
    before = archcost.analyze("resnet34")
    after = rewritten(before, *found(before, "zero_shortcut"))
    shortcuts = [(64, 128, 28), (128, 256, 14), (256, 512, 7)]
    assert before.totals.params - after.totals.params == sum(c * w + 2 * w for c, w, _ in shortcuts)
    assert before.totals.macs - after.totals.macs == sum(c * w * side * side for c, w, side in shortcuts)
