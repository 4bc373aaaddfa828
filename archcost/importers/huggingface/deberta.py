"""Encoders of text with disentangled attention: DeBERTa, versions 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size, labels, need_multiple
from archcost.importers.huggingface.encoders import HARMLESS, TOKENS
from archcost.importers.huggingface.family import Family
from archcost.importers.keys import COUNT, EPSILON, FLAG, LAYERS, SHARE, SIZE, TEXT, TEXTS, Key, KeyKind, maybe, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params

_WAYS = ("c2p", "p2c")
_WHOLE = KeyKind("a whole number", lambda value: COUNT.fits(abs(value)) if isinstance(value, int) else False)
_TYPES = KeyKind("texts, or one that holds | between them, or null", lambda value: value is None or _fits(value))


def _fits(value: object) -> bool:
    return TEXT.fits(value) or TEXTS.fits(value)


def _deberta(values: KeyValues) -> Params:
    head_size(values, "hidden_size", "num_attention_heads")
    rows = values["max_position_embeddings"]
    biased = values["position_biased_input"]
    params: Params = {
        "layers": values["num_hidden_layers"],
        "width": values["hidden_size"],
        "heads": values["num_attention_heads"],
        "hidden": values["intermediate_size"],
        "vocabulary": values["vocab_size"],
        "embedding": values["embedding_size"] or values["hidden_size"],
        "types": values["type_vocab_size"],
        "positions": rows if biased else 0,
        "activation": activation(values, "hidden_act"),
        "dropout": values["hidden_dropout_prob"],
        "eps": values["layer_norm_eps"],
        "head_activation": activation(values, "pooler_hidden_act"),
        "labels": labels(values),
        "tokens": min(TOKENS, rows) if biased else TOKENS,
    }
    if values["pooler_hidden_size"] not in (None, values["hidden_size"]):
        raise values.refused("pooler_hidden_size", "is not the hidden size")
    if values["attention_head_size"] not in (None, values["hidden_size"] // values["num_attention_heads"]):
        raise values.refused("attention_head_size", "gives heads that do not share the hidden size")
    return params | _distances(values) | _convolution(values)


def _distances(values: KeyValues) -> Params:
    """The params of the table of distances, and of who reads it."""
    relative = values["relative_attention"]
    written = values["pos_att_type"] or []
    ways = [way.strip() for way in (written.lower().split("|") if isinstance(written, str) else written)]
    if not set(ways) <= {*_WAYS, ""}:
        raise values.refused("pos_att_type", "names other ways than c2p and p2c")
    longest = values["max_relative_positions"]
    longest = longest if longest > 0 else values["max_position_embeddings"]
    buckets = values["position_buckets"]
    normed = "layer_norm" in [part.strip() for part in values["norm_rel_ebd"].lower().split("|")]
    if normed and not relative:
        raise values.refused("norm_rel_ebd", "norms distances, which there are none of without 'relative_attention'")
    if relative and values["share_att_key"] and not set(ways) >= {*_WAYS}:
        raise values.refused("share_att_key", "has distances projected that none of 'pos_att_type' reads")
    return {
        "span": buckets if buckets > 0 else longest,
        "relative": relative,
        "norm_distances": normed,
        "shared_keys": values["share_att_key"],
    } | {way: relative and way in ways for way in _WAYS}


def _convolution(values: KeyValues) -> Params:
    kernel = values["conv_kernel_size"]
    if not kernel:
        return {"conv_kernel": 0}
    if kernel % 2 == 0:
        raise values.refused("conv_kernel_size", "is even, which gives other lengths than the input has")
    need_multiple(values, "hidden_size", "conv_groups")
    groups, word = values["conv_groups"], activation(values, "conv_act")
    return {"conv_kernel": kernel, "conv_groups": groups, "conv_activation": word}


DEBERTA_V2 = Family(
    "deberta",
    COMMON
    | {
        "vocab_size": Key(SIZE, 128100),
        "hidden_size": Key(SIZE, 1536),
        "embedding_size": Key(maybe(SIZE)),
        "attention_head_size": Key(maybe(SIZE)),
        "num_hidden_layers": Key(LAYERS, 24),
        "num_attention_heads": Key(SIZE, 24),
        "intermediate_size": Key(SIZE, 6144),
        "hidden_act": Key(TEXT, "gelu"),
        "hidden_dropout_prob": Key(SHARE, 0.1),
        "max_position_embeddings": Key(SIZE, 512),
        "type_vocab_size": Key(COUNT, 0),
        "layer_norm_eps": Key(EPSILON, 1e-7),
        "relative_attention": Key(FLAG, False),
        "max_relative_positions": Key(_WHOLE, -1),
        "position_buckets": Key(_WHOLE, -1),
        "position_biased_input": Key(FLAG, True),
        "pos_att_type": Key(_TYPES),
        "norm_rel_ebd": Key(TEXT, "none"),
        "share_att_key": Key(FLAG, False),
        "conv_kernel_size": Key(COUNT, 0),
        "conv_groups": Key(SIZE, 1),
        "conv_act": Key(TEXT, "tanh"),
        "pooler_hidden_act": Key(TEXT, "gelu"),
        "pooler_hidden_size": Key(maybe(SIZE)),
        "legacy": Key(only(True), True),
        "tie_word_embeddings": Key(only(True), True),
    },
    _deberta,
    {
        "DebertaV2Model": {"head": "none"},
        "DebertaV2ForMaskedLM": {"head": "language"},
        "DebertaV2ForSequenceClassification": {"head": "pooled_classifier"},
        "DebertaV2ForTokenClassification": {"head": "classifier"},
        "DebertaV2ForQuestionAnswering": {"head": "classifier"},
    },
    HARMLESS | {"cls_dropout", "pooler_dropout", "summary_type"},
)
