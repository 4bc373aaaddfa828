"""Matrices, tables, recurrent layers and gates of channels: where their rewrites apply, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import archcost
from archcost.model_zoo import path_of
from archcost.spec.loader import loads
from tests.suggesting.changed_specs import already, changed, ground_of, is_built, places

TOKENS = {"inputs": {"tokens": {"shape": [6], "dtype": "int64"}}}


def words(number: int, width: int, **more: Any) -> dict[str, Any]:
    return {"embedding": {"num_embeddings": number, "embedding_dim": width}, "id": "words", **more}


def lstm(**attributes: Any) -> dict[str, Any]:
    return {"lstm": {"hidden_size": 16, **attributes}, "id": "rnn"}


def head(number: int, *, bias: bool) -> dict[str, Any]:
    return {"linear": {"out_features": number, "bias": bias}, "id": "head"}


def gates(squeeze: int, channels: int) -> list[Any]:
    return [
        {"adaptive_avg_pool2d": 1, "id": "means"},
        {"conv2d": {"out_channels": squeeze, "kernel_size": 1}, "id": "fc1"},
        "relu",
        {"conv2d": {"out_channels": channels, "kernel_size": 1}, "id": "fc2"},
        "sigmoid",
        {"mul": None, "from": ["sigmoid", "input"]},
    ]


DENSE_GATES = [
    {"adaptive_avg_pool2d": 1},
    "flatten",
    {"linear": 4, "id": "fc1"},
    "silu",
    {"linear": 64, "id": "fc2"},
    "hardsigmoid",
    {"reshape": ["$batch", 64, 1, 1]},
    {"mul": None, "from": ["reshape", "input"]},
]
STATE = {"shape": [1, 1, 16], "batch": False}
LAYER = {
    "params": {"width": "$in_features"},
    "layers": [{"id": "attn", "multihead_attention": 2}, {"linear": "$width"}],
}
LAYERS = {"input": [5, 8], "blocks": {"layer": LAYER}}
ATTENTION = 4 * 8 * 8 + 4 * 8  # of `layer`: the projections and their biases
ROUND = ATTENTION + 8 * 8 + 8

# spec, rewrite, params before and after, MACs before and after
CASES: dict[str, tuple[dict[str, Any], str, tuple[int, int], tuple[int, int]]] = {
    "low rank, a quarter of the outputs": (
        {"input": [64], "layers": [{"linear": 32}]},
        "low_rank", (64 * 32 + 32, 8 * (64 + 32) + 32), (64 * 32, 8 * (64 + 32)),
    ),
    "low rank, a quarter of the inputs, in a sequence": (
        {"input": [5, 16], "layers": [{"linear": {"out_features": 32, "bias": False}}]},
        "low_rank", (16 * 32, 4 * (16 + 32)), (5 * 16 * 32, 5 * 4 * (16 + 32)),
    ),
    "low rank of a 1×1 convolution, whose stride comes first": (
        {"input": [64, 8, 8], "layers": [{"conv2d": {"out_channels": 32, "kernel_size": 1, "stride": 2}}]},
        "low_rank", (64 * 32 + 32, 8 * (64 + 32) + 32), (4 * 4 * 64 * 32, 4 * 4 * 8 * (64 + 32)),
    ),
    "tied head": (
        {**TOKENS, "layers": [words(50, 16), head(50, bias=False), {"softmax": -1}]},
        "tied_head", (2 * 50 * 16, 50 * 16), (6 * 50 * 16, 6 * 50 * 16),
    ),
    "tied head that keeps its bias": (
        {**TOKENS, "layers": [words(50, 16), {"linear": 16}, head(50, bias=True)]},
        "tied_head", (2 * 50 * 16 + 50 + 16 * 16 + 16, 50 * 16 + 50 + 16 * 16 + 16), ((6 * (16 * 16 + 50 * 16),) * 2),
    ),
    "tied head, of an embedding in a block": (
        {
            **TOKENS,
            "blocks": {"stem": {"layers": [words(50, 16), {"dropout": 0.1}]}},
            "layers": [{"id": "stem", "stem": None}, head(50, bias=False)],
        },
        "tied_head", (2 * 50 * 16, 50 * 16), (6 * 50 * 16, 6 * 50 * 16),
    ),
    "factored embedding": (
        {**TOKENS, "layers": [words(1000, 512)]},
        "factored_embedding", (1000 * 512, 1000 * 128 + 128 * 512 + 512), (0, 6 * 128 * 512),
    ),
    "gru": (
        {"input": [7, 12], "layers": [lstm(), {"linear": {"out_features": 3}, "from": "rnn.0"}]},
        "gru",
        (4 * 16 * (12 + 16 + 2) + 3 * 16 + 3, 3 * 16 * (12 + 16 + 2) + 3 * 16 + 3),
        (7 * (4 * 16 * (12 + 16) + 3 * 16), 7 * (3 * 16 * (12 + 16) + 3 * 16)),
    ),
    "gru, two layers in both directions, whose last state is read": (
        {
            "input": [7, 12],
            "layers": [lstm(num_layers=2, bidirectional=True, bias=False)],
            "outputs": ["rnn.0", "rnn.1"],
        },
        "gru",
        (4 * 16 * 2 * (12 + 16 + 32 + 16), 3 * 16 * 2 * (12 + 16 + 32 + 16)),
        (7 * 4 * 16 * 2 * (12 + 16 + 32 + 16), 7 * 3 * 16 * 2 * (12 + 16 + 32 + 16)),
    ),
    "gru cell": (
        {"input": [12], "layers": [{"lstm_cell": 16, "id": "cell"}], "outputs": ["cell.0"]},
        "gru", (4 * 16 * (12 + 16 + 2), 3 * 16 * (12 + 16 + 2)), (4 * 16 * (12 + 16), 3 * 16 * (12 + 16)),
    ),
    "channel attention: 64 channels, a kernel of 3": (
        {"input": [64, 6, 6], "layers": gates(4, 64)},
        "eca", (2 * 64 * 4 + 4 + 64, 3), (2 * 64 * 4, 64 * 3),
    ),
    "channel attention: 256 channels, a kernel of 5": (
        {"input": [256, 6, 6], "layers": gates(16, 256)},
        "eca", (2 * 256 * 16 + 16 + 256, 5), (2 * 256 * 16, 256 * 5),
    ),
    "channel attention in place of linear layers": (
        {"input": [64, 6, 6], "layers": DENSE_GATES},
        "eca", (2 * 64 * 4 + 4 + 64, 3), (2 * 64 * 4, 64 * 3),
    ),
    "root mean square norm": (
        {"input": [5, 8], "layers": [{"layer_norm": {"eps": 1e-6}}, "layer_norm"]}, "rms_norm", (4 * 8, 2 * 8), (0, 0),
    ),
    "root mean square norm without weights": (
        {"input": [5, 8], "layers": [{"layer_norm": {"elementwise_affine": False}}, {"layer_norm": {"bias": False}}]},
        "rms_norm", (8, 8), (0, 0),
    ),
    "shared layers": (
        {**LAYERS, "layers": [{"id": "layers", "layer": None, "repeat": 3}, "relu"]},
        "shared_layers", (3 * ROUND, ROUND), ((3 * (5 * 5 * 8 * 8 + 2 * 5 * 5 * 8),) * 2),
    ),
    "shared layers of a step without an id": (
        {**LAYERS, "layers": [{"layer": None, "repeat": 3}]},
        "shared_layers", (3 * ROUND, ROUND), ((3 * (5 * 5 * 8 * 8 + 2 * 5 * 5 * 8),) * 2),
    ),
    "shared layers of a group": (
        {"input": [5, 8], "layers": [{"id": "g", "repeat": 2, "layers": [{"multihead_attention": 2}, "gelu"]}]},
        "shared_layers", (2 * ATTENTION, ATTENTION), ((2 * (4 * 5 * 8 * 8 + 2 * 5 * 5 * 8),) * 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_a_rewrite_saves(case: tuple[dict[str, Any], str, tuple[int, int], tuple[int, int]]) -> None:
    spec, rewrite, params, macs = case
    ground = ground_of(spec)
    made = changed(ground, rewrite)
    before, after = archcost.analyze(ground.spec).totals, made.report.totals
    assert (before.params, after.params) == params
    assert (before.macs, after.macs) == macs
    assert is_built(made)


NOWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "low rank that saves nothing": ({"input": [2], "layers": [{"linear": 3}]}, "low_rank"),
    "low rank of a matrix that others use": (
        {**TOKENS, "layers": [words(50, 16), {**head(50, bias=False), "share": "words"}]}, "low_rank",
    ),
    "low rank of a 1×1 convolution in groups": (
        {"input": [64, 8, 8], "layers": [{"conv2d": {"out_channels": 64, "kernel_size": 1, "groups": 4}}]}, "low_rank",
    ),
    "low rank of a padded 1×1 convolution": (
        {"input": [64, 8, 8], "layers": [{"conv2d": {"out_channels": 64, "kernel_size": 1, "padding": 1}}]}, "low_rank",
    ),
    "a head of another width": (
        {**TOKENS, "layers": [words(50, 16), {"linear": 8}, head(50, bias=False)]}, "tied_head",
    ),
    "a layer that is no head": (
        {**TOKENS, "layers": [words(50, 16), head(50, bias=False), "relu", {"linear": 3}]}, "tied_head",
    ),
    "a head that is tied already": (
        {**TOKENS, "layers": [words(50, 16), {**head(50, bias=False), "share": "words"}]}, "tied_head",
    ),
    "a table of positions": (
        {
            "input": [6, 16],
            "layers": [
                {"buffer": {"shape": [6], "dtype": "int64"}},
                words(50, 16),
                {"add": None, "from": ["input", "words"]},
                head(50, bias=False),
            ],
        },
        "tied_head",
    ),
    "a narrow embedding": ({**TOKENS, "layers": [words(1000, 128)]}, "factored_embedding"),
    "a short embedding": ({**TOKENS, "layers": [words(100, 512)]}, "factored_embedding"),
    "an embedding that a head uses": (
        {**TOKENS, "layers": [words(1000, 512), {**head(1000, bias=False), "share": "words"}]}, "factored_embedding",
    ),
    "an LSTM whose cell state is an output": ({"input": [7, 12], "layers": [lstm()]}, "gru"),
    "an LSTM whose cell state is read": (
        {"input": [7, 12], "layers": [lstm(), {"linear": 3, "from": "rnn.2"}]}, "gru",
    ),
    "an LSTM with a projection": (
        {"input": [7, 12], "layers": [lstm(proj_size=4), {"linear": 3, "from": "rnn.0"}]}, "gru",
    ),
    "an LSTM that is given a state": (
        {
            "inputs": {"x": [7, 12], "h": STATE, "c": STATE},
            "layers": [{**lstm(), "from": ["x", "h", "c"]}],
            "outputs": ["rnn.0"],
        },
        "gru",
    ),
    "gates that squeeze nothing": ({"input": [64, 6, 6], "layers": gates(64, 64)}, "eca"),
    "gates that are not for means": ({"input": [64, 1, 1], "layers": gates(4, 64)[1:]}, "eca"),
    "a single round": ({**LAYERS, "layers": [{"layer": None, "repeat": 1}]}, "shared_layers"),
    "rounds without attention": ({"input": [8], "layers": [{"linear": 8, "repeat": 4}]}, "shared_layers"),
    "rounds of other widths": (
        {
            "input": [5, 8],
            "layers": [{"repeat": 2, "layers": [{"multihead_attention": 2}, {"linear": "$(2 * in_features)"}]}],
        },
        "shared_layers",
    ),
    "rounds that share already": (
        {**LAYERS, "layers": [{"id": "r", "layer": None, "repeat": 3, "share": "r.0"}]}, "shared_layers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NOWHERE.values(), ids=NOWHERE)
def test_where_a_rewrite_does_not_apply(case: tuple[dict[str, Any], str]) -> None:
    spec, rewrite = case
    assert places(ground_of(spec), rewrite) == []


def test_an_lstm_becomes_the_gru_of_the_zoo() -> None:
    made, gru = changed(ground_of("lstm_lm"), "gru"), archcost.analyze("gru_lm").totals
    assert (
        made.report.totals.params
        == gru.params
        == 2 * 10_000 * 1500 + 10_000 + 2 * 3 * (2 * 1500 * 1500 + 2 * 1500)
        == 57_028_000
    )
    assert made.report.totals.macs == gru.macs == 1_470_000_000
    assert is_built(made)


def test_a_language_model_of_66_million_params_has_51_when_tied() -> None:
    """The large model of Zaremba et al., which Press and Wolf tie."""
    ground = ground_of("lstm_lm")
    made = changed(ground, "tied_head")
    assert made.report.totals.params == 66_034_000 - 10_000 * 1500 == 51_034_000
    assert is_built(made)


def test_gpt_2_with_a_head_of_its_own_is_tied() -> None:
    """The spec of the zoo without its `share`: the head's 50,257 × 768 come on top, and go again."""
    text = Path(path_of("gpt2")).read_text(encoding="utf-8").partition("expect:")[0]
    untied = text.replace(", share: wte", "").replace("blocks/gpt2.yaml", "zoo:blocks/gpt2")
    ground = ground_of(loads(untied))
    assert archcost.analyze(ground.spec).totals.params == 124_439_808 + 50_257 * 768
    made = changed(ground, "tied_head")
    assert made.report.totals.params == 124_439_808
    assert "{id: lm_head, linear: {out_features: $vocabulary, bias: false}, share: wte}" in made.text
    assert is_built(made)


def test_squeeze_and_excitation_becomes_channel_attention() -> None:
    """ECANet's README prints 24.37 M params for ResNet-50, in units of 2²⁰: 25,557,032 of ResNet-50 and the kernels."""
    (one,) = places(ground_of("se_resnet50"), "eca")
    assert len(one.changes) == 3 + 4 + 6 + 3  # one change of the text
    made = changed(ground_of("se_resnet50"), "eca")
    assert made.report.totals.params == 25_557_032 + 3 * 5 + 4 * 5 + 6 * 5 + 3 * 7
    assert round(made.report.totals.params / 2**20, 2) == 24.37


def test_bert_becomes_albert() -> None:
    """108 M params become 12 M (Lan et al. 2019): what differs from the zoo's albert_base is named one by one."""
    ground = ground_of("bert_base", vocabulary=30_000)
    made = changed(ground, "factored_embedding", "shared_layers")
    albert = 11_683_584
    tables = (512 + 2) * (768 - 128)  # ALBERT's positions and segments have 128 features as well
    norm = 2 * (768 - 128)  # and so has the norm of their sum
    assert made.report.totals.params == albert + tables + norm == 12_013_824
    assert made.report.totals.macs == 11_186_798_592  # albert_base's own
    assert is_built(made)
    layers = 12 * 7_087_872
    assert changed(ground_of("bert_base"), "shared_layers").report.totals.params == 109_482_240 - layers * 11 // 12


@pytest.mark.parametrize(
    ("name", "rewrite", "said"),
    [
        ("gpt2", "tied_head", {"lm_head has the weights of wte"}),
        ("gpt2", "shared_layers", set()),
        ("albert_base", "shared_layers", {"the 11 rounds of same_layer have the weights of one"}),
        ("lstm_lm", "tied_head", set()),
        ("bert_base", "tied_head", set()),
    ],
)
def test_what_is_there_already(name: str, rewrite: str, said: set[str]) -> None:
    assert already(ground_of(name), rewrite) == said
