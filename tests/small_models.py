"""Small settings of the zoo's own specs, one of each family at least: a run with numbers takes next to no time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import archcost

if TYPE_CHECKING:
    from archcost.analysis.report import Report

IMAGE = {"resolution": 64}
SHALLOW = {"depths": [1, 1, 1, 1]}
FRAME = {"height": 128, "width": 128}
TEXT = {"layers": 2, "vocabulary": 100, "tokens": 16}
LLAMA = {**TEXT, "width": 64, "heads": 8, "kv_heads": 4, "hidden": 96}
MVIT = {**IMAGE, "widths": [96, 192, 384], "heads": [1, 2, 4], "strides": [1, 2, 2], "kv_strides": [8, 4, 2]}
BOTH = {"vocabulary": 100, "source_len": 16, "target_len": 12}
LATENT = {
    "width": 64,
    "heads": 4,
    "kv_heads": 4,
    "hidden": 96,
    "latent": 16,
    "nope_dim": 8,
    "rope_dim": 8,
    "value_dim": 8,
    "experts": 4,
    "experts_per_token": 2,
    "expert_hidden": 16,
    "shared_hidden": 16,
}
SMALL: dict[str, dict[str, Any]] = {
    "alexnet": {},
    "bart": {**TEXT, "layers": 1, "decoder_layers": 1, "width": 96},
    "beit3_base_patch16_224": {"depth": 1},
    "bert_base": {**TEXT, "width": 96},
    "chinchilla_44m": {**TEXT, "width": 64, "hidden": 96, "kv_size": 8, "heads": 4},
    "clip": {"image_layers": 1, "text_layers": 1, "vocabulary": 100},
    "convnext_tiny": {**IMAGE, **SHALLOW},
    "crossvit_tiny_240": {},
    "darknet53": IMAGE,
    "ddpm_cifar10": {"width": 32},
    "decoder": {**TEXT, "layers": 1},
    "deepseek_v2_lite": {**TEXT, **LATENT},
    "deeplabv3_mobilenet_v3_large": {"resolution": 128},
    "densenet121": {**IMAGE, **SHALLOW},
    "densenet40_k12": {},
    "detr_resnet50": {"height": 64, "width": 96, "depth": 1, "queries": 10},
    "dla60": IMAGE,
    "dpn98": {**IMAGE, **SHALLOW},
    "efficientnet_b0": IMAGE,
    "fcn_resnet50": IMAGE,
    "fcos_resnet50_fpn": FRAME,
    "gemma_2_2b": {**LLAMA, "head_dim": 8, "window": 8},
    "ghostnet": {},
    "gmlp_ti16": {"depth": 2},
    "gpt2": {**TEXT, "width": 96},
    "gru_lm": {"width": 64, "vocabulary": 100},
    "inception_reduced": {},
    "lraspp_mobilenet_v3_large": {"resolution": 128},
    "lstm_lm": {"width": 64, "vocabulary": 100},
    "mamba_130m": {"layers": 1, "width": 32, "vocabulary": 50, "tokens": 6},
    "maxvit_t": SHALLOW,
    "mcunet_in0": {},
    "mistral_7b": LLAMA,
    "mixer_s32": {"depth": 2},
    "mixnet_s": {},
    "mixtral_8x7b": LLAMA,
    "mnasnet0_5": IMAGE,
    "mobilenet_v1_0_25": IMAGE,
    "mvit_v2_s": MVIT,
    "nas_bench_macro": {},
    "nfnet_f0": {**IMAGE, **SHALLOW},
    "nin": {},
    "ofa_mobilenet_v3": {**IMAGE, "depths": [2, 2, 2, 2, 2]},
    "plain_block": {},
    "poolformer_s12": {},
    "r2plus1d_18": {"frames": 8, "resolution": 32},
    "regnet_y_400mf": IMAGE,
    "repvgg_a0": {},
    "res2net50_26w_6s": {**IMAGE, **SHALLOW},
    "resnet18": IMAGE,
    "resnet20": {},
    "resnet50_v2": SHALLOW,
    "resnext50_32x4d": IMAGE,
    "retinanet_resnet50_fpn": FRAME,
    "s3d": {},  # its last pool takes no less
    "se_resnet50": SHALLOW,
    "shufflenet_v1_x0_5": {},
    "shufflenet_v2_x0_5": IMAGE,
    "squeezenet1_1": {},
    "ssdlite320_mobilenet_v3_large": {},
    "swin3d_t": {"resolution": 64, "frames": 8, "depths": [2, 2, 2, 2]},
    "swin_t": {"depths": [2, 2, 2, 2]},
    "swin_v2_t": {"depths": [2, 2, 2, 2]},
    "t5_small": {**BOTH, "layers": 2},
    "tcn": {"tokens": 100},
    "tinyllama_1_1b": LLAMA,
    "transformer_base": {**BOTH, "layers": 1, "d_model": 64, "d_ff": 128},
    "unet": {"resolution": 188, "width": 16},
    "vgg11": IMAGE,
    "vit_b_32": {"depth": 2},
    "wav2vec2_base": {"samples": 2000, "layers": 2, "width": 96},
    "whisper_tiny": {**TEXT, "frames": 64},
    "wide_resnet50_2": IMAGE,
    "xception": {},
    "xcit_tiny_12_p16_384": {"depth": 1, "resolution": 64},
}


@cache
def small_report(name: str) -> Report:
    """A model at its small settings, or as it is. The report is for reading: it is made once in a session."""
    return archcost.analyze(name, params=SMALL.get(name))
