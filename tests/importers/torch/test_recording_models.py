"""Whole layers and models as recordings have them: recurrent, attention, lazy, derived weights, training."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from archcost.importers.form import Batched
from archcost.importers.torch.recorded import Inputs, Origin, Ref
from archcost.importers.torch.recording import record
from tests.importers.torch.recording_support import (
    call_of,
    functions,
    reached,
    recorded,
    values_of,
)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 8, num_layers=2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0][:, -1]


def test_an_lstm_is_one_call() -> None:
    recording = recorded(Recurrent, 5, 4)
    call = call_of(recording, "lstm")
    assert len(call.outputs) == 3
    assert call.macs == Batched(5 * (4 * 8 * (4 + 8) + 4 * 8 * (8 + 8)))
    weights = [recording.values[ref.value].name for ref in call.args[2]]
    assert weights[:2] == ["lstm.weight_ih_l0", "lstm.weight_hh_l0"]


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False)[0]


def test_multihead_attention_takes_no_fast_path_and_counts_its_products() -> None:
    before = torch.backends.mha.get_fastpath_enabled()
    recording = recorded(Attending, 6, 8)
    assert call_of(recording, "multi_head_attention_forward").macs == Batched(6 * (4 * 8 * 8) + 2 * 6 * 6 * 8)
    assert torch.backends.mha.get_fastpath_enabled() is before


def test_attention_is_counted_as_products_of_matrices() -> None:
    class Scaled(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return functional.scaled_dot_product_attention(x, x, x)

    assert recorded(Scaled, 2, 6, 4).macs == Batched(2 * (6 * 4 * 6 + 6 * 6 * 4))


class Several(nn.Module):
    def forward(self, image: torch.Tensor, more: dict[str, Any]) -> torch.Tensor:
        return image + more["scale"] * more["parts"][0]


def test_several_inputs_have_their_names() -> None:
    def make(batch: int, device: torch.device) -> Inputs:
        image, scale, part = (torch.zeros(batch, 4, device=device) for _ in range(3))
        return Inputs((image,), {"more": {"scale": scale, "parts": [part]}}, ("image", "scale", "part"))

    recording = record(Several, make)
    assert [recording.values[number].name for number in recording.inputs] == ["image", "scale", "part"]
    assert call_of(recording, "mul").args == (Ref(1), Ref(2))


class Lazy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.LazyLinear(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def test_lazy_parameters_are_made_before_the_recording() -> None:
    recording = recorded(Lazy, 5)
    assert functions(recording) == ["linear"]
    assert recording.parameters == {"linear.weight": 3 * 5, "linear.bias": 3}


class Caching(nn.Module):
    """A parameter that is read in the first run of an object alone."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(4))
        self.cache: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.cache is None:
            self.cache = self.bias * 2
        return x + self.cache


def test_each_run_has_a_model_of_its_own() -> None:
    recording = recorded(Caching, 4)
    assert recording.batch_sizes == (1, 6)
    assert [value.name for value in values_of(recording, Origin.PARAMETER)] == ["bias"]


class Weighted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv1d(3, 4, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


def test_a_derived_weight_is_made_of_parameters() -> None:
    recording = recorded(Weighted, 3, 9)
    weight = call_of(recording, "conv1d").args[1]
    leaves = [
        each for each in values_of(recording, Origin.PARAMETER) if weight.value in reached(recording, each.number)
    ]
    assert {each.name.rpartition(".")[2] for each in leaves} == {"original0", "original1"}


def test_training_is_recorded_as_training() -> None:
    class Dropping(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return functional.dropout(x, 0.5, training=self.training)

    call = call_of(recorded(Dropping, 4, training=True), "dropout")
    assert call.kwargs["training"] is True
    assert call.outputs != (call.args[0].value,)
