"""Recurrent layers, their outputs in one tuple: the sequence, then the last states."""

from __future__ import annotations

from torch import Tensor, nn

from archcost.pytorch.builders.base import Builder, sized


class RNN(nn.RNN):
    def forward(self, input: Tensor, state: Tensor | None = None) -> tuple[Tensor, ...]:  # type: ignore[override]  # noqa: A002 - torch's name
        return super().forward(input, state)


class GRU(nn.GRU):
    def forward(self, input: Tensor, state: Tensor | None = None) -> tuple[Tensor, ...]:  # type: ignore[override]  # noqa: A002
        return super().forward(input, state)


class LSTM(nn.LSTM):
    def forward(self, input: Tensor, *states: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]  # noqa: A002
        output, last = super().forward(input, states or None)  # type: ignore[arg-type]
        return (output, *last)


BUILDERS: dict[str, Builder] = {"rnn": sized(RNN, 2), "lstm": sized(LSTM, 2), "gru": sized(GRU, 2)}
