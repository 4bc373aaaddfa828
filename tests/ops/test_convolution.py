import pytest

from archcost.ops import REGISTRY
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

DEFORM = "deform_conv2d"
FIGURES = [
    Figures(
        DEFORM,
        {"out_channels": 32, "kernel_size": 3, "padding": 1},
        ((1, 16, 28, 28), (1, 2 * 9, 28, 28)),
        ((1, 32, 28, 28),),
        params=32 * 16 * 3 * 3 + 32,
        macs=28 * 28 * 32 * 3 * 3 * 16,
        flops=28 * 28 * 16 * 3 * 3 * 7 + 28 * 28 * 32,
    ),
    Figures(
        DEFORM,
        {"out_channels": 32, "kernel_size": [3, 1], "stride": 2, "padding": [1, 0], "groups": 2, "bias": False},
        ((2, 16, 28, 28), (2, 2 * 4 * 3, 14, 14), (2, 4 * 3, 14, 14)),  # four groups of channels move together
        ((2, 32, 14, 14),),
        params=32 * 8 * 3,
        macs=2 * 14 * 14 * 32 * 3 * 8,
        flops=2 * 14 * 14 * 16 * 3 * (7 + 1),
    ),
    # the 5x5 of an Inception module, without and with the 1x1 reduction before it
    Figures(
        "conv2d",
        {"out_channels": 32, "kernel_size": 5, "padding": 2, "bias": False},
        ((1, 192, 28, 28),),
        ((1, 32, 28, 28),),
        params=32 * 192 * 5 * 5,
        macs=28 * 28 * 32 * 5 * 5 * 192,
    ),
    Figures(
        "conv2d",
        {"out_channels": 16, "kernel_size": 1},
        ((1, 192, 28, 28),),
        ((1, 16, 28, 28),),
        params=16 * 192 + 16,
        macs=28 * 28 * 16 * 192,
        flops=28 * 28 * 16,
    ),
    Figures(
        "conv2d",
        {"out_channels": 32, "kernel_size": 5, "padding": 2},
        ((1, 16, 28, 28),),
        ((1, 32, 28, 28),),
        params=32 * 16 * 5 * 5 + 32,
        macs=28 * 28 * 32 * 5 * 5 * 16,
        flops=28 * 28 * 32,
    ),
    Figures(
        "conv2d",
        {"out_channels": 64, "kernel_size": 7, "stride": 2, "padding": 3},
        ((2, 3, 224, 224),),
        ((2, 64, 112, 112),),
        params=64 * 3 * 7 * 7 + 64,
        macs=2 * 112 * 112 * 64 * 3 * 7 * 7,
        flops=2 * 112 * 112 * 64,
    ),
    Figures(
        "conv2d",
        {"out_channels": 32, "kernel_size": 3, "padding": 1, "groups": 32, "bias": False},
        ((1, 32, 56, 56),),
        ((1, 32, 56, 56),),
        params=32 * 3 * 3,
        macs=56 * 56 * 32 * 3 * 3,
    ),
    Figures(
        "conv2d",
        {"out_channels": 4, "kernel_size": [1, 7], "padding": [0, 3], "stride": [2, 1], "bias": False},
        ((1, 3, 17, 17),),
        ((1, 4, 9, 17),),
        params=4 * 3 * 7,
        macs=9 * 17 * 4 * 3 * 7,
    ),
    Figures(
        "conv2d",
        {"out_channels": 4, "kernel_size": 2, "padding": "same", "dilation": 3, "bias": False},
        ((1, 3, 9, 9),),
        ((1, 4, 9, 9),),
        params=4 * 3 * 2 * 2,
        macs=9 * 9 * 4 * 3 * 2 * 2,
    ),
    Figures(
        "conv2d",
        {"out_channels": 4, "kernel_size": 3, "padding": "valid", "bias": False},
        ((1, 3, 9, 9),),
        ((1, 4, 7, 7),),
        params=4 * 3 * 3 * 3,
        macs=7 * 7 * 4 * 3 * 3 * 3,
    ),
    Figures(
        "conv1d",
        {"out_channels": 8, "kernel_size": 3, "dilation": 2, "padding": 2},
        ((2, 4, 100),),
        ((2, 8, 100),),
        params=8 * 4 * 3 + 8,
        macs=2 * 100 * 8 * 4 * 3,
        flops=2 * 100 * 8,
    ),
    Figures(
        "conv3d",
        {"out_channels": 8, "kernel_size": 3, "padding": 1, "bias": False},
        ((1, 4, 8, 16, 16),),
        ((1, 8, 8, 16, 16),),
        params=8 * 4 * 3 * 3 * 3,
        macs=8 * 16 * 16 * 8 * 4 * 3 * 3 * 3,
    ),
    # transposed: each input position meets each tap once, whatever the stride
    Figures(
        "conv_transpose2d",
        {"out_channels": 8, "kernel_size": 2, "stride": 2, "bias": False},
        ((1, 4, 16, 16),),
        ((1, 8, 32, 32),),
        params=4 * 8 * 2 * 2,
        macs=16 * 16 * 4 * 8 * 2 * 2,
    ),
    Figures(
        "conv_transpose2d",
        {"out_channels": 2, "kernel_size": 2, "stride": 2},
        ((1, 16, 8, 8),),
        ((1, 2, 16, 16),),
        params=16 * 2 * 2 * 2 + 2,
        macs=8 * 8 * 16 * 2 * 2 * 2,  # 8,192
        flops=16 * 16 * 2,
    ),
    Figures(
        "conv_transpose2d",
        {"out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 2},
        ((1, 4, 7, 7),),
        ((1, 6, 14, 14),),
        params=4 * 3 * 3 * 3 + 6,
        macs=7 * 7 * 4 * 3 * 3 * 3,
        flops=14 * 14 * 6,
    ),
    Figures(
        "conv_transpose1d",
        {"out_channels": 5, "kernel_size": 4, "dilation": 2, "bias": False},
        ((1, 3, 10),),
        ((1, 5, 16),),
        params=3 * 5 * 4,
        macs=10 * 3 * 5 * 4,
    ),
    Figures(
        "conv_transpose3d",
        {"out_channels": 5, "kernel_size": 2, "stride": 2, "bias": False},
        ((1, 3, 4, 4, 4),),
        ((1, 5, 8, 8, 8),),
        params=3 * 5 * 2 * 2 * 2,
        macs=4 * 4 * 4 * 3 * 5 * 2 * 2 * 2,
    ),
]

FIGURES += [
    Figures(
        "functional_conv2d",
        {"padding": 1},
        ((1, 8, 16, 16), (8, 8, 3, 3)),
        ((1, 8, 16, 16),),
        macs=16 * 16 * 8 * 8 * 3 * 3,  # 147,456
    ),
    Figures(
        "functional_conv1d",
        {"stride": 2, "groups": 2},
        ((2, 6, 11), (4, 3, 3), (4,)),
        ((2, 4, 5),),
        macs=2 * 5 * 4 * 3 * 3,
        flops=2 * 5 * 4,
    ),
    Figures(
        "functional_conv3d",
        {"padding": "same"},
        ((1, 2, 4, 4, 4), (3, 2, 3, 3, 3)),
        ((1, 3, 4, 4, 4),),
        macs=4**3 * 3 * 2 * 3**3,
    ),
    Figures(
        "functional_conv_transpose2d",
        {"stride": 2, "padding": 1, "output_padding": 1},
        ((1, 8, 5, 7), (8, 4, 3, 3)),
        ((1, 4, 10, 14),),  # (5 - 1)·2 - 2 + 2 + 1 + 1, (7 - 1)·2 - 2 + 2 + 1 + 1
        macs=5 * 7 * 8 * 4 * 3 * 3,
    ),
    Figures(
        "functional_conv_transpose1d",
        {"stride": 3, "groups": 2},
        ((2, 6, 5), (6, 2, 4), (4,)),
        ((2, 4, 16),),  # (5 - 1)·3 + 3 + 1
        macs=2 * 5 * 6 * 2 * 4,
        flops=2 * 4 * 16,
    ),
    Figures(
        "functional_conv_transpose3d",
        {"dilation": 2},
        ((1, 2, 3, 3, 3), (2, 5, 2, 2, 2)),
        ((1, 5, 5, 5, 5),),  # (3 - 1) + 2·(2 - 1) + 1
        macs=3**3 * 2 * 5 * 2**3,
    ),
]

REFUSALS = [
    Refusal(
        "functional_conv2d",
        {},
        ((1, 8, 16, 16), (8, 4, 3, 3)),
        "the weight (8, 4, 3, 3) is for 4 input channels, not 8",
    ),
    Refusal(
        "functional_conv2d",
        {"groups": 2},
        ((1, 8, 16, 16), (5, 4, 3, 3)),
        "5 output channels cannot be divided into 2 groups",
    ),
    Refusal(
        "functional_conv2d",
        {},
        ((1, 8, 16, 16), (4, 8, 3, 3), (5,)),
        "the bias (5) is not one for each of 4 output channels",
    ),
    Refusal(
        "functional_conv2d",
        {},
        ((1, 8, 16, 16), (4, 8, 3, 3), (4, 1)),
        "the bias of functional_conv2d has one dim, got (4, 1)",
    ),
    Refusal("functional_conv2d", {}, ((1, 8, 6, 6), (4, 8, 7, 7)), "a kernel that spans 7 does not fit into a padded"),
    Refusal(
        "functional_conv_transpose2d",
        {},
        ((1, 8, 6, 6), (4, 8, 3, 3)),
        "the weight (4, 8, 3, 3) is for 4 input channels, not 8",
    ),
    Refusal(
        "functional_conv_transpose2d",
        {"groups": 3},
        ((1, 8, 6, 6), (8, 2, 3, 3)),
        "8 input channels cannot be divided into 3 groups",
    ),
    Refusal(
        "functional_conv_transpose2d",
        {"groups": 2},
        ((1, 8, 6, 6), (8, 2, 3, 3), (2,)),
        "the bias (2) is not one for each of 4 output channels",
    ),
    Refusal("functional_conv2d", {}, ((1, 8, 6, 6), (4, 72)), "takes an input of 4 dims (N, C, H, W), got (4, 72)"),
    Refusal(
        DEFORM,
        {"out_channels": 8, "kernel_size": 3},
        ((1, 4, 8, 8), (1, 18, 8, 8)),
        "the offset must be (1, 18, 6, 6), got (1, 18, 8, 8)",
    ),
    Refusal(
        DEFORM,
        {"out_channels": 8, "kernel_size": 3},
        ((1, 4, 8, 8), (1, 18, 6, 6), (1, 18, 6, 6)),
        "the mask must be (1, 9, 6, 6), got (1, 18, 6, 6)",
    ),
    Refusal(
        DEFORM,
        {"out_channels": 8, "kernel_size": 3},
        ((1, 4, 8, 8), (1, 20, 6, 6)),
        "20 channels of the offset are not",
    ),
    Refusal(
        DEFORM,
        {"out_channels": 8, "kernel_size": 3},
        ((1, 4, 8, 8), (1, 54, 6, 6)),
        "4 channels cannot be divided into the",
    ),
    Refusal(
        DEFORM,
        {"out_channels": 8, "kernel_size": 3, "groups": 3},
        ((1, 4, 8, 8), (1, 18, 6, 6)),
        "4 input channels cannot be divided into 3 groups",
    ),
    Refusal(
        "conv2d",
        {"out_channels": 4, "kernel_size": 3, "groups": 2},
        ((1, 3, 8, 8),),
        "3 input channels cannot be divided into 2 groups",
    ),
    Refusal(
        "conv2d",
        {"out_channels": 3, "kernel_size": 3, "groups": 2},
        ((1, 4, 8, 8),),
        "3 output channels cannot be divided into 2 groups",
    ),
    Refusal(
        "conv2d",
        {"out_channels": 4, "kernel_size": 3, "dilation": 3, "padding": [1, 0]},
        ((1, 3, 4, 9),),
        "a kernel that spans 7 does not fit into a padded input of 6",
        "use more padding",
    ),
    Refusal(
        "conv2d",
        {"out_channels": 4, "kernel_size": 3, "padding": "same", "stride": [1, 2]},
        ((1, 3, 6, 6),),
        "padding 'same' needs stride 1, got stride (1, 2)",
    ),
    Refusal(
        "conv2d",
        {"out_channels": 4, "kernel_size": 3, "padding": 3, "padding_mode": "reflect"},
        ((1, 3, 3, 9),),
        "reflected padding (3, 3) must be smaller than the size 3",
    ),
    Refusal(
        "conv1d",
        {"out_channels": 4, "kernel_size": 3, "padding": 4, "padding_mode": "circular"},
        ((1, 3, 3),),
        "circular padding (4, 4) must not be larger than the size 3",
    ),
    Refusal(
        "conv2d",
        {"out_channels": 4, "kernel_size": 3},
        ((1, 3, 6),),
        "conv2d takes an input of 4 dims (N, C, H, W), got (1, 3, 6)",
        "the batch is dim 0",
    ),
    Refusal("conv2d", {"out_channels": 4, "kernel_size": 3}, (), "conv2d takes 1 input, got 0", "`from: a`"),
    Refusal("conv2d", {"out_channels": 4, "kernel_size": 3}, ((1, 3, 6, 6),) * 2, "takes 1 input, got 2", "`from: id`"),
    Refusal(
        "conv_transpose2d",
        {"out_channels": 4, "kernel_size": 3, "output_padding": 2, "stride": 2},
        ((1, 3, 6, 6),),
        "output_padding 2 must be smaller than stride 2 or dilation 1",
    ),
    Refusal(
        "conv_transpose2d",
        {"out_channels": 4, "kernel_size": 3, "output_padding": 2, "dilation": 2},
        ((1, 3, 6, 6),),
        "output_padding 2 must be smaller than stride 1 or dilation 2",
    ),
    Refusal(
        "conv_transpose2d",
        {"out_channels": 4, "kernel_size": 1, "padding": 2},
        ((1, 3, 4, 4),),
        "conv_transpose2d would give an output of shape (1, 4, 0, 0)",
    ),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


def test_the_inception_anchor_in_numbers() -> None:
    op = REGISTRY["conv2d"](out_channels=32, kernel_size=5, padding=2, bias=False)
    assert op.macs(((1, 192, 28, 28),), ((1, 32, 28, 28),)) == 120_422_400


def test_weights_have_the_names_and_shapes_of_torch() -> None:
    forward = REGISTRY["conv2d"](out_channels=8, kernel_size=[3, 5], groups=2)
    assert forward.weights(((1, 4, 9, 9),)) == {"weight": (8, 2, 3, 5), "bias": (8,)}
    backward = REGISTRY["conv_transpose2d"](out_channels=8, kernel_size=[3, 5], groups=2)
    assert backward.weights(((1, 4, 9, 9),)) == {"weight": (4, 4, 3, 5), "bias": (8,)}
