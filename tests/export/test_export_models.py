"""Blocks with variants, loops, several inputs and outputs, shared weights, odd names: run, compared, and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from tests.export.computation import computation_of
from tests.export.models import MODELS
from tests.export.support import (
    assert_same_outputs,
    assert_tidy,
    both_models,
    class_text,
    classes_of,
    exported,
    model_of,
    model_spec,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", MODELS)
def test_same_tensors_and_numbers(name: str) -> None:
    text, report = exported(model_spec(name))
    both_models(text, report)
    assert_same_outputs(text, report.graph)


def test_tidy(tmp_path: Path) -> None:
    assert_tidy({name: exported(model_spec(name))[0] for name in MODELS}, tmp_path)


@pytest.mark.parametrize("name", ["transformer", "attention", "decoder", "unet", "windows", "sequence"])
def test_any_batch(name: str) -> None:
    text, _ = exported(model_spec(name))
    _, report = exported(model_spec(name), batch=3)
    assert_same_outputs(text, report.graph)


CLASSES = {
    "transformer": ["LearntTensor", "Encoder", "Transformer"],
    "attention": ["AttentionBlock", "Attention"],
    "decoder": ["DecoderLayer", "Decoder"],
    "unet": ["DoubleConv", "Up", "Unet"],
    "densenet": ["DenseLayer", "DenseBlock", "Transition", "Densenet"],
    "inverted_residuals": ["ConvBn", "ConvBnIdentity", "InvertedAdd", "Inverted", "InvertedResiduals"],
    "shared": ["Mlp", "Shared"],
    "several": ["Two", "Several"],
    "widths": ["Stage", "Widths"],
    "passed_on": ["Maybe", "PassedOn"],
    "letters": ["Two", "OrderedDictBlock", "Letters"],
    "kernels": ["Conv", "Kernels"],
    "variants": ["Mix", "Mix2", "Residual", "Scaled", "Variants"],
    "windows": ["LearntTensor", "WindowPartition", "WindowReverse", "Scored", "Mixed", "Windows"],
    "sequence": ["Pooled", "Drawn", "Sequence"],
    "stages": ["Residual", "ResidualAdd", "Stage", "Stage2", "Stages"],
}


@pytest.mark.parametrize("name", CLASSES)
def test_one_class_for_a_block_and_structure(name: str) -> None:
    assert classes_of(exported(model_spec(name))[0]) == CLASSES[name]


LINES = {
    "transformer": [
        "self.attention = nn.Module()",
        "self.attention.multihead_attention = nn.MultiheadAttention(16, 2, batch_first=True)",
        "y, _ = self.attention.multihead_attention(y, y, y, need_weights=False)",
        "self.position = LearntTensor((1, 5, 16), requires_grad=False)",
        "batch = x.size(0)",
        "y = y.expand(batch, -1, -1)",
        "x = torch.cat((y, x), dim=1)  # N×5×16",
        "self.layers = nn.Sequential(*[Encoder() for _ in range(3)])",
        "x = x[:, 0:1]  # N×1×16",
    ],
    "attention": [
        "import torch.nn.functional as F",
        "def __init__(self, dim: int, heads: int) -> None:",
        "self.heads = heads",
        "self.qkv = nn.Linear(dim, 3 * dim)",
        "x = x.reshape(batch, 16, 3, self.heads, 4)",
        "x, y, z = torch.chunk(x, 3)",
        "x = F.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0)",
    ],
    "decoder": [
        "def forward(self, query: torch.Tensor, memory: torch.Tensor) -> torch.Tensor:",
        "self.stack = nn.ModuleList([DecoderLayer() for _ in range(4)])",
        "for layer in self.stack:",
        "x = layer(x, memory)",
        "x = self.again(x, x)",
        "self.logits.weight = self.embedding.weight",
        "tokens = torch.randint(11, (1, 7), dtype=torch.int64)",
    ],
    "unet": [
        "enc1 = self.enc1(x)  # N×4×16×16",
        "self.relu_1 = nn.ReLU(inplace=True)",
        "x = torch.cat((skip, self.conv_transpose2d(low)), dim=1)",
        "x = self.up1(x, enc1)  # N×4×16×16",
    ],
    "densenet": [
        "self.dense_layer = nn.Sequential(*[DenseLayer(in_channels + 4 * i) for i in range(layers)])",
        "self.conv2d = nn.Conv2d(in_channels, in_channels // 2, kernel_size=1)",
    ],
    "inverted_residuals": [
        "def __init__(self, out: int, expand: int = 6) -> None:",
        "self.expand = ConvBn(out, out=out * expand) if expand > 1 else nn.Identity()",
        "return x + self.project(y)",
        "self.stage1 = nn.Sequential(Inverted(4, out=6, stride=2), *[InvertedAdd(out=6) for _ in range(2)])",
        "self.stage2 = nn.Sequential(Inverted(6, out=8), InvertedAdd(out=8))",
    ],
    "shared": [
        "self.again = self.first",
        "self.loop = nn.Sequential(*[self.first for _ in range(3)])",
        "self.two = self.one",
        "self.pair.b.weight = self.pair.a.weight",
    ],
    "several": [
        "return total, q, product",
        "_, _, y = self.twice(x, x)",
        "y, (z, _) = self.lstm(y)",
        "return y, z, a, x, gru",
        'for name, output in zip(("gru.0", "lstm.1", "a", "two.total", "gru.1"), outputs):',
    ],
    "names": [
        "self.type_ = nn.ReLU()",
        "self.a_b = nn.ReLU()",
        'self.add_module("class", nn.ReLU())',
        'x = self.get_submodule("__x")(x)',
        "self.half_ = nn.Sigmoid()",
        'self.get_submodule("1x1").pop = nn.Linear(4, 3)',
        "torch_ = self.torch(x)",
        '"lambda": nn.Linear(4, 3),',
    ],
    "functions": [
        "y = x.mean(dim=(2, 3), keepdim=True)  # N×8×1×1",
        "x = self.gate.sigmoid(y) * x  # N×8×6×6",
        'x = self.a.get_submodule("5x5")(y) + self.b(x)',
        "x = torch.cat((self.p_1(x), x), dim=1)  # N×12×6×6",
        "self.stage.append(nn.Conv2d(14, 14, kernel_size=1))",
        "x = x + self.stage[2](y)",
        "return F.pad(x, (1, 2), value=0.5)  # N×14×6×9",
    ],
    "widths": [
        "*[nn.Conv2d(first, first, kernel_size=1) for _ in range(2)], nn.Conv2d(first, second, kernel_size=1)",
        "*[nn.Conv2d(8, 8, kernel_size=1) for _ in range(2)],",
    ],
    "many": [
        "+ self.the_second_of_a_number_of_branches(x)",
        "x = x + the_first_layer_of_all + the_second_layer_of_all + the_third_layer_of_all + x",
    ],
    "double": ["model = Double().to(torch.float64).eval()", "x = torch.randn(1, 4, dtype=torch.float64)"],
    "passed_on": ["x = self.maybe(x)", "y = x + x", "return x, y"],
    "letters": [
        "Parameters: 162. MACs: 128 for inputs of 1×4, 1×4, 1×4, as archcost counts them.",
        "def forward(self, l_: torch.Tensor, F_: torch.Tensor) -> torch.Tensor:",
        "loop = O_",
        "loop = layer(loop, x)",
        "return x + I_ + I_",
    ],
    "kernels": [
        "self, in_channels: int, kernel: int | tuple[int, int], out_channels: int, conv2d_1_out_channels: int",
        "self.b = Conv(7, kernel=(3, 1), out_channels=10, conv2d_1_out_channels=7)",
    ],
    "variants": [
        "return a + self.b(a)",
        "return self.a(x) + self.b(x)",
        "def __init__(self, in_channels: int, project: bool = False) -> None:",
        "if project:",
        "self.a_shortcut_with_a_projection_and_a_norm = nn.Identity()",
        "self.scaled = nn.ModuleList([Scaled(8), *[Scaled(6) for _ in range(3)]])",
        "y = same",
        "y = layer(y, x)",
    ],
    "windows": [
        "batch = x.size(0) // self.windows",
        "x = x.reshape(self.shape_0_factor * batch, -1, 4)",
        "x = x.reshape(batch, self.windows, -1, self.shape_3)",
        "return x[:, :, self.start :: self.heads]",
    ],
    "sequence": ["batch = x.size(1)", "return x.expand(1, 4)"],
    "stages": [
        "Residual(in_channels, width=width), *[ResidualAdd(width=width) for _ in range(depth - 1)]",
        "self.stage2 = Stage(8, width=12, depth=2)",
    ],
    "long": [
        "x = y + the_second_branch_of_two_with_a_very_long_name",
        "x = y + the_fourth_branch_of_two_with_a_very_long_name",
        "return x",
        "mask = torch.rand(1, 4) > 0.5",
    ],
    "groups": [
        "self.features = nn.Sequential(nn.Conv2d(8, 8, kernel_size=1), nn.ReLU(), nn.Tanh())",
        "self.mlp = nn.Sequential(Mlp(out_channels=16), Mlp(out_channels=32))",
        "self.again.conv2d.weight = self.tied.conv2d.weight",
        "return self.group(y) + x",
        "y = stem + self.residual.tanh(x)",  # it reads more than its input: no class of its own
        "x = self.pair(stem, x)",
        "return x - input_1",
    ],
    "recursion": [
        "self.first = Hourglass3()",
        "self.second = Hourglass2()",
        "self.inner = Hourglass(width, width=width + 4)",
        "self.even = Even2()",
        "self.rest = Odd2()",
    ],
}


@pytest.mark.parametrize("name", MODELS)
def test_lines(name: str) -> None:
    lines = [line.strip() for line in exported(model_spec(name))[0].splitlines()]
    assert [line for line in LINES[name] if line not in lines] == []


def test_shared_weights_are_shared() -> None:
    model = model_of(exported(model_spec("decoder"))[0])
    assert model.get_parameter("logits.weight") is model.get_parameter("embedding.weight")
    model = model_of(exported(model_spec("shared"))[0])
    assert model.get_submodule("loop.2") is model.get_submodule("first")
    assert model.get_parameter("pair.b.bias") is model.get_parameter("pair.a.bias")


WRONG = {
    "variants": ("return self.a(x) + self.b(x)", "return self.a(x) + self.b(self.a(x))"),
    "functions": ("x = x + self.stage[2](y)", "x = y + self.stage[2](y)"),
    "attention": ("return self.out(x)", "return self.out(x * 1.5)"),
    "decoder": ("x = layer(x, memory)", "x = layer(memory, x)[:, :7]"),
    "windows": ("batch, self.windows, -1, self.shape_3)", "batch, self.windows, -1, self.shape_3).flip(1)"),
    "inverted_residuals": ("return x + self.project(y)", "return self.project(y) + self.project(y)"),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_wire_shows_without_numbers(name: str) -> None:
    """What tests of the zoo rely on: a right source has the symbols of archcost's module, a wrong one has others."""
    text, report = exported(model_spec(name))
    theirs, ours = both_models(text, report)
    right = computation_of(ours, report.graph)
    assert computation_of(theirs, report.graph) == right
    if name in WRONG:
        assert WRONG[name][0] in text
        theirs, _ = both_models(text.replace(*WRONG[name]), report)
        assert computation_of(theirs, report.graph) != right


def test_an_unused_layer_is_held_but_not_called() -> None:
    two = class_text(exported(model_spec("several"))[0], "Two")
    assert "self.unused = nn.Linear(6, 3)" in two
    assert "self.unused(" not in two


def test_it_can_be_trained_traced_and_exported_further() -> None:
    text, report = exported(model_spec("unet"))
    model = model_of(text)
    x = torch.randn(1, 3, 16, 16)
    model(x).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    traced = torch.fx.symbolic_trace(model)
    torch.testing.assert_close(traced(x), model(x))
    assert report.totals.params == sum(parameter.numel() for parameter in traced.parameters())
