"""KV caches against the formulas of the papers: what a token leaves behind, and how much of it stays.

- Multi-head and grouped-query attention (Ainslie 2023, arXiv:2305.13245): 2 · layers · KV heads · head size numbers a
  token.
- A sliding window of W positions (Jiang 2023, arXiv:2310.06825): position i is written at i mod W of a buffer of W
  positions, so that min(positions, W) are kept.
- Every other layer behind a window (Gemma Team 2024, arXiv:2408.00118): half of the layers keep min(positions, W).
- Latent attention (DeepSeek-AI 2024, arXiv:2405.04434): (latent + size of the rotated key) · layers numbers a token.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

import archcost
from archcost.importers.huggingface.configuration import spec_text
from archcost.ops.base import REGISTRY, apply
from archcost.pytorch.layers.attention import KvCache
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    Kept = Callable[[int], int]  # numbers by positions


def all_of_them(layers: int, numbers: int) -> Kept:
    return lambda positions: layers * numbers * positions


def behind(window: int, layers: int, numbers: int) -> Kept:
    return lambda positions: layers * numbers * min(positions, window)


def alternating(window: int, layers: int, numbers: int) -> Kept:
    return lambda positions: layers // 2 * numbers * (positions + min(positions, window))


ZOO: list[tuple[str, Kept, int]] = [  # model, numbers kept by positions, bytes of a number
    ("gpt2", all_of_them(12, 2 * 12 * 64), 4),
    ("llama_2_7b", all_of_them(32, 2 * 32 * 128), 2),
    ("llama_3_8b", all_of_them(32, 2 * 8 * 128), 2),
    ("llama_3_70b", all_of_them(80, 2 * 8 * 128), 2),
    ("mixtral_8x7b", all_of_them(32, 2 * 8 * 128), 2),
    ("mistral_7b", behind(4096, 32, 2 * 8 * 128), 2),
    ("gemma_2_2b", alternating(4096, 26, 2 * 4 * 256), 2),
    ("gemma_2_9b", alternating(4096, 42, 2 * 8 * 256), 2),
    ("gemma_2_27b", alternating(4096, 46, 2 * 16 * 128), 2),
    ("deepseek_v2_lite", all_of_them(27, 512 + 64), 2),
    ("deepseek_v3", all_of_them(61, 512 + 64), 2),
]


@pytest.mark.parametrize(("name", "kept", "size"), ZOO, ids=[name for name, _, _ in ZOO])
def test_the_zoo_keeps_what_the_papers_say(name: str, kept: Kept, size: int) -> None:
    spec = archcost.load(name)
    longest = 1024 if name == "gpt2" else 10_000
    for tokens, past in ((1, 0), (7, 0), (1, 500), (16, 800), (1, longest - 1), (longest - 24, 24), (longest, 0)):
        totals = archcost.analyze(spec, params={"tokens": tokens, "past": past}, batch=3).totals
        assert totals.cache_bytes == 3 * kept(tokens + past) * size
    for dtype, bits in (("float16", 16), ("float8", 8), ("int4", 4)):
        totals = archcost.analyze(spec, params={"tokens": 1, "past": 999}, kv_dtype=dtype).totals
        assert totals.cache_bytes * 8 == kept(1000) * bits


def test_latents_take_as_much_as_grouped_queries_of_two_and_a_quarter_groups() -> None:
    """Table 1 of the paper of DeepSeek-V2: latents of 4 head sizes and keys of a half make 4.5 = 2 · 2.25 of them."""
    spec = archcost.load("deepseek_v3")
    a_token = archcost.analyze(spec, params={"tokens": 1, "past": 0}).totals.cache_bytes
    head_size, layers = 128, 61
    assert 4 * a_token == 4 * 70_272 == 9 * head_size * layers * 2 * 2


CONFIGURATIONS: list[tuple[dict[str, Any], Kept]] = [
    (
        {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "num_key_value_heads": 2, "head_dim": 16,
         "sliding_window": 8},
        behind(8, 4, 2 * 2 * 16),
    ),
    (
        {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "num_key_value_heads": 2, "head_dim": 16,
         "sliding_window": None},
        all_of_them(4, 2 * 2 * 16),
    ),
    (
        {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "num_key_value_heads": 4, "sliding_window": 8},
        behind(8, 4, 2 * 4 * 16),
    ),
    (
        {"model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"], "num_key_value_heads": 2, "head_dim": 16,
         "sliding_window": 8},
        alternating(8, 4, 2 * 2 * 16),
    ),
    (  # from the layer max_window_layers on
        {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "num_key_value_heads": 2,
         "use_sliding_window": True, "sliding_window": 8, "max_window_layers": 2},
        alternating(8, 4, 2 * 2 * 16),
    ),
    (
        {"model_type": "deepseek_v3", "architectures": ["DeepseekV3ForCausalLM"], "kv_lora_rank": 24,
         "qk_rope_head_dim": 8, "qk_nope_head_dim": 16, "v_head_dim": 16, "q_lora_rank": 32, "n_routed_experts": 4,
         "num_experts_per_tok": 2, "moe_intermediate_size": 16},
        all_of_them(4, 24 + 8),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "kept"), CONFIGURATIONS, ids=[str(one["model_type"]) for one, _ in CONFIGURATIONS])
def test_imports_keep_what_the_papers_say(config: dict[str, Any], kept: Kept) -> None:
    """Four layers, 64 wide, with four heads of 16."""
    sizes = {"hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 96}
    spec = loads(spec_text(json.dumps({**sizes, "vocab_size": 50, **config}), "config.json"))
    for tokens, past in ((1, 0), (5, 0), (1, 6), (1, 7), (1, 8), (5, 6), (20, 0), (1, 40)):
        totals = archcost.analyze(spec, params={"tokens": tokens, "past": past}, batch=2).totals
        assert totals.cache_bytes == 2 * kept(tokens + past) * 4


@pytest.mark.parametrize("window", [1, 2, 5, 8, 30])
def test_a_window_sees_and_keeps_what_a_rolling_buffer_does(window: int) -> None:
    """Token by token, and in pieces: what the attention reads ends with the last positions, which are kept."""
    positions = torch.arange(24.0)[:, None]
    for sizes in ([1] * 24, [24], [5, 1, 1, 7, 1, 9], [2] * 12):
        start, kept = 0, positions[:0]
        for size in sizes:
            module = KvCache(length=start, window=window)
            module.cached = kept if start else None
            given = positions[start : start + size]
            found = module(given)
            first_seen = max(0, start - window + 1)  # by the first of the new positions, which sees itself as well
            assert torch.equal(found, positions[first_seen : start + size])
            op = REGISTRY["kv_cache"](length=start, window=window)
            assert apply(op, (tuple(given.shape),)) == (tuple(found.shape),)
            kept = found[-window:]
            assert op.kept((tuple(given.shape),)) == tuple(kept.shape)
            start += size


def test_a_window_keeps_the_peak_of_a_long_context_down() -> None:
    """A step of Mistral makes two caches of 4,096 positions at most, however many came before."""
    near, far = (archcost.analyze("mistral_7b", params={"tokens": 1, "past": past}).totals for past in (4095, 131_071))
    assert far.run_bytes == near.run_bytes
    assert far.macs == near.macs
