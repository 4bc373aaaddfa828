"""Attention: torch's fused forms for use, and the same products taken apart, which the counters can see."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from archcost.pytorch.builders.arithmetic import product
from archcost.pytorch.builders.base import Builder, Function, Inputs, acting_by


class ScaledDotProductAttention(Function):
    """softmax(scale · Q·Kᵀ + mask)·V by torch's fused function; dropout only in training."""

    def forward(self, *inputs: Tensor) -> Tensor:
        settings = {**self.settings, "dropout_p": self.settings["dropout_p"] if self.training else 0.0}
        result: Tensor = self.function(*inputs, **settings)
        return result


class PlainScaledDotProductAttention(ScaledDotProductAttention):
    """The same with two products of matrices."""

    def forward(self, *inputs: Tensor) -> Tensor:
        query, key, value, *masks = inputs
        mask = masks[0] if masks else None
        if self.settings["enable_gqa"]:
            key = key.repeat_interleave(query.size(-3) // key.size(-3), -3)
            value = value.repeat_interleave(query.size(-3) // value.size(-3), -3)
        scale = self.settings.get("scale")
        scores = product(query * (query.size(-1) ** -0.5 if scale is None else scale), key.transpose(-2, -1))
        if self.settings["is_causal"]:
            mask = torch.full(scores.shape[-2:], float("-inf"), dtype=scores.dtype, device=scores.device).triu(1)
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else scores + mask
        return product(functional.softmax(scores, dim=-1), value)


class MultiheadAttention(nn.MultiheadAttention):
    """nn.MultiheadAttention of one, two or three inputs; without the attention weights in the output.

    Hooks see all three, as where torch's own is called.
    """

    def __call__(self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None) -> Tensor:
        key = query if key is None else key
        result: Tensor = super().__call__(query, key, key if value is None else value)
        return result

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:  # type: ignore[override]
        result: Tensor = super().forward(query, key, value, need_weights=False)[0]
        return result


class PlainMultiheadAttention(MultiheadAttention):
    """The same parameters, with every projection and product taken by itself; no dropout."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:  # type: ignore[override]
        if not self.batch_first:
            query, key, value = (tensor.transpose(0, 1) for tensor in (query, key, value))
        q, k, v = self._projected(query, key, value)
        if self.bias_k is not None and self.bias_v is not None:
            k = torch.cat([k, self.bias_k.expand(len(k), 1, -1)], 1)
            v = torch.cat([v, self.bias_v.expand(len(v), 1, -1)], 1)
        heads = (self.num_heads, self.embed_dim // self.num_heads)
        q, k, v = (tensor.reshape(*tensor.shape[:2], *heads).transpose(1, 2) for tensor in (q, k, v))
        if self.add_zero_attn:
            k, v = functional.pad(k, (0, 0, 0, 1)), functional.pad(v, (0, 0, 0, 1))
        scores = product(q * q.size(-1) ** -0.5, k.transpose(-2, -1))
        mixed = product(functional.softmax(scores, dim=-1), v).transpose(1, 2).flatten(2)
        result = functional.linear(mixed, self.out_proj.weight, self.out_proj.bias)
        return result if self.batch_first else result.transpose(0, 1)

    def _projected(self, *inputs: Tensor) -> list[Tensor]:
        """Query, key and value after their projections."""
        if self._qkv_same_embed_dim:
            weights: Any = self.in_proj_weight.chunk(3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        return [functional.linear(*given) for given in zip(inputs, weights, biases, strict=True)]


def _multihead(module: type[MultiheadAttention]) -> Builder:
    def build(op: Any, inputs: Inputs) -> nn.Module:
        query, key, value = inputs[0], inputs[min(1, len(inputs) - 1)], inputs[-1]
        return module(
            query[2],
            op.num_heads,
            op.dropout,
            bias=op.bias,
            add_bias_kv=op.add_bias_kv,
            add_zero_attn=op.add_zero_attn,
            kdim=key[2],
            vdim=value[2],
            batch_first=op.batch_first,
        )

    return build


BUILDERS: dict[str, Builder] = {
    "scaled_dot_product_attention": acting_by(ScaledDotProductAttention),
    "multihead_attention": _multihead(MultiheadAttention),
}
VERIFYING: dict[str, Builder] = {
    "scaled_dot_product_attention": acting_by(PlainScaledDotProductAttention),
    "multihead_attention": _multihead(PlainMultiheadAttention),
}
