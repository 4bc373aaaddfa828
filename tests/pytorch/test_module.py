"""The network of a spec: its tree, its inputs and outputs, shared weights, and what users do to modules."""

from __future__ import annotations

import copy
import io
import weakref
from typing import Any

import pytest
import torch
from torch import nn

import archcost
from archcost.pytorch import module as network_module
from archcost.pytorch.module import Network
from tests.pytorch.support import document


def built(parts: dict[str, Any], **settings: Any) -> Network:
    network = archcost.build(document(parts), **settings)
    assert isinstance(network, Network)
    return network


def test_tree_carries_the_paths_of_the_spec() -> None:
    with torch.device("meta"):
        network = archcost.build("googlenet")
    layer = network.get_submodule("inception_3a.5x5.conv_relu_1.conv2d")
    assert isinstance(layer, nn.Conv2d)
    assert layer.weight.shape == (32, 16, 5, 5)
    names = {name for name, _ in network.named_parameters()}
    assert "inception_3a.5x5.conv_relu_1.conv2d.weight" in names
    assert sum(p.numel() for p in network.parameters()) == archcost.analyze("googlenet").totals.params


def test_meta_device_takes_no_memory_and_gives_shapes() -> None:
    with torch.device("meta"):
        network = archcost.build("vgg11", batch=2)
        assert network(torch.empty(2, 3, 224, 224)).shape == (2, 1000)
    assert {parameter.device.type for parameter in network.parameters()} == {"meta"}


def test_one_by_one_convolution_is_a_weighted_sum_over_the_channels() -> None:
    network = archcost.build("conv1x1", params={"size": 1})
    (layer,) = (module for module in network.modules() if isinstance(module, nn.Conv2d))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 1.0, -0.5]).reshape(1, 3, 1, 1))
        assert layer.bias is not None
        layer.bias.zero_()
        x = torch.tensor([2.0, 1.0, -1.0]).reshape(1, 3, 1, 1)
        assert network(x).item() == 2.5  # 2 * 0.5 + 1 * 1 + -1 * -0.5


def test_inputs_come_by_position_and_several_outputs_are_a_tuple() -> None:
    network = built(
        {
            "inputs": {"a": [4], "b": [4]},
            "layers": [{"sub": None, "from": ["a", "b"]}, {"chunk": {"chunks": 2, "dim": 1}}],
            "outputs": ["chunk.1", "sub", "chunk.0", "a"],
        }
    )
    a, b = torch.randn(1, 4), torch.randn(1, 4)
    outputs = network(a, b)
    torch.testing.assert_close(outputs, ((a - b)[:, 2:], a - b, (a - b)[:, :2], a))
    with pytest.raises(TypeError, match="expected the inputs a, b, got 1 of them"):
        network(a)


def test_states_of_recurrent_layers_are_outputs() -> None:
    layers = [
        {"lstm": {"hidden_size": 5, "num_layers": 2}},
        {"gru": {"hidden_size": 6}, "from": "lstm"},
        {"lstm": {"hidden_size": 5, "num_layers": 2}, "from": ["input", "lstm.1", "lstm.2"], "id": "again"},
    ]
    network = built({"input": [7, 3], "layers": layers, "outputs": ["gru", "gru.1", "lstm.2", "again"]}, batch=2)
    outputs = network(torch.randn(2, 7, 3))
    assert [tuple(tensor.shape) for tensor in outputs] == [(2, 7, 6), (1, 2, 6), (2, 2, 5), (2, 7, 5)]


def test_shared_weights_are_the_same_parameter() -> None:
    layers = [
        {"embedding": {"num_embeddings": 11, "embedding_dim": 6}},
        {"lstm": {"hidden_size": 6}},
        {"lstm": {"hidden_size": 6}, "share": "lstm", "id": "again"},
        {"linear": {"out_features": 11}, "share": "embedding"},
    ]
    network = built({"input": {"shape": [5], "dtype": "int64"}, "layers": layers})
    assert network.get_parameter("linear.weight") is network.get_parameter("embedding.weight")
    first, again = network.get_submodule("lstm"), network.get_submodule("again")
    assert all(a is b for a, b in zip(first.parameters(), again.parameters(), strict=True))
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.zero_()
        output, *_ = again(torch.randn(1, 5, 6))
    assert not output.any()  # the layer computes with the shared tensors
    numels = sum(parameter.numel() for parameter in network.parameters())
    assert (
        numels
        == archcost.analyze(document({"input": {"shape": [5], "dtype": "int64"}, "layers": layers})).totals.params
    )


def test_shared_norms_share_their_statistics() -> None:
    layers = [
        {"batch_norm2d": {"affine": False}, "id": "first"},
        {"batch_norm2d": {"affine": False}, "id": "second", "share": "first"},
    ]
    network = built({"input": [3, 4, 4], "layers": layers}, batch=2)
    assert network.get_buffer("first.running_mean") is network.get_buffer("second.running_mean")
    assert archcost.verify(document({"input": [3, 4, 4], "layers": layers})).ok


def test_ids_that_modules_have_as_attributes_get_an_underscore() -> None:
    names = ["type", "type_", "float", "a/b", "a_b", "forward", "_steps", "training", "get_parameter", "T_destination"]
    layers: list[Any] = [{"id": name, "relu": None} for name in names]
    layers += [{"concat": None, "branches": {"half": ["sigmoid"], "eval": ["tanh"]}}]
    spec = document({"input": [4], "layers": layers})
    network = archcost.build(spec)
    assert isinstance(network, Network)
    assert network(torch.randn(1, 4)).shape == (1, 8)
    taken = [network.module_path(name) for name in names]
    assert len(set(taken)) == len(names)
    assert taken[:4] == ["type__", "type_", "float_", "a_b"] or taken[:4] == ["type_", "type__", "float_", "a_b"]
    assert isinstance(network.get_submodule(network.module_path("half.sigmoid")), nn.Sigmoid)
    assert network.double().get_submodule("type_") is not None
    assert archcost.verify(spec).ok


def test_rounds_of_a_repeated_block_are_numbered() -> None:
    network = built(
        {
            "input": [4],
            "blocks": {"dense": {"layers": [{"linear": {"out_features": 4}}, "relu"]}},
            "layers": [{"dense": None, "repeat": 3, "id": "stage"}],
        }
    )
    assert [name for name, _ in network.named_parameters()][::2] == [f"stage.{i}.linear.weight" for i in range(3)]
    assert network(torch.randn(1, 4)).shape == (1, 4)


def test_training_only_parts_are_built_when_asked() -> None:
    with torch.device("meta"):
        inference, training = archcost.build("googlenet"), archcost.build("googlenet", training=True)
        assert len(training(torch.empty(1, 3, 224, 224))) == 3
    extra = {name.partition(".")[0] for name, _ in training.named_parameters()}
    extra -= {name.partition(".")[0] for name, _ in inference.named_parameters()}
    assert extra == {"aux1", "aux2"}


def test_params_batch_and_dtype_are_taken() -> None:
    network = archcost.build("conv1x1", params={"size": 5, "filters": 2}, batch=3, dtype="float64")
    assert network(torch.randn(3, 3, 5, 5, dtype=torch.float64)).shape == (3, 2, 5, 5)
    with pytest.raises(archcost.UsageError, match="has no param 'sise'"):
        archcost.build("conv1x1", params={"sise": 5})


def test_tensors_are_dropped_after_their_last_use() -> None:
    alive: list[weakref.ref[torch.Tensor]] = []
    most = 0

    class Relu(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            nonlocal most
            most = max(most, sum(reference() is not None for reference in alive))
            result = torch.relu(x)
            alive.append(weakref.ref(result))
            return result

    layers = [{"relu": None, "id": f"r{index}"} for index in range(8)]
    layers += [{"add": None, "from": ["r1", "r7"]}]
    network = built({"input": [4], "layers": layers})
    for index in range(8):
        setattr(network, f"r{index}", Relu())
    with torch.no_grad():
        network(torch.randn(1, 4))
    assert most == 2  # the input of the layer, and r1, which the sum reads


def test_layers_may_be_replaced_copied_pickled_and_compiled_away() -> None:
    network = built({"input": [4], "layers": [{"linear": {"out_features": 3}, "id": "head"}]})
    network.head = nn.Linear(4, 2)
    x = torch.randn(1, 4)
    expected = network(x)
    assert expected.shape == (1, 2)
    torch.testing.assert_close(copy.deepcopy(network)(x), expected)
    stream = io.BytesIO()
    torch.save(network, stream)
    stream.seek(0)
    torch.testing.assert_close(torch.load(stream, weights_only=False)(x), expected)
    expected.sum().backward()
    assert network.head.weight.grad is not None


def test_what_torch_refuses_is_an_error_at_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> nn.Module:
        raise ValueError("no such thing")

    monkeypatch.setitem(network_module.BUILDERS, "relu", refuse)
    with pytest.raises(archcost.SpecError, match="relu 'relu': PyTorch does not build it: no such thing"):
        archcost.build(document({"input": [4], "layers": ["relu"]}))


def test_build_and_verify_name_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from archcost import extras

    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    for call in (archcost.build, archcost.verify):
        with pytest.raises(archcost.MissingExtraError, match=r"pip install 'archcost\[verify\]'"):
            call("conv1x1")
