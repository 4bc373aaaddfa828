import pytest

from archcost.ops import REGISTRY
from archcost.ops.field_types import AttributeValueError
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

FIGURES = [
    Figures(
        "linear",
        {"out_features": 1000},
        ((1, 1024),),
        ((1, 1000),),
        params=1000 * 1024 + 1000,
        macs=1000 * 1024,
        flops=1000,
    ),
    Figures(
        "linear",
        {"out_features": 64, "bias": False},
        ((1, 16, 64),),
        ((1, 16, 64),),
        params=64 * 64,
        macs=16 * 64 * 64,  # 65,536: every position, not one
    ),
    Figures("linear", {"out_features": 3}, ((5,),), ((3,),), params=3 * 5 + 3, macs=3 * 5, flops=3),
    Figures(
        "embedding",
        {"num_embeddings": 30522, "embedding_dim": 768, "padding_idx": 0},
        ((2, 128),),
        ((2, 128, 768),),
        params=30522 * 768,
    ),
    Figures(
        "embedding", {"num_embeddings": 9, "embedding_dim": 4, "padding_idx": -9}, ((3,),), ((3, 4),), params=9 * 4
    ),
    Figures("embedding", {"num_embeddings": 9, "embedding_dim": 4, "padding_idx": 8}, ((3,),), ((3, 4),), params=9 * 4),
    Figures("parameter", {"shape": [1, 197, 768]}, (), ((1, 197, 768),), params=197 * 768),
    Figures("parameter", {"shape": [3], "requires_grad": False}, (), ((3,),), params=3),
    Figures("parameter", {"shape": []}, (), ((),), params=1),
    Figures("buffer", {"shape": [1, 15, 15, 2]}, (), ((1, 15, 15, 2),)),
    Figures("constant", {"shape": [1, 7, 7]}, (), ((1, 7, 7),)),
    Figures("constant", {"shape": [], "value": 3, "dtype": "int32"}, (), ((),)),
    Figures("layer_scale", {}, ((2, 96, 56, 56),), ((2, 96, 56, 56),), params=96, flops=2 * 96 * 56 * 56),
    Figures("layer_scale", {"dim": -1}, ((2, 197, 384),), ((2, 197, 384),), params=384, flops=2 * 197 * 384),
]

FIGURES += [
    Figures("functional_linear", {}, ((2, 5, 16), (32, 16)), ((2, 5, 32),), macs=2 * 5 * 32 * 16),
    Figures("functional_linear", {}, ((2, 16), (32, 16), (32,)), ((2, 32),), macs=2 * 32 * 16, flops=2 * 32),
]

REFUSALS = [
    Refusal("functional_linear", {}, ((2, 16), (32, 8)), "the weight (32, 8) is for 8 features, not 16"),
    Refusal("functional_linear", {}, ((2, 16), (2, 32, 16)), "the weight of functional_linear has two dims"),
    Refusal("functional_linear", {}, ((2, 16), (32, 16), (16,)), "the bias (16) is not one for each of 32 features"),
    Refusal("layer_scale", {"dim": 2}, ((2, 96),), "there is no dim 2 in an input of 2 dims"),
    Refusal(
        "embedding",
        {"num_embeddings": 10, "embedding_dim": 4, "padding_idx": 10},
        ((2, 3),),
        "padding_idx 10 is not an index into 10 embeddings",
    ),
    Refusal(
        "embedding",
        {"num_embeddings": 10, "embedding_dim": 4, "padding_idx": -11},
        ((2, 3),),
        "padding_idx -11 is not an index into 10 embeddings",
    ),
    Refusal("linear", {"out_features": 3}, ((),), "linear takes an input of 1 or more dims (*, in_features), got ()"),
    Refusal("parameter", {"shape": [3]}, ((2, 3),), "parameter takes no input, got 1"),
    Refusal("constant", {"shape": [3]}, ((2, 3),), "constant takes no input, got 1"),
    Refusal("constant", {"shape": [3], "value": 0.5, "dtype": "int64"}, (), "value 0.5 is no whole number"),
    Refusal("constant", {"shape": [3], "value": 2, "dtype": "bool"}, (), "value 2 is neither 0 nor 1"),
]


@pytest.mark.parametrize("row", FIGURES, ids=name)
def test_figures(row: Figures) -> None:
    assert_figures(row)


@pytest.mark.parametrize("row", REFUSALS, ids=name)
def test_refusals(row: Refusal) -> None:
    assert_refusal(row)


def test_a_parameter_is_trainable_as_requires_grad_says() -> None:
    assert REGISTRY["parameter"](shape=[3]).trainable()
    assert not REGISTRY["parameter"](shape=[3], requires_grad=False).trainable()
    assert REGISTRY["linear"](out_features=3).trainable()


def test_which_ops_read_indices() -> None:
    reading = {kind: op.index_inputs for kind, op in REGISTRY.items() if op.index_inputs}
    unpools = dict.fromkeys([f"max_unpool{ndim}d" for ndim in (1, 2, 3)], (1,))
    assert reading == {"embedding": (0,), "index_select": (1,), "gather": (1,), **unpools}


def test_a_scale_broadcasts_from_its_dim_on() -> None:
    scale = REGISTRY["layer_scale"]
    assert scale().weights(((2, 96, 56, 56),)) == {"weight": (96, 1, 1)}
    assert scale(dim=-1).weights(((2, 197, 384),)) == {"weight": (384,)}


@pytest.mark.parametrize(
    ("kind", "attributes", "dtype"),
    [
        ("buffer", {}, "bfloat16"),
        ("buffer", {"dtype": "int64"}, "int64"),
        ("constant", {}, "bfloat16"),
        ("constant", {"dtype": "bool"}, "bool"),
        ("constant", {"dtype": "float64"}, "float64"),
    ],
)
def test_the_dtype_of_a_tensor_is_the_models_unless_it_says_another(
    kind: str, attributes: dict[str, str], dtype: str
) -> None:
    op = REGISTRY[kind](shape=[3], **attributes)
    assert op.result_dtype((), [], "bfloat16") == dtype
    assert kind == "constant" or op.buffer_dtype("values", "bfloat16") == dtype


@pytest.mark.parametrize("attributes", [{"dtype": "float64"}, {"dtype": "int"}, {"dtype": 8}])
def test_a_buffer_says_only_whole_numbers(attributes: dict[str, object]) -> None:
    with pytest.raises(AttributeValueError, match="one of int64, int32"):
        REGISTRY["buffer"](shape=[3], **attributes)


def test_a_buffer_is_saved_and_not_learnt() -> None:
    buffer = REGISTRY["buffer"](shape=[3, 4])
    assert (buffer.weights(()), buffer.buffers(())) == ({}, {"values": (3, 4)})
