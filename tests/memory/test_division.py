"""ZeRO and tensor parallelism: the worked examples of the papers, and what a device has at every moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.analysis.memory.at_peak import categories
from archcost.analysis.memory.division import Division, division_of
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.tensor_parallel import shards_of
from archcost.analysis.memory.training import Setting, training_memory
from archcost.errors import CallError
from archcost.graph.unroll import unroll
from archcost.settings import Lora, Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

    from archcost.graph.model import Graph

BILLION = 10**9
ZERO = """\
archcost: 1
dtype: float16
input: [75000]
layers: [{linear: {out_features: 100000, bias: false}}]
"""
PSI = 75000 * 100000  # params: the 7.5 billion of the paper


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ((), "120.0"),  # (2 + 2 + 12)·Ψ
        (("zero1=64",), "31.4"),  # (2 + 2)·Ψ + 12·Ψ/64
        (("zero2=64",), "16.6"),  # 2·Ψ + (2 + 12)·Ψ/64
        (("zero3=64",), "1.9"),  # (2 + 2 + 12)·Ψ/64
    ],
)
def test_the_worked_example_of_zero(ways: tuple[str, ...], expected: str) -> None:
    """Figure 1 of arXiv:1910.02054: 7.5 billion params in half precision, Adam in float32, 64 devices; GB are 10⁹."""
    found = archcost.memory(loads(ZERO), optimizer="adam", master_weights=True, parallel=ways, what_if=False).to_dict()
    states = found["param_bytes"] + found["gradient_bytes"] + found["optimizer_bytes"]
    assert f"{states / BILLION:.1f}" == expected
    whole = {"param_bytes": 2 * PSI, "gradient_bytes": 2 * PSI, "optimizer_bytes": 12 * PSI + 4}  # and a counter
    stage = int(ways[0][4]) if ways else 0
    divided = dict(zip(("optimizer_bytes", "gradient_bytes", "param_bytes"), (1, 2, 3), strict=True))
    for name, size in whole.items():
        assert found[name] == (-(-size // 64) if stage >= divided[name] else size)


def test_what_a_device_has_sums_to_its_peak() -> None:
    graph = unroll(archcost.load("gpt2"), Settings(training=True, dtype="bfloat16"))
    whole = training_memory(graph, Setting(OPTIMIZERS["adamw"], master=True))
    before = whole.peak.live
    for stage in (1, 2, 3):
        setting = Setting(OPTIMIZERS["adamw"], master=True, division=Division(stage, 8))
        found = training_memory(graph, setting)
        assert sum(categories(found).values()) == found.peak.live < before
        assert found.saved == whole.saved  # every replica has activations of its own
        assert found.state == -(-whole.state // 8)
        before = found.peak.live


def test_gathered_params_are_those_of_the_layer_that_runs() -> None:
    """The table of 50,257 tokens: while the last layer runs backward, it is there as a whole."""
    graph = unroll(archcost.load("gpt2"), Settings(training=True))
    found = training_memory(graph, Setting(division=Division(3, 8)))
    gathered = {held.bytes for held in found.held if held.kind == "gathered"}
    assert found.params == -(-training_memory(graph, Setting()).params // 8)
    assert gathered <= {4 * 50257 * 768, 4 * (768 * 3072 + 3072), 4 * (3072 * 768 + 768), 4 * (768 + 768)}
    moments = [moment for moment in found.moments if moment.node == len(graph.nodes) - 1]
    plain = training_memory(graph, Setting(division=Division(2, 8)))
    flat = [moment for moment in plain.moments if moment.node == len(graph.nodes) - 1]
    for here, there in zip(moments, flat, strict=True):
        assert here.live - found.params + plain.params == there.live + 4 * 50257 * 768


def test_one_replica_is_no_division() -> None:
    graph = unroll(archcost.load("resnet18"), Settings(training=True))
    setting = Setting(OPTIMIZERS["adam"])
    alone = training_memory(graph, setting)
    assert training_memory(graph, setting._replace(division=Division(2, 1))) == alone


def test_gradients_that_add_up_are_divided() -> None:
    graph = unroll(archcost.load("resnet18"), Settings(training=True))
    once = training_memory(graph, Setting(division=Division(2, 4)))
    twice = training_memory(graph, Setting(passes=2, division=Division(2, 4)))
    assert twice.gradients == once.gradients
    assert twice.phase_peak("forward") == once.phase_peak("forward") + once.gradients


# --- tensor parallelism -----------------------------------------------------------------------------------------------

LAYER = """\
archcost: 1
dtype: float16
params: {s: 64, h: 128, a: 8}
inputs: {ids: {shape: [$s], dtype: int64}}
layers:
  - {embedding: {num_embeddings: 1000, embedding_dim: $h}, id: x}
  - {layer_norm, id: norm1}
  - {linear: $h, id: q, from: norm1}
  - unflatten: {dim: 2, unflattened_size: [$a, -1]}
  - {transpose: {dim0: 1, dim1: 2}, id: queries}
  - {linear: $h, id: k, from: norm1}
  - unflatten: {dim: 2, unflattened_size: [$a, -1]}
  - {permute: {dims: [0, 2, 3, 1]}, id: keys}
  - {linear: $h, id: v, from: norm1}
  - unflatten: {dim: 2, unflattened_size: [$a, -1]}
  - {transpose: {dim0: 1, dim1: 2}, id: values}
  - {matmul, from: [queries, keys]}
  - softmax: {dim: 3}
  - {dropout: {p: 0.1}, id: chances}
  - {matmul, from: [chances, values]}
  - transpose: {dim0: 1, dim1: 2}
  - flatten: {start_dim: 2}
  - {linear: $h, id: o}
  - {dropout: {p: 0.1}, id: attended}
  - {add, from: [x, attended], id: x1}
  - {layer_norm, id: norm2}
  - {linear: $(4*h), id: fc1}
  - gelu
  - {linear: $h, id: fc2}
  - {dropout: {p: 0.1}, id: fed}
  - {add, from: [x1, fed]}
"""


def layer(batch: int, **params: int) -> Graph:
    return unroll(loads(LAYER), Settings(params, batch, training=True))


@pytest.mark.parametrize("t", [1, 2, 8])
@pytest.mark.parametrize(
    ("s", "b", "h", "a"),
    [(64, 2, 128, 8), (2048, 1, 12288, 96), (2048, 1, 20480, 128)],  # the last are GPT-3's and MT-NLG's
)
def test_activations_of_a_transformers_layer(s: int, b: int, h: int, a: int, t: int) -> None:
    """Equation 2 of arXiv:2205.05198: sbh·(10 + 24/t + 5·as/(ht)) bytes, with masks of one byte and norms' inputs.

    PyTorch on a CPU has the three dropout masks in the dtype of the model: another byte for each element of 2·sbh, and
    of as²b/t. Both norms keep a mean and a root for each position.
    """
    sbh, scores = s * b * h, a * s * s * b
    paper = 10 * sbh + (24 * sbh + 5 * scores) // t
    masks = 2 * sbh + scores // t
    statistics = 2 * 2 * (2 * s * b)
    found = training_memory(layer(b, s=s, h=h, a=a), Setting(division=Division(tensor=t)))
    assert found.saved == paper + masks + statistics


def test_what_devices_divide() -> None:
    graph = layer(1)
    shards = shards_of(graph, 4)
    paths = [node.path for node in graph.nodes]
    whole = {paths[index] for index in range(len(paths)) if index not in shards.nodes}
    assert whole == {"x", "norm1", "o", "attended", "x1", "norm2", "fc2", "fed", "add"}
    weights = {f"{paths[owner]}.{name}" for owner, name in shards.weights}
    divided = {f"{name}.{of}" for name in ("q", "k", "v", "fc1") for of in ("weight", "bias")}
    assert weights == divided | {"x.weight", "o.weight", "fc2.weight"}
    found = training_memory(graph, Setting(OPTIMIZERS["adam"], division=Division(tensor=4)))
    h = 128
    own = 1000 * h + 4 * h * h + 3 * h + 2 * 4 * h * h + 4 * h  # the table, q, k, v, o, both of the mlp
    assert found.params == 2 * (own // 4 + 2 * h + 4 * h)  # biases of o and fc2, and two norms
    assert found.gradients == found.params


def test_a_device_of_llama_has_an_eighth() -> None:
    graph = unroll(archcost.load("llama_3_8b"), Settings({"tokens": 512}, training=True))
    shards = shards_of(graph, 8)
    paths = {graph.nodes[owner].path for owner, _ in shards.weights}
    kinds = {path.rpartition(".")[2] for path in paths}
    projections = {f"{name}_proj" for name in ("q", "k", "v", "o", "gate", "up", "down")}
    assert kinds == projections | {"embed_tokens", "lm_head"}
    norms = 4096 * (2 * 32 + 1)
    found = training_memory(graph, Setting(division=Division(tensor=8)), details=False)
    assert found.params == 2 * ((8_030_261_248 - norms) // 8 + norms)


@pytest.mark.parametrize("model", ["resnet18", "vit_b_16", "gru_lm", "bert_base"])
def test_what_cannot_be_divided_is_whole(model: str) -> None:
    """A convolution, attention of one op and recurrent layers; of a classifier the last layer alone is divided."""
    graph = unroll(archcost.load(model), Settings(training=True))
    shards = shards_of(graph, 2)
    assert all(graph.nodes[owner].op.kind in ("linear", "embedding") for owner, _ in shards.weights)
    one, two = (training_memory(graph, Setting(division=Division(tensor=t))) for t in (1, 2))
    divided = sum(
        4 * size
        for owner, name in shards.weights
        for size in [archcost.dims.numel(graph.nodes[owner].signature.weights()[name])]
    )
    assert one.params - two.params == divided // 2
    assert two.peak.live <= one.peak.live
    assert sum(categories(two).values()) == two.peak.live


def test_adapters_are_divided_with_their_layers() -> None:
    """B of a layer that is divided by its outputs, A of one that is divided by its inputs; the other one is whole."""
    graph = unroll(loads(LAYER), Settings(training=True, lora=Lora(4, ("q", "o"))))
    shards = shards_of(graph, 4)
    found = {graph.nodes[owner].path for owner, _ in shards.weights}
    assert {"q.base_layer", "q.lora_B", "o.base_layer", "o.lora_A"} <= found
    assert not {"q.lora_A", "o.lora_B"} & found


def test_both_divide_together() -> None:
    graph = layer(1)
    setting = Setting(OPTIMIZERS["adam"], master=True)
    tensor = training_memory(graph, setting._replace(division=Division(tensor=4)))
    both = training_memory(graph, setting._replace(division=Division(3, 8, 4)))
    assert both.params == -(-tensor.params // 8)
    assert both.state == -(-tensor.state // 8)
    assert tensor.gradients <= 8 * both.gradients < tensor.gradients + 8 * len(graph.nodes) * 2  # each is rounded up
    assert both.saved == tensor.saved


# --- what people write ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), Division()),
        (("zero1=8",), Division(1, 8)),
        (("fsdp=8",), Division(3, 8)),
        (("zero3=8,tensor=4",), Division(3, 8, 4)),
        (("tensor=4", "zero2=16"), Division(2, 16, 4)),
    ],
)
def test_words(texts: tuple[str, ...], expected: Division) -> None:
    assert division_of(texts) == expected
    assert division_of([str(expected)] * expected.divides) == expected


REFUSED = ("zero4=8", "zero3", "zero3=0", "zero3=-1", "zero3=08", "zero3=10000000", "tensor=1.5", "", "ddp=8")


@pytest.mark.parametrize("text", [*REFUSED, "zero3=8,zero1=2", "tensor=2,tensor=2"])
def test_what_is_no_way_to_divide(text: str) -> None:
    with pytest.raises(CallError, match=r"--parallel") as error:
        division_of([text])
    assert "zero3=8,tensor=4" in error.value.help


def test_the_document_says_how(run: Callable[..., Run]) -> None:
    result = run("memory", "gpt2", "--parallel", "zero3=8,tensor=2", "--format", "json", "--no-what-if")
    found: Any = json.loads(result.out)
    assert found["parallel"] == {"zero_stage": 3, "replicas": 8, "tensor": 2}
    assert found["mode"] == "training"
    assert found["peak_bytes"] == sum(part["bytes"] for part in found["at_peak"])
    told = run("memory", "gpt2", "--parallel", "zero3=8", "--parallel", "tensor=2", "--no-what-if").out
    assert "training with sgd, one device of zero3=8,tensor=2" in told
