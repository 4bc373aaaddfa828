"""Layers that torch itself has not, against torchvision's own: the same weights give the same numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torchvision.models.swin_transformer import ShiftedWindowAttention, ShiftedWindowAttentionV2
from torchvision.ops import DeformConv2d, StochasticDepth

from archcost.ops import REGISTRY
from archcost.pytorch.builders import BUILDERS
from tests.ops.cases import CASES, Case, Shape


def module(kind: str, shapes: tuple[Shape, ...] = (), **attributes: Any) -> Any:
    return BUILDERS[kind](REGISTRY[kind](**attributes), shapes)


@pytest.mark.parametrize("case", [case for case in CASES if case.kind == "deform_conv2d"], ids=str)
def test_deformable_convolution(case: Case) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(shape) * (3 if place == 1 else 1) for place, shape in enumerate(case.input_shapes)]
    ours = module(case.kind, case.input_shapes, **case.attributes)
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in case.attributes.items()}
    theirs = DeformConv2d(case.input_shapes[0][1], **settings)
    ours.load_state_dict(theirs.state_dict())
    for tensor in inputs:
        tensor.requires_grad_()
    torch.testing.assert_close(ours(*inputs), theirs(*inputs), rtol=1e-4, atol=1e-5)
    grads = [torch.autograd.grad(layer(*inputs).square().sum(), inputs) for layer in (ours, theirs)]
    torch.testing.assert_close(*grads, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("window", [(7, 7), (3, 5)])
def test_relative_position_bias(window: tuple[int, int]) -> None:
    theirs = ShiftedWindowAttention(32, list(window), [0, 0], 4)
    ours = module("relative_position_bias", window_size=window, num_heads=4)
    ours.load_state_dict({name: value for name, value in theirs.state_dict().items() if name in ours.state_dict()})
    assert [name for name, _ in ours.named_parameters()] == ["relative_position_bias_table"]
    assert [name for name, _ in ours.named_buffers()] == ["relative_position_index"]
    assert torch.equal(ours(), theirs.get_relative_position_bias())


def test_relative_position_bias_of_a_computed_table() -> None:
    theirs = ShiftedWindowAttentionV2(32, [8, 8], [0, 0], 4)
    table = theirs.cpb_mlp(theirs.relative_coords_table)
    assert table.shape == (1, 15, 15, 4)
    ours = module("relative_position_bias", (tuple(table.shape),), window_size=8)
    torch.testing.assert_close(16 * torch.sigmoid(ours(table)), theirs.get_relative_position_bias())


def test_windows_are_those_of_swin() -> None:
    x = torch.randn(2, 8, 12, 5)
    expected = x.view(2, 2, 4, 3, 4, 5).permute(0, 1, 3, 2, 4, 5).reshape(2 * 2 * 3, 4 * 4, 5)
    windows = module("window_partition", (tuple(x.shape),), window_size=4)(x)
    assert torch.equal(windows, expected)
    assert torch.equal(module("window_reverse", window_size=4, output_size=[8, 12])(windows), x)


@pytest.mark.parametrize("mode", ["batch", "row"])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_stochastic_depth(p: float, mode: str) -> None:
    x = torch.randn(6, 3, 4)
    ours, theirs = module("stochastic_depth", p=p, mode=mode), StochasticDepth(p, mode)
    assert torch.equal(ours.eval()(x), x)
    ours.train()
    for seed in range(5):
        torch.manual_seed(seed)
        given = ours(x)
        torch.manual_seed(seed)
        torch.testing.assert_close(given, theirs(x))


@pytest.mark.parametrize("interleaved", [False, True])
def test_rotary_embedding_is_a_product_of_complex_numbers(interleaved: bool) -> None:
    """Pair k at position l times e^(i·l·base^(-2k / D)); two features after D = 6 pass."""
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    y = module("rotary_embedding", ((2, 5, 8),), base=100, rotary_dim=6, interleaved=interleaved)(x)
    angles = torch.arange(5)[:, None] * 100 ** (-torch.arange(0, 6, 2) / 6)
    pairs = (0, 2, 4), (1, 3, 5)
    first, second = pairs if interleaved else ((0, 1, 2), (3, 4, 5))
    expected = torch.complex(x[..., first], x[..., second]) * torch.polar(torch.ones_like(angles), angles)
    torch.testing.assert_close(y[..., first], expected.real, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(y[..., second], expected.imag, rtol=1e-5, atol=1e-5)
    assert torch.equal(y[..., 6:], x[..., 6:])


def test_layer_scale_is_that_of_convnext() -> None:
    from torchvision.models.convnext import CNBlock

    ours = module("layer_scale", ((2, 6, 4, 4),), dim=1, init_value=0.1)
    assert torch.equal(ours.weight, CNBlock(6, 0.1, 0.0).layer_scale)
