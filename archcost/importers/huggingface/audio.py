"""Encoders of sound: wav2vec 2.0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size, need_multiple
from archcost.importers.huggingface.family import Family
from archcost.importers.keys import EPSILON, FLAG, LAYERS, NUMBER, SIZE, SIZES, TEXT, Key, maybe, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params

_LISTS = ("conv_dim", "conv_stride", "conv_kernel")


def _wav2vec2(values: KeyValues) -> Params:
    convolutions = {len(values[name]) for name in _LISTS}
    if len(convolutions) > 1:
        raise values.refused("conv_dim", "must be as long as conv_stride and conv_kernel")
    head_size(values, "hidden_size", "num_attention_heads")
    need_multiple(values, "hidden_size", "num_conv_pos_embedding_groups")
    return {
        "width": values["hidden_size"],
        "layers": values["num_hidden_layers"],
        "heads": values["num_attention_heads"],
        "hidden": values["intermediate_size"],
        "activation": activation(values, "hidden_act"),
        "kernels": tuple(values["conv_kernel"]),
        "strides": tuple(values["conv_stride"]),
        "channels": tuple(values["conv_dim"]),
        "conv_bias": values["conv_bias"],
        "conv_norm": values["feat_extract_norm"],
        "position_kernel": values["num_conv_pos_embeddings"],
        "position_groups": values["num_conv_pos_embedding_groups"],
        "stable": values["do_stable_layer_norm"],
        "eps": values["layer_norm_eps"],
        "gains": True,
        "mask": values["mask_time_prob"] > 0 or values["mask_feature_prob"] > 0,
        "vocabulary": values["vocab_size"],
    }


WAV2VEC2 = Family(
    "wav2vec2_base",
    COMMON
    | {
        "vocab_size": Key(SIZE, 32),
        "hidden_size": Key(SIZE, 768),
        "num_hidden_layers": Key(LAYERS, 12),
        "num_attention_heads": Key(SIZE, 12),
        "intermediate_size": Key(SIZE, 3072),
        "hidden_act": Key(TEXT, "gelu"),
        "layer_norm_eps": Key(EPSILON, 1e-5),
        "feat_extract_norm": Key(only("group", "layer"), "group"),
        "feat_extract_activation": Key(only("gelu"), "gelu"),
        "conv_dim": Key(SIZES, (512,) * 7),
        "conv_stride": Key(SIZES, (5, 2, 2, 2, 2, 2, 2)),
        "conv_kernel": Key(SIZES, (10, 3, 3, 3, 3, 2, 2)),
        "conv_bias": Key(FLAG, False),
        "num_conv_pos_embeddings": Key(SIZE, 128),
        "num_conv_pos_embedding_groups": Key(SIZE, 16),
        "do_stable_layer_norm": Key(FLAG, False),
        "mask_time_prob": Key(NUMBER, 0.05),
        "mask_feature_prob": Key(NUMBER, 0.0),
        "add_adapter": Key(only(False), False),
        "adapter_attn_dim": Key(only(None)),
        "num_feat_extract_layers": Key(maybe(SIZE)),
    },
    _wav2vec2,
    {"Wav2Vec2Model": {"head": "none"}, "Wav2Vec2ForCTC": {"head": "language"}},
    frozenset(
        [
            "activation_dropout",
            "adapter_kernel_size",
            "adapter_stride",
            "apply_spec_augment",
            "attention_dropout",
            "classifier_proj_size",
            "codevector_dim",
            "contrastive_logits_temperature",
            "ctc_loss_reduction",
            "ctc_zero_infinity",
            "diversity_loss_weight",
            "feat_extract_dropout",
            "feat_proj_dropout",
            "feat_quantizer_dropout",
            "final_dropout",
            "hidden_dropout",
            "hidden_dropout_prob",
            "layerdrop",
            "mask_channel_length",
            "mask_channel_min_space",
            "mask_channel_other",
            "mask_channel_prob",
            "mask_channel_selection",
            "mask_feature_length",
            "mask_feature_min_masks",
            "mask_time_length",
            "mask_time_min_masks",
            "mask_time_min_space",
            "mask_time_other",
            "mask_time_selection",
            "num_adapter_layers",
            "num_codevector_groups",
            "num_codevectors_per_group",
            "num_negatives",
            "output_hidden_size",
            "proj_codevector_dim",
            "tdnn_dilation",
            "tdnn_dim",
            "tdnn_kernel",
            "tie_word_embeddings",
            "use_weighted_layer_sum",
            "xvector_output_dim",
        ]
    ),
)
