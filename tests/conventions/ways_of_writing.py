"""Small models of torch that write the same in several ways: what the tools see depends on how a model is written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name that it has in most programs

if TYPE_CHECKING:
    from collections.abc import Callable

X, IMAGE, SEQUENCE = (4, 6), (4, 6, 6), (5, 6)  # without the batch


class Written(nn.Module):
    """A model whose forward pass is given, with parts of its own."""

    def __init__(self, forward: Callable[..., Tensor], **parts: Any) -> None:
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)


class OwnLinear(nn.Linear):
    """Of a class that hooks by class do not know."""


class OwnConv(nn.Conv2d):
    """The same of a convolution, with a function in it that hooks do not see."""

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, (1, 1)), self.weight, self.bias)


class OwnNorm(nn.LayerNorm):
    """The same of a norm."""


class Adapted(nn.Linear):
    """A derived class with more products than that of its base."""

    def __init__(self) -> None:
        super().__init__(6, 6)
        self.down = nn.Parameter(torch.ones(6, 2))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = super().forward(x) + x @ self.down @ self.down.T
        return found


class NormAct(nn.BatchNorm2d):
    """With a module in it, so that torchinfo does not look at its params."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.act(super().forward(x))
        return found


class Scale(nn.Module):
    """A param for each channel, under a name."""

    def __init__(self, name: str, channels: int = 6) -> None:
        super().__init__()
        self.name = name
        setattr(self, name, nn.Parameter(torch.ones(channels)))

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = x * getattr(self, self.name)
        return found


class ConvScale(Scale):
    """Torchinfo goes by the name of the class."""


class RootMeanSquare(Scale):
    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = getattr(self, self.name) * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6))
        return found


class Bias(Scale):
    """A param whose name holds the word: torchinfo takes it for that of a recurrent layer."""

    def __init__(self) -> None:
        super().__init__("bias_table")


class First(nn.Module):
    """A recurrent layer without its states."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layer(x)[0]
        return found


def stepped(self: Any, x: Tensor) -> Tensor:
    """A cell, on the first of the positions."""
    state = self.cell(x[:, 0])
    found: Tensor = state[0] if isinstance(state, tuple) else state
    return found


def attended(self: Any, x: Tensor) -> Tensor:
    found: Tensor = self.attention(x, x, x, need_weights=False)[0]
    return found


def _then_first(self: Any, x: Tensor) -> Tensor:
    found: Tensor = self.first(self.layer(x))
    return found


def weighed(self: Any, x: Tensor) -> Tensor:
    """The query is shorter, so that no kernel does all at once; the weights are asked for by default."""
    found: Tensor = self.attention(x[:, :2], x, x)[0]
    return found


def written(forward: Callable[[Any, Tensor], Tensor], **parts: Any) -> Callable[[], nn.Module]:
    return lambda: Written(forward, first=nn.Linear(6, 6), **{name: part() for name, part in parts.items()})


def sequential(*modules: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(*[make() for make in modules])


WAYS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "torch's own modules": (sequential(partial(nn.Conv2d, 4, 8, 3), partial(nn.BatchNorm2d, 8), nn.ReLU), IMAGE),
    "a class of its own": (sequential(partial(OwnLinear, 6, 6), nn.GELU), X),
    "a norm with an activation": (sequential(partial(nn.Conv2d, 4, 8, 3), partial(NormAct, 8)), IMAGE),
    "a weight": (sequential(partial(nn.Linear, 6, 6), partial(Scale, "weight")), X),
    "a weight under another name": (sequential(partial(nn.Linear, 6, 6), partial(Scale, "gamma")), X),
    "a weight of what is called a convolution": (sequential(partial(nn.Linear, 6, 6), partial(ConvScale, "weight")), X),
    "a bias in a name": (sequential(partial(nn.Linear, 6, 6), Bias), X),
    "a root mean square": (sequential(partial(nn.Linear, 6, 6), partial(RootMeanSquare, "weight")), X),
    "a root mean square of a scale": (sequential(partial(nn.Linear, 6, 6), partial(RootMeanSquare, "scale")), X),
    "a product as an operator": (written(lambda m, x: m.first(x) @ x.transpose(-2, -1)), X),
    "a product as a function": (written(lambda m, x: torch.matmul(m.first(x), x.transpose(-2, -1))), X),
    "a product as a method": (written(lambda m, x: m.first(x).matmul(x.transpose(-2, -1))), X),
    "a product of a batch": (written(lambda m, x: torch.bmm(m.first(x), x.transpose(-2, -1))), X),
    "arithmetic as operators": (written(lambda m, x: m.first(x) * x + x), X),
    "arithmetic as functions": (written(lambda m, x: torch.add(torch.mul(m.first(x), x), x)), X),
    "arithmetic as methods": (written(lambda m, x: m.first(x).mul(x).add(x)), X),
    "a product in a derived layer": (sequential(partial(nn.Linear, 6, 6), Adapted), X),
    "a product of matrices": (written(lambda m, x: torch.mm(m.first(x)[0], x[0].T)), X),
    "a convolution in a derived layer": (sequential(partial(OwnConv, 4, 8, 3), partial(nn.BatchNorm2d, 8)), IMAGE),
    "a norm of a derived class": (sequential(partial(nn.Linear, 6, 6), partial(OwnNorm, 6)), X),
    "averages as functions": (written(lambda m, x: m.first(F.avg_pool2d(x, 2).mean((2, 3), keepdim=True) + x)), IMAGE),
    "activations as functions": (written(lambda m, x: F.relu6(F.gelu(F.softmax(m.first(x), -1)))), X),
    "activations as methods": (written(lambda m, x: m.first(x).softmax(-1).relu()), X),
    "a function that is kept": (written(lambda m, x: m.act(m.first(x)), act=lambda: F.gelu), X),
    "a part of a function that is kept": (
        written(lambda m, x: m.act(m.first(x)), act=lambda: partial(F.gelu, approximate="tanh")),
        X,
    ),
    "a linear layer as addmm": (
        written(lambda m, x: torch.addmm(m.first.bias, x.flatten(0, 1), m.first.weight).unflatten(0, (-1, 4))),
        X,
    ),
    "pools as functions": (written(lambda m, x: m.first(F.adaptive_avg_pool2d(F.max_pool2d(x, 2), (2, 6)))), IMAGE),
    "a resampling to a size": (written(lambda m, x: m.first(F.interpolate(x, size=(6, 6)))), (4, 3, 3)),
    "an LSTM": (
        written(_then_first, layer=lambda: First(nn.LSTM(6, 3, 2, batch_first=True, bidirectional=True))),
        SEQUENCE,
    ),
    "a GRU without biases": (written(_then_first, layer=lambda: First(nn.GRU(6, 6, bias=False))), SEQUENCE),
    "an Elman layer": (written(_then_first, layer=lambda: First(nn.RNN(6, 6, batch_first=True))), SEQUENCE),
    "an LSTM cell": (written(stepped, cell=lambda: nn.LSTMCell(6, 4)), SEQUENCE),
    "a GRU cell": (written(stepped, cell=lambda: nn.GRUCell(6, 4)), SEQUENCE),
    "an Elman cell": (written(stepped, cell=lambda: nn.RNNCell(6, 4, bias=False)), SEQUENCE),
    "attention": (
        written(attended, attention=lambda: nn.MultiheadAttention(6, 2, batch_first=True)),
        SEQUENCE,
    ),
    "attention with its weights": (
        written(weighed, attention=lambda: nn.MultiheadAttention(6, 2, batch_first=True)),
        SEQUENCE,
    ),
}  # fmt: skip
