"""Recurrent layers, their outputs in one tuple: the sequence, then the last states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from archcost.pytorch.builders.base import made_by

if TYPE_CHECKING:
    from archcost.pytorch.builders.base import Builder


class LSTM(nn.LSTM):
    def forward(self, input: Tensor, *states: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]  # noqa: A002 - torch's name
        output, last = super().forward(input, states or None)  # type: ignore[arg-type]
        return (output, *last)


BUILDERS: dict[str, Builder] = {"lstm": made_by(LSTM)}
