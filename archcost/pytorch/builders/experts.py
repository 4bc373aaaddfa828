"""Mixtures of experts, and a decoder's caches."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.nn import functional

from archcost.pytorch.builders.base import Builder, Function, plain

_STD = 0.02  # of the weights at the beginning


class MixtureOfExperts(nn.Module):
    """Every token goes through the experts with the best scores; the tokens of one expert are one product.

    Where tensors have no numbers (meta, fake), all experts are taken to be chosen equally often.
    """

    def __init__(self, features: int, op: Any) -> None:
        super().__init__()
        self.top_k, self.activation, self.gated = op.top_k, op.activation, op.gated
        experts, hidden = op.num_experts, op.hidden_features
        self.router = nn.Parameter(torch.empty(experts, features))
        self.w1 = nn.Parameter(torch.empty(experts, hidden, features))
        self.w2 = nn.Parameter(torch.empty(experts, features, hidden))
        self.w3 = nn.Parameter(torch.empty(experts, hidden, features)) if op.gated else None
        self.bias1 = nn.Parameter(torch.zeros(experts, hidden)) if op.bias else None
        self.bias2 = nn.Parameter(torch.zeros(experts, features)) if op.bias else None
        self.bias3 = nn.Parameter(torch.zeros(experts, hidden)) if op.bias and op.gated else None
        for weight in (self.router, self.w1, self.w2, self.w3):
            if weight is not None:
                nn.init.normal_(weight, std=_STD)

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        shares, order, counts = self.route(rows)
        tokens = order // self.top_k
        parts = torch.split(rows[tokens], counts)
        results = [self.expert(part, tensors) for part, tensors in zip(parts, self.experts(), strict=True)]
        mixed = torch.cat(results) * shares[order].unsqueeze(-1)
        return torch.zeros_like(rows).index_add(0, tokens, mixed).reshape(x.shape)

    def route(self, rows: Tensor) -> tuple[Tensor, Tensor, list[int]]:
        """The share of every choice; the choices ordered by their experts; how many each expert has."""
        scores, chosen = functional.linear(rows, self.router).topk(self.top_k, -1)
        return scores.softmax(-1).flatten(), chosen.flatten().argsort(), self.counts(chosen)

    def counts(self, chosen: Tensor) -> list[int]:
        """How many tokens each expert gets."""
        experts = len(self.router)
        if chosen.is_meta or isinstance(chosen, FakeTensor):
            each, more = divmod(int(chosen.numel()), experts)  # a tensor in a trace
            return [each + (number < more) for number in range(experts)]
        counted: list[int] = torch.bincount(chosen.flatten(), minlength=experts).tolist()
        return counted

    def experts(self) -> list[dict[str, Tensor]]:
        """The tensors of each expert."""
        names = [name for name, _ in self.named_parameters() if name != "router"]
        each = zip(*[getattr(self, name).unbind() for name in names], strict=True)
        return [dict(zip(names, tensors, strict=True)) for tensors in each]

    def expert(self, rows: Tensor, own: dict[str, Tensor]) -> Tensor:
        """W₂(act(W₁x)·W₃x), or W₂·act(W₁x)."""
        hidden = getattr(functional, self.activation)(functional.linear(rows, own["w1"], own.get("bias1")))
        if self.gated:
            hidden = hidden * functional.linear(rows, own["w3"], own.get("bias3"))
        return functional.linear(hidden, own["w2"], own.get("bias2"))

    def extra_repr(self) -> str:
        return f"{len(self.router)} experts, top_k={self.top_k}, activation={self.activation}"


class KvCache(Function):
    """The earlier positions, then the input. ``cached`` holds them; zeros of ``length`` positions until it is set.

    It is a plain tensor, neither parameter nor buffer: it belongs to one sequence, so that nothing of it is saved.
    """

    cached: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        dim, length = self.settings["dim"], self.settings["length"]
        if not length:
            return x
        shape = list(x.shape)
        shape[dim] = length
        return torch.cat((x.new_zeros(shape) if self.cached is None else self.cached, x), dim)


BUILDERS: dict[str, Builder] = {
    "mixture_of_experts": lambda op, inputs: MixtureOfExperts(inputs[0][-1], op),
    "kv_cache": plain(KvCache),
}
