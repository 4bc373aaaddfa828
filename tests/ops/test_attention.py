import pytest

from archcost.ops import REGISTRY
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

HEADS = (2, 4, 7, 8)
MEMORY = (2, 4, 9, 8)
SDPA = "scaled_dot_product_attention"
MHA = "multihead_attention"

RPB = "relative_position_bias"

FIGURES = [
    # Swin: windows of 7 × 7, 3 heads
    Figures(RPB, {"window_size": 7, "num_heads": 3}, (), ((1, 3, 7 * 7, 7 * 7),), params=(2 * 7 - 1) * (2 * 7 - 1) * 3),
    Figures(RPB, {"window_size": [8, 7, 7], "num_heads": 3}, (), ((1, 3, 392, 392),), params=15 * 13 * 13 * 3),
    Figures(RPB, {"window_size": [16], "num_heads": 8}, (), ((1, 8, 16, 16),), params=(2 * 16 - 1) * 8),
    Figures(RPB, {"window_size": 8}, ((1, 15, 15, 4),), ((1, 4, 64, 64),)),
    Figures("rotary_embedding", {}, ((1, 8, 128, 64),), ((1, 8, 128, 64),), flops=3 * 8 * 128 * 64),
    Figures("rotary_embedding", {"rotary_dim": 16}, ((8, 128, 64),), ((8, 128, 64),), flops=3 * 8 * 128 * 16),
    Figures(
        SDPA,
        {},
        (HEADS, MEMORY, (2, 4, 9, 6)),
        ((2, 4, 7, 6),),
        macs=2 * 4 * 7 * 9 * 8 + 2 * 4 * 7 * 9 * 6,
        flops=4 * 2 * 4 * 7 * 9,
    ),
    Figures(SDPA, {"is_causal": True}, (HEADS,) * 3, (HEADS,), macs=2 * (2 * 4 * 7 * 7 * 8), flops=4 * 2 * 4 * 7 * 7),
    Figures(
        SDPA,
        {},
        (HEADS, MEMORY, MEMORY, (9,)),
        (HEADS,),
        macs=2 * (2 * 4 * 7 * 9 * 8),
        flops=(4 + 1) * 2 * 4 * 7 * 9,
    ),
    Figures(
        SDPA,
        {"enable_gqa": True},
        (HEADS, (2, 2, 9, 8), (2, 2, 9, 8)),
        (HEADS,),
        macs=2 * (2 * 4 * 7 * 9 * 8),  # all four heads of the query
        flops=4 * 2 * 4 * 7 * 9,
    ),
    Figures(
        SDPA,
        {"enable_gqa": True, "dropout_p": 1},
        ((4, 7, 8), (2, 9, 8), (2, 9, 8)),
        ((4, 7, 8),),
        macs=2 * (4 * 7 * 9 * 8),
        flops=4 * 4 * 7 * 9,
    ),
    Figures(
        SDPA,
        {"enable_gqa": True},
        ((1, 4, 7, 8), (2, 2, 9, 8), (2, 2, 9, 8)),
        ((2, 4, 7, 8),),
        macs=2 * (2 * 4 * 7 * 9 * 8),
        flops=4 * 2 * 4 * 7 * 9,
    ),
    Figures(SDPA, {}, ((7, 8), (9, 8), (9, 8)), ((7, 8),), macs=2 * (7 * 9 * 8), flops=4 * 7 * 9),
    Figures(
        MHA,
        {"num_heads": 4},
        ((1, 32, 64),),
        ((1, 32, 64),),
        params=3 * 64 * 64 + 3 * 64 + 64 * 64 + 64,
        macs=4 * 32 * 64 * 64 + 2 * 32 * 32 * 64,  # 524,288 + 131,072
        flops=4 * 32 * 64 + 4 * 4 * 32 * 32,
    ),
    Figures(
        MHA,
        {"num_heads": 2, "bias": False, "batch_first": False, "dropout": 1},
        ((7, 3, 8), (9, 3, 8)),
        ((7, 3, 8),),
        params=4 * 8 * 8,
        macs=3 * (2 * 7 * 8 * 8 + 2 * 9 * 8 * 8 + 2 * 7 * 9 * 8),
        flops=4 * 3 * 2 * 7 * 9,
    ),
    Figures(
        MHA,
        {"num_heads": 4, "kdim": 6, "vdim": 5},
        ((2, 7, 8), (2, 9, 6), (2, 9, 5)),
        ((2, 7, 8),),
        params=8 * 8 + 8 * 6 + 8 * 5 + 3 * 8 + 8 * 8 + 8,
        macs=2 * (2 * 7 * 8 * 8 + 9 * 6 * 8 + 9 * 5 * 8 + 2 * 7 * 9 * 8),
        flops=2 * (2 * 7 * 8 + 2 * 9 * 8) + 4 * 2 * 4 * 7 * 9,
    ),
    Figures(
        MHA,
        {"num_heads": 1, "bias": False, "add_bias_kv": True, "add_zero_attn": True},
        ((2, 7, 8),),
        ((2, 7, 8),),
        params=4 * 8 * 8 + 2 * 8,
        macs=2 * (4 * 7 * 8 * 8 + 2 * 7 * (7 + 1 + 1) * 8),
        flops=4 * 2 * 7 * (7 + 1 + 1),
    ),
]

REFUSALS = [
    Refusal(RPB, {"window_size": 7}, (), "relative_position_bias without an input needs 'num_heads'"),
    Refusal(
        RPB, {"window_size": 8}, ((1, 13, 13, 4),), "a window of (8, 8) needs a table of 225 rows, got (1, 13, 13, 4)"
    ),
    Refusal(RPB, {"window_size": 8, "num_heads": 3}, ((15, 15, 4),), "num_heads is 3, but the table (15, 15, 4) has 4"),
    Refusal(RPB, {"window_size": [2] * 4, "num_heads": 3}, (), "window_size takes 1 to 3 sizes, got 4"),
    Refusal("rotary_embedding", {}, ((7, 5),), "5 features cannot be divided into pairs"),
    Refusal("rotary_embedding", {"rotary_dim": 8}, ((7, 6),), "rotary_dim is 8, but the input (7, 6) has fewer"),
    Refusal(SDPA, {}, (HEADS, (2, 4, 9, 7), MEMORY), "query (2, 4, 7, 8) and key (2, 4, 9, 7) differ in the last dim"),
    Refusal(SDPA, {}, (HEADS, MEMORY, HEADS), "differ in the number of positions"),
    Refusal(SDPA, {}, (HEADS, (3, 4, 9, 8), (3, 4, 9, 8)), "batch dims (2, 4) of the query and (3, 4) of the key"),
    Refusal(SDPA, {}, (HEADS, MEMORY, (3, 4, 9, 8)), "batch dims (2, 4) and (3, 4) of the value do not agree"),
    Refusal(SDPA, {}, (HEADS, MEMORY, MEMORY, (7, 8)), "scores (2, 4, 7, 9) do not broadcast with the mask (7, 8)"),
    Refusal(SDPA, {}, (HEADS, MEMORY, MEMORY, (3, 2, 4, 7, 9)), "has more dims than the scores (2, 4, 7, 9)"),
    Refusal(SDPA, {}, ((1, 7, 8),) * 3 + ((5, 7, 7),), "the mask (5, 7, 7) does not broadcast to the scores (1, 7, 7)"),
    Refusal(SDPA, {"is_causal": True}, (HEADS,) * 3 + ((7, 7),), "is_causal and a mask cannot be combined"),
    Refusal(SDPA, {}, (HEADS, HEADS, (8,)), "the value needs 2 or more dims (*, positions, features), got (8)"),
    Refusal(SDPA, {}, (HEADS, HEADS), "takes 3 to 4 inputs, got 2"),
    Refusal(
        SDPA, {"enable_gqa": True}, (HEADS, (2, 3, 9, 8), (2, 3, 9, 8)), "4 query heads are not a multiple of 3 shared"
    ),
    Refusal(SDPA, {"enable_gqa": True}, ((4, 7, 8), (7, 8), (7, 8)), "enable_gqa needs heads in dim -3"),
    Refusal(SDPA, {"enable_gqa": True}, ((7, 8),) * 3, "enable_gqa needs heads in dim -3"),
    Refusal(MHA, {"num_heads": 3}, ((1, 32, 64),), "64 features cannot be divided into 3 heads"),
    Refusal(MHA, {"num_heads": 4}, ((1, 7, 8), (2, 9, 8)), "query (1, 7, 8) and key (2, 9, 8) differ in the batch"),
    Refusal(MHA, {"num_heads": 4, "batch_first": False}, ((7, 1, 8), (9, 2, 8)), "differ in the batch"),
    Refusal(
        MHA,
        {"num_heads": 4},
        ((1, 7, 8), (1, 9, 8), (1, 7, 8)),
        "key (1, 9, 8) and value (1, 7, 8) must have the same batch and positions",
    ),
    Refusal(MHA, {"num_heads": 4, "kdim": 6}, ((1, 7, 8),), "kdim is 6, but the key is (1, 7, 8)"),
    Refusal(MHA, {"num_heads": 4, "vdim": 6}, ((1, 7, 8),), "vdim is 6, but the value is (1, 7, 8)"),
    Refusal(MHA, {"num_heads": 4}, ((7, 8),), "takes an input of 3 dims (N, L, E), got (7, 8)"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


def test_weights_have_the_names_of_torch() -> None:
    whole = REGISTRY[MHA](num_heads=2, add_bias_kv=True)
    assert list(whole.weights(((1, 7, 8),))) == [
        "in_proj_weight",
        "in_proj_bias",
        "bias_k",
        "bias_v",
        "out_proj.weight",
        "out_proj.bias",
    ]
    apart = REGISTRY[MHA](num_heads=2, bias=False)
    assert list(apart.weights(((1, 7, 8),))) == ["in_proj_weight", "out_proj.weight"]
    assert "in_proj_weight" not in apart.weights(((1, 7, 8), (1, 9, 8), (1, 9, 5)))
    assert "in_proj_weight" not in apart.weights(((1, 7, 8), (1, 9, 5), (1, 9, 8)))
    assert apart.weights(((1, 7, 8), (1, 9, 6), (1, 9, 5))) == {
        "q_proj_weight": (8, 8),
        "k_proj_weight": (8, 6),
        "v_proj_weight": (8, 5),
        "out_proj.weight": (8, 8),
    }


def test_a_table_has_an_index_for_every_pair_of_positions() -> None:
    bias = REGISTRY[RPB](window_size=7, num_heads=3)
    assert bias.weights(()) == {"relative_position_bias_table": (13 * 13, 3)}
    assert bias.buffers(()) == {"relative_position_index": (49 * 49,)}
    assert bias.weights(((13, 13, 3),)) == {}
    assert bias.buffers(((13, 13, 3),)) == {"relative_position_index": (49 * 49,)}
