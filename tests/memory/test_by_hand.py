"""Small models whose memory can be added up on paper: figures as sums of their tensors."""

from __future__ import annotations

import pytest

import archcost
from archcost.analysis.memory.inference import MADE, READ, WAITING, WORKSPACE, inference_memory, inplace_nodes
from archcost.analysis.memory.optimizers import OPTIMIZERS, UpdatedTensor
from archcost.analysis.memory.training import Setting, training_memory
from archcost.graph.unroll import unroll
from archcost.settings import Settings
from archcost.spec.loader import loads

FLOAT, INT64, COUNTER = 4, 8, 8


def peak(layers: str, shape: str = "[8, 4, 4]", **options: str) -> int:
    head = "".join(f"{name}: {value}\n" for name, value in options.items())
    return archcost.analyze(loads(f"archcost: 1\n{head}input: {shape}\nlayers:\n{layers}")).totals.peak_activation_bytes


X = 8 * 4 * 4 * FLOAT  # the input


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("  - identity", X),
        ("  - flatten\n  - {unflatten: {dim: 1, unflattened_size: [8, 16]}}\n  - unsqueeze: {dim: 0}\n  - squeeze", X),
        ("  - permute: {dims: [0, 2, 3, 1]}\n  - transpose: {dim0: 1, dim1: 2}", X),
        ("  - {chunk: {chunks: 2, dim: 1}, id: c}\n  - {add: , from: [c.0, c.1]}", X + X // 2),
        ("  - dropout\n  - slice: {dim: 1, end: 2}\n  - expand: {sizes: [-1, 2, 4, 4]}", X),
        ("  - permute: {dims: [0, 2, 3, 1]}\n  - flatten", X + X),  # a copy: its elements do not lie in this order
        ("  - relu", X + X),
        ("  - relu: {inplace: true}", X),
        ("  - {conv2d: {out_channels: 8, kernel_size: 1}}\n  - relu", X + X + X),
        ("  - {conv2d: {out_channels: 8, kernel_size: 1}}\n  - relu: {inplace: true}", X + X),
        ("  - max_pool2d: {kernel_size: 2}", X + X // 4 + X // 4 * INT64 // FLOAT),
        ("  - avg_pool2d: {kernel_size: 2}", X + X // 4),
        (
            "  - {conv2d: {out_channels: 8, kernel_size: 3, padding: 1, padding_mode: reflect}}",
            X + 8 * 6 * 6 * FLOAT + X,
        ),
        ("  - local_response_norm: {size: 5}", X + X + X + X),  # the mean, with an offset, to a power
        ("  - batch_norm2d", X + X),
        ("  - group_norm: {num_groups: 2}", X + X + 2 * 2 * FLOAT),
        ("  - softmin: {dim: 1}", X + X + X),
        ("  - {relu: , id: a}\n  - {gelu: , id: b, from: input}\n  - {concat: , from: [a, b]}", X + X + X + 2 * X),
    ],
)
def test_inference(layers: str, expected: int) -> None:
    assert peak(layers) == expected


def test_the_halves_of_a_tensor_keep_all_of_it() -> None:
    """One half of the ReLU's output is gone long before the other: the storage is one."""
    layers = (
        "  - {relu: , id: whole}\n  - {chunk: {chunks: 2, dim: 1}, id: c}\n"
        "  - {conv2d: {out_channels: 8, kernel_size: 1}, from: c.0}\n"
        "  - {conv2d: {out_channels: 4, kernel_size: 1}, id: last}\n  - {add: , from: [last, c.1]}"
    )
    assert peak(layers) == X + X + X + X // 2


def test_dtypes() -> None:
    assert peak("  - relu", dtype="float16") == 2 * X // 2
    assert peak("  - max_pool2d: {kernel_size: 2}", dtype="float16") == X // 2 + X // 8 + 8 * 2 * 2 * INT64


def test_outputs_stay_to_the_end() -> None:
    stays = peak("  - {relu: , id: a}\n  - {gelu: , id: b}\n  - {silu: , id: c}", outputs="[a, c]")
    assert stays == X + X + X + X
    assert peak("  - {relu: , id: a}\n  - {gelu: , id: b}\n  - {silu: , id: c}") == X + X + X


def test_what_holds_the_peak() -> None:
    graph = unroll(
        loads(
            "archcost: 1\ninput: [8, 4, 4]\nlayers:\n  - {relu: , id: a}\n  - {gelu: , id: b}\n"
            "  - {max_pool2d: {kernel_size: 3, stride: 1, padding: 1}, id: pool}\n  - {add: , from: [pool, a]}\n"
        )
    )
    found = inference_memory(graph)
    assert [(holder.role, holder.bytes) for holder in found.holders] == [
        (WORKSPACE, X // FLOAT * INT64),
        (WAITING, X),
        (WAITING, X),
        (READ, X),
        (MADE, X),
    ]
    assert found.node == 2
    assert found.live == [X + X, X + X + X, X + X + X + X + X // FLOAT * INT64, X + X + X + X]


def test_activations_in_place_spare_what_others_need() -> None:
    graph = unroll(
        loads(
            "archcost: 1\ninput: [8, 4, 4]\nlayers:\n  - {relu: , id: first}\n"
            "  - {conv2d: {out_channels: 8, kernel_size: 1}, id: conv}\n  - {relu: , id: second}\n"
            "  - {add: , id: sum, from: [second, conv]}\n  - {silu: , id: third}\n  - sigmoid\n"
        )
    )
    assert inplace_nodes(graph) == {4}  # the first would overwrite the input, the second what the sum reads


def model(layers: str, shape: str = "[8, 4, 4]") -> str:
    return f"archcost: 1\ninput: {shape}\nlayers:\n{layers}"


def test_training_adds_up() -> None:
    """A convolution, a batch norm and a ReLU: what each keeps for the backward pass."""
    graph = unroll(
        loads(model("  - {conv2d: {out_channels: 16, kernel_size: 3, padding: 1}}\n  - batch_norm2d\n  - relu")),
        Settings(training=True, batch=2),
    )
    found = training_memory(graph, Setting(OPTIMIZERS["adam"]))
    image, out = 2 * 8 * 4 * 4 * FLOAT, 2 * 16 * 4 * 4 * FLOAT
    params = (16 * 8 * 3 * 3 + 16 + 16 + 16) * FLOAT
    assert found.params == found.gradients == params
    assert found.buffers == (16 + 16) * FLOAT + COUNTER
    assert found.state == 2 * params + 4 * FLOAT  # two moments, and a counter for each of the 4 tensors
    assert found.inputs == image
    assert found.saved == out + 2 * 16 * FLOAT + out  # the norm's input, its statistics, the ReLU's output
    forward = image + out + 2 * 16 * FLOAT + out + out  # nothing is dropped before the ReLU has run
    assert found.phase_peak("forward") == found.fixed + forward
    update = image + out + FLOAT + params + 2 * 16 * 8 * 3 * 3 * FLOAT  # input, output, loss, gradients, Adam's roots
    assert found.phase_peak("update") == found.fixed + update


KEPT = [  # behind a convolution, which keeps the model's input: of its output of X
    ("gelu", X),
    ("avg_pool2d: {kernel_size: 2}", X),
    ("sigmoid", X),  # its own output
    ("upsample: {scale_factor: 2}", 0),
    ("pixel_shuffle: {upscale_factor: 2}", 0),
    ("pixel_unshuffle: {downscale_factor: 2}", 0),
    ("channel_shuffle: {groups: 2}", 0),
    ("permute: {dims: [0, 2, 3, 1]}", 0),
]


@pytest.mark.parametrize(("layer", "kept"), KEPT)
def test_what_the_backward_pass_of_a_layer_needs(layer: str, kept: int) -> None:
    graph = unroll(loads(model(f"  - {{conv2d: {{out_channels: 8, kernel_size: 1}}}}\n  - {layer}")))
    assert training_memory(graph, Setting()).saved == kept


def test_optimizers() -> None:
    tensors = [UpdatedTensor(count, FLOAT) for count in (25, 10, 100, 2)]
    assert OPTIMIZERS["sgd"].state_bytes(tensors) == OPTIMIZERS["sgd"].step_bytes(tensors) == 0
    assert OPTIMIZERS["momentum"].state_bytes(tensors) == 100 + 40 + 400 + 8
    for name in ("adam", "adamw"):
        assert OPTIMIZERS[name].state_bytes(tensors) == 2 * (100 + 40 + 400 + 8) + 4 * 4
        assert OPTIMIZERS[name].step_bytes(tensors) == 40 + 2 * 400
        assert OPTIMIZERS[name].step_bytes(tensors, foreach=True) == 100 + 40 + 400 + 8
        assert OPTIMIZERS[name].step_bytes([]) == 0
    assert OPTIMIZERS["rmsprop"].state_bytes(tensors) == 100 + 40 + 400 + 8 + 4 * 4
    assert OPTIMIZERS["rmsprop"].step_bytes(tensors) == 40 + 400


def test_what_is_frozen_has_no_gradient() -> None:
    frozen = "  - {parameter: {shape: [8, 1, 1], requires_grad: false}, id: scale, from: []}\n"
    layers = frozen + "  - {mul: , from: [input, scale]}"
    found = training_memory(unroll(loads(model(layers))), Setting(OPTIMIZERS["adam"]))
    assert (found.params, found.gradients, found.state, found.saved) == (8 * FLOAT, 0, 0, 0)


def test_shared_weights_count_once() -> None:
    conv = "  - {conv2d: {out_channels: 8, kernel_size: 1}, "
    layers = f"{conv}id: a}}\n{conv}share: a}}"
    found = training_memory(unroll(loads(model(layers))), Setting())
    assert found.params == found.gradients == (8 * 8 + 8) * FLOAT
    assert found.saved == X  # the input of the second; that of the first is the model's


def test_checkpoints_keep_only_what_goes_in() -> None:
    spec = loads(
        "archcost: 1\ninput: [8, 4, 4]\nblocks:\n  unit:\n    layers:\n"
        "      - conv2d: {out_channels: 8, kernel_size: 1}\n      - sigmoid\n      - tanh\n"
        "layers:\n  - {unit: , id: a}\n  - {unit: , id: b}\n"
    )
    graph = unroll(spec)
    assert training_memory(graph, Setting()).saved == 2 * (X + X)  # sigmoid's and tanh's outputs; a's is b's input
    found = training_memory(graph, Setting(checkpoints=(range(3), range(3, 6))))
    assert found.saved == 0
    assert sum(held.bytes for held in found.held) + found.fixed == found.peak.live


def test_the_peak_may_be_in_what_is_computed_again() -> None:
    branches = [f"          {name}: [{{conv2d: {{out_channels: 64, kernel_size: 1, bias: false}}}}]" for name in "opq"]
    last = "conv2d: {out_channels: 8, kernel_size: 1, bias: false}"
    spec = loads(
        "\n".join(
            [
                "archcost: 1\ninput: [8, 4, 4]\nblocks:\n  unit:\n    layers:\n      - add:\n        branches:",
                *branches,
                f"      - {last}\nlayers:\n  - {{unit: , id: a}}\n  - {{{last}, id: last}}",
            ]
        )
    )
    graph = unroll(spec)
    found = training_memory(graph, Setting(checkpoints=(range(5),)))
    assert (found.peak.phase, graph.nodes[found.peak.node].path) == ("backward", "a.add")
    wide = 64 * 4 * 4 * FLOAT  # three branches, the sum of two, and that of all; nothing of it is freed before
    scalars = FLOAT + FLOAT  # the loss and its gradient
    gradients = X + 8 * 8 * FLOAT  # of what the last convolution reads, and of its weight
    assert found.peak.live - found.fixed == 5 * wide + X + X + scalars + gradients  # input and output of the model
    assert sum(held.bytes for held in found.held) + found.fixed == found.peak.live


def test_mixed_precision_halves_what_convolutions_give() -> None:
    layers = "  - {conv2d: {out_channels: 8, kernel_size: 1}}\n  - relu"
    graph = unroll(loads(model(layers)))
    plain, mixed = training_memory(graph, Setting()), training_memory(graph, Setting(half="float16"))
    weight = 8 * 8 * 2
    assert plain.saved == X
    assert mixed.saved == X // 2 + weight + X // 2  # the input and the weight in half precision, and the ReLU's output
    assert (mixed.params, mixed.gradients) == (plain.params, plain.gradients)
