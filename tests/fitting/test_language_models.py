"""Language models that fit: weights and caches by the formulas of the papers, and the context in all its forms.

A sequence of T positions leaves 2 · layers · KV heads · head size · T numbers (multi-head attention, and with fewer KV
heads grouped queries: Ainslie 2023, arXiv:2305.13245); of the last W positions behind a sliding window (Jiang 2023,
arXiv:2310.06825), in half of the layers of Gemma 2 (arXiv:2408.00118); and layers · (latent + rotated key) · T with
latent attention (DeepSeek-AI 2024, arXiv:2405.04434).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.fitting.searching import MEMORY, NOTHING, SPEC

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

GIB = 2**30
FOUND_ON_4090 = 24_564 * 2**20  # nvidia-smi's
ROOM_OF_4090 = FOUND_ON_4090 - -(-FOUND_ON_4090 // 10)


def parts_of(model: str, **settings: object) -> dict[str, int]:
    found = archcost.fits(model, device="h200", **settings)  # type: ignore[arg-type] - a setting each
    return {part.name: part.bytes for part in found.memory.parts}


LLAMA_3_8B = 8_030_261_248  # the model card's 8 B
CACHES: list[tuple[str, int, int, int]] = [  # model, context, numbers in the caches, bytes of a number
    ("gpt2", 1000, 2 * 12 * 12 * 64 * 1000, 4),
    ("llama_2_7b", 4096, 2 * 32 * 32 * 128 * 4096, 2),
    ("llama_3_8b", 8192, 2 * 32 * 8 * 128 * 8192, 2),
    ("llama_3_70b", 5000, 2 * 80 * 8 * 128 * 5000, 2),
    ("mistral_7b", 4000, 2 * 32 * 8 * 128 * 4000, 2),
    ("mistral_7b", 100_000, 2 * 32 * 8 * 128 * 4096, 2),
    ("gemma_2_9b", 8192, 2 * 8 * 256 * (21 * 8192 + 21 * 4096), 2),
    ("deepseek_v3", 4096, 61 * (512 + 64) * 4096, 2),
]


@pytest.mark.parametrize(("model", "context", "numbers", "size"), CACHES)
def test_caches_are_those_of_the_papers(model: str, context: int, numbers: int, size: int) -> None:
    for batch, kv_dtype, bits in ((1, None, 8 * size), (3, None, 8 * size), (2, "float8", 8), (1, "int4", 4)):
        found = parts_of(model, context=context, batch=batch, kv_dtype=kv_dtype)
        assert found["KV cache"] == batch * numbers * bits // 8


def test_weights_are_params_times_bytes() -> None:
    """Of 16 bits all; in 8 and 4 bits the matrices, while the gains of 2 · 32 + 1 norms of 4,096 stay in 16."""
    gains = (2 * 32 + 1) * 4096
    assert parts_of("llama_3_8b")["weights"] == 2 * LLAMA_3_8B
    assert parts_of("llama_3_8b", weight_dtype="int8")["weights"] == LLAMA_3_8B - gains + 2 * gains
    assert parts_of("llama_3_8b", weight_dtype="int4")["weights"] == (LLAMA_3_8B - gains) // 2 + 2 * gains


def test_a_decoding_batch_of_llama_is_weights_caches_and_activations() -> None:
    """16 sequences of 8,192 positions: 15.0 + 16.0 + 0.75 GiB."""
    found = parts_of("llama_3_8b", batch=16)
    assert found == {
        "weights": 2 * LLAMA_3_8B,
        "KV cache": 16 * 2 * 32 * 8 * 128 * 8192 * 2,
        "peak activations": archcost.analyze(
            "llama_3_8b", params={"tokens": 1, "past": 8191}, batch=16
        ).totals.peak_activation_bytes,
    }
    assert [f"{size / GIB:.3g}" for size in found.values()] == ["15", "16", "0.75"]


def test_without_params_a_model_generates_and_the_params_say_otherwise() -> None:
    plain = archcost.fits("llama_3_8b", device="4090")
    assert plain.workload.params["tokens"] == 1
    assert plain.workload.context == 8192 == plain.workload.params["past"] + 1
    decoding = archcost.fits("llama_3_8b", device="4090", params={"tokens": 1, "past": 8191})
    assert decoding.to_dict() == plain.to_dict()
    chunk = archcost.fits("llama_3_8b", device="4090", params={"tokens": 512, "past": 1024})
    assert chunk.workload.context == 1536
    prompt = archcost.fits("llama_3_8b", device="4090", params={"tokens": 2048})
    assert prompt.memory.total == archcost.analyze("llama_3_8b", params={"tokens": 2048}).totals.run_bytes
    assert prompt.devices[0].speeds is prompt.devices[0].prompt is None


@pytest.mark.parametrize(
    ("params", "context", "expected"),
    [
        ({}, 5000, {"tokens": 1, "past": 4999}),
        ({"tokens": 1, "past": 7}, 5000, {"tokens": 1, "past": 4999}),
        ({"tokens": 300}, 5000, {"tokens": 5000, "past": 0}),
        ({"tokens": 300, "past": 1000}, 5000, {"tokens": 4000, "past": 1000}),
    ],
)
def test_a_context_is_past_positions_where_it_generates_else_new_ones(
    params: dict[str, int], context: int, expected: dict[str, int]
) -> None:
    found = archcost.fits("llama_3_8b", device="h100-sxm", params=params, context=context)
    assert found.workload.context == context
    assert found.memory.total == archcost.analyze("llama_3_8b", params=expected).totals.run_bytes


def test_the_longest_context_of_a_card_by_hand() -> None:
    """Weights of 15.0 GiB, and of each position 2 · 32 · 8 · 128 · 2 bytes in the caches."""
    fit = archcost.fits("llama_3_8b", device="4090").devices[0]
    assert fit.capacity == ROOM_OF_4090
    longest = fit.largest_context
    assert longest is not None
    assert longest.limit == MEMORY
    for context, fits in ((longest.size, True), (longest.size + 1, False)):
        size = archcost.analyze("llama_3_8b", params={"tokens": 1, "past": context - 1}).totals.run_bytes
        assert (size <= ROOM_OF_4090) is fits
    at_most = (ROOM_OF_4090 - 2 * LLAMA_3_8B) // (2 * 32 * 8 * 128 * 2)
    assert 0.95 * at_most < longest.size < at_most


def test_a_window_lets_any_context_fit_and_half_of_the_layers_with_one_do_not() -> None:
    mistral = archcost.fits("mistral_7b", device="4090").largest_context
    gemma = archcost.fits("gemma_2_9b", device="4090").largest_context
    assert mistral is not None and gemma is not None  # noqa: PT018 - both are what is looked at
    assert mistral.limit == NOTHING
    assert gemma.limit == MEMORY


def test_a_table_of_positions_bounds_the_context() -> None:
    """GPT-2 has 1,024 rows, and BERT 512: a longer one would be another model."""
    for model, rows in (("gpt2", 1024), ("bert_base", 512)):
        longest = archcost.fits(model, device="4090").largest_context
        assert longest is not None
        assert (longest.size, longest.limit) == (rows, SPEC)


def test_an_encoder_reads_all_of_its_context_at_once() -> None:
    found = archcost.fits("bert_base", device="t4", context=300, batch=2)
    assert found.memory.total == archcost.analyze("bert_base", params={"tokens": 300}, batch=2).totals.run_bytes
    assert found.devices[0].speeds is None


def test_a_training_step_of_a_language_model_has_new_positions(run: Callable[..., Run]) -> None:
    found = archcost.fits("gpt2", device="4090", training=True, context=256)
    assert found.workload.params["tokens"] == 256
    assert found.memory.total == archcost.memory("gpt2", params={"tokens": 256}, training=True).run.total
    longest = found.largest_context
    assert longest is not None
    assert longest.size == 1024


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("resnet50", "--context", "5"), "resnet50 has no context: none of its params is called `tokens`", "--input"),
        (("t5_small", "--context", "5"), "t5_small has no context", "--input"),
        (("bert_base", "--context", "513"), "512", ""),
        (("gpt2", "--context", "0"), "--context takes a whole number of at least 1, got '0'", ""),
        (("gpt2", "--context", "x"), "--context takes a whole number", ""),
    ],
)
def test_a_context_that_there_is_not_is_an_error_with_a_way_out(
    words: tuple[str, ...], message: str, hint: str, run: Callable[..., Run]
) -> None:
    result = run("fits", *words, "--device", "t4")
    assert (result.code, result.out.strip()) == (2, "")
    assert message in result.err
    assert hint in result.err


def test_the_bounds_of_speed_by_hand() -> None:
    """A step reads weights and caches once, but of the embedding one row; a prompt computes 2 · MACs at the rate."""
    fit = archcost.fits("llama_3_8b", device="4090", batch=2).devices[0]
    assert fit.speeds is not None and fit.speeds.token is not None  # noqa: PT018 - a bound is what is looked at
    read = 2 * (LLAMA_3_8B - 128_256 * 4096) + 2 * 4096 * 2 + 2 * 2 * 32 * 8 * 128 * 8192 * 2
    assert fit.speeds.token == (-(-read * 10**9 // (1008 * 10**9)), "memory")
    assert fit.speeds.tokens_per_second == 2 * 10**9 // fit.speeds.token.nanoseconds
    macs = archcost.analyze("llama_3_8b", params={"tokens": 8192}, batch=2).totals.macs
    assert fit.speeds.prompt == (-(-2 * macs * 10**9 // 165_200_000_000_000), "products")


def test_of_an_unknown_rate_there_is_no_bound(run: Callable[..., Run]) -> None:
    speeds = archcost.fits("llama_3_8b", device="t4").devices[0].speeds
    assert speeds is not None
    assert (speeds.prompt, speeds.token, speeds.tokens_per_second) == (None, None, None)
    assert "no dense rate in bfloat16" in run("fits", "llama_3_8b", "--device", "t4", columns=160).out
