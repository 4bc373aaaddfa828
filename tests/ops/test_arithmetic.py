import pytest

from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

IMAGE = (2, 64, 28, 28)
PIXELS = 2 * 64 * 28 * 28

FIGURES = [
    Figures("add", {}, (IMAGE, IMAGE), (IMAGE,), flops=PIXELS),
    Figures("add", {}, (IMAGE, (64, 1, 1), (28,)), (IMAGE,), flops=2 * PIXELS),
    Figures("add", {}, ((3, 1), (4,)), ((3, 4),), flops=3 * 4),
    Figures("add", {}, ((), ()), ((),), flops=1),
    Figures("add", {"other": 1}, (IMAGE,), (IMAGE,), flops=PIXELS),
    Figures("mul", {}, (IMAGE, (2, 64, 1, 1)), (IMAGE,), flops=PIXELS),
    Figures("mul", {"other": 0.5}, (IMAGE,), (IMAGE,), flops=PIXELS),
    Figures("sub", {}, ((5,), (2, 3, 1)), ((2, 3, 5),), flops=2 * 3 * 5),
    Figures("div", {"other": 2}, ((5,),), ((5,),), flops=5),
    Figures("matmul", {}, ((2, 8, 7, 64), (2, 8, 64, 9)), ((2, 8, 7, 9),), macs=2 * 8 * 7 * 9 * 64),
    Figures("matmul", {}, ((8, 1, 7, 64), (3, 64, 9)), ((8, 3, 7, 9),), macs=8 * 3 * 7 * 9 * 64),
    Figures("matmul", {}, ((7, 64), (64, 9)), ((7, 9),), macs=7 * 9 * 64),
    Figures("matmul", {}, ((64,), (64,)), ((),), macs=64),
    Figures("matmul", {}, ((64,), (2, 64, 9)), ((2, 9),), macs=2 * 9 * 64),
    Figures("matmul", {}, ((2, 7, 64), (64,)), ((2, 7),), macs=2 * 7 * 64),
    Figures("mean", {"dim": [2, 3]}, (IMAGE,), ((2, 64),), flops=PIXELS),  # PIXELS - 2 * 64 sums, 2 * 64 quotients
    Figures("mean", {"dim": -1, "keepdim": True}, ((2, 5),), ((2, 1),), flops=2 * 5),
    Figures("sum", {}, ((2, 5),), ((),), flops=2 * 5 - 1),
    Figures("sum", {"dim": []}, ((2, 5),), ((),), flops=2 * 5 - 1),
    Figures("sum", {"dim": 0, "keepdim": True}, ((2, 5),), ((1, 5),), flops=2 * 5 - 5),
    Figures("max", {"dim": 1}, ((2, 5, 3),), ((2, 3),), flops=2 * 5 * 3 - 2 * 3),
]

PROJECTION = "align the shortcut with a projection: "
REFUSALS = [
    Refusal(
        "add",
        {},
        ((1, 128, 28, 28), (1, 64, 56, 56)),
        "add cannot broadcast (1, 128, 28, 28) with (1, 64, 56, 56)",
        PROJECTION + "`conv2d: {out_channels: 128, kernel_size: 1, stride: 2}` on it, the (1, 64, 56, 56)",
    ),
    Refusal(
        "add",
        {},
        ((1, 64, 56, 56), (1, 256, 56, 56)),
        "add cannot broadcast (1, 64, 56, 56) with (1, 256, 56, 56)",
        PROJECTION + "`conv2d: {out_channels: 256, kernel_size: 1}` on it, the (1, 64, 56, 56)",
    ),
    Refusal(
        "add", {}, ((1, 256, 8, 8), (1, 64, 8, 8)), "add cannot broadcast", "`conv2d: {out_channels: 256, kernel_s"
    ),
    Refusal("add", {}, ((1, 1, 2, 2, 2, 2), (1, 1, 2, 2, 2, 3)), "add cannot broadcast", "sizes broadcast, compared"),
    Refusal(
        "add",
        {},
        ((1, 64, 57, 28), (1, 64, 29, 28)),
        "add cannot broadcast",
        PROJECTION + "`conv2d: {out_channels: 64, kernel_size: 1, stride: [2, 1]}` on it, the (1, 64, 57, 28)",
    ),
    Refusal(
        "add",
        {},
        ((1, 8, 4, 6, 6), (1, 4, 8, 12, 12)),
        "add cannot broadcast",
        "`conv3d: {out_channels: 8, kernel_size: 1, stride: 2}`",
    ),
    Refusal(
        "add", {}, ((1, 8, 50), (1, 4, 100)), "add cannot broadcast", "`conv1d: {out_channels: 8, kernel_size: 1, s"
    ),
    Refusal(
        "add",
        {},
        ((1, 196, 768), (1, 196, 384)),
        "add cannot broadcast",
        PROJECTION + "`linear: {out_features: 768}` on it, the (1, 196, 384)",
    ),
    Refusal("add", {}, ((1, 64, 56, 56), (1, 64, 54, 54)), "add cannot broadcast", "no stride takes one spatial size"),
    Refusal("add", {}, ((1, 64, 56, 30), (1, 64, 28, 60)), "add cannot broadcast", "no stride takes one spatial size"),
    Refusal(
        "add", {}, ((2, 3), (2, 4)), "add cannot broadcast (2, 3) with (2, 4)", "sizes broadcast, compared from the"
    ),
    Refusal(
        "add", {}, ((2, 3, 4, 4), (3,)), "add cannot broadcast (2, 3, 4, 4) with (3)", "compared from the last dim"
    ),
    Refusal(
        "mul", {}, ((1, 64, 8, 8), (1, 32, 1, 1)), "mul cannot broadcast", "where they are equal or one of them is 1"
    ),
    Refusal("add", {}, ((2, 3),), "add with one input needs the number 'other'", "`from: [a, b]`"),
    Refusal("div", {}, ((2, 3),), "div with one input needs the number 'other'", "`div: {other: 2}`"),
    Refusal("sub", {"other": 1}, ((2, 3), (2, 3)), "sub takes the number 'other' only with one input, got 2"),
    Refusal("sub", {}, ((2, 3),) * 3, "sub takes 1 to 2 inputs, got 3"),
    Refusal("add", {}, (), "add takes 1 or more inputs, got 0"),
    Refusal("matmul", {}, ((2, 3), (4, 5)), "matmul of (2, 3) and (4, 5): 3 columns meet 4 rows", "`transpose` one"),
    Refusal("matmul", {}, ((2, 3), (4,)), "matmul of (2, 3) and (4): 3 columns meet 4 rows"),
    Refusal("matmul", {}, ((3, 4, 5), (2, 5, 6)), "matmul cannot broadcast the batch dims (3) with (2)"),
    Refusal("matmul", {}, ((3, 4, 5),), "matmul takes 2 inputs, got 1"),
    Refusal("matmul", {}, ((), (3,)), "matmul takes an input of 1 or more dims, got ()"),
    Refusal("mean", {"dim": [1, -1]}, ((2, 3),), "dim 1 is named twice"),
    Refusal("max", {"dim": 2}, ((2, 3),), "there is no dim 2"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)
