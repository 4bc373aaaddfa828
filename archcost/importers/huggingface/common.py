"""What the families have in common: keys without figures, activations, labels, and the params of every head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.keys import COUNT, FLAG, OBJECT, SIZE, TEXT, Key, maybe, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues

# How text is generated, which is no matter of the model's.
_GENERATION = frozenset(
    [
        "assistant_confidence_threshold",
        "assistant_early_exit",
        "assistant_ensemble_weight",
        "assistant_lookbehind",
        "cache_config",
        "cache_implementation",
        "compile_config",
        "constraints",
        "continuous_batching_config",
        "disable_compile",
        "dola_layers",
        "encoder_repetition_penalty",
        "epsilon_cutoff",
        "eta_cutoff",
        "force_words_ids",
        "guidance_scale",
        "is_assistant",
        "low_memory",
        "max_cache_len",
        "max_matching_ngram_size",
        "max_new_tokens",
        "max_time",
        "min_new_tokens",
        "min_p",
        "num_assistant_tokens",
        "num_assistant_tokens_schedule",
        "output_logits",
        "penalty_alpha",
        "prefill_chunk_size",
        "prompt_lookup_num_tokens",
        "renormalize_logits",
        "sequence_bias",
        "speculation_type",
        "stop_strings",
        "target_lookbehind",
        "token_healing",
        "top_h",
        "use_mtp",
        "watermarking_config",
    ]
)
# What published configurations hold and no code of the library reads: marks of how a model was trained or converted.
UNREAD = frozenset(
    [
        "_flash_attn_2_enabled",
        "_num_labels",
        "freeze_feat_extract_train",
        "generator_size",
        "is_llama_config",
        "max_sequence_length",
        "model_max_length",
        "neftune_noise_alpha",
        "no_mask_channel_overlap",
        "no_mask_time_overlap",
        "padding_idx",
        "predict_special_tokens",
        "rope_interleaved",
        "save_step",
        "seq_length",
        "sliding_window_size",
        "tie_weights_",
        "use_flash_attention_2",
    ]
)
# Keys of any configuration that change neither params nor MACs: names, tokens, training, generation, how it is saved.
HARMLESS = (
    _GENERATION
    | UNREAD
    | frozenset(
        [
            "_attn_implementation",
            "_attn_implementation_autoset",
            "_commit_hash",
            "_name_or_path",
            "_use_cache",
            "adapters",
            "architectures",
            "attn_implementation",
            "auto_map",
            "bad_words_ids",
            "begin_suppress_tokens",
            "bos_token_id",
            "cross_attention_hidden_size",
            "custom_pipelines",
            "decoder_start_token_id",
            "diversity_penalty",
            "do_sample",
            "dtype",
            "early_stopping",
            "encoder_no_repeat_ngram_size",
            "eos_token_id",
            "exponential_decay_length_penalty",
            "finetuning_task",
            "forced_bos_token_id",
            "forced_decoder_ids",
            "forced_eos_token_id",
            "gradient_checkpointing",
            "initializer_factor",
            "initializer_range",
            "label2id",
            "language",
            "length_penalty",
            "max_length",
            "min_length",
            "model_type",
            "name_or_path",
            "no_repeat_ngram_size",
            "num_beam_groups",
            "num_beams",
            "num_return_sequences",
            "output_attentions",
            "output_hidden_states",
            "output_past",
            "output_scores",
            "pad_token_id",
            "prefix",
            "problem_type",
            "quantization_config",
            "remove_invalid_values",
            "repetition_penalty",
            "return_dict",
            "return_dict_in_generate",
            "sep_token_id",
            "suppress_tokens",
            "task_specific_params",
            "temperature",
            "tf_legacy_loss",
            "tokenizer_class",
            "top_k",
            "top_p",
            "torch_dtype",
            "transformers.js_config",
            "transformers_version",
            "typical_p",
            "unk_token_id",
            "unsloth_fixed",
            "unsloth_version",
            "use_bfloat16",
            "use_cache",
            "mask_token_id",
            "cls_token_id",
            "torchscript",
            "is_composition",
        ]
    )
)
COMMON = {
    "add_cross_attention": Key(only(False), False),
    "chunk_size_feed_forward": Key(COUNT, 0),
    "is_decoder": Key(FLAG, False),
    "is_encoder_decoder": Key(only(False), False),
    "id2label": Key(maybe(OBJECT)),
    "num_labels": Key(maybe(SIZE)),
    "pruned_heads": Key(only({}), {}),
    "tie_encoder_decoder": Key(only(False), False),
}

ACTIVATION = TEXT
_ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_10": "gelu",
    "gelu_fast": "gelu_tanh",
    "gelu_new": "gelu_tanh",
    "gelu_python": "gelu",
    "gelu_pytorch_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "mish": "mish",
}
_TWO = 2  # labels, where a configuration says nothing of them


def activation(values: KeyValues, name: str, word: str | None = None) -> str:
    """The step that an activation stands for, by the value of a key or a part of it; raises SpecError if unknown."""
    written = values[name] if word is None else word
    if written not in _ACTIVATIONS:
        raise values.refused(name, f"is the activation '{written}', which is not known here")
    return _ACTIVATIONS[written]


def head_size(values: KeyValues, width: str, heads: str) -> int:
    """The features of a head, which share the width evenly; raises SpecError where they cannot."""
    need_multiple(values, width, heads)
    return int(values[width] // values[heads])


def need_multiple(values: KeyValues, many: str, few: str) -> None:
    """Raise SpecError where the number of a key is no multiple of that of another."""
    if values[many] % values[few]:
        raise values.refused(many, f"is no multiple of '{few}'", few)


def need_room(values: KeyValues, few: str, many: str) -> None:
    """Raise SpecError where the number of a key is more than that of another."""
    if values[few] > values[many]:
        raise values.refused(few, f"is {values[few]:,}, more than the {values[many]:,} of '{many}'", many)


def need_pairs(values: KeyValues, size: int, name: str, *others: str) -> int:
    """The features that rotary embeddings turn, in pairs; raises SpecError for an odd number of them."""
    if size % 2:
        raise values.refused(name, f"gives heads {size:,} features to rotate, which are no pairs", *others)
    return size


def labels(values: KeyValues) -> int:
    """How many classes a classifier tells apart: the library believes a number before the names of the classes."""
    written, names = values["num_labels"], values["id2label"]
    if written is not None:
        return int(written)
    if names is None:
        return _TWO
    if not names:
        raise values.refused("id2label", "names no class")
    return len(names)
