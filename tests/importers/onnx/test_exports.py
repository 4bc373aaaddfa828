"""What both exporters of PyTorch write of a module: its figures by torch's own counter, and its paths."""

from __future__ import annotations

import io
import warnings
from functools import cache
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from archcost.analysis.report import analyze
from archcost.importers.imported import import_text
from archcost.importers.onnx.reader import read_model
from archcost.settings import Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from pathlib import Path

    from archcost.importers.imported import Imported


class Block(nn.Module):
    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, out, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, groups=4, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.down = nn.Sequential(nn.Conv2d(width, out, 1, stride=2, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + self.down(x))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 7, stride=2, padding=3)
        self.layer1 = nn.Sequential(Block(16, 32), Block(32, 64))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.pool(self.layer1(self.stem(x))).flatten(1))  # type: ignore[no-any-return]  # torch's


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(100, 32)
        self.norm1, self.norm2 = nn.LayerNorm(32), nn.LayerNorm(32)
        self.qkv, self.proj = nn.Linear(32, 96), nn.Linear(32, 32)
        self.mlp = nn.Sequential(nn.Linear(32, 128), nn.GELU(), nn.Linear(128, 32))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids)
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(batch, tokens, 3, 4, 8).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = ((q @ k.transpose(-2, -1)) * 8**-0.5).softmax(-1) @ v
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, 32))
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]  # torch's


class Sequence(nn.Module):
    kind: type[nn.RNNBase] = nn.LSTM

    def __init__(self) -> None:
        super().__init__()
        self.cells = self.kind(8, 16, bidirectional=True, batch_first=True)
        self.head = nn.Linear(32, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.cells(x)[0])  # type: ignore[no-any-return]  # torch's


class Gated(Sequence):
    kind = nn.GRU


class Plain(Sequence):
    kind = nn.RNN


@cache
def exported_net(*, new: bool) -> Imported:
    """The import of the convolutional net as either exporter writes it."""
    return exported(trained(Net), IMAGE, new=new)


IMAGE, IDS, STEPS = torch.zeros(2, 3, 64, 64), torch.zeros(2, 12, dtype=torch.int64), torch.zeros(2, 7, 8)
# The module, its input, and how many params fewer the file has: γ and β of a norm become the bias of its convolution,
# so a norm of c channels is c fewer params. There are three of 32 channels and three of 64: 3·32 + 3·64 = 288.
CASES = [("net", Net, IMAGE, 288), ("encoder", Encoder, IDS, 0)]


def trained(make: type[nn.Module]) -> nn.Module:
    """A module with numbers that are not all the same."""
    torch.manual_seed(0)
    module = make().eval()
    for parameter in module.parameters():
        nn.init.uniform_(parameter, 0.1, 0.9)
    return module


def exported(module: nn.Module, sample: torch.Tensor, *, new: bool, **options: object) -> Imported:
    """The import of what an exporter writes; dim 0 is the batch."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters' own
        if new:
            batch = ({0: torch.export.Dim("batch")},)
            program = torch.onnx.export(module, (sample,), dynamo=True, dynamic_shapes=batch, verbose=False, **options)
            assert program is not None
            data = program.model_proto.SerializeToString()
        else:
            names = {"input_names": ["x"], "dynamic_axes": {"x": {0: "batch"}}}
            torch.onnx.export(module, (sample,), buffer, dynamo=False, **names, **options)  # type: ignore[arg-type]  # as the docs say
            data = buffer.getvalue()
    return import_text(read_model(data, "net.onnx", "net", {}))


def macs_of(module: nn.Module, sample: torch.Tensor) -> int:
    """By torch's own counter."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        module(sample)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("new", [True, False], ids=["dynamo", "torchscript"])
@pytest.mark.parametrize(("name", "make", "sample", "folded"), CASES, ids=[case[0] for case in CASES])
def test_an_export_has_the_figures_of_torch(
    name: str, make: type[nn.Module], sample: torch.Tensor, folded: int, *, new: bool
) -> None:
    module = trained(make)
    imported = exported_net(new=new) if make is Net else exported(module, sample, new=new)
    params = sum(parameter.numel() for parameter in module.parameters())
    for batch in (1, 2, 5):
        report = analyze(loads(imported.text), Settings(batch=batch))
        assert report.totals.macs * 2 == macs_of(module, sample) * batch
        assert list(report.outputs.values()) == [(batch, *module(sample).shape[1:])]
    assert report.totals.params == params - folded, imported.text
    assert any("Batch norm is folded: 6 convolutions" in remark for remark in imported.remarks) is (name == "net")
    assert "custom" not in imported.text


def test_a_norm_that_is_not_folded_is_one() -> None:
    module = trained(Net)
    imported = exported(module, IMAGE, new=True, optimize=False)
    report = analyze(loads(imported.text))
    assert report.totals.params == sum(parameter.numel() for parameter in module.parameters())
    assert not any("folded" in remark for remark in imported.remarks)


@pytest.mark.parametrize("new", [True, False], ids=["dynamo", "torchscript"])
def test_layers_have_the_paths_of_modules(*, new: bool) -> None:
    module = trained(Net)
    report = analyze(loads(exported_net(new=new).text))
    wanted = [path for path, each in module.named_modules() if isinstance(each, (nn.Conv2d, nn.Linear))]
    assert [layer.path for layer in report.layers if layer.op in ("conv2d", "linear")] == wanted


NEW, PLAIN_NEW, OLD = {"new": True}, {"new": True, "optimize": False}, {"new": False}
long = pytest.mark.long


@pytest.mark.parametrize(
    ("make", "gates", "how"),
    [
        (Sequence, 4, PLAIN_NEW),
        *[(make, gates, OLD) for make, gates in ((Sequence, 4), (Gated, 3), (Plain, 1))],
        pytest.param(Sequence, 4, NEW, marks=long),
        *[pytest.param(Gated, 3, how, marks=long) for how in (NEW, PLAIN_NEW)],
        *[pytest.param(Plain, 1, how, marks=long) for how in (NEW, PLAIN_NEW)],
    ],
)
def test_a_recurrent_layer_has_its_matrices(make: type[Sequence], gates: int, how: dict[str, bool]) -> None:
    """Also where the exporter cuts them into gates, which it joins in the order of ONNX."""
    module = trained(make)
    imported = exported(module, STEPS, **how)  # type: ignore[arg-type]  # options of the exporter
    report = analyze(loads(imported.text))
    # a step: 2 directions · gates·16·(8 + 16); the head 32·5 = 160; of 7 steps
    assert report.totals.macs == 7 * (2 * gates * 16 * (8 + 16) + 160)
    assert report.totals.params == sum(parameter.numel() for parameter in module.parameters())
    assert "custom" not in imported.text


def test_weights_beside_the_file_are_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        torch.onnx.export(trained(Net), (IMAGE,), path, dynamo=True, external_data=True, verbose=False)
    for beside in tmp_path.glob("*.data"):
        beside.unlink()
    text = import_text(read_model(path.read_bytes(), "net.onnx", "net", {})).text
    params = sum(parameter.numel() for parameter in trained(Net).parameters())
    assert analyze(loads(text)).totals.params == params - 288
