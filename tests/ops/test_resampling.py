from collections import Counter
from itertools import product

import pytest

from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, figures_of, name

FIGURES = [
    Figures("upsample", {"scale_factor": 2}, ((1, 3, 5, 4),), ((1, 3, 10, 8),)),
    Figures("upsample", {"scale_factor": 2, "mode": "nearest-exact"}, ((1, 3, 5),), ((1, 3, 10),)),
    Figures("upsample", {"size": 9, "mode": "linear"}, ((1, 3, 5),), ((1, 3, 9),), flops=3 * 9 * (2 * 2 - 1)),
    Figures(
        "upsample",
        {"size": [9, 7], "mode": "bilinear"},
        ((1, 3, 5, 4),),
        ((1, 3, 9, 7),),
        flops=3 * 9 * 7 * (2 * 4 - 1),
    ),
    Figures(
        "upsample", {"size": 6, "mode": "bicubic"}, ((1, 3, 5, 4),), ((1, 3, 6, 6),), flops=3 * 6 * 6 * (2 * 16 - 1)
    ),
    Figures(
        "upsample", {"size": 2, "mode": "trilinear"}, ((1, 3, 5, 4, 3),), ((1, 3, 2, 2, 2),), flops=3 * 8 * (2 * 8 - 1)
    ),
    Figures("upsample", {"scale_factor": [1.5, 0.5]}, ((1, 3, 5, 5),), ((1, 3, 7, 2),)),
    Figures("upsample", {"scale_factor": 0.3}, ((1, 3, 10),), ((1, 3, 3),)),  # 10 * 0.3 rounds to 3.0, as in torch
    Figures("grid_sample", {}, ((2, 3, 5, 4), (2, 6, 7, 2)), ((2, 3, 6, 7),), flops=2 * 3 * 6 * 7 * (4 + 3)),
    Figures("grid_sample", {}, ((1, 3, 5, 4, 3), (1, 2, 6, 7, 3)), ((1, 3, 2, 6, 7),), flops=3 * 2 * 6 * 7 * (8 + 7)),
    Figures(
        "grid_sample", {"mode": "bicubic"}, ((1, 3, 5, 4), (1, 6, 7, 2)), ((1, 3, 6, 7),), flops=3 * 6 * 7 * (16 + 15)
    ),
    Figures("grid_sample", {"mode": "nearest"}, ((1, 3, 5, 4), (1, 6, 7, 2)), ((1, 3, 6, 7),)),
    Figures("unfold", {"kernel_size": 3, "padding": 1}, ((1, 8, 16, 16),), ((1, 8 * 9, 16 * 16),)),
    Figures("unfold", {"kernel_size": [2, 3], "stride": 2, "dilation": 2}, ((2, 3, 7, 9),), ((2, 3 * 6, 3 * 3),)),
    Figures(
        "fold",
        {"output_size": [16, 16], "kernel_size": 3, "padding": 1},
        ((1, 8 * 9, 16 * 16),),
        ((1, 8, 16, 16),),
        flops=8 * ((16 * 3 - 2) ** 2 - 16 * 16),  # along each side the first and the last window hang over by one tap
    ),
    Figures("fold", {"output_size": 6, "kernel_size": 2, "stride": 2}, ((2, 12, 9),), ((2, 3, 6, 6),)),
    Figures(
        "fold",  # along each side two windows share one place
        {"output_size": 5, "kernel_size": 3, "stride": 2},
        ((1, 9, 4),),
        ((1, 1, 5, 5),),
        flops=6 * 6 - 5 * 5,
    ),
    Figures(
        "fold",  # places 0, 2, 4 and 3, 5, 7: windows do not touch
        {"output_size": [8, 1], "kernel_size": [3, 1], "stride": [3, 1], "dilation": [2, 1]},
        ((1, 3, 2),),
        ((1, 1, 8, 1),),
    ),
    Figures("pixel_shuffle", {"upscale_factor": 3}, ((1, 18, 4, 5),), ((1, 18 // 9, 12, 15),)),
    Figures("pixel_shuffle", {"upscale_factor": 2}, ((8, 4, 5),), ((2, 8, 10),)),
    Figures("pixel_unshuffle", {"downscale_factor": 2}, ((1, 3, 4, 6),), ((1, 3 * 4, 2, 3),)),
    Figures("pixel_unshuffle", {"downscale_factor": 2}, ((3, 4, 6),), ((3 * 4, 2, 3),)),
    Figures("upsample", {"size": 1}, ((1, 3, 5),), ((1, 3, 1),)),
]

REFUSALS = [
    Refusal("unfold", {"kernel_size": 7}, ((1, 3, 5, 9),), "a window that spans 7 does not fit into a padded"),
    Refusal("unfold", {"kernel_size": 2}, ((3, 5, 9),), "unfold takes an input of 4 dims (N, C, H, W), got (3, 5, 9)"),
    Refusal("fold", {"output_size": 4, "kernel_size": 2}, ((1, 9, 9),), "9 channels are not a multiple of 4 kernel"),
    Refusal("fold", {"output_size": 4, "kernel_size": 2}, ((1, 8, 4),), "an image of (4, 4) has 9 windows, not 4"),
    Refusal("upsample", {}, ((1, 3, 5),), "upsample needs either 'size' or 'scale_factor', not both"),
    Refusal("upsample", {"size": 2, "scale_factor": 2}, ((1, 3, 5),), "not both"),
    Refusal("upsample", {"scale_factor": 0}, ((1, 3, 5),), "scale_factor must be above 0"),
    Refusal("upsample", {"scale_factor": [1, 0]}, ((1, 3, 5, 5),), "scale_factor must be above 0"),
    Refusal("upsample", {"size": [2, 2]}, ((1, 3, 5),), "2 numbers are given for the 1 spatial dimensions"),
    Refusal("upsample", {"size": 2, "mode": "bilinear"}, ((1, 3, 5),), "mode bilinear takes an input of 4 dims"),
    Refusal("upsample", {"size": 2, "align_corners": True}, ((1, 3, 5),), "align_corners needs a linear or cubic"),
    Refusal("upsample", {"scale_factor": 0.1}, ((1, 3, 5),), "upsample would give an output of shape (1, 3, 0)"),
    Refusal("upsample", {"size": 2}, ((3, 5),), "upsample takes an input of 3 to 5 dims (N, C, *spatial), got (3, 5)"),
    Refusal("grid_sample", {}, ((1, 3, 5, 4), (1, 6, 7, 3)), "a place in the input (1, 3, 5, 4) takes 2 numbers"),
    Refusal("grid_sample", {}, ((2, 3, 5, 4), (1, 6, 7, 2)), "the batch of the grid (1, 6, 7, 2) is not that of"),
    Refusal("grid_sample", {}, ((1, 3, 5, 4), (1, 2, 6, 7, 3)), "has not as many dims as the input (1, 3, 5, 4)"),
    Refusal("grid_sample", {"mode": "bicubic"}, ((1, 3, 5, 4, 3), (1, 2, 6, 7, 3)), "mode bicubic takes an input of 4"),
    Refusal("grid_sample", {}, ((3, 5, 4), (6, 7, 2)), "grid_sample takes an input of 4 to 5 dims"),
    Refusal(
        "pixel_shuffle", {"upscale_factor": 2}, ((1, 6, 4, 4),), "6 channels cannot be divided into squares of 2 × 2"
    ),
    Refusal(
        "pixel_unshuffle", {"downscale_factor": 2}, ((1, 6, 4, 5),), "4 × 5 cannot be divided into squares of 2 × 2"
    ),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


@pytest.mark.parametrize("kernel", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_sums_of_a_fold_are_counted_place_by_place(kernel: int, stride: int, dilation: int, padding: int) -> None:
    """Windows of ones added up say how many values meet at each place."""
    counts: Counter[tuple[int, int]] = Counter()
    starts = [range(-padding, side + padding - dilation * (kernel - 1), stride) for side in (8, 7)]
    for row, column in product(*starts):
        for down, right in product(range(kernel), repeat=2):
            place = row + dilation * down, column + dilation * right
            counts[place] += 0 <= place[0] < 8 and 0 <= place[1] < 7
    windows = len(starts[0]) * len(starts[1])
    attributes = {"kernel_size": kernel, "stride": stride, "dilation": dilation, "padding": padding}
    row = figures_of("fold", {"output_size": [8, 7], **attributes}, ((1, 2 * kernel * kernel, windows),))
    assert row.flops == 2 * sum(count - 1 for count in counts.values() if count)
