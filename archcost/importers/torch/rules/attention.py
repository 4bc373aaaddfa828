"""Attention: the scaled dot product alone, and the multi-head layer."""

from __future__ import annotations

from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule


@rule(
    "scaled_dot_product_attention",
    signature="query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False",
)
def scaled_dot_product_attention(call: BoundCall, maker: Maker) -> int:
    """Attention of heads that the source has projected itself."""
    inputs = [call.tensor(name) for name in ("query", "key", "value")]
    if call.has_tensor("attn_mask"):
        inputs.append(call.tensor("attn_mask"))
    names = ("dropout_p", "is_causal", "scale", "enable_gqa")
    return maker.step("scaled_dot_product_attention", inputs, {name: call.get(name) for name in names})


_MULTIHEAD = """
query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None,
use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None,
static_v=None, average_attn_weights=True, is_causal=False
"""
_TENSORS = {
    "in_proj_weight": "in_proj_weight",
    "q_proj_weight": "q_proj_weight",
    "k_proj_weight": "k_proj_weight",
    "v_proj_weight": "v_proj_weight",
    "in_proj_bias": "in_proj_bias",
    "bias_k": "bias_k",
    "bias_v": "bias_v",
    "out_proj_weight": "out_proj.weight",
    "out_proj_bias": "out_proj.bias",
}
_BATCHED = 3  # dims of (L, N, E)


@rule("multi_head_attention_forward", signature=_MULTIHEAD)
def multi_head_attention_forward(call: BoundCall, maker: Maker) -> list[int | None]:
    """The multi-head layer as a function: its inputs are (L, N, E)."""
    return multi_head_attention(call, maker, batch_first=False)


def multi_head_attention(call: BoundCall, maker: Maker, *, batch_first: bool) -> list[int | None]:
    """The multi-head layer. Masks change no figure.

    Its op does not give the weights of attention: where they are read they are a step of their own, which multiplies
    nothing, since the products that make them are those of the layer.
    """
    if call.has_tensor("static_k") or call.has_tensor("static_v"):
        raise Unmapped("its keys or values are given already projected")
    query, key, value = (call.tensor(name) for name in ("query", "key", "value"))
    if len(maker.tensor(query).shape) != _BATCHED:
        raise Unmapped("its inputs have no batch")
    holds: dict[str, int] = {}
    for argument, name in _TENSORS.items():
        if call.has_tensor(argument):
            parts = maker.parts(call.recorded(argument))
            if not parts:
                raise Unmapped(f"its {argument} is not made of parameters alone")
            holds |= {f"{name}{f'.{place}' * (place > 0)}": part for place, part in enumerate(parts)}
    bias = "in_proj_bias" in holds
    if bias != ("out_proj.bias" in holds):
        raise Unmapped("it has one of two biases")
    inputs = [query] if query == key == value else [query, key] if key == value else [query, key, value]
    attributes = {
        "num_heads": call.get("num_heads"),
        "dropout": call.get("dropout_p"),
        "bias": bias,
        "add_bias_kv": "bias_k" in holds,
        "add_zero_attn": call.get("add_zero_attn"),
        "batch_first": batch_first,
    }
    joined = bool(call.get("use_separate_proj_weight")) or any(name not in _TENSORS.values() for name in holds)
    found: list[int | None] = list(maker.layer("multihead_attention", inputs, attributes, holds, joined=joined))
    for number, weights in zip(call.call.outputs[1:], call.results[1:], strict=True):
        if maker.is_read(number):
            declared = {"name": "attention_weights", "macs": 0, "output": weights.shape}
            found.append(maker.step("custom", inputs[:2], declared, outputs=[weights]))
        else:
            found.append(None)
    return found
