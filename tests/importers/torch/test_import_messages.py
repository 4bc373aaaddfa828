"""What a failed import tells: the place, and a way out that leads out, where there is one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import archcost
from archcost.errors import UsageError
from archcost.importers.sources import parse_source, required_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


class Net(nn.Module):
    """Two layers, and a step of the test's own between them."""

    def __init__(self, between: Callable[[Any, Tensor], Any]) -> None:
        super().__init__()
        self.conv1, self.head = nn.Linear(8, 8), nn.Linear(8, 4)
        self.between = between

    def forward(self, x: Tensor, **more: Any) -> Any:
        return self.between(self, self.conv1(x))


def _raising(net: Any, x: Tensor) -> Any:
    raise KeyError("weights")


def _gradients(net: Any, x: Tensor) -> Any:
    x = x.detach().requires_grad_(True)
    with torch.enable_grad():
        energy = net.head(x).sum()
    return torch.autograd.grad(energy, x)[0]


def _energy(net: Any, x: Tensor) -> Any:
    return torch.func.jvp(net.head, (x,), (torch.ones_like(x),))[1]


HOLDERS = "each input is a tensor: wrap a model that takes lists or dicts of them in a module of your own, whose "
HOLDERS += "forward pass takes tensors, and import `package.module:callable`"
WRAPPED = "wrap it in a module of your own, whose forward pass gives tensors that are computed of its inputs, "
WRAPPED += "and import `package.module:callable`; "
BEFORE = "imports what runs before it"
PLACE = r" at \S*test_import_messages.py:\d+"
TOLD: dict[str, tuple[Callable[[Any, Tensor], Any], str, str]] = {
    "a branch": (
        lambda net, x: net.head(x) if x.sum() > 0 else x,
        rf"the number that `bool` reads{PLACE} depends on the input's numbers",
        '`until="conv1"` imports what runs before it',
    ),
    "gradients": (_gradients, rf"the gradients that `grad` takes{PLACE}", '`until="head"` imports what runs before it'),
    "a function's gradient": (
        lambda net, x: torch.func.grad(lambda y: net.head(y).sum())(x),
        rf"what `torch.func.grad` makes{PLACE}",
        '`until="conv1"` imports what runs before it',
    ),
    "a split function": (
        lambda net, x: torch.vmap(net.head)(x),
        r"what `torch.vmap` makes at ",
        '`until="conv1"` imports what runs before it',
    ),
    "a number of Python's": (
        lambda *_: 3,
        "gives no tensor, but int",
        f'{WRAPPED}`until="conv1"` {BEFORE}',
    ),
    "a distribution": (
        lambda net, x: torch.distributions.Categorical(logits=net.head(x)),
        "gives no tensor, but Categorical",
        f'{WRAPPED}`until="head"` {BEFORE}',
    ),
    "a weight": (
        lambda net, _: net.head.weight,
        "gives a tensor that no function made which recording can see",
        f'{WRAPPED}`until="conv1"` {BEFORE}',
    ),
    "a directional derivative": (_energy, "gives a tensor that no function made", f'{WRAPPED}`until="head"` {BEFORE}'),
    "a list as its input": (
        lambda net, x: net.head(torch.cat(x)),
        "must be tuple of Tensors, not Tensor",
        HOLDERS,
    ),
    "a dict as its input": (lambda net, x: net.head(x["x"]), "invalid data type 'str'", HOLDERS),
    "a dict's keys": (lambda _, x: [*x.items()], "'Tensor' object has no attribute 'items'", HOLDERS),
    "nothing": (
        lambda net, x: net.head(x)[:, :0],
        "a tensor without elements",
        "leave it out, in a callable of your own: `package.module:callable`",
    ),
    "an error of its own": (_raising, r"KeyError: 'weights' \(\S+:\d+\)", ""),
    "a wrong size": (
        lambda net, x: net.head(x[:, :4]),
        "mat1 and mat2 shapes cannot be multiplied",
        '`inputs="SHAPE"` gives another input, without the batch',
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_the_way_out_is_of_the_cause(name: str) -> None:
    between, message, way_out = TOLD[name]
    with pytest.raises(UsageError) as caught:
        archcost.import_model(Net(between), "8")
    assert re.search(message, caught.value.message)
    assert caught.value.help == way_out


def test_a_batch_that_is_given_is_left_out() -> None:
    """Of more sizes than that, nothing is known."""
    ways = {"1x3x8x8": 'leave the batch out: `inputs="3x8x8"`', "1x1x3x8x8": '`inputs="SHAPE"` gives another input'}
    for given, way_out in ways.items():
        with pytest.raises(UsageError) as caught:
            archcost.import_model(nn.Sequential(nn.Conv2d(3, 4, 1)), given)
        assert caught.value.help.startswith(way_out)


def test_a_missing_argument_is_named() -> None:
    class Timed(nn.Linear):
        def forward(self, x: Tensor, t: Tensor, **more: Any) -> Any:  # type: ignore[override]
            return super().forward(x) + t

    with pytest.raises(UsageError) as caught:
        archcost.import_model(Timed(8, 8), "8")
    assert caught.value.help == 'give it by its name: `inputs="t=SHAPE"`'


def test_what_computes_nothing_is_told_from_what_is_empty() -> None:
    with pytest.raises(UsageError, match="it gives its input as it is"):
        archcost.import_model(nn.Identity(), "8")
    with pytest.raises(UsageError, match="a tensor without elements"):
        archcost.import_model(Net(lambda net, x: net.head(x)[:, :0]), "8")


def test_a_call_is_no_source() -> None:
    with pytest.raises(UsageError, match="without arguments") as caught:
        required_source("acme.nets:build(64)")
    assert "def net(): return Net(64)" in caught.value.help
    assert parse_source("main:specs/net(64)") is None
