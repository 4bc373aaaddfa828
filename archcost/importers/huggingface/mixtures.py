"""Decoders like Llama with a mixture of experts in place of the MLP, and DeepSeek's, whose attention has latents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import need_pairs, need_room
from archcost.importers.huggingface.decoders import (
    BIAS,
    DECODER,
    HARMLESS,
    LLAMA_LIKE,
    MISTRAL_KEYS,
    QWEN2_KEYS,
    WINDOW,
    heads,
    like_all,
    llama_like,
    mistral,
    window,
)
from archcost.importers.huggingface.family import Family
from archcost.importers.huggingface.layers import repeated
from archcost.importers.keys import COUNT, COUNTS, EPSILON, EXPERTS, FLAG, LAYERS, SIZE, Key, maybe, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params


def _mixtral(values: KeyValues) -> Params:
    need_room(values, "num_experts_per_tok", "num_local_experts")
    return mistral(values) | {
        "experts": values["num_local_experts"],
        "experts_per_token": values["num_experts_per_tok"],
    }


def _qwen2_moe(values: KeyValues) -> Params:
    layers, first = values["num_hidden_layers"], values["max_window_layers"]
    behind = [values["use_sliding_window"] and layer % 2 == 0 and layer < first for layer in range(layers)]
    shared = {"shared_hidden": values["shared_expert_intermediate_size"], "shared_gate": True}
    params = llama_like(values) | {"qkv_bias": values["qkv_bias"]} | window(values, behind)
    return params | _experts(values, "num_experts") | shared


def _qwen3_moe(values: KeyValues) -> Params:
    bias = values["attention_bias"]
    all_of_them = [values["use_sliding_window"]] * values["num_hidden_layers"]
    params = llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "qk_norm": "head"}
    return params | window(values, all_of_them) | _experts(values, "num_local_experts")


def _deepseek_v3(values: KeyValues) -> Params:
    layers, dense = values["num_hidden_layers"], values["first_k_dense_replace"]
    bias = values["attention_bias"]
    need_room(values, "num_experts_per_tok", "n_routed_experts")
    need_pairs(values, values["qk_rope_head_dim"], "qk_rope_head_dim")
    params = like_all(values) | {"qkv_bias": bias, "out_bias": bias, "attention": "latent_attention"}
    return params | {
        "query_rank": values["q_lora_rank"] or 0,
        "latent": values["kv_lora_rank"],
        "nope_dim": values["qk_nope_head_dim"],
        "rope_dim": values["qk_rope_head_dim"],
        "value_dim": values["v_head_dim"],
        "experts": values["n_routed_experts"],
        "experts_per_token": values["num_experts_per_tok"],
        "expert_hidden": values["moe_intermediate_size"],
        "sparse": repeated([layer >= dense for layer in range(layers)]),
        "shared_hidden": values["moe_intermediate_size"] * values["n_shared_experts"],
    }


def _experts(values: KeyValues, count: str) -> Params:
    """The params of a mixture of experts in some of the layers."""
    need_room(values, "num_experts_per_tok", count)
    layers, step, without = values["num_hidden_layers"], values["decoder_sparse_step"], values["mlp_only_layers"] or ()
    sparse = [layer not in without and (layer + 1) % step == 0 for layer in range(layers)]
    params = {
        "experts": values[count],
        "experts_per_token": values["num_experts_per_tok"],
        "expert_hidden": values["moe_intermediate_size"],
    }
    return params if all(sparse) else params | {"sparse": repeated(sparse)}


_EXPERTS = {
    "num_experts_per_tok": Key(SIZE, 8),
    "decoder_sparse_step": Key(SIZE, 1),
    "moe_intermediate_size": Key(SIZE, 768),
    "mlp_only_layers": Key(maybe(COUNTS)),
    "use_sliding_window": Key(FLAG, False),
}

MIXTRAL = Family(
    DECODER,
    MISTRAL_KEYS
    | {
        "rms_norm_eps": Key(EPSILON, 1e-5),
        "sliding_window": Key(maybe(COUNT)),
        "num_experts_per_tok": Key(SIZE, 2),
        "num_local_experts": Key(EXPERTS, 8),
    },
    _mixtral,
    heads("Mixtral"),
    HARMLESS,
    {"num_experts": "num_local_experts"},
)
QWEN2_MOE = Family(
    DECODER,
    QWEN2_KEYS
    | _EXPERTS
    | {
        "hidden_size": Key(SIZE, 2048),
        "intermediate_size": Key(SIZE, 5632),
        "num_hidden_layers": Key(LAYERS, 24),
        "num_attention_heads": Key(SIZE, 16),
        "num_key_value_heads": Key(SIZE, 16),
        "num_experts_per_tok": Key(SIZE, 4),
        "moe_intermediate_size": Key(SIZE, 1408),
        "shared_expert_intermediate_size": Key(SIZE, 5632),
        "num_experts": Key(EXPERTS, 60),
        "qkv_bias": Key(FLAG, True),
    },
    _qwen2_moe,
    heads("Qwen2Moe"),
    HARMLESS,
)
QWEN3_MOE = Family(
    DECODER,
    LLAMA_LIKE
    | WINDOW
    | BIAS
    | _EXPERTS
    | {
        "vocab_size": Key(SIZE, 151936),
        "hidden_size": Key(SIZE, 2048),
        "intermediate_size": Key(SIZE, 6144),
        "num_hidden_layers": Key(LAYERS, 24),
        "num_key_value_heads": Key(SIZE, 4),
        "sliding_window": Key(maybe(COUNT), 4096),
        "layer_types": Key(only(None)),
        "num_local_experts": Key(EXPERTS, 128),
    },
    _qwen3_moe,
    heads("Qwen3Moe"),
    HARMLESS | {"max_window_layers"},
    {"num_experts": "num_local_experts"},
)
DEEPSEEK_V3 = Family(
    DECODER,
    LLAMA_LIKE
    | BIAS
    | {
        "vocab_size": Key(SIZE, 129280),
        "hidden_size": Key(SIZE, 7168),
        "intermediate_size": Key(SIZE, 18432),
        "moe_intermediate_size": Key(SIZE, 2048),
        "num_hidden_layers": Key(LAYERS, 61),
        "num_attention_heads": Key(SIZE, 128),
        "num_key_value_heads": Key(maybe(SIZE), 128),
        "n_shared_experts": Key(SIZE, 1),
        "n_routed_experts": Key(EXPERTS, 256),
        "kv_lora_rank": Key(SIZE, 512),
        "q_lora_rank": Key(maybe(SIZE), 1536),
        "qk_rope_head_dim": Key(SIZE, 64),
        "v_head_dim": Key(SIZE, 128),
        "qk_nope_head_dim": Key(SIZE, 128),
        "num_experts_per_tok": Key(SIZE, 8),
        "first_k_dense_replace": Key(COUNT, 3),
        "moe_layer_freq": Key(only(1), 1),
    },
    _deepseek_v3,
    heads("DeepseekV3", {"ForSequenceClassification", "ForTokenClassification"}),
    HARMLESS
    | {
        "aux_loss_alpha",
        "ep_size",
        "n_group",
        "num_mtp_layers",
        "num_nextn_predict_layers",
        "rope_interleave",
        "routed_scaling_factor",
        "scoring_func",
        "seq_aux",
        "topk_group",
        "topk_method",
    },
    {"num_local_experts": "n_routed_experts"},
)
