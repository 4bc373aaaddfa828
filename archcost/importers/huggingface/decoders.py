"""Decoders with rotary embeddings and norms without means: Llama and its kin, and their mixtures of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size, labels
from archcost.importers.huggingface.family import Family
from archcost.importers.huggingface.keys import (
    COUNT,
    COUNTS,
    FLAG,
    NUMBER,
    OBJECT,
    SIZE,
    TEXT,
    Key,
    Kind,
    maybe,
    only,
)
from archcost.importers.huggingface.layers import repeated

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import Params, Values

DECODER = "decoder"  # the family spec
TOKENS = 2048  # of the prompt that is costed unless another is asked for
HARMLESS = frozenset(
    ["attention_dropout", "embd_pdrop", "hidden_dropout", "initializer_range", "max_position_embeddings", "output_router_logits", "original_max_position_embeddings", "pretraining_tp", "resid_pdrop", "rope_interleaved", "router_aux_loss_coef", "router_jitter_noise", "norm_topk_prob"]
)
ROTARY = {
    "rope_parameters": Key(maybe(OBJECT)),
    "rope_scaling": Key(maybe(OBJECT)),  # before version 5 of the library
    "rope_theta": Key(maybe(NUMBER)),
    "partial_rotary_factor": Key(maybe(NUMBER)),
}
LAYER_TYPES = Kind(
    "a list of full_attention and sliding_attention",
    lambda value: isinstance(value, list) and all(item in ("full_attention", "sliding_attention") for item in value),
)
_FULL, _CLASSES = "full_attention", {"ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering"}


def heads(name: str, classes: set[str] = _CLASSES) -> dict[str, Params]:
    """The classes that the library makes for a decoder: without a head, for language, and for classes of tokens."""
    known: dict[str, Params] = {
        "Model": {"head": "none"},
        "ForCausalLM": {"head": "language"},
        "ForSequenceClassification": {"head": "score"},
        "ForTokenClassification": {"head": "tokens"},
        "ForQuestionAnswering": {"head": "answers"},
    }
    return {
        f"{name}{end}": params for end, params in known.items() if end in ("Model", "ForCausalLM") or end in classes
    }


def rope(values: Values) -> tuple[float, float | None]:
    """The base of the rotary embeddings, and the part of a head's features that they turn, if it is written.

    They stand in ``rope_parameters`` or ``rope_scaling``, or beside it, as files before version 5 of the library do.
    """
    within = {**(values["rope_scaling"] or {}), **(values["rope_parameters"] or {})}
    found = []
    for name in ("rope_theta", "partial_rotary_factor"):
        value = within.get(name, values[name])
        if value is not None and not NUMBER.fits(value):
            raise values.refused("rope_parameters", f"has a {name} that is no number")
        found.append(value)
    theta, part = found
    return (1e4 if theta is None else theta), part


def _llama_like(values: Values) -> Params:
    """The params that all of them have; attention has no biases, which most of them set themselves."""
    count = values["num_attention_heads"]
    params: Params = {
        "layers": values["num_hidden_layers"],
        "width": values["hidden_size"],
        "heads": count,
        "kv_heads": values["num_key_value_heads"] or count,
        "hidden": values["intermediate_size"],
        "vocabulary": values["vocab_size"],
        "tied": values["tie_word_embeddings"],
        "activation": activation(values, "hidden_act"),
        "eps": values["rms_norm_eps"],
        "qkv_bias": False,
        "rope_base": rope(values)[0],
        "labels": labels(values),
        "tokens": TOKENS,
    }
    if values["head_dim"] is None:
        head_size(values, "hidden_size", "num_attention_heads")
        return params
    return params | {"head_dim": values["head_dim"]}


def _llama(values: Values) -> Params:
    bias = values["attention_bias"]
    return _llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "mlp_bias": values["mlp_bias"]}


def _mistral(values: Values) -> Params:
    return _llama_like(values) | _window(values, [True] * values["num_hidden_layers"])


def _qwen2(values: Values) -> Params:
    layers, first = values["num_hidden_layers"], values["max_window_layers"]
    behind = [values["use_sliding_window"] and layer >= first for layer in range(layers)]
    return _llama_like(values) | {"qkv_bias": True} | _window(values, behind)


def _qwen3(values: Values) -> Params:
    bias = values["attention_bias"]
    return _qwen2(values) | {"qkv_bias": bias, "out_bias": bias, "qk_norm": "head"}


def _gemma(values: Values) -> Params:
    bias = values["attention_bias"]
    params = _llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "scaled": True}
    if values["hidden_act"] == "gelu":  # which means the approximation in these files
        params["activation"] = "gelu_tanh"
    return params


def _gemma2(values: Values) -> Params:
    bias = values["attention_bias"]
    every_other = [layer % 2 == 0 for layer in range(values["num_hidden_layers"])]
    params = _llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "scaled": True, "norms": "both"}
    params["activation"] = activation(values, "hidden_activation")
    return params | {"soft_cap": values["final_logit_softcapping"] or 0} | _window(values, every_other)


def _phi3(values: Values) -> Params:
    params = _mistral(values)
    size = head_size(values, "hidden_size", "num_attention_heads")
    return params | {"rotary_dim": int((rope(values)[1] or 1.0) * size)}


def _olmo2(values: Values) -> Params:
    bias = values["attention_bias"]
    return _llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "norms": "within", "qk_norm": "width"}


def _mixtral(values: Values) -> Params:
    return _mistral(values) | {
        "experts": values["num_local_experts"],
        "experts_per_token": values["num_experts_per_tok"],
    }


def _qwen2_moe(values: Values) -> Params:
    layers, first = values["num_hidden_layers"], values["max_window_layers"]
    behind = [values["use_sliding_window"] and layer % 2 == 0 and layer < first for layer in range(layers)]
    shared = {"shared_hidden": values["shared_expert_intermediate_size"], "shared_gate": True}
    params = _llama_like(values) | {"qkv_bias": values["qkv_bias"]} | _window(values, behind)
    return params | _experts(values, "num_experts") | shared


def _qwen3_moe(values: Values) -> Params:
    bias = values["attention_bias"]
    all_of_them = [values["use_sliding_window"]] * values["num_hidden_layers"]
    params = _llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "qk_norm": "head"}
    return params | _window(values, all_of_them) | _experts(values, "num_local_experts")


def _deepseek_v3(values: Values) -> Params:
    layers, dense = values["num_hidden_layers"], values["first_k_dense_replace"]
    bias = values["attention_bias"]
    params = _llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "attention": "latent_attention"}
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


def _window(values: Values, behind: list[bool]) -> Params:
    """The params of a sliding window, and of the layers that have it; none where no layer does."""
    window = values["sliding_window"]
    types = values["layer_types"]
    if types is not None:
        if len(types) != len(behind):
            raise values.refused("layer_types", f"names {len(types)} layers of {len(behind)}")
        behind = [one != _FULL for one in types]
    if not window or not any(behind):
        return {}
    return {"window": window} if all(behind) else {"window": window, "windowed": repeated(behind)}


def _experts(values: Values, count: str) -> Params:
    """The params of a mixture of experts in some of the layers."""
    layers, step, without = values["num_hidden_layers"], values["decoder_sparse_step"], values["mlp_only_layers"] or ()
    sparse = [layer not in without and (layer + 1) % step == 0 for layer in range(layers)]
    params = {
        "experts": values[count],
        "experts_per_token": values["num_experts_per_tok"],
        "expert_hidden": values["moe_intermediate_size"],
    }
    return params if all(sparse) else params | {"sparse": repeated(sparse)}


_WINDOW = {"layer_types": Key(maybe(LAYER_TYPES)), "sliding_window": Key(maybe(COUNT))}
_LLAMA_LIKE = (
    COMMON
    | ROTARY
    | {
        "vocab_size": Key(SIZE, 32000),
        "hidden_size": Key(SIZE, 4096),
        "intermediate_size": Key(SIZE, 11008),
        "num_hidden_layers": Key(SIZE, 32),
        "num_attention_heads": Key(SIZE, 32),
        "num_key_value_heads": Key(maybe(SIZE)),
        "head_dim": Key(maybe(SIZE)),
        "hidden_act": Key(TEXT, "silu"),
        "rms_norm_eps": Key(NUMBER, 1e-6),
        "tie_word_embeddings": Key(FLAG, False),
    }
)
_BIAS = {"attention_bias": Key(FLAG, False)}
_MISTRAL = (
    _LLAMA_LIKE
    | _WINDOW
    | {
        "intermediate_size": Key(SIZE, 14336),
        "num_key_value_heads": Key(maybe(SIZE), 8),
        "sliding_window": Key(maybe(COUNT), 4096),
        "layer_types": Key(only(None)),  # the library takes them as those of another model
    }
)
_QWEN2 = (
    _LLAMA_LIKE
    | _WINDOW
    | {
        "vocab_size": Key(SIZE, 151936),
        "intermediate_size": Key(SIZE, 22016),
        "num_key_value_heads": Key(maybe(SIZE), 32),
        "use_sliding_window": Key(FLAG, False),
        "sliding_window": Key(maybe(COUNT), 4096),
        "max_window_layers": Key(COUNT, 28),
        "use_mrope": Key(only(False), False),
    }
)
_GEMMA = (
    _LLAMA_LIKE
    | _BIAS
    | {
        "vocab_size": Key(SIZE, 256000),
        "hidden_size": Key(SIZE, 3072),
        "intermediate_size": Key(SIZE, 24576),
        "num_hidden_layers": Key(SIZE, 28),
        "num_attention_heads": Key(SIZE, 16),
        "num_key_value_heads": Key(SIZE, 16),
        "head_dim": Key(SIZE, 256),
        "hidden_act": Key(TEXT, "gelu_pytorch_tanh"),
        "tie_word_embeddings": Key(FLAG, True),
        "use_bidirectional_attention": Key(maybe(FLAG)),
    }
)
_EXPERTS = {
    "num_experts_per_tok": Key(SIZE, 8),
    "decoder_sparse_step": Key(SIZE, 1),
    "moe_intermediate_size": Key(SIZE, 768),
    "mlp_only_layers": Key(maybe(COUNTS)),
    "use_sliding_window": Key(FLAG, False),
}

LLAMA = Family(DECODER, _LLAMA_LIKE | _BIAS | {"mlp_bias": Key(FLAG, False)}, _llama, heads("Llama"), HARMLESS)
MISTRAL = Family(DECODER, _MISTRAL, _mistral, heads("Mistral"), HARMLESS)
QWEN2 = Family(DECODER, _QWEN2, _qwen2, heads("Qwen2"), HARMLESS)
QWEN3 = Family(DECODER, _QWEN2 | _BIAS | {"head_dim": Key(maybe(SIZE), 128)}, _qwen3, heads("Qwen3"), HARMLESS)
GEMMA = Family(
    DECODER, _GEMMA, _gemma, heads("Gemma", _CLASSES - {"ForQuestionAnswering"}), HARMLESS | {"hidden_activation"}
)
GEMMA2 = Family(
    DECODER,
    _GEMMA
    | _WINDOW
    | {
        "hidden_size": Key(SIZE, 2304),
        "intermediate_size": Key(SIZE, 9216),
        "num_hidden_layers": Key(SIZE, 26),
        "num_attention_heads": Key(SIZE, 8),
        "num_key_value_heads": Key(SIZE, 4),
        "hidden_activation": Key(TEXT, "gelu_pytorch_tanh"),
        "sliding_window": Key(maybe(COUNT), 4096),
        "final_logit_softcapping": Key(maybe(NUMBER), 30.0),
    },
    _gemma2,
    heads("Gemma2", _CLASSES - {"ForQuestionAnswering"}),
    HARMLESS | {"query_pre_attn_scalar", "attn_logit_softcapping", "cache_implementation"},
)
PHI3 = Family(
    DECODER,
    _MISTRAL
    | {
        "vocab_size": Key(SIZE, 32064),
        "hidden_size": Key(SIZE, 3072),
        "intermediate_size": Key(SIZE, 8192),
        "num_key_value_heads": Key(maybe(SIZE)),
        "head_dim": Key(maybe(SIZE)),
        "rms_norm_eps": Key(NUMBER, 1e-5),
        "sliding_window": Key(maybe(COUNT)),
        "attention_bias": Key(only(False), False),
    },
    _phi3,
    heads("Phi3", _CLASSES - {"ForQuestionAnswering"}),
    HARMLESS,
)
OLMO2 = Family(
    DECODER,
    _LLAMA_LIKE | _BIAS | {"vocab_size": Key(SIZE, 50304), "rms_norm_eps": Key(NUMBER, 1e-5)},
    _olmo2,
    heads("Olmo2", {"ForSequenceClassification"}),
    HARMLESS,
)
MIXTRAL = Family(
    DECODER,
    _MISTRAL
    | {
        "rms_norm_eps": Key(NUMBER, 1e-5),
        "sliding_window": Key(maybe(COUNT)),
        "num_experts_per_tok": Key(SIZE, 2),
        "num_local_experts": Key(SIZE, 8),
    },
    _mixtral,
    heads("Mixtral"),
    HARMLESS,
    {"num_experts": "num_local_experts"},
)
QWEN2_MOE = Family(
    DECODER,
    _QWEN2
    | _EXPERTS
    | {
        "hidden_size": Key(SIZE, 2048),
        "intermediate_size": Key(SIZE, 5632),
        "num_hidden_layers": Key(SIZE, 24),
        "num_attention_heads": Key(SIZE, 16),
        "num_key_value_heads": Key(SIZE, 16),
        "num_experts_per_tok": Key(SIZE, 4),
        "moe_intermediate_size": Key(SIZE, 1408),
        "shared_expert_intermediate_size": Key(SIZE, 5632),
        "num_experts": Key(SIZE, 60),
        "qkv_bias": Key(FLAG, True),
    },
    _qwen2_moe,
    heads("Qwen2Moe"),
    HARMLESS,
)
QWEN3_MOE = Family(
    DECODER,
    _LLAMA_LIKE
    | _WINDOW
    | _BIAS
    | _EXPERTS
    | {
        "vocab_size": Key(SIZE, 151936),
        "hidden_size": Key(SIZE, 2048),
        "intermediate_size": Key(SIZE, 6144),
        "num_hidden_layers": Key(SIZE, 24),
        "num_key_value_heads": Key(SIZE, 4),
        "sliding_window": Key(maybe(COUNT), 4096),
        "layer_types": Key(only(None)),
        "num_local_experts": Key(SIZE, 128),
    },
    _qwen3_moe,
    heads("Qwen3Moe"),
    HARMLESS | {"max_window_layers"},
    {"num_experts": "num_local_experts"},
)
DEEPSEEK_V3 = Family(
    DECODER,
    _LLAMA_LIKE
    | _BIAS
    | {
        "vocab_size": Key(SIZE, 129280),
        "hidden_size": Key(SIZE, 7168),
        "intermediate_size": Key(SIZE, 18432),
        "moe_intermediate_size": Key(SIZE, 2048),
        "num_hidden_layers": Key(SIZE, 61),
        "num_attention_heads": Key(SIZE, 128),
        "num_key_value_heads": Key(maybe(SIZE), 128),
        "n_shared_experts": Key(SIZE, 1),
        "n_routed_experts": Key(SIZE, 256),
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
    | set(
        ["aux_loss_alpha", "ep_size", "n_group", "num_mtp_layers", "num_nextn_predict_layers", "rope_interleave", "routed_scaling_factor", "scoring_func", "seq_aux", "topk_group", "topk_method"]
    ),
    {"num_local_experts": "n_routed_experts"},
)
