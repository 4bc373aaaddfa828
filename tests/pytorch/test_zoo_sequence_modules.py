"""Sequence models of the zoo against modules that PyTorch brings: the same params, from torch's own constructors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

import archcost
from tests.cover import some

if TYPE_CHECKING:
    from collections.abc import Callable


def encoder(width: int, heads: int, layers: int) -> nn.Module:
    layer = nn.TransformerEncoderLayer(width, heads, 4 * width, batch_first=True)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


def transformer(width: int, heads: int, hidden: int) -> nn.Module:
    """Without the norms that torch adds behind the encoder and the decoder, and the paper does not have."""
    whole = nn.Transformer(width, heads, dim_feedforward=hidden, batch_first=True)
    return nn.ModuleList([whole.encoder.layers, whole.decoder.layers])


def embedding(vocabulary: int, width: int) -> int:
    return vocabulary * width


@pytest.mark.parametrize(
    ("name", "build", "rest"),
    [
        ("transformer_base", lambda: transformer(512, 8, 2048), embedding(37_000, 512)),
        ("transformer_big", lambda: transformer(1024, 16, 4096), embedding(37_000, 1024)),
        # words, positions, two segments, a norm, and the pooler
        ("bert_base", lambda: encoder(768, 12, 12), embedding(30_522 + 512 + 2, 768) + 2 * 768 + 768 * 769),
        ("bert_large", lambda: encoder(1024, 16, 24), embedding(30_522 + 512 + 2, 1024) + 2 * 1024 + 1024 * 1025),
        ("gpt2", lambda: encoder(768, 12, 12), embedding(50_257 + 1024, 768) + 2 * 768),
        ("gpt2_xl", lambda: encoder(1600, 25, 48), embedding(50_257 + 1024, 1600) + 2 * 1600),
        ("lstm_lm", lambda: nn.LSTM(1500, 1500, 2), embedding(10_000, 1500) + 10_000 * 1501),
        ("gru_lm", lambda: nn.GRU(1500, 1500, 2), embedding(10_000, 1500) + 10_000 * 1501),
    ],
)
def test_the_layers_have_the_params_of_torchs_own(name: str, build: Callable[[], nn.Module], rest: int) -> None:
    with torch.device("meta"):
        module = build()
    assert archcost.analyze(name).totals.params == sum(p.numel() for p in module.parameters()) + rest


@pytest.mark.parametrize("name", some(["mixtral_8x7b", "tcn", "lstm_lm"], ["tcn", "lstm_lm"]))
def test_verify_agrees(name: str) -> None:
    assert archcost.verify(name).ok


def test_verify_agrees_on_one_step_of_decoding() -> None:
    verification = archcost.verify("llama_3_8b", params={"tokens": 1, "past": 2048, "layers": 2})
    assert verification.ok
