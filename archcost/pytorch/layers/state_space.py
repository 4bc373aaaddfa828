"""Recurrences whose steps depend on the input."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name that it has in most programs
from torch import nn


class SelectiveScan(nn.Module):
    """The selective scan of Mamba in plain functions; `mamba_ssm` has a kernel that needs far less memory."""

    def __init__(self, *, delta_softplus: bool = False) -> None:
        super().__init__()
        self.delta_softplus = delta_softplus

    def forward(
        self,
        u: torch.Tensor,
        delta: torch.Tensor,
        a: torch.Tensor,
        b: torch.Tensor,
        c: torch.Tensor,
        d: torch.Tensor | None = None,
        z: torch.Tensor | None = None,
        delta_bias: torch.Tensor | None = None,
    ) -> torch.Tensor:
        delta = delta if delta_bias is None else delta + delta_bias[:, None]
        delta = F.softplus(delta) if self.delta_softplus else delta
        b, c = self.steps(b), self.steps(c)
        kept = (delta.unsqueeze(-1) * a[:, None]).exp()
        taken = self.grouped((delta * u).unsqueeze(-1), b) * b.unsqueeze(2)
        states = self.grouped(self.states(kept, taken.reshape(kept.shape)), c)
        y = torch.matmul(states.transpose(2, 3), c.unsqueeze(-1)).squeeze(-1).transpose(2, 3).reshape(u.shape)
        y = y if d is None else y + u * d[:, None]
        return y if z is None else y * F.silu(z)

    @staticmethod
    def steps(x: torch.Tensor) -> torch.Tensor:
        """B or C as (samples, groups, positions, state); what is the same for all samples or positions has size 1."""
        match x.dim():
            case 2:
                return x[None, :, None]
            case 3:
                return x.unsqueeze(1).transpose(2, 3)
            case _:
                return x.transpose(2, 3)

    @staticmethod
    def grouped(x: torch.Tensor, steps: torch.Tensor) -> torch.Tensor:
        """The channels of (samples, channels, ...) in as many groups as B or C has."""
        return torch.unflatten(x, 1, (int(steps.size(1)), -1))

    @staticmethod
    def states(kept: torch.Tensor, taken: torch.Tensor) -> torch.Tensor:
        """The states at all positions: each keeps a share of the one before, and takes something in.

        Every step doubles how many positions back a state reaches, so that few steps are enough.
        """
        reach, length = 1, int(kept.size(2))
        while reach < length:
            taken = taken + kept * F.pad(taken[:, :, :-reach], (0, 0, reach, 0))
            kept = kept * F.pad(kept[:, :, :-reach], (0, 0, reach, 0), value=1.0)
            reach *= 2
        return taken
