"""Mixtures of experts, caches, and what is only declared: figures with their arithmetic, and numbers from PyTorch."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

import archcost
from archcost.ops import REGISTRY, apply
from archcost.pytorch.layers.attention import KvCache
from archcost.pytorch.layers.experts import MixtureOfExperts
from archcost.spec.loader import loads
from tests.ops.harness import Figures, Refusal, assert_figures, assert_refusal, name

MIXTRAL = {"num_experts": 8, "top_k": 2, "hidden_features": 14336}

FIGURES = [
    Figures(
        "mixture_of_experts",
        MIXTRAL,
        ((1, 5, 4096),),
        ((1, 5, 4096),),
        params=8 * 4096 + 8 * 3 * 4096 * 14336,
        macs=5 * (8 * 4096 + 2 * 3 * 4096 * 14336),
        flops=5 * (2 * (4 + 1) * 14336 + 3 * 2 + 2 * 4096 + 4096),
    ),
    Figures(
        "mixture_of_experts",
        {"num_experts": 3, "top_k": 1, "hidden_features": 7, "activation": "relu", "gated": False, "bias": True},
        ((4, 6),),
        ((4, 6),),
        params=3 * 6 + 3 * (2 * 6 * 7 + 7 + 6),
        macs=4 * (3 * 6 + 2 * 6 * 7),
        flops=4 * (1 * 7 + (7 + 6) + 3 + 6),
    ),
    Figures("kv_cache", {}, ((1, 32, 2048, 128),), ((1, 32, 2048, 128),)),
    Figures("kv_cache", {"length": 2048}, ((1, 32, 1, 128),), ((1, 32, 2049, 128),)),
    Figures("kv_cache", {"length": 5, "dim": 1}, ((2, 3, 4),), ((2, 8, 4),)),
    Figures("kv_cache", {"length": 8192, "window": 4096}, ((1, 8, 1, 128),), ((1, 8, 4096, 128),)),
    Figures("kv_cache", {"length": 100, "window": 4096}, ((1, 8, 1, 128),), ((1, 8, 101, 128),)),
    Figures("custom", {"name": "fft2", "output": [1, 8]}, ((1, 8),), ((1, 8),)),
    Figures(
        "custom",
        {"name": "scan", "output": [[1, 8], [3]], "params": 70, "macs": 90, "flops": 200, "buffers": 4},
        (),
        ((1, 8), (3,)),
        params=70,
        macs=90,
        flops=200 - 2 * 90,
    ),
]

REFUSALS = [
    Refusal("mixture_of_experts", {**MIXTRAL, "top_k": 9}, ((1, 4),), "top_k is 9, but there are 8 experts"),
    Refusal("mixture_of_experts", MIXTRAL, ((4,),), "mixture_of_experts takes an input of 2 or more dims"),
    Refusal("kv_cache", {"dim": 3}, ((2, 3, 4),), "there is no dim 3"),
    Refusal(
        "custom", {"name": "a", "output": [2], "macs": 9, "flops": 17}, (), "flops is 17, less than 2 for each of 9"
    ),
]


@pytest.mark.parametrize("figures", FIGURES, ids=name)
def test_figures(figures: Figures) -> None:
    assert_figures(figures)


@pytest.mark.parametrize("refusal", REFUSALS, ids=name)
def test_refusals(refusal: Refusal) -> None:
    assert_refusal(refusal)


def test_a_token_uses_two_of_eight_experts() -> None:
    """Mixtral 8x7B: 32 layers of these are 46.7 G − 12.9 G, the difference of all params and those of a token."""
    op = REGISTRY["mixture_of_experts"](**MIXTRAL)
    assert op.idle_params(((1, 5, 4096),)) == 6 * 3 * 4096 * 14336
    assert 32 * 6 * 3 * 4096 * 14336 == 33_822_867_456


def test_weights_that_are_read_are_those_of_the_experts_that_are_chosen() -> None:
    op = REGISTRY["mixture_of_experts"](num_experts=8, top_k=2, hidden_features=6)
    router, expert = 8 * 4, 3 * 4 * 6
    assert op.read_weights(((1, 1, 4),), ()) == router + 2 * expert
    assert op.read_weights(((1, 3, 4),), ()) == router + 6 * expert
    assert op.read_weights(((1, 9, 4),), ()) == router + 8 * expert


@pytest.mark.parametrize("activation", ["silu", "gelu", "relu"])
@pytest.mark.parametrize("gated", [False, True], ids=["two matrices", "gated"])
def test_the_module_mixes_the_best_experts(activation: str, gated: bool) -> None:
    """Token by token, expert by expert."""
    torch.manual_seed(0)
    module = MixtureOfExperts(6, 5, 2, 7, activation, gated=gated, bias=True)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(2, 3, 6)
    expected = torch.zeros(6, 6)
    for row, token in enumerate(x.reshape(-1, 6)):
        scores = module.router @ token
        best = scores.argsort(descending=True)[:2]
        for share, number in zip(scores[best].softmax(0), best, strict=True):
            hidden = getattr(functional, activation)(module.w1[number] @ token + module.bias1[number])
            if gated:
                hidden = hidden * (module.w3[number] @ token + module.bias3[number])
            expected[row] += share * (module.w2[number] @ hidden + module.bias2[number])
    torch.testing.assert_close(module(x), expected.reshape(2, 3, 6))


def test_a_cache_takes_what_the_step_before_returned() -> None:
    first, second = KvCache(length=0, dim=-2), KvCache(length=3, dim=-2)
    prompt, token = torch.randn(1, 2, 3, 4), torch.randn(1, 2, 1, 4)
    second.cached = first(prompt)
    assert torch.equal(second(token), torch.cat((prompt, token), -2))
    assert not [*second.parameters(), *second.buffers()]


DECODER = """
archcost: 1
name: decoder
params: {tokens: 2048, past: 0}
inputs: {query: [8, $tokens, 64], key: [2, $tokens, 64], value: [2, $tokens, 64]}
layers:
  - {id: keys, kv_cache: {length: $past}, from: key}
  - {id: values, kv_cache: {length: $past}, from: value}
  - {scaled_dot_product_attention: {enable_gqa: true}, from: [query, keys, values]}
"""


@pytest.mark.parametrize(("tokens", "past"), [(2048, 0), (1, 2048)], ids=["prefill", "decode"])
def test_prefill_and_decode(tokens: int, past: int) -> None:
    totals = archcost.analyze(loads(DECODER), params={"tokens": tokens, "past": past}).totals
    assert totals.cache_bytes == 2 * 2 * (past + tokens) * 64 * 4
    assert totals.macs == 2 * 8 * tokens * (past + tokens) * 64
    assert (totals.params, totals.buffers) == (0, 0)


def test_shapes_of_a_declared_op() -> None:
    op = REGISTRY["custom"](name="scan", output=[2, 3])
    assert apply(op, ((5,), (6,))) == ((2, 3),)
    assert op.unknown() == ("macs", "flops")
    assert repr(op) == "custom(name='scan', output=((2, 3),))"
    assert op == REGISTRY["custom"](name="scan", output=[[2, 3]])
    assert op.attribute("macs") is None
