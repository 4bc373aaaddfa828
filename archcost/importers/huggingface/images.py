"""Vision transformers: ViT, DeiT, DINOv2, and the image towers of CLIP and SigLIP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size, labels, need_room
from archcost.importers.huggingface.family import Family
from archcost.importers.keys import EPSILON, FACTOR, FLAG, LAYERS, PIXELS, SHARE, SIZE, SIZES, TEXT, Key, maybe, only

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params

IMAGE_ENCODER = "image_encoder"  # the family spec
_HARMLESS = frozenset(
    [
        "attention_dropout",
        "attention_probs_dropout_prob",
        "drop_path_rate",
        "encoder_stride",
        "hidden_dropout_prob",
        "layerscale_value",
        "logit_scale_init_value",
        "tie_word_embeddings",  # which no class here has
    ]
)
_BACKBONE = frozenset({"apply_layernorm", "out_features", "out_indices", "reshape_hidden_states", "stage_names"})


def tower(values: KeyValues) -> Params:
    """The params that all of them have."""
    head_size(values, "hidden_size", "num_attention_heads")
    need_room(values, "patch_size", "image_size")
    return {
        "trained": values["image_size"],
        "patch": values["patch_size"],
        "channels": values["num_channels"],
        "width": values["hidden_size"],
        "layers": values["num_hidden_layers"],
        "heads": values["num_attention_heads"],
        "activation": activation(values, "hidden_act"),
        "eps": values["layer_norm_eps"],
    }


def _vit(values: KeyValues) -> Params:
    projected = values["pooler_output_size"]
    return tower(values) | {
        "hidden": values["intermediate_size"],
        "qkv_bias": values["qkv_bias"],
        "labels": labels(values),
        "projected": values["hidden_size"] if projected is None else projected,
    }


def _deit(values: KeyValues) -> Params:
    return _vit(values) | {"front": 2}


def _dinov2(values: KeyValues) -> Params:
    hidden = int(values["hidden_size"] * values["mlp_ratio"])
    if not hidden:
        raise values.refused("mlp_ratio", "leaves no features", "hidden_size")
    gated = values["use_swiglu_ffn"]
    params = tower(values) | {
        "hidden": (int(hidden * 2 / 3) + 7) // 8 * 8 if gated else hidden,
        "qkv_bias": values["qkv_bias"],
        "labels": labels(values),
        "mask": values["use_mask_token"],
        "gated": gated,
        "scaled": True,
    }
    return params | {"activation": "silu"} if gated else params


def clip_tower(values: KeyValues) -> Params:
    """The params of CLIP's image tower."""
    more = {"hidden": values["intermediate_size"], "patch_bias": False, "first_norm": True, "norm": "first"}
    return tower(values) | more | {"projected": values["projection_dim"] or 1}


def siglip_tower(values: KeyValues) -> Params:
    """The params of SigLIP's image tower, which may have no attention pooling behind it."""
    head = "attention" if values["vision_use_head"] else "none"
    return tower(values) | {"hidden": values["intermediate_size"], "front": 0, "head": head}


def _swin(values: KeyValues) -> Params:
    depths, window, patch = values["depths"], values["window_size"], values["patch_size"]
    if len(values["num_heads"]) != len(depths):
        raise values.refused("num_heads", "must be as long as 'depths'")
    for stage, heads in enumerate(values["num_heads"]):
        if (values["embed_dim"] << stage) % heads:
            words = f"does not divide the {values['embed_dim'] << stage:,} features of stage {stage}: {heads:,} heads"
            raise values.refused("num_heads", words, "embed_dim")
    if int(values["embed_dim"] * values["mlp_ratio"]) < 1:
        raise values.refused("mlp_ratio", "leaves no features", "embed_dim")
    last = -(-values["image_size"] // (patch * 2 ** (len(depths) - 1)))
    if values["image_size"] % patch or last < window:
        raise values.refused("window_size", f"does not fit into the {last} positions of the last stage")
    return {
        "resolution": values["image_size"],
        "channels": values["num_channels"],
        "patch": patch,
        "width": values["embed_dim"],
        "depths": tuple(depths),
        "heads": tuple(values["num_heads"]),
        "window": window,
        "mlp_ratio": values["mlp_ratio"],
        "activation": activation(values, "hidden_act"),
        "qkv_bias": values["qkv_bias"],
        "drop_path": values["drop_path_rate"],
        "num_classes": labels(values),
    }


_IMAGE = COMMON | {
    "hidden_size": Key(SIZE, 768),
    "num_hidden_layers": Key(LAYERS, 12),
    "num_attention_heads": Key(SIZE, 12),
    "hidden_act": Key(TEXT, "gelu"),
    "layer_norm_eps": Key(EPSILON, 1e-12),
    "image_size": Key(PIXELS, 224),
    "patch_size": Key(SIZE, 16),
    "num_channels": Key(SIZE, 3),
}
_HIDDEN = {"intermediate_size": Key(SIZE, 3072)}
_VIT = _IMAGE | _HIDDEN | {"qkv_bias": Key(FLAG, True), "pooler_output_size": Key(maybe(SIZE))}
_POOLER: Params = {"head": "pooler"}
_CLASSES: Params = {"head": "first"}

VIT = Family(
    IMAGE_ENCODER, _VIT, _vit, {"ViTModel": _POOLER, "ViTForImageClassification": _CLASSES}, _HARMLESS | {"pooler_act"}
)
DEIT = Family(
    IMAGE_ENCODER,
    _VIT,
    _deit,
    {
        "DeiTModel": _POOLER,
        "DeiTForImageClassification": _CLASSES,
        "DeiTForImageClassificationWithTeacher": {"head": "each_front"},
    },
    _HARMLESS | {"pooler_act"},
)
DINOV2 = Family(
    IMAGE_ENCODER,
    _IMAGE
    | {
        "mlp_ratio": Key(FACTOR, 4),
        "layer_norm_eps": Key(EPSILON, 1e-6),
        "patch_size": Key(SIZE, 14),
        "qkv_bias": Key(FLAG, True),
        "use_swiglu_ffn": Key(FLAG, False),
        "use_mask_token": Key(FLAG, True),
    },
    _dinov2,
    {"Dinov2Model": {"head": "token"}, "Dinov2ForImageClassification": {"head": "first_and_mean"}},
    _HARMLESS | _BACKBONE,
)
CLIP_VISION = Family(
    IMAGE_ENCODER,
    _IMAGE
    | _HIDDEN
    | {
        "hidden_act": Key(TEXT, "quick_gelu"),
        "layer_norm_eps": Key(EPSILON, 1e-5),
        "patch_size": Key(SIZE, 32),
        "projection_dim": Key(maybe(SIZE), 512),
    },
    clip_tower,
    {"CLIPVisionModel": {"head": "token"}, "CLIPVisionModelWithProjection": {"head": "projection"}},
    _HARMLESS | {"dropout"},
)
SIGLIP_VISION = Family(
    IMAGE_ENCODER,
    _IMAGE
    | _HIDDEN
    | {
        "hidden_act": Key(TEXT, "gelu_pytorch_tanh"),
        "layer_norm_eps": Key(EPSILON, 1e-6),
        "vision_use_head": Key(FLAG, True),
    },
    siglip_tower,
    {"SiglipVisionModel": {}},
    _HARMLESS,
)
SWIN = Family(
    "swin_t",
    COMMON
    | {
        "image_size": Key(PIXELS, 224),
        "patch_size": Key(SIZE, 4),
        "num_channels": Key(SIZE, 3),
        "embed_dim": Key(SIZE, 96),
        "depths": Key(SIZES, (2, 2, 6, 2)),
        "num_heads": Key(SIZES, (3, 6, 12, 24)),
        "window_size": Key(SIZE, 7),
        "mlp_ratio": Key(FACTOR, 4.0),
        "qkv_bias": Key(FLAG, True),
        "hidden_act": Key(TEXT, "gelu"),
        "use_absolute_embeddings": Key(only(False), False),
        "drop_path_rate": Key(SHARE, 0.1),
    },
    _swin,
    {"SwinModel": {"num_classes": 0}, "SwinForImageClassification": {}},
    (_HARMLESS - {"drop_path_rate"})
    | _BACKBONE
    | {"layer_norm_eps", "hidden_size", "num_layers", "path_norm", "num_hidden_layers"},
    {"num_attention_heads": "num_heads"},
)
