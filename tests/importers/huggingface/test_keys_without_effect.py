"""Keys of published configurations that change nothing, and weights that are saved in fewer bits than the dtype's."""

from __future__ import annotations

import inspect
import json
import re
from importlib import import_module
from typing import Any

import pytest
from configurations import ROWS

from archcost import analyze
from archcost.errors import SpecError
from archcost.importers.huggingface.common import HARMLESS, UNREAD
from archcost.importers.huggingface.configuration import spec_text
from archcost.importers.huggingface.families import FAMILIES
from archcost.spec.loader import loads

BY_TYPE = {row.config["model_type"]: row.config for row in ROWS}


def made(model_type: str, **changes: Any) -> str:
    return spec_text(json.dumps(BY_TYPE[model_type] | changes), "config.json")


# What published files hold beside the keys of the class: of a conversion, of training, of older versions.
PUBLISHED = [
    ("bart", {"_num_labels": 3, "save_step": 8, "static_position_embeddings": False, "extra_pos_embeddings": 2}),
    ("bert", {"directionality": "bidi", "pooler_fc_size": 768, "pooler_type": "first_token_transform"}),
    ("deberta-v2", {"padding_idx": 0, "attention_head_size": None}),
    ("distilbert", {"tie_weights_": True, "output_past": True}),
    ("electra", {"generator_size": "0.25", "summary_use_proj": True}),
    ("falcon", {"apply_residual_connection_post_layernorm": False}),
    ("gemma2", {"sliding_window_size": 4096, "cache_implementation": "hybrid"}),
    ("gpt2", {"predict_special_tokens": True, "n_ctx": 1024}),
    ("llama", {"is_llama_config": True, "rope_interleaved": False, "max_sequence_length": 2048, "pretraining_tp": 1}),
    ("phi3", {"lm_head_bias": False, "full_attn_mod": 1, "interpolate_factor": 1}),
    ("qwen2", {"use_mrope": False, "seq_length": 32768, "model_max_length": 32768}),
    ("wav2vec2", {"freeze_feat_extract_train": True, "no_mask_time_overlap": False}),
]


@pytest.mark.parametrize(("model_type", "keys"), PUBLISHED, ids=lambda value: value if isinstance(value, str) else "")
def test_keys_of_published_files_change_nothing(model_type: str, keys: dict[str, Any]) -> None:
    assert made(model_type, **keys) == made(model_type)


@pytest.mark.parametrize("model_type", FAMILIES)
def test_no_code_of_the_library_reads_what_is_called_unread(model_type: str) -> None:
    """Neither that of the family nor what all have in common; and the tables read none of it."""
    transformers = pytest.importorskip("transformers")
    config = transformers.CONFIG_MAPPING[model_type]
    package = config.__module__.rpartition(".configuration_")
    modules = [config.__module__, f"{package[0]}.modeling_{package[2]}"]
    modules += ["transformers.configuration_utils", "transformers.modeling_utils", "transformers.modeling_layers"]
    text = "\n".join(inspect.getsource(import_module(name)) for name in modules)
    read = set(re.findall(r"config\.(\w+)", text)) | set(re.findall(r"getattr\(\w+, \"(\w+)\"", text))
    assert len(read) > 20
    assert not read & UNREAD


def test_how_text_is_generated_is_no_matter_of_the_model() -> None:
    """Every setting of the library's generation, at any value, of which some files hold a few."""
    transformers = pytest.importorskip("transformers")
    settings = {name for name in vars(transformers.GenerationConfig()) if not name.startswith("_")}
    assert settings <= HARMLESS


NO_MODELS = [
    ("llama", {"add_cross_attention": True}, "'add_cross_attention' takes false, got true"),
    ("phi3", {"lm_head_bias": True}, "'lm_head_bias' takes false, got true"),
    ("deberta-v2", {"attention_head_size": 1000}, "'attention_head_size' gives heads that do not share"),
]


@pytest.mark.parametrize(("model_type", "changes", "words"), NO_MODELS)
def test_other_values_are_refused(model_type: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        made(model_type, **changes)
    assert words in str(caught.value)


COMPRESSED = {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}
SAVED = [
    ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "in 8 bits by fp8: --weight-dtype float8"),
    ({"quant_method": "awq", "bits": 4, "group_size": 128}, "in 4 bits by awq: --weight-dtype int4"),
    ({"quant_method": "gptq", "bits": 8}, "in 8 bits by gptq: --weight-dtype int8"),
    ({"quant_method": "gptq", "bits": 3}, "in 3 bits by gptq"),
    ({"load_in_4bit": True, "load_in_8bit": False}, "in 4 bits by bitsandbytes: --weight-dtype int4"),
    ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "in 8 bits by bitsandbytes: --weight-dtype int8"),
    (
        {"quant_method": "compressed-tensors", "config_groups": COMPRESSED},
        "in 8 bits by compressed-tensors: --weight-dtype float8",
    ),
    ({"quant_method": "mxfp4"}, "in 4 bits by mxfp4: --weight-dtype int4"),
    ({"quant_method": "quanto", "weights": "int4"}, "in 4 bits by quanto: --weight-dtype int4"),
    ({"quant_algo": "FP8"}, "in 8 bits by FP8: --weight-dtype float8"),
    ({"quant_method": "mine", "bits": True}, "by mine, in unknown bits"),
    ({}, "by a method without a name, in unknown bits"),
    (["odd"], "by a method without a name, in unknown bits"),
]


@pytest.mark.parametrize(("written", "words"), SAVED, ids=str)
def test_weights_that_are_saved_in_fewer_bits_are_told(written: object, words: str) -> None:
    """With the option that shows their bytes; the figures themselves are those of the dtype."""
    text = made("llama", quantization_config=written)
    spec = loads(text)
    assert spec.source.endswith(f"; weights saved {words}")
    assert text.startswith("# The weights are saved ")
    assert analyze(spec).totals == analyze(loads(made("llama"))).totals
    dtype = words.partition("--weight-dtype ")[2]
    if dtype:
        assert analyze(spec, weight_dtype=dtype).totals.weight_bytes < analyze(spec).totals.weight_bytes


def test_modules_that_are_not_quantized_are_named() -> None:
    written = {"quant_method": "awq", "bits": 4, "modules_to_not_convert": ["lm_head", "gate", "a", "b"]}
    text = " ".join(made("llama", quantization_config=written).replace("\n#", "").split())
    assert "in 4 bits by awq, but those of lm_head, gate, a and others." in text
    assert made("llama", quantization_config=None) == made("llama")


def test_odd_names_of_methods_stay_text() -> None:
    text = made("llama", quantization_config={"quant_method": "x\n- relu: \u001b[31m" + "y" * 500, "bits": 4})
    assert loads(text).source.count("y") < 50
    assert "\u001b" not in text
