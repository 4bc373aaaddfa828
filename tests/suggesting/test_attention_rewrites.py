"""Fewer heads of keys and values, and shorter caches: where they apply, and what they come to."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.importers.importing import Ask, import_anew
from archcost.importers.sources import required_source
from archcost.quantities import format_bytes
from archcost.spec.loader import loads, reads
from tests.cover import some
from tests.suggesting.changed_specs import already, changed, ground_of, is_built, places

if TYPE_CHECKING:
    from pathlib import Path

SPLIT = {"unflatten": {"dim": -1, "unflattened_size": [16, -1]}}
SPLIT_BY_SIZE = {"unflatten": {"dim": -1, "unflattened_size": [-1, 4]}}
HEADS = {"transpose": {"dim0": 1, "dim1": 2}}
JOIN = [HEADS, {"flatten": 2}, {"id": "out", "linear": {"out_features": 64, "bias": False}}]


def projected(name: str, *after: Any, split: Any = SPLIT, out: int = 64) -> list[Any]:
    return [{"id": name, "linear": {"out_features": out, "bias": False}}, split, HEADS, *after]


def attention(query: Any, key: Any, value: Any, **attributes: Any) -> dict[str, Any]:
    branches = {"query": query, "key": key, "value": value}
    return {"scaled_dot_product_attention": attributes or None, "branches": branches}


def apart(*after: Any, split: Any = SPLIT, **attributes: Any) -> list[Any]:
    key = projected("k", *after, split=split)
    return [attention(projected("q", split=split), key, projected("v", *after[-1:], split=split), **attributes), *JOIN]


def fused(parts: dict[str, Any]) -> list[Any]:
    ways = [{"from": f"parts.{number}", "layers": [SPLIT, HEADS]} for number in range(3)]
    return [{"id": "qkv", "linear": 192}, {"id": "parts", **parts}, attention(*ways), *JOIN]


def within_heads(*steps: Any, split: Any = (), after: Any = ()) -> list[Any]:
    """Keys, values and queries of one layer, which are told apart once there are heads."""
    ways = [{"from": f"parts.{number}", "layers": list(after)} for number in range(3)]
    return [{"id": "qkv", "linear": 192}, *steps, {"id": "parts", **split}, attention(*ways), *JOIN]


def in_slices(*bounds: tuple[int | None, int | None]) -> list[Any]:
    """Queries, keys and values as slices of the result of one layer."""
    slices = [
        {"id": name, "slice": {"dim": 2, "start": start, "end": end}, "from": "qkv"}
        for name, (start, end) in zip("qkv", bounds, strict=True)
    ]
    ways = [{"from": name, "layers": [SPLIT, HEADS]} for name in "qkv"]
    return [{"id": "qkv", "linear": 192}, *slices, attention(*ways), *JOIN]


CACHE = {"kv_cache": {"length": 7}}
ROTARY: list[Any] = [
    {"id": "k", "linear": {"out_features": 64, "bias": False}}, SPLIT, {"id": "k_heads", **HEADS},
    {"id": "halves", "chunk": {"chunks": 2, "dim": -1}, "from": "k_heads"},
    {"id": "back", "concat": {"dim": -1}, "from": ["halves.1", "halves.0"]},
    {"id": "cos", "buffer": [5, 4]}, {"id": "sin", "buffer": [5, 4]},
    {"id": "near", "mul": None, "from": ["k_heads", "cos"]}, {"id": "far", "mul": None, "from": ["back", "sin"]},
    {"add": None, "from": ["near", "far"]},
]  # fmt: skip
GROUPED_KV = 2 * 64 * 32  # keys and values of 8 heads of 4 features, for 16
SINGLE_KV = 2 * 64 * 4
WHOLE = 4 * 64 * 64
PRODUCTS = 2 * 5 * 5 * 64
CROSS = {"inputs": {"x": [5, 64], "y": [9, 64]}}
MASKED = {"inputs": {"x": [5, 64], "mask": [1, 5, 5]}}
WITH_MASK = attention(*[{"from": "x", "layers": projected(name)} for name in "qkv"])
WITH_MASK["branches"] = {**WITH_MASK["branches"], "mask": {"from": "mask", "layers": []}}

# spec, params of the changed specs with 8 heads and with one, and MACs
CASES: dict[str, tuple[dict[str, Any], tuple[int, int], tuple[int, int]]] = {
    "projections apart": (
        {"input": [5, 64], "layers": apart()},
        (WHOLE - GROUPED_KV, WHOLE - 2 * 64 * 64 + SINGLE_KV),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "heads that follow from their size": (
        {"input": [5, 64], "layers": apart(split=SPLIT_BY_SIZE)},
        (WHOLE - GROUPED_KV, WHOLE - 2 * 64 * 64 + SINGLE_KV),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "rotated, normed and cached": (
        {"input": [5, 64], "layers": apart({"rms_norm": {}}, "rotary_embedding", CACHE)},
        (WHOLE - GROUPED_KV + 4, WHOLE - 2 * 64 * 64 + SINGLE_KV + 4),
        (5 * (WHOLE - GROUPED_KV) + 2 * 5 * 12 * 64, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + 2 * 5 * 12 * 64),
    ),
    "rotated by tables": (
        {"input": [5, 64], "layers": [attention(projected("q"), ROTARY, projected("v")), *JOIN]},
        (WHOLE - GROUPED_KV, WHOLE - 2 * 64 * 64 + SINGLE_KV),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer, in chunks": (
        {"input": [5, 64], "layers": fused({"chunk": {"chunks": 3, "dim": -1}})},
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer, split": (
        {"input": [5, 64], "layers": fused({"split": {"split_size_or_sections": 64, "dim": 2}})},
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer over rows, as in imports": (
        {
            "input": [5, 64],
            "layers": [
                {"flatten": {"start_dim": 0, "end_dim": 1}},
                {"id": "qkv", "linear": 192},
                {"unflatten": {"dim": 0, "unflattened_size": [-1, 5]}},
                *fused({"chunk": {"chunks": 3, "dim": 2}})[1:],
            ],
        },
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer, the three within each head, as in GPT-NeoX": (
        {
            "params": {"heads": 16},
            "input": [5, 64],
            "layers": within_heads(
                {"unflatten": {"dim": -1, "unflattened_size": ["$heads", 12]}},
                HEADS,
                split={"chunk": {"chunks": 3, "dim": -1}},
            ),
        },
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer, a dim of the three behind the heads": (
        {
            "input": [5, 64],
            "layers": within_heads({"reshape": ["$batch", 5, 16, 3, 4]}, split={"unbind": {"dim": 3}}, after=[HEADS]),
        },
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer, a dim of the three in front, as in timm": (
        {
            "input": [5, 64],
            "layers": within_heads(
                {"unflatten": {"dim": -1, "unflattened_size": [3, 16, -1]}},
                {"permute": [2, 0, 3, 1, 4]},
                split={"unbind": {"dim": 0}},
            ),
        },
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer in slices, as in Phi-3": (
        {"input": [5, 64], "layers": in_slices((None, 64), (64, 128), (128, None))},
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "slices with the queries last": (
        {"input": [5, 64], "layers": in_slices((128, 192), (0, 64), (64, -64))},
        (WHOLE - GROUPED_KV + 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "one layer for keys and values": (
        {
            "input": [5, 64],
            "layers": [
                {"id": "kv", "linear": {"out_features": 128, "bias": False}},
                {"id": "parts", "chunk": {"chunks": 2, "dim": -1}},
                attention(
                    {"from": "input", "layers": projected("q")},
                    *[{"from": f"parts.{number}", "layers": [SPLIT, HEADS]} for number in range(2)],
                ),
                *JOIN,
            ],
        },
        (WHOLE - GROUPED_KV, WHOLE - 2 * 64 * 64 + SINGLE_KV),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "behind a mask": (
        {**MASKED, "layers": [WITH_MASK, *JOIN]},
        (WHOLE - GROUPED_KV, WHOLE - 2 * 64 * 64 + SINGLE_KV),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "a whole layer": (
        {"input": [5, 64], "layers": [{"multihead_attention": {"num_heads": 16, "dropout": 0.1}}]},
        (WHOLE - GROUPED_KV + 2 * 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 2 * 64 + 2 * 4),
        (5 * (WHOLE - GROUPED_KV) + PRODUCTS, 5 * (WHOLE - 2 * 64 * 64 + SINGLE_KV) + PRODUCTS),
    ),
    "a whole layer between two sequences": (
        {**CROSS, "layers": [{"multihead_attention": {"num_heads": 16, "bias": False}, "from": ["x", "y"]}]},
        (WHOLE - GROUPED_KV, WHOLE - 2 * 64 * 64 + SINGLE_KV),
        (
            2 * 5 * 64 * 64 + 2 * 9 * 64 * 32 + 2 * 5 * 9 * 64,
            2 * 5 * 64 * 64 + 2 * 9 * 64 * 4 + 2 * 5 * 9 * 64,
        ),
    ),
    "a whole layer of three inputs": (
        {**CROSS, "layers": [{"multihead_attention": 16, "from": ["x", "y", "y"]}]},
        (WHOLE - GROUPED_KV + 2 * 64 + 2 * 32, WHOLE - 2 * 64 * 64 + SINGLE_KV + 2 * 64 + 2 * 4),
        (
            2 * 5 * 64 * 64 + 2 * 9 * 64 * 32 + 2 * 5 * 9 * 64,
            2 * 5 * 64 * 64 + 2 * 9 * 64 * 4 + 2 * 5 * 9 * 64,
        ),
    ),
}  # fmt: skip


REWRITES = ("grouped_query", "multi_query")
FEWER = list(product(CASES, range(2)))
IN_TURN = [(case, place % 2) for place, case in enumerate(CASES)]  # the other rewrite of each is long


@pytest.mark.parametrize(("case", "number"), some(FEWER, IN_TURN))
def test_what_fewer_heads_come_to(case: str, number: int) -> None:
    spec, params, macs = CASES[case]
    made = changed(ground_of(spec), REWRITES[number])
    assert (made.report.totals.params, made.report.totals.macs) == (params[number], macs[number])
    assert is_built(made)


def heads_of(heads: int, shared: int | None = None) -> dict[str, Any]:
    """An attention of so many heads of 4 features, or of fewer of keys and values."""
    both, few = 4 * heads, 4 * (shared or heads)
    key, value = [projected(name, split=SPLIT_BY_SIZE, out=few) for name in "kv"]
    query = projected("q", split=SPLIT_BY_SIZE, out=both)
    more = {"enable_gqa": True} if shared else {}
    return {"input": [5, 32], "layers": [attention(query, key, value, **more)]}


@pytest.mark.parametrize(
    ("spec", "groups"),
    [
        (heads_of(64), 8),
        (heads_of(12), 6),
        (heads_of(8), 4),
        (heads_of(6), 3),
        (heads_of(5), 0),  # no divisor between 1 and 5
        (heads_of(2), 0),
        (heads_of(64, 32), 8),
        (heads_of(64, 8), 0),  # as many as in the paper already
        (heads_of(64, 4), 0),
    ],
)
def test_how_many_heads_are_left(spec: dict[str, Any], groups: int) -> None:
    ground = ground_of(spec)
    found = places(ground, "grouped_query")
    assert [one.note.split()[0] for one in found] == [str(groups)] * (groups > 0)
    if found:
        made = changed(ground, "grouped_query")
        assert {node.signature.input_shapes[1][1] for node in made.report.graph.nodes if len(node.inputs) == 3} == {
            groups
        }


SHARED_WAY = [
    {"id": "k", "linear": 64}, {"id": "k_heads", **SPLIT}, {"id": "key", **HEADS},
    {"id": "v", "linear": 64, "from": "input"}, SPLIT, {"id": "value", **HEADS},
    {"id": "q", "linear": 64, "from": "input"}, SPLIT, {"id": "query", **HEADS},
    {"id": "attention", "scaled_dot_product_attention": None, "from": ["query", "key", "value"]},
]  # fmt: skip
OUTSIDE = {"from": "key", "layers": []}
NOWHERE: dict[str, dict[str, Any]] = {
    "one head": heads_of(1),
    "keys that others read": {"input": [5, 64], "layers": [*SHARED_WAY, {"add": None, "from": ["attention", "key"]}]},
    "a projection that is an output": {"input": [5, 64], "layers": SHARED_WAY, "outputs": ["attention", "k"]},
    "keys that are values": {
        "input": [5, 64],
        "layers": [*SHARED_WAY[:-1], {"scaled_dot_product_attention": None, "from": ["query", "key", "key"]}],
    },
    "keys that come from outside": {
        "inputs": {"x": [5, 64], "key": [16, 5, 4]},
        "layers": [attention({"from": "x", "layers": projected("q")}, OUTSIDE, OUTSIDE)],
    },
    "heads without projections": {"input": [16, 5, 4], "layers": [attention([], [], [])]},
    "no heads": {"input": [5, 4], "layers": [attention(*[[{"linear": 4}]] * 3)]},
    "a whole layer of other widths": {
        "inputs": {"x": [5, 64], "y": [9, 32]}, "layers": [{"multihead_attention": 16, "from": ["x", "y"]}],
    },
    "a whole layer with learnt positions": {
        "input": [5, 64], "layers": [{"multihead_attention": {"num_heads": 16, "add_bias_kv": True}}],
    },
    "slices with a gap": {"input": [5, 64], "layers": in_slices((None, 64), (60, 124), (128, None))},
    "heads of which a transpose moves the three": {
        "input": [5, 64],
        "layers": within_heads(
            {"unflatten": {"dim": -1, "unflattened_size": [3, 16, -1]}},
            {"transpose": {"dim0": 1, "dim1": 2}}, {"transpose": {"dim0": 2, "dim1": 3}}, split={"unbind": {"dim": 1}},
        ),
    },
    "frozen projections": {
        "input": [5, 64], "layers": [{"id": "frozen", "requires_grad": False, "layers": apart()}],
    },
    "a frozen whole layer": {"input": [5, 64], "layers": [{"multihead_attention": 16, "requires_grad": False}]},
    "positions first": {
        "input": [5, 64], "layers": [{"multihead_attention": {"num_heads": 16, "batch_first": False}}],
    },
}  # fmt: skip


@pytest.mark.parametrize("rewrite", ["grouped_query", "multi_query"])
@pytest.mark.parametrize("spec", NOWHERE.values(), ids=NOWHERE)
def test_where_heads_stay(spec: dict[str, Any], rewrite: str) -> None:
    assert places(ground_of(spec), rewrite) == []


def test_llama_2_70b_is_what_it_would_be_without_groups() -> None:
    """With 64 heads of keys and values the cache of 4,096 tokens takes 10 GiB; 8, as in the paper, leave 1.25 GiB."""
    ground = ground_of("llama_2_70b", kv_heads=64)
    assert archcost.analyze("llama_2_70b", params={"kv_heads": 64}).totals.cache_bytes == 2 * 80 * 64 * 128 * 4096 * 2
    made, known = changed(ground, "grouped_query").report.totals, archcost.analyze("llama_2_70b").totals
    assert (made.params, made.macs, made.cache_bytes) == (known.params, known.macs, known.cache_bytes)
    assert made.cache_bytes == 2 * 80 * 8 * 128 * 4096 * 2
    assert format_bytes(made.cache_bytes) == "1.25 GiB"


def test_gpt_2_with_grouped_queries() -> None:
    ground = ground_of("gpt2")
    (one,) = places(ground, "grouped_query")
    assert (len(one.changes), one.note) == (12, "6 heads of keys and values for 12 of queries")
    made = changed(ground, "grouped_query")
    assert made.report.totals.params == 124_439_808 - 12 * (768 * 768 + 768)
    assert made.report.totals.cache_bytes == 36 * 2**20  # of 72 MiB
    before, after = archcost.memory("gpt2").to_dict(), archcost.memory(made.report.graph.spec).to_dict()
    assert before["run_bytes"] - after["run_bytes"] >= 36 * 2**20
    assert is_built(made)
    both = changed(ground, "grouped_query", "shared_layers")
    layer = 7_087_872 - (768 * 768 + 768)
    assert both.report.totals.params == 124_439_808 - 12 * 7_087_872 + layer
    assert is_built(both)


@pytest.mark.parametrize(
    ("name", "rewrite", "said"),
    [
        ("llama_2_70b", "grouped_query", "8 heads of keys and values for 64 of queries"),
        ("mistral_7b", "grouped_query", "8 heads of keys and values for 32 of queries"),
        ("llama_2_7b", "grouped_query", ""),
        ("llama_2_70b", "multi_query", ""),
    ],
)
def test_what_is_there_already(name: str, rewrite: str, said: str) -> None:
    found = already(ground_of(name), rewrite)
    assert len(found) == (ground_of(name).graph.params["layers"] if said else 0)
    assert all(one.startswith(said) for one in found)


def test_a_window_bounds_the_cache() -> None:
    """One token behind 10,000: 4,096 positions are kept in each of 32 layers, 2 · 32 heads · 128 · 2 bytes each."""
    ground = ground_of("llama_2_7b", tokens=1, past=10_000)
    made = changed(ground, "sliding_window").report.totals
    assert made.cache_bytes == 32 * 2 * 32 * 128 * 4096 * 2
    before = archcost.analyze("llama_2_7b", params={"tokens": 1, "past": 10_000}).totals
    assert before.cache_bytes == 32 * 2 * 32 * 128 * 10_001 * 2
    assert before.macs - made.macs == 32 * 2 * 4096 * (10_001 - 4096)
    assert made.params == before.params
    assert places(ground_of("llama_2_7b"), "sliding_window") == []
    assert places(ground_of("mistral_7b", tokens=1, past=10_000), "sliding_window") == []
    small = {"input": [1, 64], "layers": apart({"kv_cache": {"length": 5000}}, is_causal=False)}
    assert is_built(changed(ground_of(small), "sliding_window"))


def long_attention(positions: int, *after: Any, **attributes: Any) -> dict[str, Any]:
    return {"input": [positions, 64], "layers": apart(*after, **attributes)}


def test_positions_are_mixed_where_there_are_many() -> None:
    ground = ground_of(long_attention(600))
    made = changed(ground, "linear_attention").report.totals
    before = archcost.analyze(ground.spec).totals
    assert made.params - before.params == 2 * 600 * 256
    assert before.macs - made.macs == 2 * 64 * 600 * 600 - 2 * 64 * 256 * (600 + 600)
    assert is_built(changed(ground, "linear_attention"))
    for spec in (long_attention(512), long_attention(600, CACHE), long_attention(600, is_causal=True)):
        assert places(ground_of(spec), "linear_attention") == []
    with_sizes = long_attention(600, split=SPLIT_BY_SIZE, dropout_p=0.1, scale=0.5)
    assert is_built(changed(ground_of(with_sizes), "linear_attention"))


CONFIGS = {
    "gpt2": {"n_layer": 2, "n_embd": 96, "n_head": 12, "vocab_size": 500, "n_positions": 64},
    "qwen3": {  # Llama's layer, with norms of queries and keys
        "num_hidden_layers": 2, "hidden_size": 128, "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 8,
        "intermediate_size": 256, "vocab_size": 500, "max_position_embeddings": 64,
    },
}  # fmt: skip


@pytest.mark.parametrize("model", CONFIGS)
def test_models_of_transformers(model: str, tmp_path: Path) -> None:
    """What is imported, without a cache, is grouped as well: half of the keys and values of every layer are left."""
    pytest.importorskip("transformers")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model, **CONFIGS[model]}), encoding="utf-8")
    spec = loads(import_anew(Ask(required_source(f"transformers:{tmp_path}/config.json"), {})).text, name=model)
    ground = ground_of(spec)
    made = changed(ground, "grouped_query")
    width, left = (96, 6 / 12) if model == "gpt2" else (128, 8 / 16)
    biases = 2 * width if model == "gpt2" else 0
    saved = archcost.analyze(ground.spec).totals.params - made.report.totals.params
    assert saved == 2 * (2 * width * width + biases) * (1 - left)
    assert archcost.verify(loads(made.text)).ok


def test_heads_that_are_a_param_may_be_set_afterwards() -> None:
    """Half of the heads stay half of them: 16 of 64 features for keys and values of 8, and 2·1024·512 in the layer."""
    text = changed(ground_of("gpt2"), "grouped_query").text
    assert 'unflattened_size: ["$(heads // 2)", -1]' in text
    spec = reads(text, name="changed.yaml", folder=".", is_made=True)
    report = archcost.analyze(spec, params={"heads": 16, "width": 1024})
    assert {node.signature.input_shapes[1][1:] for node in report.graph.nodes if len(node.inputs) == 3} == {
        (8, 1024, 64)
    }
    (layer,) = [one for one in report.layers if one.path == "h.0.attn.c_attn"]
    assert layer.params == 1024 * 2048 + 2048
