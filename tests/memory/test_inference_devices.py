"""Inference on several devices: what one of them holds, by hand and against a training step that is divided alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.errors import CallError
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

MLP = """\
archcost: 1
input: [8]
layers:
  - {id: up, linear: 30}
  - {id: act, relu: }
  - {id: down, linear: 8}
"""
CACHES = """\
archcost: 1
input: [5, 8]
layers:
  - {id: key, linear: {out_features: 6, bias: false}}
  - {id: heads, reshape: [1, 5, 3, 2]}
  - {id: turned, permute: [0, 2, 1, 3]}
  - {id: cache, kv_cache: {length: 7}}
"""
DECODING = {"tokens": 1, "past": 255}


def parts_of(model: Any, **options: Any) -> dict[str, int]:
    """The parts of the memory to run, by metric."""
    return {part.metric: part.bytes for part in archcost.memory(model, **options).run.parts}


def test_a_mlp_by_hand() -> None:
    """``up`` by its outputs, 30 / 4 rounded up to an element; ``down`` by its inputs, its bias and its output whole."""
    study = archcost.memory(loads(MLP), devices=4)
    parts = {part.metric: part.bytes for part in study.run.parts}
    assert parts["weight_bytes"] == 4 * (8 * 30 // 4 + 8 + 30 * 8 // 4 + 8)  # ceil(30 / 4) = 8 biases
    assert study.inference is not None
    wide = 4 * 30 // 4  # bytes of a part
    assert study.inference.live == [4 * 8 + wide, 4 * 8 + 2 * wide, 4 * 8 + wide + 4 * 8]


def test_a_cache_by_heads() -> None:
    """12 positions of 3 heads of 2: of 2 devices the fuller has 2 heads, of 6 each has one."""
    kept = [parts_of(loads(CACHES), devices=devices)["cache_bytes"] for devices in (1, 2, 3, 6)]
    assert kept == [4 * 12 * heads * 2 for heads in (3, 2, 1, 1)]


@pytest.mark.parametrize("name", ["llama_3_8b", "gpt2", "mistral_7b", "vit_b_16", "resnet18"])
@pytest.mark.parametrize("devices", [2, 8])
def test_weights_are_those_of_a_training_step(name: str, devices: int) -> None:
    params = {"tokens": 8} if name in ("llama_3_8b", "gpt2", "mistral_7b") else {}
    trained = archcost.memory(name, params=params, parallel=[f"tensor={devices}"], what_if=False).run
    (weights,) = [part.bytes for part in trained.parts if part.name == "params"]
    assert parts_of(name, params=params, devices=devices)["weight_bytes"] == weights


def test_one_device_is_all_of_it() -> None:
    assert parts_of("gpt2", devices=1) == parts_of("gpt2")


def test_a_decoding_llama() -> None:
    whole, half = parts_of("llama_3_8b", params=DECODING), parts_of("llama_3_8b", params=DECODING, devices=2)
    assert 2 * half["cache_bytes"] == whole["cache_bytes"]
    assert whole["weight_bytes"] < 2 * half["weight_bytes"] < 1.001 * whole["weight_bytes"]  # the norms are whole
    stored = parts_of("llama_3_8b", params=DECODING, devices=2, weight_dtype="int8")
    assert 0.499 < stored["weight_bytes"] / half["weight_bytes"] < 0.501


def test_a_cache_that_has_no_heads_is_whole() -> None:
    """Latent attention keeps what all heads share, behind a norm."""
    params = {"tokens": 1, "past": 63}
    whole, shared = [parts_of("deepseek_v2_lite", params=params, devices=devices) for devices in (1, 2)]
    assert whole["cache_bytes"] == shared["cache_bytes"]


def test_whether_it_fits_several() -> None:
    one, four = [archcost.fits("llama_3_70b", device="h100", devices=devices) for devices in (1, 4)]
    assert (one.fits, four.fits) == (False, True)
    memory = archcost.memory("llama_3_70b", params={"tokens": 1, "past": four.workload.params["past"]}, devices=4)
    assert four.memory.total == memory.run.total
    assert four.devices[0].speeds is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--devices", "2", "--training"), "--devices is for inference"),
        (("--devices", "2", "--parallel", "tensor=2"), "--devices is for inference"),
        (("--devices", "0"), "--devices"),
        (("--devices", "2", "--fused"), "--devices does not go with --fused"),
    ],
)
def test_what_does_not_go_with_devices(words: tuple[str, ...], message: str, run: Callable[..., Run]) -> None:
    result = run("memory", "alexnet", *words)
    assert (result.code, message in result.err) == (2, True), result.err


@pytest.mark.parametrize("devices", [0, -1, 10**6 + 1])
def test_a_wrong_number(devices: int) -> None:
    with pytest.raises(CallError, match=f"--devices is how many devices divide inference.*got {devices:,}"):
        archcost.memory("alexnet", devices=devices)


CONVOLUTION = "archcost: 1\nname: net\ninput: [3, 8, 8]\nlayers: [{conv2d: {out_channels: 4, kernel_size: 3}}]\n"


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (MLP, {"devices": 31}, "over 31 devices: its widest linear layer has 30 outputs"),
        (CONVOLUTION, {"devices": 2}, "no layer of net can be divided over 2 devices: it has no linear layer"),
        (CONVOLUTION, {"parallel": ["tensor=2"]}, "over 2 devices: it has no linear layer"),
    ],
)
def test_what_no_devices_divide_is_told(model: str, options: dict[str, Any], message: str) -> None:
    """A device that holds all of a model is no share of one."""
    with pytest.raises(archcost.UsageError, match=message):
        archcost.memory(loads(model), **options)
