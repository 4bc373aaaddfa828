"""Decoders with rotary embeddings and norms without means: Llama and its kin, and their mixtures of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size, labels, need_multiple, need_pairs
from archcost.importers.huggingface.family import Family
from archcost.importers.huggingface.layers import repeated
from archcost.importers.keys import (
    BASE,
    COUNT,
    EPSILON,
    FLAG,
    LAYERS,
    NUMBER,
    OBJECT,
    SHARE,
    SIZE,
    TEXT,
    Key,
    KeyKind,
    maybe,
    only,
)

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params

DECODER = "decoder"  # the family spec
TOKENS = 2048  # of the prompt that is costed unless another is asked for
HARMLESS = frozenset(
    [
        "attention_dropout",
        "embd_pdrop",
        "hidden_dropout",
        "initializer_range",
        "max_position_embeddings",
        "output_router_logits",
        "original_max_position_embeddings",
        "pretraining_tp",
        "resid_pdrop",
        "router_aux_loss_coef",
        "router_jitter_noise",
        "norm_topk_prob",
    ]
)
ROTARY = {
    "rope_parameters": Key(maybe(OBJECT)),
    "rope_scaling": Key(maybe(OBJECT)),  # before version 5 of the library
    "rope_theta": Key(maybe(BASE)),
    "partial_rotary_factor": Key(maybe(SHARE)),
}
LAYER_TYPES = KeyKind(
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


def rope(values: KeyValues) -> tuple[float, float | None]:
    """The base of the rotary embeddings, and the part of a head's features that they turn, if it is written.

    They stand in ``rope_parameters`` or ``rope_scaling``, or beside it, as files before version 5 of the library do.
    """
    within = {**(values["rope_scaling"] or {}), **(values["rope_parameters"] or {})}
    found = []
    for name, kind in (("rope_theta", BASE), ("partial_rotary_factor", SHARE)):
        value = within.get(name, values[name])
        if value is not None and not kind.fits(value):
            raise values.refused("rope_parameters", f"has a {name} that is not {kind.words}", "rope_scaling")
        found.append(value)
    theta, part = found
    return (1e4 if theta is None else theta), part


def llama_like(values: KeyValues) -> Params:
    """The params of those whose heads rotate all features, and share keys and values evenly."""
    need_pairs(values, size_of_head(values), "head_dim", "hidden_size", "num_attention_heads")
    if values["num_key_value_heads"] is not None:
        need_multiple(values, "num_attention_heads", "num_key_value_heads")
    return like_all(values)


def like_all(values: KeyValues) -> Params:
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
    return params if values["head_dim"] is None else params | {"head_dim": values["head_dim"]}


def size_of_head(values: KeyValues) -> int:
    """The features of a head, which the file says, or which follow from the width."""
    written = values["head_dim"]
    return head_size(values, "hidden_size", "num_attention_heads") if written is None else int(written)


def _llama(values: KeyValues) -> Params:
    bias = values["attention_bias"]
    return llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "mlp_bias": values["mlp_bias"]}


def mistral(values: KeyValues) -> Params:
    return llama_like(values) | window(values, [True] * values["num_hidden_layers"])


def _qwen2(values: KeyValues) -> Params:
    layers, first = values["num_hidden_layers"], values["max_window_layers"]
    behind = [values["use_sliding_window"] and layer >= first for layer in range(layers)]
    return llama_like(values) | {"qkv_bias": True} | window(values, behind)


def _qwen3(values: KeyValues) -> Params:
    bias = values["attention_bias"]
    return _qwen2(values) | {"qkv_bias": bias, "out_bias": bias, "qk_norm": "head"}


def _gemma(values: KeyValues) -> Params:
    bias = values["attention_bias"]
    params = llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "scaled": True}
    if values["hidden_act"] == "gelu":  # which means the approximation in these files
        params["activation"] = "gelu_tanh"
    return params


def _gemma2(values: KeyValues) -> Params:
    bias = values["attention_bias"]
    every_other = [layer % 2 == 0 for layer in range(values["num_hidden_layers"])]
    params = llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "scaled": True, "norms": "both"}
    params["activation"] = activation(values, "hidden_activation")
    return params | {"soft_cap": values["final_logit_softcapping"] or 0} | window(values, every_other)


def _phi3(values: KeyValues) -> Params:
    params, part = mistral(values), rope(values)[1]
    size = size_of_head(values)
    turned = int(size if part is None else part * size)
    return params | {"rotary_dim": need_pairs(values, turned, "partial_rotary_factor", "rope_parameters", "head_dim")}


def _olmo2(values: KeyValues) -> Params:
    bias = values["attention_bias"]
    return llama_like(values) | {"qkv_bias": bias, "out_bias": bias, "norms": "within", "qk_norm": "width"}


def window(values: KeyValues, behind: list[bool]) -> Params:
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


WINDOW = {"layer_types": Key(maybe(LAYER_TYPES)), "sliding_window": Key(maybe(COUNT))}
LLAMA_LIKE = (
    COMMON
    | ROTARY
    | {
        "vocab_size": Key(SIZE, 32000),
        "hidden_size": Key(SIZE, 4096),
        "intermediate_size": Key(SIZE, 11008),
        "num_hidden_layers": Key(LAYERS, 32),
        "num_attention_heads": Key(SIZE, 32),
        "num_key_value_heads": Key(maybe(SIZE)),
        "head_dim": Key(maybe(SIZE)),
        "hidden_act": Key(TEXT, "silu"),
        "rms_norm_eps": Key(EPSILON, 1e-6),
        "tie_word_embeddings": Key(FLAG, False),
    }
)
BIAS = {"attention_bias": Key(FLAG, False)}
MISTRAL_KEYS = (
    LLAMA_LIKE
    | WINDOW
    | {
        "intermediate_size": Key(SIZE, 14336),
        "num_key_value_heads": Key(maybe(SIZE), 8),
        "sliding_window": Key(maybe(COUNT), 4096),
        "layer_types": Key(only(None)),  # the library takes them as those of another model
    }
)
QWEN2_KEYS = (
    LLAMA_LIKE
    | WINDOW
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
GEMMA_KEYS = (
    LLAMA_LIKE
    | BIAS
    | {
        "vocab_size": Key(SIZE, 256000),
        "hidden_size": Key(SIZE, 3072),
        "intermediate_size": Key(SIZE, 24576),
        "num_hidden_layers": Key(LAYERS, 28),
        "num_attention_heads": Key(SIZE, 16),
        "num_key_value_heads": Key(SIZE, 16),
        "head_dim": Key(SIZE, 256),
        "hidden_act": Key(TEXT, "gelu_pytorch_tanh"),
        "tie_word_embeddings": Key(FLAG, True),
        "use_bidirectional_attention": Key(maybe(FLAG)),
    }
)
LLAMA = Family(DECODER, LLAMA_LIKE | BIAS | {"mlp_bias": Key(FLAG, False)}, _llama, heads("Llama"), HARMLESS)
MISTRAL = Family(DECODER, MISTRAL_KEYS, mistral, heads("Mistral"), HARMLESS)
QWEN2 = Family(DECODER, QWEN2_KEYS, _qwen2, heads("Qwen2"), HARMLESS)
QWEN3 = Family(DECODER, QWEN2_KEYS | BIAS | {"head_dim": Key(maybe(SIZE), 128)}, _qwen3, heads("Qwen3"), HARMLESS)
GEMMA = Family(
    DECODER, GEMMA_KEYS, _gemma, heads("Gemma", _CLASSES - {"ForQuestionAnswering"}), HARMLESS | {"hidden_activation"}
)
GEMMA2 = Family(
    DECODER,
    GEMMA_KEYS
    | WINDOW
    | {
        "hidden_size": Key(SIZE, 2304),
        "intermediate_size": Key(SIZE, 9216),
        "num_hidden_layers": Key(LAYERS, 26),
        "num_attention_heads": Key(SIZE, 8),
        "num_key_value_heads": Key(SIZE, 4),
        "hidden_activation": Key(TEXT, "gelu_pytorch_tanh"),
        "sliding_window": Key(maybe(COUNT), 4096),
        "final_logit_softcapping": Key(maybe(NUMBER), 30.0),
    },
    _gemma2,
    heads("Gemma2", _CLASSES - {"ForQuestionAnswering"}),
    HARMLESS | {"query_pre_attn_scalar", "attn_logit_softcapping"},
)
PHI3 = Family(
    DECODER,
    MISTRAL_KEYS
    | {
        "vocab_size": Key(SIZE, 32064),
        "hidden_size": Key(SIZE, 3072),
        "intermediate_size": Key(SIZE, 8192),
        "num_key_value_heads": Key(maybe(SIZE)),
        "head_dim": Key(maybe(SIZE)),
        "rms_norm_eps": Key(EPSILON, 1e-5),
        "sliding_window": Key(maybe(COUNT)),
        "attention_bias": Key(only(False), False),
        "lm_head_bias": Key(only(False), False),
        "full_attn_mod": Key(only(1), 1),
        "interpolate_factor": Key(only(1), 1),
    },
    _phi3,
    heads("Phi3", _CLASSES - {"ForQuestionAnswering"}),
    HARMLESS,
)
OLMO2 = Family(
    DECODER,
    LLAMA_LIKE | BIAS | {"vocab_size": Key(SIZE, 50304), "rms_norm_eps": Key(EPSILON, 1e-5)},
    _olmo2,
    heads("Olmo2", {"ForSequenceClassification"}),
    HARMLESS,
)
