"""Layers that a model writes in its own way: weights that are derived, stacked, tied, or taken by plain products."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from torch import nn
from torch.nn import functional

import archcost
from tests.pytorch.support import document


class Turned(nn.Module):
    """GPT-2's linear layer, whose matrix is in × out."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(4, 6)), nn.Parameter(torch.zeros(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.addmm(self.bias, x, self.weight)


class Scaled(nn.Module):
    """A convolution whose weight has a gain, as in NFNets."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(4, 3, 3, 3)), nn.Parameter(torch.zeros(4))
        self.gain = nn.Parameter(torch.ones(4, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, self.weight * self.gain, self.bias)


class OwnNorm(nn.Module):
    """LLaMA's norm."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.to(torch.float32)
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.weight * x


class OtherNorm(OwnNorm):
    """The mean of absolute values: no RMS norm."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x * torch.rsqrt(x.pow(1).mean(-1, keepdim=True) + 1e-6)
        return self.weight * x


class Tied(nn.Module):
    """A head that has the embedding's matrix, and a bias of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(9, 4), nn.Linear(4, 9)
        self.head.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.head(self.embedding(ids))
        return found


class Reading(nn.Module):
    """Reads a number that follows from no input, and one that follows from a weight."""

    def __init__(self, *, of_weight: bool) -> None:
        super().__init__()
        self.fc, self.of_weight = nn.Linear(4, 6), of_weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mask = torch.ones(4, dtype=torch.bool)
        if mask.all() and (not self.of_weight or self.fc.weight.sum() < 1e6):
            x = self.fc(x)
        return x


def reading_nothing() -> nn.Module:
    return Reading(of_weight=False)


def reading_weights() -> nn.Module:
    return Reading(of_weight=True)


LINEAR: dict[str, Any] = {"input": [4], "layers": [{"linear": 6}]}
SCALED: dict[str, Any] = {
    "input": [3, 8, 8],
    "layers": [{"parameter": [4, 1, 1, 1]}, {"conv2d": {"out_channels": 4, "kernel_size": 3}, "from": "input"}],
}
TIED: dict[str, Any] = {
    "inputs": {"ids": {"shape": [5], "dtype": "int64"}},
    "layers": [
        {"id": "embedding", "embedding": {"num_embeddings": 9, "embedding_dim": 4}},
        {"id": "head", "linear": 9, "share": "embedding"},
    ],
}
RMS: dict[str, Any] = {"input": [5, 4], "layers": ["rms_norm"]}

# The model, the spec, the layers that it is aligned with, and whether the kinds of all are known.
CASES = [
    ("Turned", LINEAR, {"linear": ""}, True),
    ("Scaled", SCALED, {"parameter": "", "conv2d": ""}, False),
    ("OwnNorm", RMS, {"rms_norm": ""}, True),
    ("OtherNorm", RMS, {"rms_norm": ""}, False),
    ("Tied", TIED, {"embedding": "embedding", "head": "head"}, True),
    ("reading_nothing", LINEAR, {"linear": "fc"}, True),
    ("reading_weights", LINEAR, {"linear": "fc"}, True),
]


@pytest.mark.parametrize(("name", "parts", "pairs", "known"), CASES, ids=[case[0] for case in CASES])
def test_layers_correspond(name: str, parts: dict[str, Any], pairs: dict[str, str], *, known: bool) -> None:
    verification = archcost.verify(document(parts), against=f"{__name__}:{name}")
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    result = verification.against
    assert result is not None
    assert {pair.path: pair.other for pair in result.pairs} == pairs
    assert (result.only_spec, result.only_other) == ((), ())
    assert (result.kind_unknown == 0) is known
    on_the_cpu = [note for note in verification.notes if "was run on the CPU, with random weights" in note]
    assert len(on_the_cpu) == (name == "reading_weights")


def test_a_turned_matrix_of_another_size_is_none() -> None:
    parts = {"input": [4], "layers": [{"linear": 5}]}
    result = archcost.verify(document(parts), against=f"{__name__}:Turned").against
    assert result is not None
    assert result.pairs == ()


class Beside(nn.Module):
    """Two convolutions as one, by the sums of their weights: a bias is derived, as is the weight."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.point = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.wide.weight + functional.pad(self.point.weight, [1] * 4)
        return functional.conv2d(x, weight, cast("torch.Tensor", self.wide.bias) + self.point.bias, padding=1)


class Lent(nn.Module):
    """A product with a weight of its own, and the bias of a layer that is not called."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix, self.lender = nn.Parameter(torch.zeros(6, 4)), nn.Linear(4, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.matrix, self.lender.bias)


class Merged(nn.Module):
    """A weight with a product of two narrow ones added to it."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(4, 4)
        self.down, self.up = nn.Parameter(torch.zeros(2, 4)), nn.Parameter(torch.zeros(4, 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.base.weight + self.up @ self.down, self.base.bias)


class Sliced(nn.Module):
    """A part of a larger convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = nn.Conv2d(8, 8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bias = cast("torch.Tensor", self.whole.bias)
        return functional.conv2d(x, self.whole.weight[:4, :3, 1:4, 1:4], bias[:4], padding=1)


class Pooled(nn.Module):
    """Rows weighed by products with a vector: 3 × 4 for the scores, and 3 × 4 for their sum."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores = (x @ self.query).softmax(-1)
        return (scores.unsqueeze(1) @ x).squeeze(1)


class Turning(nn.Module):
    """A sampling grid of 8 × 8 places, with 2 × 3 products each, and a linear layer of 3 × 64 × 6."""

    def __init__(self) -> None:
        super().__init__()
        self.locate = nn.Linear(192, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        turned = self.locate(x.flatten(1)).view(-1, 2, 3)
        grid = functional.affine_grid(turned, list(x.shape), align_corners=False)
        return functional.grid_sample(x, grid, align_corners=False)


class Deformed(nn.Module):
    """Convolutions of 4·4 places: 2 × 9 offsets from 2 × 9 elements, and 4 results from 2 × 9."""

    def __init__(self) -> None:
        super().__init__()
        from torchvision.ops import DeformConv2d

        self.offsets, self.deformed = nn.Conv2d(2, 18, 3, padding=1), DeformConv2d(2, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.deformed(x, self.offsets(x))
        return found


class ByNames(nn.Module):
    """Takes its inputs by any name."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 6)

    def forward(self, **given: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.fc(given["left"] + given["right"])
        return found


class Codebooks(nn.Module):
    """Tables in one parameter, each of which is multiplied with and taken the other way around."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = nn.Parameter(torch.randn(2, 5, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for table in self.tables:
            x = x @ table.t() @ table
        return x


class Vectors(nn.Module):
    """Products of pairs of vectors, along the last dim and along another."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        y = self.fc(x)
        return torch.linalg.vecdot(x[:, 0], y[:, 0]), torch.linalg.vecdot(x[:, :, 0], y[:, :, 0], dim=1)


class Ahead(nn.Module):
    """Takes weights of layers before those run: a matrix, a table of tokens, and a gain."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.out, self.norm = nn.Linear(4, 4), nn.Linear(4, 9), nn.LayerNorm(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = functional.embedding(torch.zeros(1, dtype=torch.int64), self.out.weight)
        x = self.fc(functional.linear(x + rows, self.fc.weight)) * self.norm.weight
        return cast("torch.Tensor", self.out(self.norm(x)))


class OnTheCpu(nn.Module):
    """Does twice as much where it has numbers: where it is run without them, it is to do the same."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.fc(x)
        return x if x.is_meta or x.device.type not in ("cpu", "cuda") else self.fc(x)


# The model, its inputs, its MACs, and how many of them torch's counter reads as 0.
IMPORTED = [
    ("Codebooks", "4", 2 * 2 * 5 * 4, 0),
    ("Vectors", "3x4", 3 * 4 * 4 + 4 + 3, 4 + 3),
    ("Ahead", "4", 2 * 4 * 4 + 4 * 9, 0),
    ("OnTheCpu", "4", 2 * 4 * 4, 0),
    ("Beside", "3x8x8", 64 * 4 * 27, 0),
    ("Lent", "4", 4 * 6, 0),
    ("Merged", "4", 4 * 2 * 4 + 4 * 4, 0),
    ("Sliced", "3x8x8", 64 * 4 * 27, 0),
    ("Pooled", "3x4", 3 * 4 + 3 * 4, 3 * 4),
    ("Turning", "3x8x8", 192 * 6 + 64 * 2 * 3, 64 * 2 * 3),
    ("Deformed", "2x4x4", 16 * 18 * 18 + 16 * 4 * 18, 16 * 4 * 18),
    ("ByNames", "left=4 right=4", 4 * 6, 0),
]


@pytest.mark.parametrize(("name", "inputs", "macs", "unseen"), IMPORTED, ids=[case[0] for case in IMPORTED])
def test_an_import_agrees_with_its_own_source(name: str, inputs: str, macs: int, unseen: int) -> None:
    source = f"{__name__}:{name}"
    verification = archcost.verify(archcost.import_model(source, inputs), against=source)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    result = verification.against
    assert result is not None
    assert (result.macs, result.other_macs, result.unseen_macs) == (macs, macs, unseen)
    assert (result.only_spec, result.only_other) == ((), ())
    told = [note for note in verification.notes if "which torch's counter reads as 0" in note]
    assert [note.split(" MACs of ")[0] for note in told] == ([f"{unseen:,}"] if unseen else [])
