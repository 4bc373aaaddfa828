"""Two towers for images and text: CLIP and SigLIP, and their towers for text alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.huggingface.common import COMMON, activation, head_size
from archcost.importers.huggingface.family import Family
from archcost.importers.huggingface.images import CLIP_VISION, SIGLIP_VISION, tower
from archcost.importers.keys import EPSILON, LAYERS, OBJECT, SIZE, TEXT, Key, maybe

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import KeyValues, Params

_HARMLESS = frozenset({"attention_dropout", "dropout", "logit_scale_init_value", "tie_word_embeddings"})


def _text(values: KeyValues) -> Params:
    """The params of a tower for text."""
    head_size(values, "hidden_size", "num_attention_heads")
    return {
        "vocabulary": values["vocab_size"],
        "width": values["hidden_size"],
        "layers": values["num_hidden_layers"],
        "heads": values["num_attention_heads"],
        "hidden": values["intermediate_size"],
        "positions": values["max_position_embeddings"],
        "activation": activation(values, "hidden_act"),
        "eps": values["layer_norm_eps"],
    }


def _clip_text(values: KeyValues) -> Params:
    return _text(values) | {"projected": values["projection_dim"] or 0}


def _siglip_text(values: KeyValues) -> Params:
    projected = values["projection_size"] or values["hidden_size"]
    return _text(values) | {"causal": False, "projected": projected, "projection_bias": True}


def _both(values: KeyValues, text: Family, image: Family) -> Params:
    """The params of both towers, by names of their own."""
    words = _text(values.inner("text_config", text))
    shared = {name: words.pop(name) for name in ("vocabulary", "positions")}
    pixels = values.inner("vision_config", image)
    seen = tower(pixels) | {"hidden": pixels["intermediate_size"]}
    shared |= {name: seen.pop(name) for name in ("trained", "patch", "channels")}
    params = {f"text_{name}": value for name, value in words.items()}
    return shared | params | {f"image_{name}": value for name, value in seen.items()}


def _clip(values: KeyValues) -> Params:
    return _both(values, CLIP_TEXT, CLIP_VISION) | {"projected": values["projection_dim"]}


def _siglip(values: KeyValues) -> Params:
    text, image = values.inner("text_config", SIGLIP_TEXT), values.inner("vision_config", SIGLIP_VISION)
    projected = text["projection_size"] or text["hidden_size"]
    if not image["vision_use_head"] or projected != image["hidden_size"]:
        raise values.refused("vision_config", "has features that do not meet those of the text")
    more = {"projected": projected, "class_token": False, "causal": False, "shifted": True}
    return _both(values, SIGLIP_TEXT, SIGLIP_VISION) | more


_TEXT = COMMON | {
    "vocab_size": Key(SIZE, 49408),
    "hidden_size": Key(SIZE, 512),
    "intermediate_size": Key(SIZE, 2048),
    "num_hidden_layers": Key(LAYERS, 12),
    "num_attention_heads": Key(SIZE, 8),
    "max_position_embeddings": Key(SIZE, 77),
    "hidden_act": Key(TEXT, "quick_gelu"),
    "layer_norm_eps": Key(EPSILON, 1e-5),
}
_TOWERS = COMMON | {"text_config": Key(maybe(OBJECT)), "vision_config": Key(maybe(OBJECT))}

CLIP_TEXT = Family(
    "clip_text",
    _TEXT | {"projection_dim": Key(maybe(SIZE), 512)},
    _clip_text,
    {"CLIPTextModel": {"projected": 0}, "CLIPTextModelWithProjection": {}},
    _HARMLESS,
)
SIGLIP_TEXT = Family(
    "clip_text",
    _TEXT
    | {
        "vocab_size": Key(SIZE, 32000),
        "hidden_size": Key(SIZE, 768),
        "intermediate_size": Key(SIZE, 3072),
        "num_attention_heads": Key(SIZE, 12),
        "max_position_embeddings": Key(SIZE, 64),
        "hidden_act": Key(TEXT, "gelu_pytorch_tanh"),
        "layer_norm_eps": Key(EPSILON, 1e-6),
        "projection_size": Key(maybe(SIZE)),
    },
    _siglip_text,
    {"SiglipTextModel": {}},
    _HARMLESS,
)
CLIP = Family("clip", _TOWERS | {"projection_dim": Key(SIZE, 512)}, _clip, {"CLIPModel": {}}, _HARMLESS)
SIGLIP = Family("clip", _TOWERS, _siglip, {"SiglipModel": {}}, _HARMLESS)
