"""Configurations, written by hand: small ones of every kind, and released ones at their real size.

A row is a configuration and the sizes of the inputs that the model is run on, by their names in the library. The inputs
of the spec follow from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Row(NamedTuple):
    """A configuration, and the inputs that it is costed on."""

    config: dict[str, Any]
    sizes: Mapping[str, tuple[int, ...]]
    device: str = "meta"

    @property
    def name(self) -> str:
        """What the test is called."""
        heads = self.config.get("architectures", [self.config["model_type"]])
        return f"{heads[0]}-{sum(map(ord, str(self.config))) % 9999:04d}"


def rows(
    model_type: str, sizes: Mapping[str, tuple[int, ...]], small: dict[str, Any], *more: tuple[str, dict[str, Any]]
) -> list[Row]:
    """Rows of one model type: each has a class, and what is different from the small configuration."""
    return [
        Row({"model_type": model_type, "architectures": [architecture], **small, **different}, sizes)
        for architecture, different in more
    ]


TEXT = {"input_ids": (2, 7)}
LLAMA = {
    "vocab_size": 100,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
}
GEMMA = LLAMA | {"head_dim": 16}

DECODERS = [
    *rows(
        "llama",
        TEXT,
        LLAMA,
        ("LlamaModel", {}),
        ("LlamaForCausalLM", {"attention_bias": True, "mlp_bias": True}),
        ("LlamaForCausalLM", {"tie_word_embeddings": True, "head_dim": 12, "num_key_value_heads": None}),
        (
            "LlamaForSequenceClassification",
            {"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": {"a": 0, "b": 1, "c": 2}},
        ),
        ("LlamaForTokenClassification", {"num_labels": 5}),
        ("LlamaForTokenClassification", {"num_labels": 5, "id2label": {"0": "a", "1": "b"}}),
        ("LlamaForQuestionAnswering", {"hidden_act": "gelu_new"}),
    ),
    *rows(
        "mistral",
        TEXT,
        LLAMA,
        ("MistralModel", {}),
        ("MistralForCausalLM", {"sliding_window": 4}),
        ("MistralForCausalLM", {"head_dim": 16, "sliding_window": None}),
    ),
    *rows(
        "qwen2",
        TEXT,
        LLAMA,
        ("Qwen2ForCausalLM", {}),
        ("Qwen2ForCausalLM", {"tie_word_embeddings": True, "use_sliding_window": True, "max_window_layers": 1}),
        ("Qwen2ForSequenceClassification", {}),
    ),
    *rows(
        "qwen3",
        TEXT,
        LLAMA,
        ("Qwen3ForCausalLM", {}),
        ("Qwen3ForCausalLM", {"head_dim": 8, "attention_bias": True, "tie_word_embeddings": True}),
        ("Qwen3ForTokenClassification", {}),
    ),
    *rows(
        "gemma",
        TEXT,
        GEMMA,
        ("GemmaForCausalLM", {}),
        ("GemmaModel", {"hidden_act": "gelu"}),
        ("GemmaForCausalLM", {"tie_word_embeddings": False, "attention_bias": True}),
    ),
    *rows(
        "gemma2",
        TEXT,
        GEMMA,
        ("Gemma2ForCausalLM", {}),
        ("Gemma2Model", {"sliding_window": 4}),
        ("Gemma2ForCausalLM", {"layer_types": ["full_attention"] * 3, "final_logit_softcapping": None}),
    ),
    *rows(
        "phi3",
        TEXT,
        LLAMA,
        ("Phi3ForCausalLM", {}),
        ("Phi3ForCausalLM", {"partial_rotary_factor": 0.5, "tie_word_embeddings": True, "sliding_window": 4}),
        ("Phi3Model", {"num_key_value_heads": None}),
        ("Phi3ForCausalLM", {"head_dim": 6}),
        ("Phi3ForCausalLM", {"hidden_size": 36, "head_dim": 16, "partial_rotary_factor": 0.75}),
    ),
    *rows(
        "olmo2",
        TEXT,
        LLAMA,
        ("Olmo2ForCausalLM", {}),
        ("Olmo2ForCausalLM", {"attention_bias": True}),
        ("Olmo2Model", {"num_key_value_heads": None}),
    ),
]

BERT = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}
DISTILBERT = {"vocab_size": 100, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48}
THREE = {"id2label": {"0": "a", "1": "b", "2": "c"}, "label2id": {"a": 0, "b": 1, "c": 2}}
ENCODERS = [
    *rows(
        "bert",
        TEXT,
        BERT,
        ("BertModel", {"type_vocab_size": 3}),
        ("BertForMaskedLM", {"max_position_embeddings": 20}),
        ("BertLMHeadModel", {"is_decoder": True}),
        ("BertForPreTraining", {"hidden_act": "relu"}),
        ("BertForNextSentencePrediction", {}),
        ("BertForSequenceClassification", THREE),
        ("BertForTokenClassification", {"num_labels": 5}),
        ("BertForQuestionAnswering", {}),
    ),
    *rows(
        "roberta",
        TEXT,
        BERT,
        ("RobertaModel", {}),
        ("RobertaForMaskedLM", {"pad_token_id": 0}),
        ("RobertaForCausalLM", {"is_decoder": True}),
        ("RobertaForSequenceClassification", THREE),
        ("RobertaForTokenClassification", {}),
        ("RobertaForQuestionAnswering", {}),
    ),
    *rows(
        "xlm-roberta",
        TEXT,
        BERT,
        ("XLMRobertaModel", {}),
        ("XLMRobertaForMaskedLM", {"type_vocab_size": 1}),
        ("XLMRobertaForSequenceClassification", {}),
    ),
    *rows(
        "distilbert",
        TEXT,
        DISTILBERT,
        ("DistilBertModel", {}),
        ("DistilBertForMaskedLM", {"activation": "relu"}),
        ("DistilBertForSequenceClassification", THREE),
        ("DistilBertForTokenClassification", {}),
        ("DistilBertForQuestionAnswering", {}),
    ),
    *rows(
        "electra",
        TEXT,
        BERT | {"embedding_size": 16},
        ("ElectraModel", {}),
        ("ElectraModel", {"embedding_size": 32}),
        ("ElectraForPreTraining", {}),
        ("ElectraForMaskedLM", {}),
        ("ElectraForSequenceClassification", THREE),
        ("ElectraForTokenClassification", {}),
        ("ElectraForQuestionAnswering", {}),
        ("ElectraForCausalLM", {"is_decoder": True}),
    ),
    *rows(
        "albert",
        TEXT,
        BERT | {"embedding_size": 16},
        ("AlbertModel", {}),
        ("AlbertModel", {"embedding_size": 32, "num_hidden_layers": 1}),
        ("AlbertForPreTraining", THREE),
        ("AlbertForMaskedLM", {}),
        ("AlbertForSequenceClassification", {}),
        ("AlbertForTokenClassification", {}),
        ("AlbertForQuestionAnswering", {}),
    ),
    *rows(
        "mpnet",
        TEXT,
        BERT,
        ("MPNetModel", {}),
        ("MPNetForMaskedLM", {"relative_attention_num_buckets": 8}),
        ("MPNetForSequenceClassification", THREE),
        ("MPNetForTokenClassification", {}),
        ("MPNetForQuestionAnswering", {}),
    ),
]

GPT2 = {"vocab_size": 100, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64}
NEOX = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "pad_token_id": 0,
}
OPT = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "ffn_dim": 48,
    "max_position_embeddings": 64,
}
BLOOM = {"vocab_size": 100, "hidden_size": 32, "n_layer": 3, "n_head": 4, "pad_token_id": 0}
FALCON = {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "pad_token_id": 0}
LAYER_NORM_DECODERS = [
    *rows(
        "gpt2",
        {"input_ids": (1, 7)},
        GPT2,
        ("GPT2Model", {"n_inner": 40}),
        ("GPT2LMHeadModel", {"n_ctx": 64}),
        ("GPT2LMHeadModel", {"tie_word_embeddings": False}),
        ("GPT2ForSequenceClassification", THREE),
        ("GPT2ForTokenClassification", {}),
        ("GPT2ForQuestionAnswering", {}),
    ),
    *rows(
        "gpt_neox",
        TEXT,
        NEOX,
        ("GPTNeoXModel", {}),
        ("GPTNeoXForCausalLM", {"use_parallel_residual": False}),
        ("GPTNeoXForCausalLM", {"attention_bias": False, "rotary_pct": 1.0}),
        ("GPTNeoXForSequenceClassification", {}),
        ("GPTNeoXForTokenClassification", THREE),
        ("GPTNeoXForQuestionAnswering", {}),
    ),
    *rows(
        "opt",
        TEXT,
        OPT,
        ("OPTModel", {}),
        ("OPTForCausalLM", {"word_embed_proj_dim": 16, "do_layer_norm_before": False}),
        ("OPTForCausalLM", {"enable_bias": False, "layer_norm_elementwise_affine": False}),
        ("OPTForCausalLM", {"tie_word_embeddings": False, "_remove_final_layer_norm": True}),
        ("OPTForSequenceClassification", {}),
        ("OPTForQuestionAnswering", {"word_embed_proj_dim": 16}),
    ),
    *rows(
        "bloom",
        TEXT,
        BLOOM,
        ("BloomModel", {}),
        ("BloomForCausalLM", {}),
        ("BloomForSequenceClassification", {}),
        ("BloomForTokenClassification", THREE),
        ("BloomForQuestionAnswering", {}),
    ),
    *rows(
        "falcon",
        TEXT,
        FALCON,
        ("FalconModel", {}),
        ("FalconForCausalLM", {"multi_query": False, "bias": True}),
        ("FalconForCausalLM", {"new_decoder_architecture": True, "num_kv_heads": 2}),
        (
            "FalconForCausalLM",
            {"new_decoder_architecture": True, "num_kv_heads": 2, "num_ln_in_parallel_attn": 1, "ffn_hidden_size": 40},
        ),
        ("FalconForCausalLM", {"alibi": True, "parallel_attn": False}),
        ("FalconForSequenceClassification", {}),
        ("FalconForTokenClassification", {}),
        ("FalconForQuestionAnswering", {}),
    ),
]

IMAGE = {"pixel_values": (2, 3, 32, 32)}
VIT = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "image_size": 32,
    "patch_size": 8,
}
DINOV2 = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "mlp_ratio": 2,
    "image_size": 32,
    "patch_size": 8,
}
IMAGES = [
    *rows(
        "vit",
        IMAGE,
        VIT,
        ("ViTModel", {"pooler_output_size": 24}),
        ("ViTModel", {"qkv_bias": False}),
        ("ViTForImageClassification", THREE),
    ),
    *rows(
        "vit",
        {"pixel_values": (2, 4, 32, 32)},
        VIT,
        ("ViTForImageClassification", {"num_channels": 4, "patch_size": 16}),
    ),
    *rows(
        "deit",
        IMAGE,
        VIT,
        ("DeiTModel", {}),
        ("DeiTForImageClassification", THREE),
        ("DeiTForImageClassificationWithTeacher", THREE),
    ),
    *rows(
        "dinov2",
        IMAGE,
        DINOV2,
        ("Dinov2Model", {}),
        ("Dinov2ForImageClassification", THREE | {"use_swiglu_ffn": True}),
        ("Dinov2Model", {"use_mask_token": False, "image_size": 48}),
    ),
    *rows(
        "clip_vision_model",
        IMAGE,
        VIT,
        ("CLIPVisionModel", {}),
        ("CLIPVisionModelWithProjection", {"projection_dim": 20}),
    ),
    *rows(
        "siglip_vision_model", IMAGE, VIT, ("SiglipVisionModel", {}), ("SiglipVisionModel", {"vision_use_head": False})
    ),
]

BOTH = {"input_ids": (2, 7), "decoder_input_ids": (2, 5)}
SOUND = {"input_features": (2, 20, 60), "decoder_input_ids": (2, 5)}
T5 = {"vocab_size": 100, "d_model": 32, "d_kv": 6, "d_ff": 48, "num_layers": 2, "num_heads": 4}
BART = {
    "vocab_size": 100,
    "d_model": 32,
    "encoder_layers": 2,
    "encoder_ffn_dim": 48,
    "encoder_attention_heads": 4,
    "decoder_layers": 3,
    "decoder_ffn_dim": 40,
    "decoder_attention_heads": 2,
}
WHISPER = BART | {
    "num_mel_bins": 20,
    "max_source_positions": 30,
    "max_target_positions": 16,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 3,
}
SEQUENCES = [
    *rows(
        "t5",
        BOTH,
        T5,
        ("T5Model", {}),
        ("T5ForConditionalGeneration", {"num_decoder_layers": 3}),
        ("T5ForConditionalGeneration", {"is_gated_act": True, "dense_act_fn": "gelu"}),
        ("T5ForConditionalGeneration", {"is_gated_act": False, "feed_forward_proj": "gated-gelu"}),
        (
            "T5ForConditionalGeneration",
            {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "relative_attention_num_buckets": 16},
        ),
    ),
    *rows(
        "bart",
        BOTH,
        BART,
        ("BartModel", {}),
        ("BartForConditionalGeneration", {"scale_embedding": True}),
        ("BartForQuestionAnswering", {"max_position_embeddings": 64}),
    ),
    *rows(
        "whisper",
        SOUND,
        WHISPER,
        ("WhisperModel", {}),
        ("WhisperForConditionalGeneration", {"max_target_positions": 20}),
    ),
]

EXPERTS = LLAMA | {"moe_intermediate_size": 20, "num_experts_per_tok": 2}
DEEPSEEK = LLAMA | {
    "moe_intermediate_size": 20,
    "n_routed_experts": 8,
    "n_shared_experts": 2,
    "num_experts_per_tok": 3,
    "n_group": 2,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 16,
    "q_lora_rank": 24,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 6,
    "v_head_dim": 10,
    "num_key_value_heads": 4,
}
MIXTURES = [  # on the CPU with one expert after the other, of which torch's counter sees every product
    row._replace(device="cpu")
    for row in [
        *rows(
            "mixtral",
            TEXT,
            LLAMA,
            ("MixtralForCausalLM", {"num_local_experts": 4}),
            ("MixtralModel", {"num_experts_per_tok": 3, "sliding_window": 4, "head_dim": 12}),
        ),
        *rows(
            "qwen2_moe",
            TEXT,
            EXPERTS | {"num_experts": 6, "shared_expert_intermediate_size": 24},
            ("Qwen2MoeForCausalLM", {}),
            ("Qwen2MoeForCausalLM", {"mlp_only_layers": [0], "qkv_bias": False, "tie_word_embeddings": True}),
            ("Qwen2MoeModel", {"decoder_sparse_step": 2}),
        ),
        *rows(
            "qwen3_moe",
            TEXT,
            EXPERTS | {"num_experts": 6, "head_dim": 10},
            ("Qwen3MoeForCausalLM", {}),
            ("Qwen3MoeForCausalLM", {"attention_bias": True, "decoder_sparse_step": 2}),
        ),
        *rows(
            "deepseek_v3",
            TEXT,
            DEEPSEEK,
            ("DeepseekV3ForCausalLM", {}),
            ("DeepseekV3ForCausalLM", {"q_lora_rank": None, "attention_bias": True}),
            ("DeepseekV3Model", {"first_k_dense_replace": 0}),
        ),
    ]
]

WAVE = {"input_values": (2, 400)}
WAV2VEC2 = {
    "vocab_size": 20,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "conv_dim": [12, 16],
    "conv_stride": [5, 2],
    "conv_kernel": [10, 3],
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
}
AUDIO = [
    *rows(
        "wav2vec2",
        WAVE,
        WAV2VEC2,
        ("Wav2Vec2Model", {}),
        ("Wav2Vec2ForCTC", {"do_stable_layer_norm": True, "feat_extract_norm": "layer", "conv_bias": True}),
        ("Wav2Vec2ForCTC", {"mask_time_prob": 0.0, "num_conv_pos_embeddings": 7}),
    ),
]

SWIN = {"image_size": 32, "patch_size": 2, "embed_dim": 12, "depths": [2, 2], "num_heads": [2, 3], "window_size": 4}
IMAGES += [
    *rows(
        "swin",
        IMAGE,
        SWIN,
        ("SwinModel", {}),
        ("SwinModel", {"window_size": 3, "qkv_bias": False, "mlp_ratio": 2.0}),
        ("SwinForImageClassification", THREE | {"window_size": 8}),
    ),
    *rows(
        "swin",
        {"pixel_values": (2, 4, 48, 48)},
        SWIN,
        (
            "SwinForImageClassification",
            {"image_size": 48, "num_channels": 4, "patch_size": 4, "window_size": 6, "depths": [1, 3]},
        ),
    ),
]

PAIR = {"pixel_values": (2, 3, 32, 32), "input_ids": (2, 7)}
WORDS = {
    "vocab_size": 100,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "max_position_embeddings": 9,
}
TOWERS = [
    *rows(
        "clip_text_model",
        TEXT,
        WORDS,
        ("CLIPTextModel", {"hidden_act": "gelu"}),
        ("CLIPTextModelWithProjection", {"projection_dim": 20}),
    ),
    *rows("siglip_text_model", TEXT, WORDS, ("SiglipTextModel", {}), ("SiglipTextModel", {"projection_size": 20})),
    *rows(
        "clip",
        PAIR,
        {"text_config": WORDS, "vision_config": VIT},
        ("CLIPModel", {"projection_dim": 20}),
        ("CLIPModel", {"vision_config": VIT | {"patch_size": 16}}),
    ),
    *rows("siglip", PAIR, {"text_config": WORDS | {"projection_size": 32}, "vision_config": VIT}, ("SiglipModel", {})),
]

DEBERTA = BERT | {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "max_position_embeddings": 20}
ENCODERS += [  # on the CPU: the library reads a scale as a number
    row._replace(device="cpu")
    for row in rows(
        "deberta-v2",
        TEXT,
        DEBERTA,
        ("DebertaV2Model", {}),
        ("DebertaV2Model", {"relative_attention": False, "type_vocab_size": 2, "num_hidden_layers": 1}),
        (
            "DebertaV2ForMaskedLM",
            {
                "position_buckets": 6,
                "share_att_key": True,
                "norm_rel_ebd": "layer_norm",
                "position_biased_input": False,
            },
        ),
        ("DebertaV2ForSequenceClassification", THREE | {"conv_kernel_size": 3, "pos_att_type": "c2p"}),
        ("DebertaV2ForTokenClassification", {"embedding_size": 16, "max_relative_positions": 5}),
        ("DebertaV2ForQuestionAnswering", {"pos_att_type": "p2c|c2p", "share_att_key": True}),
    )
]

ROWS = [*ENCODERS, *DECODERS, *LAYER_NORM_DECODERS, *MIXTURES, *SEQUENCES, *IMAGES, *AUDIO, *TOWERS]


def batch_of(row: Row) -> int:
    """The batch of a row's inputs."""
    return next(iter(row.sizes.values()))[0]


def params_of(row: Row) -> dict[str, int]:
    """The params of the spec that say the sizes of a row's inputs."""
    params = _PARAMS | _PARAMS_OF.get(row.config["model_type"], {})
    return {params[name]: shape[-1] for name, shape in row.sizes.items() if name in params}


_PARAMS_OF = {
    "t5": {"input_ids": "source_len", "decoder_input_ids": "target_len"},
    "whisper": {"decoder_input_ids": "tokens"},
}
_PARAMS = {
    "input_ids": "tokens",
    "decoder_input_ids": "target",
    "input_values": "samples",
    "pixel_values": "resolution",
}
