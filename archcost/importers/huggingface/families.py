"""Which model types are known, and where: only the module of the one that is read is loaded."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from archcost.importers.huggingface.family import Family

FAMILIES = {
    "albert": "encoders.ALBERT",
    "bart": "sequences.BART",
    "bert": "encoders.BERT",
    "bloom": "layer_norm_decoders.BLOOM",
    "clip": "image_text.CLIP",
    "clip_text_model": "image_text.CLIP_TEXT",
    "clip_vision_model": "images.CLIP_VISION",
    "deberta-v2": "deberta.DEBERTA_V2",
    "deepseek_v3": "mixtures.DEEPSEEK_V3",
    "deit": "images.DEIT",
    "dinov2": "images.DINOV2",
    "distilbert": "encoders.DISTILBERT",
    "electra": "encoders.ELECTRA",
    "falcon": "layer_norm_decoders.FALCON",
    "gemma": "decoders.GEMMA",
    "gemma2": "decoders.GEMMA2",
    "gpt2": "layer_norm_decoders.GPT2",
    "gpt_neox": "layer_norm_decoders.GPT_NEOX",
    "llama": "decoders.LLAMA",
    "mistral": "decoders.MISTRAL",
    "mixtral": "mixtures.MIXTRAL",
    "mpnet": "encoders.MPNET",
    "olmo2": "decoders.OLMO2",
    "opt": "layer_norm_decoders.OPT",
    "phi3": "decoders.PHI3",
    "qwen2": "decoders.QWEN2",
    "qwen2_moe": "mixtures.QWEN2_MOE",
    "qwen3": "decoders.QWEN3",
    "qwen3_moe": "mixtures.QWEN3_MOE",
    "roberta": "encoders.ROBERTA",
    "siglip": "image_text.SIGLIP",
    "siglip_text_model": "image_text.SIGLIP_TEXT",
    "siglip_vision_model": "images.SIGLIP_VISION",
    "swin": "images.SWIN",
    "t5": "sequences.T5",
    "vit": "images.VIT",
    "wav2vec2": "audio.WAV2VEC2",
    "whisper": "sequences.WHISPER",
    "xlm-roberta": "encoders.XLM_ROBERTA",
}


def family_of(model_type: str) -> Family | None:
    """What is known of a model type, if anything is."""
    place = FAMILIES.get(model_type)
    if place is None:
        return None
    module, name = place.split(".")
    return cast("Family", getattr(import_module(f"{__package__}.{module}"), name))
