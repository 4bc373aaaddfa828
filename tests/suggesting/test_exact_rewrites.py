"""Rewrites that compute the same: both networks are built in PyTorch, weights are moved, and outputs are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.suggesting.edits import Attributes, NewSteps, Removed
from tests.suggesting.flat_specs import Steps, found, rewritten, small

torch = pytest.importorskip("torch")

if TYPE_CHECKING:
    from torch import nn

    from archcost.analysis.report import Report
    from archcost.suggesting.edits import LocalChange

State = dict[str, Any]


def conv(out: int, kernel: int = 3, stem: str = "conv2d", **more: Any) -> dict[str, Any]:
    return {stem: {"out_channels": out, "kernel_size": kernel, **more}}


def network(report: Report) -> nn.Module:
    """The network of a report with random weights and statistics, for inference."""
    from archcost.pytorch.module import build

    made = build(report.graph).double().eval()
    generator = torch.Generator().manual_seed(1)
    for name, tensor in made.state_dict().items():
        if tensor.is_floating_point():
            drawn = torch.rand(tensor.shape, generator=generator, dtype=tensor.dtype)
            tensor.copy_(drawn + 0.5 if name.endswith("running_var") else 2 * drawn - 1)
    return made


def moved(before: Report, changes: list[LocalChange], state: State) -> State:
    """The weights of the first network under the names of the second: nodes and bodies have the node's number."""
    edits = {index: edit for change in changes for index, edit in change.edits.items()}
    found_state: State = {}
    for index, node in enumerate(before.graph.nodes):
        edit = edits.get(index)
        inner = f".{node.op.kind}" if isinstance(edit, NewSteps) else ""
        for name, tensor in state.items():
            path, _, tensor_name = name.rpartition(".")
            if path == node.path and not isinstance(edit, Removed):
                found_state[f"n{index}{inner}.{tensor_name}"] = tensor
    return found_state


def assert_same(before: Report, changes: list[LocalChange], transform: Any = None, *, training: bool = False) -> None:
    """Both networks give the same output for the same input, with the weights that ``transform`` has changed."""
    after = rewritten(before, *changes)
    first, second = network(before), network(after)
    state = moved(before, changes, first.state_dict())
    if transform is not None:
        state = transform(before, changes, first.state_dict(), state)
    second.load_state_dict(state)
    if training:
        first.train()
        second.train()
    (shape,) = [tensor.shape for tensor in before.graph.inputs.values()]
    images = torch.randn(3, *shape[1:], dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(second(images), first(images), rtol=1e-10, atol=1e-10)


POOLS: list[tuple[dict[str, Any], bool]] = [  # pooling, and whether it commutes with a bias
    ({"avg_pool2d": 2}, True),
    ({"avg_pool2d": {"kernel_size": 3, "stride": 2}}, True),
    ({"avg_pool2d": {"kernel_size": 3, "stride": 2, "ceil_mode": True}}, True),
    ({"avg_pool2d": {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}}, True),
    ({"avg_pool2d": {"kernel_size": 3, "stride": 2, "padding": 1}}, False),
    ({"avg_pool2d": {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}}, False),
    ({"avg_pool2d": {"kernel_size": 2, "divisor_override": 3}}, False),
    ({"adaptive_avg_pool2d": 1}, True),
    ({"adaptive_avg_pool2d": [3, 5]}, True),
]


@pytest.mark.parametrize(("pool", "with_bias"), POOLS, ids=[str(pool) for pool, _ in POOLS])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
def test_pool_first(pool: dict[str, Any], with_bias: bool, bias: bool, groups: int) -> None:
    before = small([conv(6, 1, bias=bias, groups=groups), pool], (4, 8, 10))
    changes = found(before, "pool_first")
    if bias and not with_bias:
        assert changes == []
        return
    assert len(changes) == 1
    assert_same(before, changes)


@pytest.mark.parametrize("dims", [1, 3])
def test_pool_first_in_other_dims(dims: int) -> None:
    before = small([conv(6, 1, f"conv{dims}d"), {f"avg_pool{dims}d": 2}], (4, *(6,) * dims))
    changes = found(before, "pool_first")
    assert len(changes) == 1
    assert_same(before, changes)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([conv(6, 3), {"avg_pool2d": 2}], id="no 1×1"),
        pytest.param([conv(6, 1, stride=2), {"avg_pool2d": 2}], id="stride"),
        pytest.param([conv(6, 1, padding=1), {"avg_pool2d": 2}], id="padding"),
        pytest.param([conv(6, 1), "relu", {"avg_pool2d": 2}], id="an activation between"),
        pytest.param([conv(6, 1), {"max_pool2d": 2}], id="maxima"),
        pytest.param([conv(6, 1), {"avg_pool2d": {"kernel_size": 3, "stride": 1, "padding": 1}}], id="same size"),
        pytest.param([{"id": "a", **conv(4, 1)}, {"share": "a", **conv(4, 1)}, {"avg_pool2d": 2}], id="shared"),
        pytest.param(
            [
                {"id": "a", **conv(6, 1)},
                {"avg_pool2d": 2},
                {"from": "a", **conv(6, 2, stride=2)},
                {"add": None, "from": ["avg_pool2d", "conv2d"]},
            ],
            id="read by others",
        ),
    ],
)
def test_pool_first_refuses(layers: Steps) -> None:
    assert found(small(layers, (4, 8, 8)), "pool_first") == []


def test_pool_first_in_transitions_of_densenet() -> None:
    """Three transitions, from 256 to 128 channels at 56×56 and so on: a quarter of the MACs of each is left."""
    before = archcost.analyze("densenet121")
    changes = found(before, "pool_first")
    after = rewritten(before, *changes)
    transitions = [(56, 256, 128), (28, 512, 256), (14, 1024, 512)]
    saved = sum(3 * (side // 2) ** 2 * channels * out for side, channels, out in transitions)
    assert before.totals.macs - after.totals.macs == saved
    assert before.totals.params == after.totals.params


RISING = ("relu", "relu6", "hardtanh", "elu", "selu", "sigmoid", "hardsigmoid", "log_sigmoid", "tanh", "softplus")


@pytest.mark.parametrize("activation", [*RISING, "softsign", "leaky_relu", {"elu": {"alpha": 0.5}}], ids=str)
@pytest.mark.parametrize("pool", [
    {"max_pool2d": 2},
    {"max_pool2d": {"kernel_size": 3, "stride": 2, "padding": 1}},
    {"max_pool2d": {"kernel_size": 3, "stride": 2, "ceil_mode": True}},
    {"adaptive_max_pool2d": [3, 5]},
], ids=str)  # fmt: skip
def test_max_first(activation: str | dict[str, Any], pool: dict[str, Any]) -> None:
    before = small([conv(6), activation, pool], (4, 9, 10))
    changes = found(before, "max_first")
    assert len(changes) == 1
    assert_same(before, changes)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(["gelu", {"max_pool2d": 2}], id="falls"),
        pytest.param(["silu", {"max_pool2d": 2}], id="falls, too"),
        pytest.param([{"leaky_relu": -0.5}, {"max_pool2d": 2}], id="falls on one side"),
        pytest.param([{"elu": -1.0}, {"max_pool2d": 2}], id="falls on one side, too"),
        pytest.param(["relu", {"avg_pool2d": 2}], id="means"),
        pytest.param(["relu", {"max_pool2d": {"kernel_size": 3, "stride": 1, "padding": 1}}], id="same size"),
        pytest.param(["relu", {"max_pool2d": {"kernel_size": 2, "return_indices": True}}], id="indices of ties"),
        pytest.param(["relu", {"max_pool2d": {"kernel_size": 2, "dilation": 2}}], id="windows with gaps"),
    ],
)
def test_max_first_refuses(layers: Steps) -> None:
    assert found(small(layers, (4, 8, 8)), "max_first") == []


def without_bias(before: Report, changes: list[LocalChange], old: State, new: State) -> State:
    """μ becomes μ - b where the norm behind a layer has running statistics."""
    for change in changes:
        (index,) = change.edits
        bias = new.pop(f"n{index}.bias")
        assert torch.equal(bias, old[f"{before.graph.nodes[index].path}.bias"])
        if f"n{index + 1}.running_mean" in new:
            new[f"n{index + 1}.running_mean"] = new[f"n{index + 1}.running_mean"] - bias
    return new


@pytest.mark.parametrize(
    ("layers", "shape", "params"),
    [
        pytest.param([conv(6), "batch_norm2d", "relu"], (4, 8, 8), 6, id="conv"),
        pytest.param([conv(6, groups=2, padding=1), "batch_norm2d"], (4, 8, 8), 6, id="groups"),
        pytest.param([conv(6), {"batch_norm2d": {"affine": False}}], (4, 8, 8), 6, id="no affine"),
        pytest.param([conv(6), {"batch_norm2d": {"track_running_stats": False}}], (4, 8, 8), 6, id="no statistics"),
        pytest.param([conv(6), "instance_norm2d"], (4, 8, 8), 6, id="instance norm"),
        pytest.param([conv(6), {"instance_norm2d": {"track_running_stats": True}}], (4, 8, 8), 6, id="running"),
        pytest.param([conv(6, 2, "conv_transpose2d", stride=2), "batch_norm2d"], (4, 4, 4), 6, id="transposed"),
        pytest.param([conv(6, 3, "conv1d"), "batch_norm1d"] * 2, (4, 9), 6 + 6, id="two"),
        pytest.param([{"linear": 6}, "batch_norm1d", "relu"], (5,), 6, id="linear"),
    ],
)
@pytest.mark.parametrize("training", [False, True])
def test_no_bias(layers: Steps, shape: tuple[int, ...], params: int, training: bool) -> None:
    before = small(layers, shape, training=training)
    changes = found(before, "no_bias")
    assert before.totals.params - rewritten(before, *changes).totals.params == params
    assert_same(before, changes, without_bias, training=training)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        pytest.param([conv(6), {"group_norm": 3}], (4, 8, 8), id="a mean of several channels"),
        pytest.param([{"linear": 6}, "layer_norm"], (5,), id="a mean of all features"),
        pytest.param([{"linear": 6}, "batch_norm1d"], (3, 5), id="channels are not the features"),
        pytest.param([conv(6), "relu", "batch_norm2d"], (4, 8, 8), id="an activation between"),
        pytest.param([conv(6, bias=False), "batch_norm2d"], (4, 8, 8), id="no bias"),
        pytest.param(
            [{"id": "a", **conv(4)}, "batch_norm2d", {"share": "a", **conv(4)}, "relu"], (4, 8, 8), id="shared"
        ),
        pytest.param(
            [conv(4), {"id": "n", "batch_norm2d": None}, conv(4), {"share": "n", "batch_norm2d": None}],
            (4, 8, 8),
            id="shared norm",
        ),
    ],
)
def test_no_bias_refuses(layers: Steps, shape: tuple[int, ...]) -> None:
    assert found(small(layers, shape), "no_bias") == []


def test_biases_of_vgg_16_with_norms() -> None:
    before = archcost.analyze("vgg16_bn")
    after = rewritten(before, *found(before, "no_bias"))
    assert before.totals.params - after.totals.params == 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512


def folded(before: Report, changes: list[LocalChange], old: State, new: State) -> State:
    """W becomes γ·W/σ, and b becomes γ·(b - μ)/σ + β, with σ = √(σ² + ε)."""
    for change in changes:
        norm = max(change.edits)
        layer, nodes = norm - 1, before.graph.nodes
        weight, statistics = new[f"n{layer}.weight"], f"{nodes[norm].path}."
        sigma = torch.sqrt(old[f"{statistics}running_var"] + nodes[norm].op.attribute("eps"))
        factor = old.get(f"{statistics}weight", torch.ones_like(sigma)) / sigma
        spread = factor.reshape(-1, *[1] * (weight.dim() - 1))
        if nodes[layer].op.kind.startswith("conv_transpose"):  # (in, out / groups, …)
            groups = nodes[layer].op.attribute("groups")
            rows = factor.reshape(groups, -1).repeat_interleave(weight.shape[0] // groups, dim=0)
            spread = rows.reshape(*rows.shape, *[1] * (weight.dim() - 2))
        new[f"n{layer}.weight"] = weight * spread
        bias = old.get(f"{nodes[layer].path}.bias", torch.zeros_like(sigma))
        shift = old.get(f"{statistics}bias", torch.zeros_like(sigma))
        new[f"n{layer}.bias"] = factor * (bias - old[f"{statistics}running_mean"]) + shift
    return new


@pytest.mark.parametrize(
    ("layers", "shape", "params"),
    [
        pytest.param([conv(6), "batch_norm2d", "relu"], (4, 8, 8), 2 * 6, id="conv"),
        pytest.param([conv(6, bias=False), "batch_norm2d", "relu"], (4, 8, 8), 2 * 6 - 6, id="a bias is new"),
        pytest.param([conv(6), {"batch_norm2d": {"affine": False, "eps": 0.1}}], (4, 8, 8), 0, id="no affine"),
        pytest.param([conv(8, groups=4, bias=False), "batch_norm2d"], (4, 8, 8), 2 * 8 - 8, id="depthwise"),
        pytest.param([conv(6, 2, "conv_transpose2d", stride=2), "batch_norm2d"], (4, 4, 4), 2 * 6, id="transposed"),
        pytest.param([conv(6, 2, "conv_transpose2d", groups=2), "batch_norm2d"], (4, 4, 4), 2 * 6, id="in groups"),
        pytest.param([{"linear": 6}, "batch_norm1d"], (5,), 2 * 6, id="linear"),
        pytest.param([conv(6, 3, "conv3d"), "batch_norm3d"] * 2, (4, 6, 6, 6), 2 * (6 + 6), id="two"),
    ],
)
def test_fold_norm(layers: Steps, shape: tuple[int, ...], params: int) -> None:
    before = small(layers, shape)
    changes = found(before, "fold_norm")
    assert before.totals.params - rewritten(before, *changes).totals.params == params
    assert_same(before, changes, folded)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([conv(6), {"batch_norm2d": {"track_running_stats": False}}], id="statistics of the input"),
        pytest.param([conv(6), "instance_norm2d"], id="statistics of each image"),
        pytest.param(["batch_norm2d", conv(6)], id="in front"),
        pytest.param([{"id": "a", **conv(4)}, "batch_norm2d", {"share": "a", **conv(4)}, "batch_norm2d"], id="shared"),
    ],
)
def test_fold_norm_refuses(layers: Steps) -> None:
    assert found(small(layers, (4, 8, 8)), "fold_norm") == []


def test_norms_stay_in_training() -> None:
    assert found(small([conv(6), "batch_norm2d"], (4, 8, 8), training=True), "fold_norm") == []


def test_all_norms_of_resnet_18_fold() -> None:
    before = archcost.analyze("resnet18", inputs={"input": (3, 32, 32)})
    changes = found(before, "fold_norm")
    edits = [edit for change in changes for edit in change.edits.values()]
    assert len(changes) == 20
    assert edits.count(Removed()) == edits.count(Attributes((("bias", None),))) == len(changes)
    assert_same(before, changes, folded)


def branch(*kernel: int, out: int = 6, **more: Any) -> Steps:
    """A convolution that keeps the size, and its norm."""
    height, *width = kernel
    sides = [height, *(width or [height])]
    attributes = {"out_channels": out, "kernel_size": sides, "padding": [side // 2 for side in sides], **more}
    return [{"conv2d": attributes}, "batch_norm2d"]


def total(*branches: Steps) -> Steps:
    return ["relu", {"add": None, "branches": {f"b{number}": steps for number, steps in enumerate(branches)}}]


def one_kernel(before: Report, changes: list[LocalChange], old: State, new: State) -> State:
    """The kernels of all branches, multiplied by γ/σ, in the middle of the largest; the identity is a 1×1."""
    nodes, producers = before.graph.nodes, before.graph.producers()
    for change in changes:
        (kept,) = [index for index, edit in change.edits.items() if isinstance(edit, Attributes)]
        kernel = torch.zeros_like(old[f"{nodes[kept].path}.weight"])
        bias = torch.zeros(len(kernel), dtype=torch.float64)
        for norm in [index for index in change.edits if nodes[index].op.kind == "batch_norm2d"]:
            path, (layer, _) = nodes[norm].path, producers[nodes[norm].inputs[0]]
            factor = old[f"{path}.weight"] / torch.sqrt(old[f"{path}.running_var"] + nodes[norm].op.attribute("eps"))
            if layer in change.edits:
                own = old[f"{nodes[layer].path}.weight"]
                shift = old.get(f"{nodes[layer].path}.bias", torch.zeros_like(factor))
            else:
                channels, group, *_ = kernel.shape
                own = torch.eye(group).double().repeat(channels // group, 1)[..., None, None]
                shift = torch.zeros_like(factor)
            top, left = [(most - side) // 2 for most, side in zip(kernel.shape[2:], own.shape[2:], strict=True)]
            kernel[:, :, top : top + own.shape[2], left : left + own.shape[3]] += own * factor[:, None, None, None]
            bias += old[f"{path}.bias"] + factor * (shift - old[f"{path}.running_mean"])
        new |= {f"n{kept}.weight": kernel, f"n{kept}.bias": bias}
    return new


@pytest.mark.parametrize(
    ("layers", "channels"),
    [
        pytest.param(total(branch(3, bias=False), branch(1, bias=False)), 4, id="3 and 1"),
        pytest.param(total(branch(1), branch(3), ["batch_norm2d"]), 6, id="with the identity"),
        pytest.param(total(branch(3, groups=2), branch(1, groups=2), ["batch_norm2d"]), 6, id="groups"),
        pytest.param(total(branch(3, groups=6), branch(5, groups=6), ["batch_norm2d"]), 6, id="depthwise"),
        pytest.param(total(branch(3, stride=2), branch(1, stride=2)), 4, id="stride"),
        pytest.param(total(branch(3), branch(1, 3), branch(3, 1)), 4, id="rows and columns"),
        pytest.param(total(branch(3), branch(3)), 4, id="alike"),
        pytest.param([*total(branch(3), branch(1)), *total(branch(3), branch(1), ["batch_norm2d"])], 4, id="two"),
    ],
)
def test_fused_branches(layers: Steps, channels: int) -> None:
    before = small(layers, (channels, 8, 8))
    changes = found(before, "fused_branches")
    assert len(changes) == sum("add" in step for step in layers)
    assert_same(before, changes, one_kernel)


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param(total(branch(3), [*branch(1), "relu"]), id="an activation"),
        pytest.param(total(branch(3), branch(3, stride=1, groups=2)), id="other groups"),
        pytest.param(total(branch(3), branch(1, padding=0), ["relu", "batch_norm2d"]), id="another value"),
        pytest.param(total(branch(1, 3), branch(3, 1)), id="no largest"),
        pytest.param(total(branch(3), branch(3, dilation=2, padding=2)), id="holes"),
        pytest.param(total(branch(3), branch(3, padding_mode="circular")), id="another padding"),
        pytest.param(
            total(branch(3), [conv(6, 1), {"batch_norm2d": {"track_running_stats": False}}]), id="no statistics"
        ),
        pytest.param(total(["batch_norm2d"], ["batch_norm2d"]), id="no kernel"),
        pytest.param(total(branch(3), []), id="no norm"),
    ],
)
def test_fused_branches_refuses(layers: Steps) -> None:
    assert found(small(layers, (6, 8, 8)), "fused_branches") == []


def test_branches_stay_in_training() -> None:
    assert found(small(total(branch(3), branch(1)), (6, 8, 8), training=True), "fused_branches") == []


def test_repvgg_for_training_becomes_the_one_to_deploy() -> None:
    before, published = archcost.analyze("repvgg_a0_train"), archcost.analyze("repvgg_a0")
    after = rewritten(before, *found(before, "fused_branches"))
    assert (after.totals.params, after.totals.macs) == (published.totals.params, published.totals.macs)
