from typing import Any

import pytest

from archcost.ops import REGISTRY, OpError
from archcost.ops.fields import AttributeValueError
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, figures_of, name

FIGURES = [
    Figures("flatten", {}, ((2, 3, 4, 5),), ((2, 3 * 4 * 5),)),
    Figures("flatten", {"start_dim": 2, "end_dim": -2}, ((2, 3, 4, 5, 6),), ((2, 3, 4 * 5, 6),)),
    Figures("flatten", {"start_dim": 0}, ((),), ((1,),)),
    Figures("unflatten", {"dim": 1, "unflattened_size": [3, -1]}, ((2, 12),), ((2, 3, 12 // 3),)),
    Figures("unflatten", {"dim": -1, "unflattened_size": [3, 4]}, ((2, 12),), ((2, 3, 4),)),
    Figures("unflatten", {"dim": 0, "unflattened_size": [3, 4]}, ((12,),), ((3, 4),)),
    Figures("unflatten", {"dim": 1, "unflattened_size": [-1]}, ((2, 12, 5, 7),), ((2, 12, 5, 7),)),
    Figures("reshape", {"shape": [2, -1, 4]}, ((2, 3, 4),), ((2, 3, 4),)),
    Figures("reshape", {"shape": [6, 4]}, ((2, 3, 4),), ((6, 4),)),
    Figures("reshape", {"shape": []}, ((1, 1),), ((),)),
    Figures("permute", {"dims": [0, 2, 3, 1]}, ((2, 3, 4, 5),), ((2, 4, 5, 3),)),
    Figures("permute", {"dims": [-1, 0, 1]}, ((2, 3, 4),), ((4, 2, 3),)),
    Figures("transpose", {"dim0": 1, "dim1": -1}, ((2, 3, 4),), ((2, 4, 3),)),
    Figures("transpose", {"dim0": 0, "dim1": -1}, ((),), ((),)),
    Figures("squeeze", {}, ((2, 1, 4, 1),), ((2, 4),)),
    Figures("squeeze", {"dim": [1, 2]}, ((2, 1, 4, 1),), ((2, 4, 1),)),
    Figures("squeeze", {"dim": 0}, ((2, 1),), ((2, 1),)),
    Figures("unsqueeze", {"dim": -1}, ((2, 3),), ((2, 3, 1),)),
    Figures("unsqueeze", {"dim": 1}, ((2, 3),), ((2, 1, 3),)),
    Figures("expand", {"sizes": [8, -1, -1]}, ((1, 1, 768),), ((8, 1, 768),)),
    Figures("expand", {"sizes": [5, 3, -1, 2]}, ((4, 1),), ((5, 3, 4, 2),)),
    Figures("expand", {"sizes": [2, 4, 3]}, ((4, 1),), ((2, 4, 3),)),
    Figures("concat", {}, ((2, 3, 4), (2, 5, 4)), ((2, 3 + 5, 4),)),
    Figures("concat", {"dim": -1}, ((2, 3), (2, 5), (2, 1)), ((2, 3 + 5 + 1),)),
    Figures("concat", {}, ((2, 3),), ((2, 3),)),
    Figures("concat", {"dim": 0}, ((2,), (3,)), ((2 + 3,),)),
    Figures("stack", {}, ((2, 4), (2, 4), (2, 4)), ((3, 2, 4),)),
    Figures("stack", {}, ((), ()), ((2,),)),
    Figures("stack", {"dim": -1}, ((2, 3), (2, 3), (2, 3)), ((2, 3, 3),)),
    Figures("chunk", {"chunks": 2, "dim": 1}, ((2, 6),), ((2, 3), (2, 3))),
    Figures("chunk", {"chunks": 4, "dim": 1}, ((2, 10),), ((2, 3), (2, 3), (2, 3), (2, 1))),
    Figures("chunk", {"chunks": 6}, ((10,),), ((2,), (2,), (2,), (2,), (2,))),  # five of 2, not six
    Figures("chunk", {"chunks": 1}, ((10,),), ((10,),)),
    Figures("split", {"split_size_or_sections": [10]}, ((10,),), ((10,),)),
    Figures("split", {"split_size_or_sections": 4, "dim": 1}, ((2, 10),), ((2, 4), (2, 4), (2, 2))),
    Figures("split", {"split_size_or_sections": [1, 9], "dim": -1}, ((2, 10),), ((2, 1), (2, 9))),
    Figures("slice", {"dim": 1, "end": 1}, ((2, 10),), ((2, 1),)),
    Figures("slice", {"dim": 0, "start": 0, "end": 3}, ((10,),), ((3,),)),
    Figures("slice", {"dim": 0, "start": -100}, ((10,),), ((10,),)),
    Figures("slice", {"dim": 1, "start": -3}, ((2, 10),), ((2, 3),)),
    Figures("slice", {"dim": 1, "start": -100, "end": 100, "step": 3}, ((2, 10),), ((2, 4),)),
    Figures("pad", {"pad": [1, 2]}, ((2, 3, 4),), ((2, 3, 1 + 4 + 2),)),
    Figures("pad", {"pad": [0, 0, 0, 0, 1, 2], "value": 1}, ((2, 3, 4, 5),), ((2, 1 + 3 + 2, 4, 5),)),
    Figures("pad", {"pad": [-1, -1]}, ((2, 3, 4),), ((2, 3, 4 - 2),)),
    Figures("pad", {"pad": [3, 3, 2, 2], "mode": "reflect"}, ((2, 3, 4, 5),), ((2, 3, 4 + 4, 5 + 6),)),
    Figures("pad", {"pad": [1, 0, 0, 1]}, ((2, 3),), ((3, 4),)),
    Figures("pad", {"pad": [-5, 3]}, ((2, 5),), ((2, 3),)),
    Figures("pad", {"pad": [1, 1], "mode": "reflect"}, ((2, 3),), ((2, 5),)),
    Figures("pad", {"pad": [1] * 6, "mode": "replicate"}, ((2, 3, 4, 5),), ((2, 5, 6, 7),)),
    Figures("pad", {"pad": []}, ((2, 3),), ((2, 3),)),
    Figures("roll", {"shifts": 2}, ((2, 3),), ((2, 3),)),
    Figures("flip", {"dims": [0, -1]}, ((2, 3),), ((2, 3),)),
    Figures("unbind", {"dim": 1}, ((2, 3, 5),), ((2, 5),) * 3),
    Figures("unbind", {}, ((1,),), ((),)),
    Figures("tile", {"dims": [3]}, ((2, 5),), ((2, 3 * 5),)),
    Figures("tile", {"dims": [2, 1, 3]}, ((4, 5),), ((2, 4, 3 * 5),)),
    Figures("tile", {"dims": []}, ((4, 5),), ((4, 5),)),
    Figures("repeat_interleave", {"repeats": 4, "dim": 1}, ((2, 8, 7, 64),), ((2, 4 * 8, 7, 64),)),
    Figures("repeat_interleave", {"repeats": 3}, ((2, 5),), ((2 * 5 * 3,),)),
    Figures("roll", {"shifts": [2, -1], "dims": [0, -1]}, ((2, 3),), ((2, 3),)),
    Figures("window_partition", {"window_size": 7}, ((2, 56, 56, 96),), ((2 * 8 * 8, 7 * 7, 96),)),
    Figures("window_partition", {"window_size": [2, 3]}, ((1, 4, 6, 5),), ((2 * 2, 2 * 3, 5),)),
    Figures("window_partition", {"window_size": [8, 7, 7]}, ((1, 16, 56, 56, 96),), ((2 * 8 * 8, 8 * 7 * 7, 96),)),
    Figures("window_reverse", {"window_size": 7, "output_size": [56, 56]}, ((128, 49, 96),), ((2, 56, 56, 96),)),
    Figures("window_reverse", {"window_size": [2, 3], "output_size": 6}, ((6, 6, 5),), ((1, 6, 6, 5),)),
    Figures("channel_shuffle", {"groups": 3}, ((2, 6, 4, 4),), ((2, 6, 4, 4),)),
    Figures("channel_shuffle", {"groups": 3}, ((2, 6, 4),), ((2, 6, 4),)),
]

REFUSALS = [
    Refusal(
        "window_partition",
        {"window_size": 7},
        ((1, 25, 28, 96),),
        "(25, 28) cannot be divided into windows of (7, 7)",
        "`pad` the input to a multiple of the window",
    ),
    Refusal("window_partition", {"window_size": [7]}, ((1, 28, 28, 96),), "window_size has 1 sizes for 2 dims"),
    Refusal("window_reverse", {"window_size": 7, "output_size": 28}, ((16, 48, 96),), "windows of (7, 7) have 49"),
    Refusal(
        "window_reverse",
        {"window_size": 7, "output_size": 28},
        ((8, 49, 96),),
        "8 windows are not a multiple of the 16",
    ),
    Refusal(
        "window_reverse", {"window_size": 2, "output_size": [2] * 4}, ((1, 16, 3),), "output_size takes 1 to 3 sizes"
    ),
    Refusal("flatten", {"start_dim": 3, "end_dim": 1}, ((2, 3, 4, 5),), "start_dim 3 comes after end_dim 1"),
    Refusal("flatten", {}, ((3,),), "there is no dim 1 in an input of 1 dims"),
    Refusal("unflatten", {"dim": 1, "unflattened_size": [5, -1]}, ((2, 12),), "12 cannot be unflattened to (5, -1)"),
    Refusal("unflatten", {"dim": 1, "unflattened_size": []}, ((2, 12),), "unflattened_size is empty"),
    Refusal("reshape", {"shape": [7, -1]}, ((2, 3, 4),), "24 elements cannot be reshaped to (7, -1)"),
    Refusal("reshape", {"shape": [5, 5]}, ((2, 3, 4),), "24 elements cannot be reshaped to (5, 5)"),
    Refusal("permute", {"dims": [0, 1]}, ((2, 3, 4),), "permute names 2 dims, but the input is (2, 3, 4)"),
    Refusal("permute", {"dims": [0, 1, -2]}, ((2, 3, 4),), "dim 1 is named twice in [0, 1, -2]"),
    Refusal("transpose", {"dim0": 0, "dim1": 2}, ((2, 3),), "there is no dim 2 in an input of 2 dims"),
    Refusal("squeeze", {"dim": [0, 0]}, ((1, 3),), "dim 0 is named twice"),
    Refusal("unsqueeze", {"dim": 3}, ((2, 3),), "there is no dim 3 in an output of 3 dims"),
    Refusal("expand", {"sizes": [4, 3]}, ((2, 3),), "(2, 3) cannot be expanded to (4, 3)"),
    Refusal("expand", {"sizes": [3]}, ((2, 3),), "sizes has 1 numbers, fewer than the dims of the input (2, 3)"),
    Refusal(
        "expand", {"sizes": [-1, 2, 3]}, ((2, 3),), "-1 keeps the input's size, but the input (2, 3) has none for dim 0"
    ),
    Refusal(
        "concat",
        {},
        ((1, 64, 56, 56), (1, 128, 28, 28)),
        "concat along dim 1 needs equal sizes in every other dim: "
        "(1, 64, 56, 56) and (1, 128, 28, 28) differ in dims 2 and 3",
        "bring the (1, 128, 28, 28) to 56 × 56 with a stride, padding or `upsample`",
    ),
    Refusal(
        "concat", {}, ((1, 64, 56, 56), (1, 32, 56, 55)), "differ in dim 3", "bring the (1, 32, 56, 55) to 56 × 56"
    ),
    Refusal("concat", {}, ((1, 5, 8), (1, 7, 8), (2, 4, 9)), "(1, 5, 8) and (2, 4, 9) differ in dims 0 and 2"),
    Refusal(
        "concat", {}, ((1, 1, 768), (1, 1, 64)), "differ in dim 2", "their shapes fit along dim 2: `concat: {dim: 2}`"
    ),
    Refusal(
        "concat",
        {},
        ((1, 5, 8), (1, 7)),
        "concat needs inputs of the same number of dims, got (1, 5, 8) and (1, 7)",
        "`unsqueeze`",
    ),
    Refusal("concat", {"dim": 2}, ((1, 5), (1, 7)), "there is no dim 2 in an input of 2 dims"),
    Refusal("stack", {}, ((1, 5), (1, 7)), "stack needs inputs of one shape, got (1, 5) and (1, 7)"),
    Refusal("stack", {"dim": 3}, ((1, 5), (1, 5)), "there is no dim 3 in an output of 3 dims"),
    Refusal("chunk", {"chunks": 2, "dim": 2}, ((1, 5),), "there is no dim 2"),
    Refusal(
        "split",
        {"split_size_or_sections": [1, 2], "dim": 1},
        ((1, 5),),
        "sections (1, 2) sum to 3, but dim 1 has size 5",
    ),
    Refusal("split", {"split_size_or_sections": []}, ((1, 5),), "split_size_or_sections is empty"),
    Refusal(
        "slice",
        {"dim": 1, "start": 5},
        ((1, 5),),
        "the slice from 5 to the end of dim 1 is empty: its size is 5",
    ),
    Refusal("slice", {"dim": 1, "end": -5}, ((1, 5),), "the slice from the beginning to -5 of dim 1 is empty"),
    Refusal("pad", {"pad": [1]}, ((1, 5),), "pad takes pairs (before, after), got 1 numbers"),
    Refusal("pad", {"pad": [1] * 6}, ((1, 5),), "pad has pairs for 3 dims, but the input is (1, 5)"),
    Refusal("pad", {"pad": [-3, -2]}, ((1, 5),), "pad would give an output of shape (1, 0)"),
    Refusal("pad", {"pad": [-6, 9]}, ((1, 5),), "the padding (-6, 9) cuts off more than the size 5"),
    Refusal("pad", {"pad": [3, -6]}, ((1, 5),), "the padding (3, -6) cuts off more than the size 5"),
    Refusal("pad", {"pad": [-6, 9, 1, 1]}, ((1, 5),), "the padding (-6, 9) cuts off more than the size 5"),
    Refusal("pad", {"pad": [1] * 8, "mode": "replicate"}, ((2, 3, 4, 5, 6),), "4 pairs do not fit (2, 3, 4, 5, 6)"),
    Refusal("pad", {"pad": [1] * 4, "mode": "replicate"}, ((2, 3),), "2 pairs do not fit (2, 3)"),
    Refusal("pad", {"pad": [1, 1], "mode": "reflect"}, ((1, 2, 3, 4),), "1 pairs do not fit (1, 2, 3, 4)"),
    Refusal("pad", {"pad": [4, 1], "mode": "reflect"}, ((1, 2, 4),), "must be smaller than the size 4"),
    Refusal("pad", {"pad": [1, 4], "mode": "reflect"}, ((1, 2, 4),), "must be smaller than the size 4"),
    Refusal("transpose", {"dim0": 0, "dim1": 1}, ((),), "there is no dim 1", "dims run from 0 (the batch) to 0"),
    Refusal("pad", {"pad": [1, 5], "mode": "circular"}, ((1, 2, 4),), "must not be larger than the size 4"),
    Refusal(
        "pad",
        {"pad": [1, 1], "mode": "reflect", "value": 1},
        ((1, 5),),
        "'value' needs mode constant, got mode reflect",
    ),
    Refusal("unbind", {"dim": 2}, ((1, 5),), "there is no dim 2"),
    Refusal("unbind", {}, ((10_001, 5),), "it would have 10001 outputs, more than 10000"),
    Refusal("unbind", {}, ((),), "unbind takes an input of 1 or more dims, got ()"),
    Refusal("repeat_interleave", {"repeats": 2, "dim": 0}, ((),), "takes an input of 1 or more dims, got ()"),
    Refusal("flip", {"dims": [1, -1]}, ((1, 5),), "dim 1 is named twice"),
    Refusal("roll", {"shifts": [], "dims": []}, ((1, 5),), "shifts is empty"),
    Refusal("roll", {"shifts": [1, 2]}, ((1, 5),), "2 shifts are given for 1 dims"),
    Refusal("roll", {"shifts": 1, "dims": 2}, ((1, 5),), "there is no dim 2"),
    Refusal("channel_shuffle", {"groups": 4}, ((1, 6, 2, 2),), "6 channels cannot be divided into 4 groups"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


def test_concat_suggests_nothing_where_nothing_fits() -> None:
    with pytest.raises(OpError) as caught:
        figures_of("concat", {}, ((1, 5, 8), (2, 5, 9)))
    assert caught.value.help == ""


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("chunk", {"chunks": 0}),
        ("split", {"split_size_or_sections": 0}),
        ("slice", {"dim": 1, "step": 0}),
        ("reshape", {"shape": [-1, -1]}),
        ("reshape", {"shape": [0]}),
        ("unflatten", {"dim": 1, "unflattened_size": [-1, -1]}),
    ],
)
def test_attributes_out_of_range(kind: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(AttributeValueError, match="expected a"):
        REGISTRY[kind](**attributes)


def test_pieces_have_no_main_output() -> None:
    assert {kind for kind, op in REGISTRY.items() if not op.main_output} == {"chunk", "split", "unbind"}
