"""Mixtures of experts."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name that it has in most programs
from torch import nn


class MixtureOfExperts(nn.Module):
    """Every token goes through the top_k experts with the best scores, weighted by a softmax over these scores."""

    def __init__(
        self,
        features: int,
        num_experts: int,
        top_k: int,
        hidden_features: int,
        activation: str = "silu",
        *,
        gated: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()
        self.top_k = top_k
        self.activation = activation
        self.router = nn.Parameter(torch.empty(num_experts, features))
        self.w1 = nn.Parameter(torch.empty(num_experts, hidden_features, features))
        self.w2 = nn.Parameter(torch.empty(num_experts, features, hidden_features))
        self.w3 = nn.Parameter(torch.empty(num_experts, hidden_features, features)) if gated else None
        self.bias1 = nn.Parameter(torch.zeros(num_experts, hidden_features)) if bias else None
        self.bias2 = nn.Parameter(torch.zeros(num_experts, features)) if bias else None
        self.bias3 = nn.Parameter(torch.zeros(num_experts, hidden_features)) if bias and gated else None
        for weight in (self.router, self.w1, self.w2, self.w3):
            if weight is not None:
                nn.init.normal_(weight, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.reshape(-1, x.shape[-1])
        shares, order, counts = self.route(rows)
        tokens = order // self.top_k
        parts = torch.split(rows[tokens], counts)
        results = [self.expert(part, own) for part, own in zip(parts, self.experts(), strict=True)]
        mixed = torch.cat(results) * shares[order].unsqueeze(-1)
        return torch.zeros_like(rows).index_add(0, tokens, mixed).reshape(x.shape)

    def route(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
        """The share of every choice; the choices ordered by their experts; how many each expert has."""
        scores, chosen = F.linear(rows, self.router).topk(self.top_k, -1)
        return scores.softmax(-1).flatten(), chosen.flatten().argsort(), self.counts(chosen)

    def counts(self, chosen: torch.Tensor) -> list[int]:
        """How many tokens each expert gets; where tensors have no numbers, all get equally many."""
        if chosen.is_meta:
            return self.even_counts(chosen)
        counted: list[int] = torch.bincount(chosen.flatten(), minlength=len(self.router)).tolist()
        return counted

    def even_counts(self, chosen: torch.Tensor) -> list[int]:
        """As many tokens for each expert as for the others."""
        each, more = divmod(int(chosen.numel()), len(self.router))  # int: a tensor in a trace
        return [each + (number < more) for number in range(len(self.router))]

    def experts(self) -> list[dict[str, torch.Tensor]]:
        """The tensors of each expert, by name."""
        names = [name for name, _ in self.named_parameters() if name != "router"]
        each = zip(*[getattr(self, name).unbind() for name in names], strict=True)
        return [dict(zip(names, tensors, strict=True)) for tensors in each]

    def expert(self, rows: torch.Tensor, own: dict[str, torch.Tensor]) -> torch.Tensor:
        """W2(act(W1 x) * W3 x), or W2 act(W1 x)."""
        hidden = getattr(F, self.activation)(F.linear(rows, own["w1"], own.get("bias1")))
        if "w3" in own:
            hidden = hidden * F.linear(rows, own["w3"], own.get("bias3"))
        return F.linear(hidden, own["w2"], own.get("bias2"))
