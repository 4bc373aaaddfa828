"""Recurrent layers without numbers: what any number of steps costs is known from two of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from archcost.importers.form import shape_at, size_at
from archcost.importers.torch.recording import record
from tests.importers.torch.recording_support import images, recorded


class Layers(nn.Module):
    """Recurrent layers in a row; what the last one gives."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, Any]:
        for layer in self.layers:
            x, states = layer(x)
        return x, states


PRODUCTS = (torch.ops.aten.mm, torch.ops.aten.addmm)
RECURRENT = [
    lambda first: nn.LSTM(4, 8, 2, batch_first=first, bidirectional=True, proj_size=3),
    lambda first: nn.GRU(4, 8, 3, batch_first=first),
    lambda first: nn.RNN(4, 8, batch_first=first, bias=False),
]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("make", RECURRENT)
def test_a_long_recurrence_is_what_torch_counts_and_gives_step_by_step(make: Any, first: bool) -> None:
    with torch.device("meta"):
        layers, x = make(first).eval(), torch.empty((1, 7, 4) if first else (7, 1, 4))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        whole, states = layers(x)
    inputs = images(7, 4) if first else images(7, 1, 4, batched=False)
    recording = record(lambda: Layers(make(first)), inputs)
    assert size_at(recording.macs, 1) == counter.get_total_flops() // 2 > 0
    found = [shape_at(recording.values[number].shape, 1) for number in recording.outputs]
    assert found == [each.shape for each in (whole, *(states if isinstance(states, tuple) else (states,)))]


class Products(TorchDispatchMode):
    """Counts the products of matrices that torch runs."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += function.overloadpacket in PRODUCTS
        return function(*args, **(kwargs or {}))


def test_a_long_recurrence_is_no_more_work_than_a_short_one_nor_are_two_alike() -> None:
    def work(steps: int, layers: int) -> int:
        with Products() as products:
            recorded(lambda: Layers(*[nn.LSTM(4, 4, batch_first=True) for _ in range(layers)]), steps, 4)
        return products.count

    assert work(300, 1) == work(3, 1) > 0
    assert work(300, 3) == work(300, 1)
