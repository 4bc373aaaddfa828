"""Configurations of released models, written by hand, and the params of the models.

All params are also counted by the library at full size. Those of BERT, Llama 3, Mistral, Qwen2.5, Qwen3, Gemma 2,
Whisper and ViT are the totals that others print for the released weights: keras-hub for Whisper
(keras_hub/src/models/whisper/whisper_presets.py: 37,760,640), torchvision for ViT (the metadata of vit_b_16:
86,567,656), the metadata of the weights' files for the rest. Of the other models no such total was looked up.

The params are those of the tensors that are released: of DeepSeek-V3 without the module that predicts further tokens,
which the library does not build. Whisper's have the table of sinusoids, which is released though it is not learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Released(NamedTuple):
    """A configuration, the sizes of its inputs for the run, and the params of the model."""

    name: str
    params: int
    config: dict[str, Any]
    sizes: Mapping[str, tuple[int, ...]]
    device: str = "meta"


_TEXT = {"input_ids": (1, 32)}
_BOTH = {"input_ids": (1, 16), "decoder_input_ids": (1, 8)}
_IMAGE = {"pixel_values": (1, 3, 224, 224)}


def _labels(count: int) -> dict[str, Any]:
    return {
        "id2label": {str(index): f"LABEL_{index}" for index in range(count)},
        "label2id": {f"LABEL_{index}": index for index in range(count)},
    }


def _text(name: str, params: int, model_type: str, architecture: str, **config: Any) -> Released:
    return Released(name, params, {"model_type": model_type, "architectures": [architecture], **config}, _TEXT)


RELEASED = [
    _text(
        "google-bert/bert-base-uncased", 109_514_298, "bert", "BertForMaskedLM",
        attention_probs_dropout_prob=0.1, gradient_checkpointing=False, hidden_act="gelu", hidden_dropout_prob=0.1,
        hidden_size=768, initializer_range=0.02, intermediate_size=3072, layer_norm_eps=1e-12,
        max_position_embeddings=512, num_attention_heads=12, num_hidden_layers=12, pad_token_id=0,
        position_embedding_type="absolute", transformers_version="4.6.0.dev0", type_vocab_size=2, use_cache=True,
        vocab_size=30522,
    ),
    _text(
        "sentence-transformers/all-MiniLM-L6-v2", 22_713_216, "bert", "BertModel",
        hidden_act="gelu", hidden_size=384, intermediate_size=1536, layer_norm_eps=1e-12, max_position_embeddings=512,
        num_attention_heads=12, num_hidden_layers=6, pad_token_id=0, position_embedding_type="absolute",
        type_vocab_size=2, vocab_size=30522,
    ),
    _text(
        "FacebookAI/roberta-base", 124_697_433, "roberta", "RobertaForMaskedLM",
        bos_token_id=0, eos_token_id=2, hidden_act="gelu", hidden_size=768, intermediate_size=3072, layer_norm_eps=1e-5,
        max_position_embeddings=514, num_attention_heads=12, num_hidden_layers=12, pad_token_id=1, type_vocab_size=1,
        vocab_size=50265,
    ),
    _text(
        "FacebookAI/xlm-roberta-base", 278_295_186, "xlm-roberta", "XLMRobertaForMaskedLM",
        hidden_act="gelu", hidden_size=768, intermediate_size=3072, layer_norm_eps=1e-5, max_position_embeddings=514,
        num_attention_heads=12, num_hidden_layers=12, output_past=True, pad_token_id=1, type_vocab_size=1,
        vocab_size=250002,
    ),
    _text(
        "distilbert/distilbert-base-uncased", 66_985_530, "distilbert", "DistilBertForMaskedLM",
        activation="gelu", attention_dropout=0.1, dim=768, dropout=0.1, hidden_dim=3072, max_position_embeddings=512,
        n_heads=12, n_layers=6, pad_token_id=0, qa_dropout=0.1, seq_classif_dropout=0.2, sinusoidal_pos_embds=False,
        vocab_size=30522,
    ),
    _text(
        "google/electra-small-discriminator", 13_549_057, "electra", "ElectraForPreTraining",
        embedding_size=128, hidden_size=256, intermediate_size=1024, max_position_embeddings=512, num_attention_heads=4,
        num_hidden_layers=12, summary_activation="gelu", summary_last_dropout=0.1, summary_type="first",
        summary_use_proj=True, type_vocab_size=2, vocab_size=30522,
    ),
    _text(
        "albert/albert-base-v2", 11_221_680, "albert", "AlbertForMaskedLM",
        classifier_dropout_prob=0.1, down_scale_factor=1, embedding_size=128, gap_size=0, hidden_act="gelu_new",
        hidden_dropout_prob=0, hidden_size=768, inner_group_num=1, intermediate_size=3072, net_structure_type=0,
        num_attention_heads=12, num_hidden_groups=1, num_hidden_layers=12, num_memory_blocks=0, vocab_size=30000,
    ),
    _text(
        "sentence-transformers/all-mpnet-base-v2", 109_486_464, "mpnet", "MPNetModel",
        hidden_size=768, intermediate_size=3072, layer_norm_eps=1e-5, max_position_embeddings=514,
        num_attention_heads=12, num_hidden_layers=12, pad_token_id=1, relative_attention_num_buckets=32,
        vocab_size=30527,
    ),
    _text(
        "meta-llama/Meta-Llama-3-8B", 8_030_261_248, "llama", "LlamaForCausalLM",
        attention_bias=False, bos_token_id=128000, eos_token_id=128001, hidden_act="silu", hidden_size=4096,
        intermediate_size=14336, max_position_embeddings=8192, num_attention_heads=32, num_hidden_layers=32,
        num_key_value_heads=8, pretraining_tp=1, rms_norm_eps=1e-5, rope_scaling=None, rope_theta=500000.0,
        tie_word_embeddings=False, torch_dtype="bfloat16", vocab_size=128256,
    ),
    _text(
        "mistralai/Mistral-7B-v0.1", 7_241_732_096, "mistral", "MistralForCausalLM",
        hidden_act="silu", hidden_size=4096, intermediate_size=14336, max_position_embeddings=32768,
        num_attention_heads=32, num_hidden_layers=32, num_key_value_heads=8, rms_norm_eps=1e-5, rope_theta=10000.0,
        sliding_window=4096, tie_word_embeddings=False, torch_dtype="bfloat16", vocab_size=32000,
    ),
    _text(
        "Qwen/Qwen2.5-0.5B", 494_032_768, "qwen2", "Qwen2ForCausalLM",
        attention_dropout=0.0, hidden_act="silu", hidden_size=896, intermediate_size=4864,
        max_position_embeddings=32768, max_window_layers=24, num_attention_heads=14, num_hidden_layers=24,
        num_key_value_heads=2, rms_norm_eps=1e-6, rope_theta=1000000.0, sliding_window=32768, tie_word_embeddings=True,
        torch_dtype="bfloat16", use_mrope=False, use_sliding_window=False, vocab_size=151936,
    ),
    _text(
        "Qwen/Qwen2.5-7B-Instruct", 7_615_616_512, "qwen2", "Qwen2ForCausalLM",
        hidden_act="silu", hidden_size=3584, intermediate_size=18944, max_position_embeddings=32768,
        max_window_layers=28, num_attention_heads=28, num_hidden_layers=28, num_key_value_heads=4, rms_norm_eps=1e-6,
        rope_theta=1000000.0, sliding_window=131072, tie_word_embeddings=False, use_sliding_window=False,
        vocab_size=152064,
    ),
    _text(
        "Qwen/Qwen3-0.6B", 596_049_920, "qwen3", "Qwen3ForCausalLM",
        attention_bias=False, head_dim=128, hidden_act="silu", hidden_size=1024, intermediate_size=3072,
        max_position_embeddings=40960, max_window_layers=28, num_attention_heads=16, num_hidden_layers=28,
        num_key_value_heads=8, rms_norm_eps=1e-6, rope_scaling=None, rope_theta=1000000, sliding_window=None,
        tie_word_embeddings=True, use_sliding_window=False, vocab_size=151936,
    ),
    _text(
        "google/gemma-2b", 2_506_172_416, "gemma", "GemmaForCausalLM",
        attention_bias=False, head_dim=256, hidden_act="gelu", hidden_activation="gelu_pytorch_tanh", hidden_size=2048,
        intermediate_size=16384, num_attention_heads=8, num_hidden_layers=18, num_key_value_heads=1, rms_norm_eps=1e-6,
        rope_scaling=None, rope_theta=10000.0, vocab_size=256000,
    ),
    _text(
        "google/gemma-2-2b", 2_614_341_888, "gemma2", "Gemma2ForCausalLM",
        attn_logit_softcapping=50.0, cache_implementation="hybrid", final_logit_softcapping=30.0, head_dim=256,
        hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh", hidden_size=2304, intermediate_size=9216,
        num_attention_heads=8, num_hidden_layers=26, num_key_value_heads=4, query_pre_attn_scalar=256,
        rms_norm_eps=1e-6, rope_theta=10000.0, sliding_window=4096, vocab_size=256000,
    ),
    _text(
        "microsoft/Phi-3-mini-4k-instruct", 3_821_079_552, "phi3", "Phi3ForCausalLM",
        attention_bias=False, auto_map={"AutoConfig": "configuration_phi3.Phi3Config"}, embd_pdrop=0.0,
        hidden_act="silu", hidden_size=3072, intermediate_size=8192, num_attention_heads=32, num_hidden_layers=32,
        num_key_value_heads=32, original_max_position_embeddings=4096, pad_token_id=32000, resid_pdrop=0.0,
        rms_norm_eps=1e-5, rope_scaling=None, rope_theta=10000.0, sliding_window=2047, tie_word_embeddings=False,
        vocab_size=32064,
    ),
    _text(
        "allenai/OLMo-2-0425-1B", 1_484_916_736, "olmo2", "Olmo2ForCausalLM",
        attention_bias=False, hidden_act="silu", hidden_size=2048, intermediate_size=8192, num_attention_heads=16,
        num_hidden_layers=16, num_key_value_heads=16, rms_norm_eps=1e-6, rope_scaling=None, rope_theta=500000,
        tie_word_embeddings=False, vocab_size=100352,
    ),
    _text(
        "openai-community/gpt2", 124_439_808, "gpt2", "GPT2LMHeadModel",
        activation_function="gelu_new", attn_pdrop=0.1, layer_norm_epsilon=1e-5, n_ctx=1024, n_embd=768, n_head=12,
        n_layer=12, n_positions=1024, summary_activation=None, summary_first_dropout=0.1, summary_proj_to_labels=True,
        summary_type="cls_index", summary_use_proj=True,
        task_specific_params={"text-generation": {"do_sample": True, "max_length": 50}}, vocab_size=50257,
    ),
    _text(
        "EleutherAI/pythia-160m", 162_322_944, "gpt_neox", "GPTNeoXForCausalLM",
        hidden_act="gelu", hidden_size=768, intermediate_size=3072, layer_norm_eps=1e-5, num_attention_heads=12,
        num_hidden_layers=12, rotary_emb_base=10000, rotary_pct=0.25, tie_word_embeddings=False,
        use_parallel_residual=True, vocab_size=50304,
    ),
    _text(
        "facebook/opt-125m", 125_239_296, "opt", "OPTForCausalLM",
        activation_dropout=0.0, activation_function="relu", do_layer_norm_before=True, ffn_dim=3072, hidden_size=768,
        init_std=0.02, layerdrop=0.0, max_position_embeddings=2048, num_attention_heads=12, num_hidden_layers=12,
        prefix="</s>", vocab_size=50272, word_embed_proj_dim=768,
    ),
    _text(
        "bigscience/bloom-560m", 559_214_592, "bloom", "BloomForCausalLM",
        apply_residual_connection_post_layernorm=False, attention_softmax_in_fp32=True, bias_dropout_fusion=True,
        hidden_dropout=0.0, masked_softmax_fusion=True, n_embed=1024, n_head=16, n_inner=None, n_layer=24,
        offset_alibi=100, pad_token_id=3, pretraining_tp=1, seq_length=2048, skip_bias_add=True,
        skip_bias_add_qkv=False, slow_but_exact=False, unk_token_id=0, vocab_size=250880,
    ),
    _text(
        "tiiuae/falcon-7b", 6_921_720_704, "falcon", "FalconForCausalLM",
        alibi=False, bias=False, hidden_size=4544, multi_query=True, new_decoder_architecture=False,
        num_attention_heads=71, num_hidden_layers=32, parallel_attn=True, vocab_size=65024,
    ),
    Released(
        "google-t5/t5-small", 60_506_624,
        {
            "model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "d_ff": 2048, "d_kv": 64,
            "d_model": 512, "dropout_rate": 0.1, "is_encoder_decoder": True, "layer_norm_epsilon": 1e-6,
            "n_positions": 512, "num_heads": 8, "num_layers": 6, "output_past": True,
            "relative_attention_num_buckets": 32, "vocab_size": 32128,
        },
        _BOTH,
    ),
    Released(
        "facebook/bart-base", 139_420_416,
        {
            "model_type": "bart", "architectures": ["BartModel"], "activation_function": "gelu",
            "add_bias_logits": False,
            "add_final_layer_norm": False, "classif_dropout": 0.1, "d_model": 768, "decoder_attention_heads": 12,
            "decoder_ffn_dim": 3072, "decoder_layers": 6, "encoder_attention_heads": 12, "encoder_ffn_dim": 3072,
            "encoder_layers": 6, "is_encoder_decoder": True, "max_position_embeddings": 1024,
            "no_repeat_ngram_size": 3, "normalize_before": False, "normalize_embedding": True, "num_hidden_layers": 6,
            "scale_embedding": False, "vocab_size": 50265,
        },
        _BOTH,
    ),
    Released(
        "openai/whisper-tiny", 37_760_640,
        {
            "model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"], "d_model": 384,
            "decoder_attention_heads": 6, "decoder_ffn_dim": 1536, "decoder_layers": 4, "encoder_attention_heads": 6,
            "encoder_ffn_dim": 1536, "encoder_layers": 4, "forced_decoder_ids": [[1, 50259], [2, 50359]],
            "is_encoder_decoder": True, "max_source_positions": 1500, "max_target_positions": 448,
            "num_hidden_layers": 4, "num_mel_bins": 80, "scale_embedding": False, "suppress_tokens": [1, 2, 7],
            "vocab_size": 51865,
        },
        {"input_features": (1, 80, 3000), "decoder_input_ids": (1, 8)},
    ),
    Released(
        "google/vit-base-patch16-224", 86_567_656,
        {
            "model_type": "vit", "architectures": ["ViTForImageClassification"], "hidden_act": "gelu",
            "hidden_size": 768, "image_size": 224, "intermediate_size": 3072, "layer_norm_eps": 1e-12,
            "num_attention_heads": 12, "num_channels": 3, "num_hidden_layers": 12, "patch_size": 16, "qkv_bias": True,
            **_labels(1000),
        },
        _IMAGE,
    ),
    Released(
        "facebook/deit-base-distilled-patch16-224", 87_338_192,
        {
            "model_type": "deit", "architectures": ["DeiTForImageClassificationWithTeacher"], "hidden_size": 768,
            "image_size": 224, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12,
            "patch_size": 16, **_labels(1000),
        },
        _IMAGE,
    ),
    Released(
        "facebook/dinov2-base", 86_580_480,
        {
            "model_type": "dinov2", "architectures": ["Dinov2Model"], "apply_layernorm": True, "drop_path_rate": 0.0,
            "hidden_size": 768, "image_size": 518, "layerscale_value": 1.0, "mlp_ratio": 4, "num_attention_heads": 12,
            "num_hidden_layers": 12, "patch_size": 14, "qkv_bias": True, "reshape_hidden_states": True,
            "use_swiglu_ffn": False,
        },
        _IMAGE,
    ),
    Released(
        "microsoft/swin-tiny-patch4-window7-224", 28_288_354,
        {
            "model_type": "swin", "architectures": ["SwinForImageClassification"], "depths": [2, 2, 6, 2],
            "embed_dim": 96, "image_size": 224, "mlp_ratio": 4.0, "num_heads": [3, 6, 12, 24], "patch_size": 4,
            "path_norm": True, "use_absolute_embeddings": False, "window_size": 7, **_labels(1000),
        },
        _IMAGE,
    ),
    Released(
        "openai/clip-vit-base-patch32", 151_277_313,
        {
            "model_type": "clip", "architectures": ["CLIPModel"], "initializer_factor": 1.0, "projection_dim": 512,
            "text_config": {"hidden_act": "quick_gelu", "hidden_size": 512, "model_type": "clip_text_model"},
            "text_config_dict": None, "vision_config": {"patch_size": 32, "model_type": "clip_vision_model"},
        },
        {"pixel_values": (1, 3, 224, 224), "input_ids": (1, 77)},
    ),
    Released(
        "google/siglip-base-patch16-224", 203_155_970,
        {
            "model_type": "siglip", "architectures": ["SiglipModel"], "initializer_factor": 1.0,
            "text_config": {"model_type": "siglip_text_model"}, "vision_config": {"model_type": "siglip_vision_model"},
        },
        {"pixel_values": (1, 3, 224, 224), "input_ids": (1, 64)},
    ),
    Released(
        "facebook/wav2vec2-base-960h", 94_396_320,
        {
            "model_type": "wav2vec2", "architectures": ["Wav2Vec2ForCTC"], "conv_bias": False, "conv_dim": [512] * 7,
            "conv_kernel": [10, 3, 3, 3, 3, 2, 2], "conv_stride": [5, 2, 2, 2, 2, 2, 2], "do_stable_layer_norm": False,
            "feat_extract_activation": "gelu", "feat_extract_norm": "group", "hidden_size": 768,
            "intermediate_size": 3072, "num_attention_heads": 12, "num_conv_pos_embedding_groups": 16,
            "num_conv_pos_embeddings": 128, "num_feat_extract_layers": 7, "num_hidden_layers": 12, "vocab_size": 32,
        },
        {"input_values": (1, 16000)},
    ),
    Released(
        "microsoft/deberta-v3-base", 183_831_552,
        {
            "model_type": "deberta-v2", "architectures": ["DebertaV2Model"], "hidden_size": 768,
            "intermediate_size": 3072, "max_position_embeddings": 512, "max_relative_positions": -1,
            "norm_rel_ebd": "layer_norm", "num_attention_heads": 12, "num_hidden_layers": 12, "pooler_dropout": 0,
            "pooler_hidden_size": 768, "pos_att_type": "p2c|c2p", "position_biased_input": False,
            "position_buckets": 256, "relative_attention": True, "share_att_key": True, "type_vocab_size": 0,
            "vocab_size": 128100,
        },
        _TEXT,
        "cpu",  # the library reads a scale as a number
    ),
]  # fmt: skip
