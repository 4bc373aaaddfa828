"""Small configs of transformers, a row a model type, and the inputs that each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from archcost.importers.torch.recorded import Inputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from archcost.importers.torch.recorded import InputMaker

_LAYERS = {"num_hidden_layers": 2, "num_attention_heads": 4}
_ENCODER = {"vocab_size": 99, "hidden_size": 32, "intermediate_size": 64, **_LAYERS}
_DECODER = {**_ENCODER, "num_key_value_heads": 2, "use_cache": False}
_VISION = {"hidden_size": 32, "intermediate_size": 64, "image_size": 32, "patch_size": 8, **_LAYERS}
_EXPERTS = {"moe_intermediate_size": 48, "num_experts_per_tok": 2}
_DEEPSEEK = {
    "num_key_value_heads": 4,
    "n_routed_experts": 4,
    "n_group": 2,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
}
_SEQUENCE = {
    "vocab_size": 99,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "use_cache": False,
}
_SMALL_SWIN = {"image_size": 32, "patch_size": 2, "embed_dim": 16}
_SPEECH = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "conv_dim": (16, 16),
    "conv_kernel": (10, 3),
    "conv_stride": (5, 2),
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    **_LAYERS,
}
_TOWERS = {
    "text_config": {**_ENCODER, "bos_token_id": 1, "eos_token_id": 2},
    "vision_config": _VISION,
    "projection_dim": 16,
}

_IDS = {"input_ids": (16,)}
_PAIR = {"input_ids": (16,), "decoder_input_ids": (6,)}
_IMAGE = {"pixel_values": (3, 32, 32)}

# By model type: the options of its config, and its inputs.
MODELS: dict[str, tuple[dict[str, Any], dict[str, tuple[int, ...]]]] = {
    "albert": ({**_ENCODER, "embedding_size": 16}, _IDS),
    "bert": (_ENCODER, _IDS),
    "roberta": (_ENCODER, _IDS),
    "xlm-roberta": (_ENCODER, _IDS),
    "electra": ({**_ENCODER, "embedding_size": 16}, _IDS),
    "mpnet": (_ENCODER, _IDS),
    "distilbert": ({"vocab_size": 99, "dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4}, _IDS),
    "deberta-v2": ({**_ENCODER, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]}, _IDS),
    "modernbert": ({**_ENCODER, "pad_token_id": 0}, _IDS),
    "esm": ({**_ENCODER, "pad_token_id": 0}, _IDS),
    "fnet": (_ENCODER, _IDS),
    "gpt2": ({"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "use_cache": False}, _IDS),
    "gpt_neox": ({**_ENCODER, "use_cache": False}, _IDS),
    "gptj": ({"vocab_size": 99, "n_embd": 32, "n_layer": 2, "n_head": 4, "rotary_dim": 4, "use_cache": False}, _IDS),
    "opt": ({**_ENCODER, "ffn_dim": 64, "word_embed_proj_dim": 32, "use_cache": False}, _IDS),
    "bloom": ({"vocab_size": 99, "hidden_size": 32, "n_layer": 2, "n_head": 4, "use_cache": False}, _IDS),
    "falcon": ({**_ENCODER, "use_cache": False}, _IDS),
    "llama": (_DECODER, _IDS),
    "mistral": (_DECODER, _IDS),
    "qwen2": (_DECODER, _IDS),
    "qwen3": ({**_DECODER, "head_dim": 8}, _IDS),
    "gemma": ({**_DECODER, "head_dim": 8}, _IDS),
    "gemma2": ({**_DECODER, "head_dim": 8}, _IDS),
    "gemma3_text": ({**_DECODER, "head_dim": 8}, _IDS),
    "phi": ({**_ENCODER, "use_cache": False}, _IDS),
    "phi3": ({**_DECODER, "pad_token_id": 0}, _IDS),
    "olmo2": (_DECODER, _IDS),
    "granite": (_DECODER, _IDS),
    "stablelm": (_DECODER, _IDS),
    "starcoder2": (_DECODER, _IDS),
    "mamba": ({"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "use_cache": False}, _IDS),
    "rwkv": ({"vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "use_cache": False}, _IDS),
    "mixtral": ({**_DECODER, "num_local_experts": 4}, _IDS),
    "qwen2_moe": ({**_DECODER, **_EXPERTS, "num_experts": 4, "shared_expert_intermediate_size": 40}, _IDS),
    "qwen3_moe": ({**_DECODER, **_EXPERTS, "num_experts": 4, "head_dim": 8}, _IDS),
    "olmoe": ({**_DECODER, "num_experts": 4, "num_experts_per_tok": 2}, _IDS),
    "gpt_oss": ({**_DECODER, "num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 8}, _IDS),
    "granitemoe": ({**_DECODER, "num_local_experts": 4, "num_experts_per_tok": 2}, _IDS),
    "phimoe": ({**_DECODER, "num_local_experts": 4, "num_experts_per_tok": 2}, _IDS),
    "ernie4_5_moe": ({**_DECODER, "moe_intermediate_size": 48, "moe_num_experts": 4, "moe_k": 2}, _IDS),
    "glm4_moe": ({**_DECODER, **_EXPERTS, "n_routed_experts": 4, "first_k_dense_replace": 1, "head_dim": 8}, _IDS),
    "deepseek_v3": ({**_DECODER, **_EXPERTS, **_DEEPSEEK}, _IDS),
    "t5": ({"vocab_size": 99, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}, _PAIR),
    "mt5": ({"vocab_size": 99, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}, _PAIR),
    "bart": (_SEQUENCE, _PAIR),
    "pegasus": (_SEQUENCE, _PAIR),
    "marian": ({**_SEQUENCE, "pad_token_id": 0, "decoder_start_token_id": 0}, _PAIR),
    "whisper": (
        {**_SEQUENCE, "num_mel_bins": 8, "max_source_positions": 10, "pad_token_id": 0},
        {"input_features": (8, 20), "decoder_input_ids": (6,)},
    ),
    "wav2vec2": (_SPEECH, {"input_values": (400,)}),
    "hubert": (_SPEECH, {"input_values": (400,)}),
    "vit": (_VISION, _IMAGE),
    "deit": (_VISION, _IMAGE),
    "beit": ({**_VISION, "use_relative_position_bias": True}, _IMAGE),
    "dinov2": ({**_VISION, "mlp_ratio": 2}, _IMAGE),
    "siglip_vision_model": (_VISION, _IMAGE),
    "clip_vision_model": (_VISION, _IMAGE),
    "clip": (_TOWERS, {**_IDS, **_IMAGE}),
    "siglip": (
        {"text_config": {**_ENCODER, "projection_size": 32}, "vision_config": _VISION},
        {"input_ids": (64,), **_IMAGE},
    ),
    "swin": ({**_SMALL_SWIN, "depths": [2, 2], "num_heads": [2, 4]}, _IMAGE),
    "swinv2": ({**_SMALL_SWIN, "depths": [2, 2], "num_heads": [2, 4]}, _IMAGE),
    "convnext": ({"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 2, 1]}, {"pixel_values": (3, 64, 64)}),
    "resnet": ({"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1]}, _IMAGE),
    "segformer": (
        {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "num_attention_heads": [1, 2, 2, 4]},
        {"pixel_values": (3, 64, 64)},
    ),
    "mobilevit": (
        {"hidden_sizes": [16, 24, 32], "neck_hidden_sizes": [8, 8, 12, 16, 16, 24, 32]},
        {"pixel_values": (3, 64, 64)},
    ),
    "vit_mae": ({**_VISION, "decoder_hidden_size": 16, "decoder_num_attention_heads": 2}, _IMAGE),
    "mask2former": (
        {
            "backbone_config": {
                **_SMALL_SWIN,
                "model_type": "swin",
                "out_features": ["stage1", "stage2", "stage3", "stage4"],
                "patch_size": 4,
                "depths": [1, 1, 1, 1],
                "num_heads": [1, 2, 2, 2],
            },
            "hidden_dim": 32,
            "feature_size": 32,
            "mask_feature_size": 32,
            "num_queries": 5,
            "encoder_layers": 1,
            "decoder_layers": 2,
        },
        {"pixel_values": (3, 64, 64)},
    ),
}


def maker(model_type: str) -> tuple[Callable[[], nn.Module], InputMaker]:
    """What makes a model of a type with random weights, and its inputs."""
    from transformers import AutoConfig, AutoModel

    options, shapes = MODELS[model_type]

    def make() -> nn.Module:
        model: nn.Module = AutoModel.from_config(AutoConfig.for_model(model_type, **options))
        return model.to(torch.get_default_device())  # what `torch.Tensor(3)` has made is on the CPU

    def inputs(batch: int, device: torch.device) -> Inputs:
        made = {
            name: torch.zeros((batch, *shape), dtype=torch.int64 if name.endswith("ids") else None, device=device)
            for name, shape in shapes.items()
        }
        return Inputs((), made, tuple(made))

    return make, inputs
