"""Adapters of low rank (LoRA): the graph, its figures by hand, and what is refused."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

import archcost
from archcost.errors import UsageError
from archcost.graph.unroll import unroll
from archcost.settings import Lora, Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

NET = """\
archcost: 1
name: net
input: [3, 8, 8]
layers:
  - {conv2d: {out_channels: 6, kernel_size: 3, stride: 2, padding: 1, groups: 3}, id: conv}
  - batch_norm2d
  - flatten
  - {linear: 20, id: fc1}
  - relu
  - {linear: 10, id: fc2}
"""
R = 3
CONV, NORM, FC1, FC2 = 6 * 1 * 3 * 3 + 6, 6 + 6, 96 * 20 + 20, 20 * 10 + 10  # (3, 8, 8) → (6, 4, 4)


def test_a_linear_layer() -> None:
    """All linear layers but the last: A is 96 → 3, B is 3 → 20, then a scaling and a sum of 20."""
    report = archcost.analyze(loads(NET), lora=R)
    plain = archcost.analyze(loads(NET))
    added = 96 * R + R * 20
    assert report.totals.params == CONV + NORM + FC1 + FC2 + added
    assert report.totals.trainable_params == added
    assert report.totals.macs - plain.totals.macs == added
    assert report.totals.flops - plain.totals.flops == 2 * added + 20 + 20
    assert report.totals.weight_bytes - plain.totals.weight_bytes == 4 * added
    names = [layer.node.path for layer in report.layers]
    assert names[3:8] == ["fc1.base_layer", "fc1.lora_A", "fc1.lora_B", "fc1.scaling", "fc1.sum"]
    assert report.outputs == plain.outputs


def test_a_convolution() -> None:
    """A has the kernel, stride and padding of the base, and no groups; B is 1×1 with the groups of the base."""
    report = archcost.analyze(loads(NET), lora=R, lora_targets=["conv"])
    down, up = R * 3 * 3 * 3, 6 * (R // 3)
    assert report.totals.trainable_params == down + up
    assert report.totals.macs - archcost.analyze(loads(NET)).totals.macs == 4 * 4 * (down + up)


def test_the_backward_pass_is_that_of_the_adapters() -> None:
    """Of fc1, whose input needs no gradient: those of A and B, and of B's input; of fc2 that of its input."""
    totals = archcost.analyze(loads(NET), lora=R, training=True).totals
    assert totals.training_macs - totals.macs == 96 * R + 2 * R * 20 + 20 * 10


def test_what_peft_prints_for_llama() -> None:
    """Of all linear layers at rank 16: 16 × (in + out) of q, k, v, o and the three of the MLP, in 32 layers."""
    totals = archcost.analyze("llama_3_8b", lora=16).totals
    sizes = [(4096, 4096), (4096, 1024), (4096, 1024), (4096, 4096), (4096, 14336), (4096, 14336), (14336, 4096)]
    assert totals.trainable_params == 32 * 16 * sum(a + b for a, b in sizes) == 41_943_040
    assert totals.params - totals.trainable_params == 8_030_261_248


def test_shared_layers_share_their_adapter() -> None:
    text = "archcost: 1\ninput: [4]\nlayers: [{linear: 4, id: a}, {linear: 4, share: a, id: b}, {linear: 2}]\n"
    report = archcost.analyze(loads(text), lora=2)
    assert report.totals.trainable_params == 2 * (4 + 4)
    assert report.totals.macs == 2 * 4 * 4 + 2 * 2 * (4 + 4) + 4 * 2
    other = archcost.analyze(loads(text), lora=2, lora_targets=["b"])
    assert other.totals.macs == report.totals.macs  # a and b are one layer


def test_names_of_blocks_stay() -> None:
    """Scopes have their layers, and the layer with its adapter is a scope of its own."""
    graph = unroll(archcost.load("gpt2"), Settings(lora=Lora(8)))
    plain = unroll(archcost.load("gpt2"))
    scopes = {scope.path: scope for scope in graph.scopes}
    assert {scope.path for scope in plain.scopes} < set(scopes)
    assert scopes["h.0.attn.c_proj"].kind == "lora"
    for scope in plain.scopes:
        names = plain.value_names(scope.outputs)
        adapted = [name.removesuffix(".sum") for name in graph.value_names(scopes[scope.path].outputs)]
        assert adapted == names


@settings(max_examples=examples(30), deadline=None)
@given(rank=st.integers(1, 64), sizes=st.lists(st.integers(1, 50), min_size=3, max_size=6))
def test_any_mlp(rank: int, sizes: list[int]) -> None:
    steps = ", ".join(f"{{linear: {size}}}" for size in sizes[1:])
    spec = loads(f"archcost: 1\ninput: [{sizes[0]}]\nlayers: [{steps}]\n")
    report, plain = archcost.analyze(spec, lora=rank), archcost.analyze(spec)
    added = sum(rank * (a + b) for a, b in itertools.pairwise(sizes[:-1]))
    assert report.totals.trainable_params == added
    assert report.totals.params == plain.totals.params + added
    assert report.totals.macs == plain.totals.macs + added


@pytest.mark.parametrize(
    ("model", "given_targets", "message", "way_out"),
    [
        ("resnet18", (), "resnet18 has no linear layer but its output, so LoRA has no target", "**.conv1"),
        ("gpt2", ("c_attn",), "no layer of gpt2 fits --lora-targets 'c_attn'", "`--lora-targets '**.c_attn'`"),
        ("gpt2", ("*.c_attn",), "no layer of gpt2 fits --lora-targets '*.c_attn'", "`**.c_attn`"),
        ("gpt2", ("**.ln_1",), "names h.0.ln_1, of the op layer_norm", "linear, conv1d, conv2d and conv3d"),
        ("gpt2", ("x*",), "no layer of gpt2 fits --lora-targets 'x*'", "c_attn"),
        ("mobilenet_v2", ("**",), "cannot be divided by the 32 groups", "a multiple of 32"),
        ("deeplabv3_resnet50", ("**.conv2",), "is dilated", "other --lora-targets"),
    ],
)
def test_what_has_no_adapter(model: str, given_targets: tuple[str, ...], message: str, way_out: str) -> None:
    with pytest.raises(UsageError) as error:
        archcost.analyze(model, lora=4, lora_targets=given_targets)
    assert message in error.value.message
    assert way_out in error.value.help


def test_targets_without_a_rank() -> None:
    with pytest.raises(UsageError, match="there are none"):
        archcost.analyze("gpt2", lora_targets=["**"])
    with pytest.raises(UsageError, match="1 or more, got 0"):
        archcost.memory("gpt2", lora=0)


def test_a_wrong_spec_is_told_as_without(run: Callable[..., Run], tmp_path: object) -> None:
    path = f"{tmp_path}/net.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(NET.replace("linear: 10", "linear: {out_features: 10, bias: 3}"))
    assert run("analyze", path, "--lora", "4").err == run("analyze", path).err


def test_commands(run: Callable[..., Run]) -> None:
    shown = run("analyze", "gpt2", "--lora", "8", "--depth", "1").out
    assert "gpt2 · tokens 1×1024 int64, lora=8" in shown
    assert f"{12 * 8 * (768 + 2304 + 768 + 768 + 768 + 3072 + 3072 + 768):,} trainable" in shown
    found = json.loads(run("analyze", "gpt2", "--lora", "8", "--lora-targets", "**.c_attn", "--format", "json").out)
    assert found["spec"]["lora"] == {"rank": 8, "targets": ["**.c_attn"]}
    trained = json.loads(run("memory", "gpt2", "--lora", "8", "--format", "json", "--no-what-if").out)
    assert trained["mode"] == "training"
    assert trained["spec"]["lora"] == {"rank": 8, "targets": []}
