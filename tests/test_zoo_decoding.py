"""Language models of the zoo while they write: a prompt in one go, then one token behind a cache of keys and values."""

from __future__ import annotations

from typing import Any

import pytest

import archcost

DECODERS = ("gpt2", "llama_2_7b", "llama_3_8b", "mixtral_8x7b")


def totals(name: str, **params: Any) -> Any:
    return archcost.analyze(name, params=params).totals


@pytest.mark.parametrize("name", DECODERS)
def test_a_step_caches_as_much_as_a_prompt_of_all_tokens(name: str) -> None:
    prompt, step = totals(name, tokens=512), totals(name, tokens=1, past=511)
    assert step.cache_bytes == prompt.cache_bytes
    assert step.params == prompt.params


@pytest.mark.parametrize(
    ("name", "bytes_per_token"),
    [
        ("gpt2", 2 * 12 * 768 * 4),
        ("llama_2_7b", 2 * 32 * 4096 * 2),
        ("llama_2_70b", 2 * 80 * 8 * 128 * 2),  # eight heads of keys and values serve 64 of queries
        ("llama_3_8b", 2 * 32 * 8 * 128 * 2),
        ("mixtral_8x7b", 2 * 32 * 8 * 128 * 2),
    ],
)
def test_the_cache_grows_by_the_keys_and_values_of_a_token(name: str, bytes_per_token: int) -> None:
    before, after = totals(name, tokens=1, past=999), totals(name, tokens=1, past=1000)
    assert after.cache_bytes - before.cache_bytes == bytes_per_token
    assert after.cache_bytes == 1001 * bytes_per_token


def test_a_step_of_llama_meets_every_matrix_once() -> None:
    """All params but the table of embeddings and the 65 norms, and the two products of attention in 32 layers."""
    step = totals("llama_2_7b", tokens=1, past=2048)
    matrices = 6_738_415_616 - 32_000 * 4096 - 65 * 4096
    assert step.macs == matrices + 32 * 2 * 2049 * 4096


def test_shared_heads_save_cache_and_projections_but_no_products() -> None:
    alone, shared = totals("llama_2_7b", kv_heads=32), totals("llama_2_7b", kv_heads=8)
    assert shared.cache_bytes * 4 == alone.cache_bytes
    assert alone.macs - shared.macs == 32 * 4096 * 2 * 4096 * (4096 - 1024)  # layers, tokens, keys and values


def test_a_token_uses_two_of_eight_experts() -> None:
    model = totals("mixtral_8x7b")
    expert = 3 * 4096 * 14_336
    assert model.params - model.active_params == 32 * (8 - 2) * expert
    dense = totals("mistral_7b")
    router = 4096 * 8
    assert model.params - dense.params == 32 * (7 * expert + router)
    assert model.macs - dense.macs == 4096 * 32 * (expert + router)  # tokens, layers, the second expert


def test_layers_that_share_weights_count_once_in_params_and_every_time_in_macs() -> None:
    twelve, one = totals("albert_base"), totals("albert_base", layers=1)
    assert twelve.params == one.params
    layer = 128 * (4 * 768 * 768 + 2 * 768 * 3072) + 2 * 128 * 128 * 768
    assert twelve.macs - one.macs == 11 * layer


def test_a_tied_head_adds_products_and_no_params() -> None:
    small, large = totals("gpt2", vocabulary=1000), totals("gpt2", vocabulary=2000)
    assert large.params - small.params == 1000 * 768
    assert large.macs - small.macs == 1024 * 1000 * 768
