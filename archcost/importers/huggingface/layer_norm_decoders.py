"""Decoders with layer norms and plain MLPs: GPT-2, GPT-NeoX, OPT, BLOOM and Falcon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size, labels, need_multiple, need_pairs
from archcost.importers.huggingface.decoders import DECODER, HARMLESS, ROTARY, TOKENS, heads, rope
from archcost.importers.huggingface.family import Family
from archcost.importers.keys import BASE, EPSILON, FLAG, LAYERS, SHARE, SIZE, TEXT, Key, maybe, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params


def _plain(values: KeyValues, layers: str, width: str, count: str, eps: str | None) -> Params:
    """The params that all of them have, by the names of their keys; heads for keys and values are as many."""
    head_size(values, width, count)
    return {
        "layers": values[layers],
        "width": values[width],
        "heads": values[count],
        "kv_heads": values[count],
        "hidden": 4 * values[width],
        "vocabulary": values["vocab_size"],
        "tied": values["tie_word_embeddings"],
        "norm": "layer_norm",
        "mlp": "plain_mlp",
        "eps": 1e-5 if eps is None else values[eps],
        "qkv_bias": True,
        "out_bias": True,
        "mlp_bias": True,
        "rotary_dim": 0,
        "labels": labels(values),
        "tokens": TOKENS,
    }


def _gpt2(values: KeyValues) -> Params:
    params = _plain(values, "n_layer", "n_embd", "n_head", "layer_norm_epsilon")
    params |= {"activation": activation(values, "activation_function")} | _rows(values["n_positions"], 0)
    return params | {"hidden": values["n_inner"]} if values["n_inner"] is not None else params


def _rows(positions: int, offset: int) -> Params:
    return {"positions": positions, "offset": offset, "tokens": min(TOKENS, positions)}


def _opt(values: KeyValues) -> Params:
    before = values["do_layer_norm_before"]
    bias = values["enable_bias"]
    params = _plain(values, "num_hidden_layers", "hidden_size", "num_attention_heads", None) | {
        "hidden": values["ffn_dim"],
        "activation": activation(values, "activation_function"),
        "norms": "before" if before else "after",
        "final_norm": before and not values["_remove_final_layer_norm"],
        "norm_affine": values["layer_norm_elementwise_affine"],
        "qkv_bias": bias,
        "out_bias": bias,
        "mlp_bias": bias,
    }
    if values["word_embed_proj_dim"] is not None:
        params["embedding"] = values["word_embed_proj_dim"]
    return params | _rows(values["max_position_embeddings"], 2)


def _bloom(values: KeyValues) -> Params:
    params = _plain(values, "n_layer", "hidden_size", "n_head", "layer_norm_epsilon")
    return params | {"activation": "gelu_tanh", "embedding_norm": True}


def _gpt_neox(values: KeyValues) -> Params:
    size = head_size(values, "hidden_size", "num_attention_heads")
    theta, part = rope(values)
    bias = values["attention_bias"]
    if values["rotary_emb_base"] is not None and values["rope_parameters"] is None:
        theta = values["rotary_emb_base"]
    part = values["rotary_pct"] if part is None else part
    params = _plain(values, "num_hidden_layers", "hidden_size", "num_attention_heads", "layer_norm_eps")
    params |= {"hidden": values["intermediate_size"], "activation": activation(values, "hidden_act")}
    turned = need_pairs(
        values, int(size * part), "rotary_pct", "partial_rotary_factor", "rope_parameters", "hidden_size"
    )
    params |= {"rope_base": theta, "rotary_dim": turned, "qkv_bias": bias, "out_bias": bias}
    return params | _parallel(2) if values["use_parallel_residual"] else params


def _falcon(values: KeyValues) -> Params:
    new, bias = values["new_decoder_architecture"], values["bias"]
    count = values["num_attention_heads"]
    params = _plain(values, "num_hidden_layers", "hidden_size", "num_attention_heads", "layer_norm_epsilon") | {
        "kv_heads": (values["num_kv_heads"] or count) if new else 1 if values["multi_query"] else count,
        "activation": activation(values, "activation"),
        "qkv_bias": bias,
        "out_bias": bias,
        "mlp_bias": bias,
    }
    if new and values["num_kv_heads"]:
        need_multiple(values, "num_attention_heads", "num_kv_heads")
    if values["ffn_hidden_size"] is not None:
        params["hidden"] = values["ffn_hidden_size"]
    if not values["alibi"]:
        turned = need_pairs(values, values["hidden_size"] // count, "hidden_size", "num_attention_heads")
        params |= {"rotary_dim": turned, "rope_base": rope(values)[0]}
    if not values["parallel_attn"]:
        return params
    return params | _parallel(values["num_ln_in_parallel_attn"] or (2 if new else 1))


def _parallel(norms: int) -> Params:
    return {"layer": "parallel_decoder_layer", "norms": "apart" if norms > 1 else "before"}


_DROPOUTS = frozenset({"attn_pdrop", "dropout", "layerdrop", "init_std", "classifier_dropout", "activation_dropout"})
_SUMMARY = frozenset(
    {"summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels", "summary_first_dropout"}
)
GPT2 = Family(
    DECODER,
    COMMON
    | {
        "vocab_size": Key(SIZE, 50257),
        "n_positions": Key(SIZE, 1024),
        "n_embd": Key(SIZE, 768),
        "n_layer": Key(LAYERS, 12),
        "n_head": Key(SIZE, 12),
        "n_inner": Key(maybe(SIZE)),
        "activation_function": Key(TEXT, "gelu_new"),
        "layer_norm_epsilon": Key(EPSILON, 1e-5),
        "tie_word_embeddings": Key(FLAG, True),
    },
    _gpt2,
    {
        "GPT2Model": {"head": "none"},
        "GPT2LMHeadModel": {"head": "language"},
        "GPT2ForSequenceClassification": {"head": "score"},
        "GPT2ForTokenClassification": {"head": "tokens"},
        "GPT2ForQuestionAnswering": {"head": "answers"},
    },
    HARMLESS
    | _DROPOUTS
    | _SUMMARY
    | {"n_ctx", "scale_attn_weights", "scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn"},
    {
        "hidden_size": "n_embd",
        "max_position_embeddings": "n_positions",
        "num_attention_heads": "n_head",
        "num_hidden_layers": "n_layer",
    },
)
GPT_NEOX = Family(
    DECODER,
    COMMON
    | ROTARY
    | {
        "vocab_size": Key(SIZE, 50432),
        "hidden_size": Key(SIZE, 6144),
        "num_hidden_layers": Key(LAYERS, 44),
        "num_attention_heads": Key(SIZE, 64),
        "intermediate_size": Key(SIZE, 24576),
        "hidden_act": Key(TEXT, "gelu"),
        "layer_norm_eps": Key(EPSILON, 1e-5),
        "tie_word_embeddings": Key(FLAG, False),
        "use_parallel_residual": Key(FLAG, True),
        "attention_bias": Key(FLAG, True),
        "rotary_pct": Key(SHARE, 0.25),
        "rotary_emb_base": Key(maybe(BASE)),
    },
    _gpt_neox,
    heads("GPTNeoX"),
    HARMLESS | _DROPOUTS,
)
OPT = Family(
    DECODER,
    COMMON
    | {
        "vocab_size": Key(SIZE, 50272),
        "hidden_size": Key(SIZE, 768),
        "num_hidden_layers": Key(LAYERS, 12),
        "ffn_dim": Key(SIZE, 3072),
        "max_position_embeddings": Key(SIZE, 2048),
        "do_layer_norm_before": Key(FLAG, True),
        "_remove_final_layer_norm": Key(FLAG, False),
        "word_embed_proj_dim": Key(maybe(SIZE)),
        "num_attention_heads": Key(SIZE, 12),
        "activation_function": Key(TEXT, "relu"),
        "enable_bias": Key(FLAG, True),
        "layer_norm_elementwise_affine": Key(FLAG, True),
        "tie_word_embeddings": Key(FLAG, True),
    },
    _opt,
    heads("OPT", {"ForSequenceClassification", "ForQuestionAnswering"}),
    HARMLESS | _DROPOUTS,
)
BLOOM = Family(
    DECODER,
    COMMON
    | {
        "vocab_size": Key(SIZE, 250880),
        "hidden_size": Key(SIZE, 64),
        "n_layer": Key(LAYERS, 2),
        "n_head": Key(SIZE, 8),
        "layer_norm_epsilon": Key(EPSILON, 1e-5),
        "tie_word_embeddings": Key(FLAG, True),
        "n_inner": Key(only(None)),
    },
    _bloom,
    heads("Bloom"),
    HARMLESS
    | _DROPOUTS
    | {
        "apply_residual_connection_post_layernorm",
        "attention_softmax_in_fp32",
        "bias_dropout_fusion",
        "masked_softmax_fusion",
        "offset_alibi",
        "skip_bias_add",
        "skip_bias_add_qkv",
        "slow_but_exact",
    },
    {
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "n_embed": "hidden_size",
        "n_embd": "hidden_size",
    },
)
FALCON = Family(
    DECODER,
    COMMON
    | ROTARY
    | {
        "vocab_size": Key(SIZE, 65024),
        "hidden_size": Key(SIZE, 4544),
        "num_hidden_layers": Key(LAYERS, 32),
        "num_attention_heads": Key(SIZE, 71),
        "num_ln_in_parallel_attn": Key(maybe(SIZE)),
        "layer_norm_epsilon": Key(EPSILON, 1e-5),
        "num_kv_heads": Key(maybe(SIZE)),
        "alibi": Key(FLAG, False),
        "new_decoder_architecture": Key(FLAG, False),
        "multi_query": Key(FLAG, True),
        "parallel_attn": Key(FLAG, True),
        "bias": Key(FLAG, False),
        "ffn_hidden_size": Key(maybe(SIZE)),
        "activation": Key(TEXT, "gelu"),
        "tie_word_embeddings": Key(FLAG, True),
    },
    _falcon,
    heads("Falcon"),
    HARMLESS | _DROPOUTS | {"apply_residual_connection_post_layernorm"},
    {"n_embed": "hidden_size"},
)
