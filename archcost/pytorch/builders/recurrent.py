"""Recurrent layers and cells, their outputs in one tuple: the sequence, then the last states; or the states of a step.

All are classes of their own, so that a tool that looks for torch's very classes sees none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from archcost.pytorch.builders.base import made_by

if TYPE_CHECKING:
    from archcost.pytorch.builders.base import Builder


class RNN(nn.RNN):
    """nn.RNN."""


class GRU(nn.GRU):
    """nn.GRU."""


class LSTM(nn.LSTM):
    """nn.LSTM, which takes and gives its two states beside the sequence, not in a tuple."""

    def forward(self, input: Tensor, *states: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]  # noqa: A002 - torch's name
        output, last = super().forward(input, states or None)  # type: ignore[arg-type]
        return (output, *last)


class RNNCell(nn.RNNCell):
    """nn.RNNCell."""


class GRUCell(nn.GRUCell):
    """nn.GRUCell."""


class LSTMCell(nn.LSTMCell):
    """nn.LSTMCell, which takes its two states beside the input, not in a tuple."""

    def forward(self, input: Tensor, *states: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]  # noqa: A002 - torch's name
        return super().forward(input, states or None)  # type: ignore[arg-type]


BUILDERS: dict[str, Builder] = {
    "rnn": made_by(RNN),
    "gru": made_by(GRU),
    "lstm": made_by(LSTM),
    "rnn_cell": made_by(RNNCell),
    "gru_cell": made_by(GRUCell),
    "lstm_cell": made_by(LSTMCell),
}
