import pytest

from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

FIGURES = [
    Figures(
        "max_pool2d",
        {"kernel_size": 2, "return_indices": True},
        ((1, 4, 16, 16),),
        ((1, 4, 8, 8),) * 2,
        flops=4 * 8 * 8 * (2 * 2 - 1),
    ),
    Figures("max_unpool2d", {"kernel_size": 2}, ((1, 4, 8, 8),) * 2, ((1, 4, 16, 16),)),
    Figures("max_unpool1d", {"kernel_size": 3, "stride": 2, "padding": 1}, ((2, 3, 5),) * 2, ((2, 3, 4 * 2 - 2 + 3),)),
    Figures("max_unpool2d", {"kernel_size": 2, "output_size": [17, 15]}, ((1, 4, 8, 8),) * 2, ((1, 4, 17, 15),)),
    Figures(
        "max_pool2d",
        {"kernel_size": 3, "stride": 2},
        ((1, 64, 112, 112),),
        ((1, 64, 55, 55),),  # (112 - 3) // 2 + 1
        flops=64 * 55 * 55 * (3 * 3 - 1),
    ),
    Figures(
        "max_pool2d",
        {"kernel_size": 3, "stride": 2, "ceil_mode": True},
        ((1, 64, 112, 112),),
        ((1, 64, 56, 56),),  # ⌈(112 - 3) / 2⌉ + 1
        flops=64 * 56 * 56 * (3 * 3 - 1),
    ),
    # rounding up gives ⌈5 / 3⌉ + 1 = 3 windows, but the third would start at 6 ≥ 5 + 1, in the right padding
    Figures(
        "max_pool1d",
        {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True},
        ((1, 1, 5),),
        ((1, 1, 2),),
        flops=2 * (2 - 1),
    ),
    Figures(
        "max_pool2d",
        {"kernel_size": 3, "stride": 1, "dilation": 2, "padding": 1},
        ((1, 2, 9, 9),),
        ((1, 2, 7, 7),),  # 9 + 2 - 2 * 2
        flops=2 * 7 * 7 * (3 * 3 - 1),
    ),
    Figures("max_pool2d", {"kernel_size": 2}, ((1, 2, 9, 8),), ((1, 2, 4, 4),), flops=2 * 4 * 4 * (2 * 2 - 1)),
    Figures(
        "max_pool3d", {"kernel_size": [1, 2, 2]}, ((1, 2, 4, 8, 8),), ((1, 2, 4, 4, 4),), flops=2 * 4 * 4 * 4 * (4 - 1)
    ),
    Figures("avg_pool1d", {"kernel_size": 4}, ((1, 2, 12),), ((1, 2, 3),), flops=2 * 3 * 4),
    Figures("avg_pool2d", {"kernel_size": 7}, ((1, 1024, 7, 7),), ((1, 1024, 1, 1),), flops=1024 * 7 * 7),
    Figures(
        "avg_pool2d",
        {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False, "divisor_override": 5},
        ((1, 4, 8, 8),),
        ((1, 4, 4, 4),),
        flops=4 * 4 * 4 * 3 * 3,
    ),
    Figures("avg_pool3d", {"kernel_size": 4, "padding": 2}, ((1, 1, 4, 4, 4),), ((1, 1, 2, 2, 2),), flops=8 * 64),
    Figures("avg_pool3d", {"kernel_size": 2}, ((1, 2, 4, 8, 8),), ((1, 2, 2, 4, 4),), flops=2 * 2 * 4 * 4 * 8),
    Figures("adaptive_avg_pool2d", {"output_size": 1}, ((1, 512, 7, 7),), ((1, 512, 1, 1),), flops=512 * 7 * 7 + 512),
    Figures(
        "adaptive_avg_pool2d",
        {"output_size": [None, 3]},
        ((1, 2, 7, 7),),
        ((1, 2, 7, 3),),
        flops=2 * 7 * 7 + 2 * 7 * 3,
    ),
    Figures("adaptive_avg_pool1d", {"output_size": 5}, ((1, 2, 3),), ((1, 2, 5),), flops=2 * 3 + 2 * 5),
    Figures("adaptive_avg_pool3d", {"output_size": 1}, ((1, 2, 3, 3, 3),), ((1, 2, 1, 1, 1),), flops=2 * 27 + 2),
    Figures("adaptive_max_pool1d", {"output_size": 1}, ((1, 2, 3),), ((1, 2, 1),), flops=2 * 3),
    Figures("adaptive_max_pool2d", {"output_size": [2, None]}, ((1, 2, 4, 4),), ((1, 2, 2, 4),), flops=2 * 4 * 4),
    Figures("adaptive_max_pool3d", {"output_size": 2}, ((1, 2, 4, 4, 4),), ((1, 2, 2, 2, 2),), flops=2 * 64),
]

REFUSALS = [
    Refusal(
        "max_unpool2d", {"kernel_size": 2}, ((1, 3, 4, 4), (1, 3, 4, 5)), "the indices (1, 3, 4, 5) are not as many"
    ),
    Refusal(
        "max_unpool2d",
        {"kernel_size": 2, "output_size": [10, 8]},
        ((1, 3, 4, 4),) * 2,
        "the output_size 10 must differ from 8 by less than the stride 2",
    ),
    Refusal(
        "max_unpool2d", {"kernel_size": 2, "output_size": [9]}, ((1, 3, 4, 4),) * 2, "output_size has 1 sizes for 2"
    ),
    Refusal(
        "max_pool2d",
        {"kernel_size": 3, "padding": 2},
        ((1, 2, 9, 9),),
        "padding 2 is more than half of the kernel_size 3",
    ),
    Refusal(
        "max_pool2d",
        {"kernel_size": 3, "dilation": 2, "padding": 1},
        ((1, 2, 9, 2),),
        "a window that spans 5 does not fit into a padded input of 4",
        "use more padding",
    ),
    Refusal(
        "avg_pool1d", {"kernel_size": 3}, ((1, 2, 2),), "a window that spans 3 does not fit into a padded input of 2"
    ),
    Refusal(
        "avg_pool3d",
        {"kernel_size": 4, "padding": 2},
        ((1, 2, 3, 8, 8),),
        "PyTorch needs an input at least as large as the kernel: 3 < 4",
    ),
    Refusal("max_pool1d", {"kernel_size": 3}, ((1, 2, 9, 9),), "max_pool1d takes an input of 3 dims (N, C, L)"),
    Refusal("adaptive_avg_pool2d", {"output_size": 1}, ((1, 2),), "takes an input of 4 dims (N, C, H, W), got (1, 2)"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)
