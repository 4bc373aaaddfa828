"""Encoders with decoders: T5, BART and Whisper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size
from archcost.importers.huggingface.family import Family
from archcost.importers.keys import FLAG, LAYERS, SIZE, TEXT, Key, maybe, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params

TOKENS = 512  # of source and target that are costed unless others are asked for
_HARMLESS = frozenset(
    [
        "activation_dropout",
        "add_bias_logits",
        "add_final_layer_norm",
        "apply_spec_augment",
        "attention_dropout",
        "classif_dropout",
        "classifier_dropout",
        "decoder_layerdrop",
        "dropout",
        "dropout_rate",
        "encoder_layerdrop",
        "force_bos_token_to_be_generated",
        "init_std",
        "layer_norm_epsilon",
        "mask_feature_length",
        "mask_feature_min_masks",
        "mask_feature_prob",
        "mask_time_length",
        "mask_time_min_masks",
        "mask_time_prob",
        "median_filter_width",
        "n_positions",
        "normalize_before",
        "normalize_embedding",
        "output_past",
        "relative_attention_max_distance",
        "scale_decoder_outputs",
        "static_position_embeddings",
        "classifier_proj_size",
        "use_weighted_layer_sum",
        "extra_pos_embeddings",
        "alignment_heads",
        "lang_ids",
        "is_multilingual",
    ]
)
_ENCODER_DECODER = COMMON | {"is_encoder_decoder": Key(only(True), True)}


def _t5(values: KeyValues) -> Params:
    gated, activated = _t5_feed_forward(values)
    layers = values["num_layers"]
    return {
        "layers": layers,
        "decoder_layers": values["num_decoder_layers"] or layers,
        "width": values["d_model"],
        "heads": values["num_heads"],
        "head_dim": values["d_kv"],
        "hidden": values["d_ff"],
        "feed_forward": "t5_gated_feed_forward" if gated else "t5_feed_forward",
        "activation": activated,
        "distances": values["relative_attention_num_buckets"],
        "vocabulary": values["vocab_size"],
        "scaled": values["tie_word_embeddings"],  # the library ties them whatever the file says
        "source_len": TOKENS,
        "target_len": TOKENS,
    }


def _t5_feed_forward(values: KeyValues) -> tuple[bool, str]:
    """Whether it has a gate, and its activation: what two keys of their own say is believed before what one joins."""
    joined = values["feed_forward_proj"]
    last = joined.rpartition("-")[2]
    gated = joined.startswith("gated-") if values["is_gated_act"] is None else bool(values["is_gated_act"])
    if values["dense_act_fn"] is not None:
        return gated, activation(values, "dense_act_fn")
    return gated, activation(values, "feed_forward_proj", "gelu_new" if joined == "gated-gelu" else last)


def _both_stacks(values: KeyValues) -> Params:
    """The params of an encoder and of a decoder, each with sizes of its own."""
    _need_heads(values)
    return {
        "width": values["d_model"],
        "layers": values["encoder_layers"],
        "heads": values["encoder_attention_heads"],
        "hidden": values["encoder_ffn_dim"],
        "decoder_layers": values["decoder_layers"],
        "decoder_heads": values["decoder_attention_heads"],
        "decoder_hidden": values["decoder_ffn_dim"],
        "activation": activation(values, "activation_function"),
        "vocabulary": values["vocab_size"],
    }


def _bart(values: KeyValues) -> Params:
    return {
        **_both_stacks(values),
        "positions": values["max_position_embeddings"],
        "scaled": values["scale_embedding"],
        "tokens": min(TOKENS, values["max_position_embeddings"]),
    }


def _whisper(values: KeyValues) -> Params:
    return {
        **_both_stacks(values),
        "mels": values["num_mel_bins"],
        "frames": 2 * values["max_source_positions"],
        "positions": values["max_target_positions"],
        "sinusoids": "parameter",
    }


def _need_heads(values: KeyValues) -> None:
    """Raise SpecError where heads cannot share the width of the encoder, or of the decoder, evenly."""
    for count in ("encoder_attention_heads", "decoder_attention_heads"):
        head_size(values, "d_model", count)


_BART_LIKE = _ENCODER_DECODER | {
    "encoder_layers": Key(LAYERS, 12),
    "encoder_ffn_dim": Key(SIZE, 4096),
    "encoder_attention_heads": Key(SIZE, 16),
    "decoder_layers": Key(LAYERS, 12),
    "decoder_ffn_dim": Key(SIZE, 4096),
    "decoder_attention_heads": Key(SIZE, 16),
    "activation_function": Key(TEXT, "gelu"),
    "d_model": Key(SIZE, 1024),
    "vocab_size": Key(SIZE, 50265),
    "scale_embedding": Key(FLAG, False),
    "tie_word_embeddings": Key(only(True), True),
}
_NAMES = {
    "num_attention_heads": "encoder_attention_heads",
    "hidden_size": "d_model",
    "num_hidden_layers": "encoder_layers",
}

T5 = Family(
    "t5_small",
    _ENCODER_DECODER
    | {
        "vocab_size": Key(SIZE, 32128),
        "d_model": Key(SIZE, 512),
        "d_kv": Key(SIZE, 64),
        "d_ff": Key(SIZE, 2048),
        "num_layers": Key(LAYERS, 6),
        "num_decoder_layers": Key(maybe(LAYERS)),
        "num_heads": Key(SIZE, 8),
        "relative_attention_num_buckets": Key(SIZE, 32),
        "feed_forward_proj": Key(TEXT, "relu"),
        "dense_act_fn": Key(maybe(TEXT)),
        "is_gated_act": Key(maybe(FLAG)),
        "tie_word_embeddings": Key(FLAG, True),
        "is_decoder": Key(only(False), False),
    },
    _t5,
    {
        "T5Model": {"head": "none"},
        "T5ForConditionalGeneration": {"head": "language"},
        "T5WithLMHeadModel": {"head": "language"},  # its name in old files
    },
    _HARMLESS,
    {
        "hidden_size": "d_model",
        "num_attention_heads": "num_heads",
        "head_dim": "d_kv",
        "num_hidden_layers": "num_layers",
    },
)
BART = Family(
    "bart",
    _BART_LIKE | {"max_position_embeddings": Key(SIZE, 1024), "is_decoder": Key(only(False), False)},
    _bart,
    {
        "BartModel": {"head": "none"},
        "BartForConditionalGeneration": {"head": "language"},
        "BartForQuestionAnswering": {"head": "answers"},
    },
    _HARMLESS,
    _NAMES,
)
WHISPER = Family(
    "whisper_tiny",
    _BART_LIKE
    | {
        "vocab_size": Key(SIZE, 51865),
        "num_mel_bins": Key(SIZE, 80),
        "encoder_layers": Key(LAYERS, 4),
        "encoder_attention_heads": Key(SIZE, 6),
        "decoder_layers": Key(LAYERS, 4),
        "decoder_attention_heads": Key(SIZE, 6),
        "decoder_ffn_dim": Key(SIZE, 1536),
        "encoder_ffn_dim": Key(SIZE, 1536),
        "d_model": Key(SIZE, 384),
        "max_source_positions": Key(SIZE, 1500),
        "max_target_positions": Key(SIZE, 448),
    },
    _whisper,
    {"WhisperModel": {"head": "none"}, "WhisperForConditionalGeneration": {"head": "language"}},
    _HARMLESS,
    _NAMES | {"num_key_value_heads": "encoder_attention_heads"},
)
