"""A config.json gives the params and MACs of the library's own model, to the unit, and what is not known is refused."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from itertools import cycle, product
from typing import TYPE_CHECKING, Any

import pytest
from configurations import ROWS, Row, batch_of, params_of
from released import RELEASED, Released

from archcost import analyze
from archcost.errors import SpecError
from archcost.importers.huggingface.common import HARMLESS
from archcost.importers.huggingface.configuration import spec_text
from archcost.importers.huggingface.families import FAMILIES, family_of
from archcost.named_specs import load_spec
from archcost.spec.loader import loads, reads
from tests.cover import one_of_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from conftest import Run

    from archcost.analysis.report import Report

BY_TYPE = {row.config["model_type"]: row.config for row in ROWS}


def report_of(config: dict[str, Any], sizes: Mapping[str, tuple[int, ...]]) -> Report:
    """The report of a configuration, on inputs of these sizes."""
    row = Row(config, sizes)
    spec = loads(spec_text(json.dumps(config), "config.json"))
    return analyze(spec, params=params_of(row), batch=batch_of(row))


def refused(config: dict[str, Any], **changes: Any) -> str:
    """The message for a configuration that is not understood."""
    with pytest.raises(SpecError) as caught:
        loads(spec_text(json.dumps(config | changes, indent=1), "config.json"))
    return str(caught.value)


def of_each_type_and_head() -> Iterator[Any]:
    """All rows; the first of a type, and the first of any type with its head, are not long."""
    types, heads = set(), set()
    for row in ROWS:
        model_type = row.config["model_type"]
        head = row.config.get("architectures", [""])[0].partition("For")[2]
        yield pytest.param(row, marks=[pytest.mark.long] if model_type in types and head in heads else [])
        types.add(model_type)
        heads.add(head)


@pytest.mark.parametrize("row", list(of_each_type_and_head()), ids=lambda row: row.name)
def test_small_models_are_those_of_the_library(row: Row) -> None:
    """Params and MACs of every class and option."""
    totals = report_of(row.config, row.sizes).totals
    assert (totals.params, totals.macs) == _truth().figures(row.config, row.device, **row.sizes)


@pytest.mark.parametrize("released", RELEASED, ids=lambda released: released.name)
def test_released_models_have_their_released_sizes(released: Released) -> None:
    assert report_of(released.config, released.sizes).totals.params == released.params


@pytest.mark.parametrize("released", one_of_each(RELEASED, lambda each: tuple(each.sizes)), ids=lambda each: each.name)
def test_released_models_are_those_of_the_library(released: Released) -> None:
    """At full size, on the meta device."""
    totals = report_of(released.config, released.sizes).totals
    assert (totals.params, totals.macs) == _truth().figures(released.config, released.device, **released.sizes)


# Params of whole models that the library cannot run without numbers, and the arithmetic of what a token meets.
EXPERTS = [
    (
        # 32 layers: q and o 4096·4096, k and v 4096·1024, 8 experts 3·4096·14336, router 4096·8, two norms; embedding,
        # head, norm. Two experts of eight meet a token.
        {
            "model_type": "mixtral", "architectures": ["MixtralForCausalLM"], "hidden_size": 4096,
            "intermediate_size": 14336, "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32,
            "num_key_value_heads": 8, "num_local_experts": 8, "rms_norm_eps": 1e-5, "rope_theta": 1e6,
            "sliding_window": None, "tie_word_embeddings": False, "vocab_size": 32000,
        },
        32 * (2 * 4096**2 + 2 * 4096 * 1024 + 8 * 3 * 4096 * 14336 + 8 * 4096 + 2 * 4096) + 2 * 32000 * 4096 + 4096,
        32 * (2 * 4096**2 + 2 * 4096 * 1024 + 2 * 3 * 4096 * 14336 + 8 * 4096) + 32000 * 4096,
        32 * 32 * 128,
    ),
    (
        # 48 layers, heads of 128: q and o 2048·4096, k and v 2048·512, norms of heads, 128 experts 3·2048·768.
        {
            "model_type": "qwen3_moe", "architectures": ["Qwen3MoeForCausalLM"], "attention_bias": False,
            "decoder_sparse_step": 1, "head_dim": 128, "hidden_size": 2048, "intermediate_size": 6144,
            "max_window_layers": 48, "mlp_only_layers": [], "moe_intermediate_size": 768, "num_attention_heads": 32,
            "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 48, "num_key_value_heads": 4,
            "rms_norm_eps": 1e-6, "tie_word_embeddings": False, "use_sliding_window": False, "vocab_size": 151936,
        },
        48 * (2 * 2048 * 4096 + 2 * 2048 * 512 + 2 * 128 + 128 * 3 * 2048 * 768 + 128 * 2048 + 2 * 2048)
        + 2 * 151936 * 2048 + 2048,
        48 * (2 * 2048 * 4096 + 2 * 2048 * 512 + 8 * 3 * 2048 * 768 + 128 * 2048) + 151936 * 2048,
        48 * 32 * 128,
    ),
    (
        # 61 layers, three of them dense: latents of 1536 (query) and 512 + 64; 128 heads of 128 + 64 and of 128.
        {
            "model_type": "deepseek_v3", "architectures": ["DeepseekV3ForCausalLM"], "first_k_dense_replace": 3,
            "hidden_size": 7168, "intermediate_size": 18432, "kv_lora_rank": 512, "moe_intermediate_size": 2048,
            "moe_layer_freq": 1, "n_routed_experts": 256, "n_shared_experts": 1, "num_attention_heads": 128,
            "num_experts_per_tok": 8, "num_hidden_layers": 61, "num_key_value_heads": 128, "q_lora_rank": 1536,
            "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "quantization_config": {"quant_method": "fp8"},
            "v_head_dim": 128, "vocab_size": 129280, "topk_method": "noaux_tc",
        },
        61 * (
            7168 * 1536 + 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 + 512 * 128 * 256 + 128 * 128 * 7168 + 2 * 7168
        )
        + 3 * 3 * 7168 * 18432 + 58 * (257 * 3 * 7168 * 2048 + 256 * 7168) + 2 * 129280 * 7168 + 7168,
        61 * (7168 * 1536 + 1536 * 128 * 192 + 7168 * 576 + 512 * 128 * 256 + 128 * 128 * 7168)
        + 3 * 3 * 7168 * 18432 + 58 * (9 * 3 * 7168 * 2048 + 256 * 7168) + 129280 * 7168,
        61 * 128 * (192 + 128) // 2,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "params", "of_a_token", "of_a_pair"), EXPERTS)
def test_mixtures_of_experts_follow_the_formula(
    config: dict[str, Any], params: int, of_a_token: int, of_a_pair: int
) -> None:
    """MACs: what a token meets, for each of 16; and two products of attention for each pair of tokens."""
    totals = report_of(config, {"input_ids": (1, 16)}).totals
    assert totals.params == params
    assert totals.macs == 16 * of_a_token + 2 * 16 * 16 * of_a_pair


def test_a_step_behind_cached_tokens() -> None:
    """A window of 4 keeps 3 positions: the one new token meets 4 keys, and 11 where there is no window."""
    config = BY_TYPE["mistral"] | {"head_dim": 8}
    for window, keys in ((4, 4), (None, 11)):
        spec = loads(spec_text(json.dumps(config | {"sliding_window": window}), "config.json"))
        one = analyze(spec, params={"tokens": 1, "past": 10})
        alone = analyze(spec, params={"tokens": 1, "past": 0})
        assert one.totals.macs - alone.totals.macs == 3 * 2 * 4 * 8 * (keys - 1)  # layers, products, heads, features
        assert one.totals.cache_bytes == 3 * 2 * 2 * 8 * 4 * keys  # layers, key and value, heads, features, bytes


@pytest.mark.parametrize("model_type", FAMILIES)
def test_absent_keys_mean_what_the_library_means(model_type: str) -> None:
    """Every default of a table is that of the configuration's class, and every key of the class is known."""
    transformers = pytest.importorskip("transformers")
    family = family_of(model_type)
    assert family is not None
    fields = {
        field.name: field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        for field in dataclasses.fields(transformers.CONFIG_MAPPING[model_type])
    }
    held = {name: key.default for name, key in family.keys.items() if name in fields and name not in _DERIVED}
    assert held == {name: fields[name] for name in held}
    known = family.keys.keys() | family.aliases.keys() | family.harmless | HARMLESS
    assert {name for name in fields if not name.startswith("_")} <= known


_DERIVED = {"id2label"}  # which the class makes of the number of labels


@pytest.mark.parametrize("model_type", FAMILIES)
def test_unknown_keys_are_refused(model_type: str) -> None:
    """With the place, and the way out that builds the model."""
    message = refused(BY_TYPE[model_type], extra_gates=3)
    assert "the key 'extra_gates' is not known here, and may change the architecture" in message
    assert "config.json:" in message
    assert "`transformers:config.json` in place of the path" in message


# What version 4 of the library wrote of every object within a configuration, the towers of CLIP for one.
WRITTEN_IN_FULL = {
    "_name_or_path": "", "add_cross_attention": False, "bad_words_ids": None, "begin_suppress_tokens": None,
    "bos_token_id": 0, "chunk_size_feed_forward": 0, "cross_attention_hidden_size": None,
    "decoder_start_token_id": None, "diversity_penalty": 0.0, "do_sample": False, "early_stopping": False,
    "encoder_no_repeat_ngram_size": 0, "eos_token_id": 2, "exponential_decay_length_penalty": None,
    "finetuning_task": None, "forced_bos_token_id": None, "forced_eos_token_id": None, "is_decoder": False,
    "length_penalty": 1.0, "max_length": 20, "min_length": 0, "no_repeat_ngram_size": 0, "num_beam_groups": 1,
    "num_beams": 1, "num_return_sequences": 1, "output_attentions": False, "output_hidden_states": False,
    "output_scores": False, "prefix": None, "problem_type": None, "pruned_heads": {}, "remove_invalid_values": False,
    "repetition_penalty": 1.0, "return_dict": True, "return_dict_in_generate": False, "sep_token_id": None,
    "suppress_tokens": None, "task_specific_params": None, "temperature": 1.0, "tf_legacy_loss": False,
    "tie_encoder_decoder": False, "tokenizer_class": None, "top_k": 50, "top_p": 1.0, "torch_dtype": None,
    "torchscript": False, "transformers_version": "4.16.0", "typical_p": 1.0, "use_bfloat16": False,
}  # fmt: skip


@pytest.mark.parametrize("model_type", FAMILIES)
def test_keys_of_every_configuration_change_nothing(model_type: str) -> None:
    """Whether they stand in the file or in an object within it."""
    config = BY_TYPE[model_type]
    full = WRITTEN_IN_FULL | config
    full |= {name: WRITTEN_IN_FULL | value for name, value in config.items() if name.endswith("_config")}
    assert analyze(loads(spec_text(json.dumps(full), "config.json"))).totals == (
        analyze(loads(spec_text(json.dumps(config), "config.json"))).totals
    )


NOT_AS_WRITTEN = [
    ("deberta-v2", {"share_att_key": True, "pos_att_type": ["c2p"]}, "'share_att_key' has distances projected"),
    ("deberta-v2", {"relative_attention": False, "norm_rel_ebd": "layer_norm"}, "'norm_rel_ebd' norms distances"),
    ("t5", {"tie_encoder_decoder": True}, "'tie_encoder_decoder' takes false, got true"),
    ("llama", {"add_cross_attention": True}, "'add_cross_attention' takes false, got true"),
]


@pytest.mark.parametrize(("model_type", "changes", "words"), NOT_AS_WRITTEN)
def test_keys_that_go_together_are_refused_apart(model_type: str, changes: dict[str, Any], words: str) -> None:
    """The library has weights or products that no result comes of: another model than a person means."""
    assert words in refused(BY_TYPE[model_type], **changes)


@pytest.mark.parametrize("model_type", FAMILIES)
def test_unknown_classes_are_refused(model_type: str) -> None:
    """A head of one's own is no head that is known."""
    assert "the class 'MyOwnModel' is not known here" in refused(BY_TYPE[model_type], architectures=["MyOwnModel"])


BAD = [
    ({"hidden_size": -1}, "'hidden_size' takes a whole number ≥ 1, got -1"),
    ({"hidden_size": 1 << 70}, "'hidden_size' takes a whole number ≥ 1"),
    ({"hidden_size": "$(9 ** 9)"}, "'hidden_size' takes a whole number ≥ 1, got '$(9 ** 9)'"),
    ({"hidden_size": True}, "'hidden_size' takes a whole number ≥ 1, got true"),
    ({"rms_norm_eps": -1e-5}, "'rms_norm_eps' takes a number ≥ 0, got"),
    ({"hidden_size": None}, "'hidden_size' takes a whole number ≥ 1, got null"),
    ({"num_hidden_layers": [2]}, "'num_hidden_layers' takes a whole number from 1 to 10,000, got a list"),
    ({"tie_word_embeddings": "yes"}, "'tie_word_embeddings' takes true or false, got 'yes'"),
    ({"hidden_act": "snake"}, "'hidden_act' is the activation 'snake', which is not known here"),
    ({"hidden_act": {}}, "'hidden_act' takes text, got an object"),
    ({"rope_parameters": {"rope_theta": "big"}}, "'rope_parameters' has a rope_theta that is not a number ≥ 1"),
    ({"rope_theta": -3}, "'rope_theta' takes a number ≥ 1 or null, got -3"),
    ({"partial_rotary_factor": 1.5}, "'partial_rotary_factor' takes a number from 0 to 1 or null, got 1.5"),
    ({"num_key_value_heads": 3}, "'num_attention_heads' is no multiple of 'num_key_value_heads'"),
    ({"head_dim": 7}, "'head_dim' gives heads 7 features to rotate, which are no pairs"),
    ({"is_encoder_decoder": True}, "'is_encoder_decoder' takes false, got true"),
    ({"architectures": {}}, "is not known here"),
    ({"architectures": [["LlamaModel"]]}, "is not known here"),
    ({"model_type": "lama"}, "the model type 'lama' is not known here"),
    ({"model_type": ["llama"]}, "the model type '…' is not known here"),
    ({"id2label": 7}, "'id2label' takes an object or null, got 7"),
    ({"num_hidden_layer": 3}, "did you mean 'num_hidden_layers'"),
]


@pytest.mark.parametrize(("changes", "words"), BAD, ids=lambda value: str(value)[:40])
def test_bad_values_are_errors_with_a_place(changes: dict[str, Any], words: str) -> None:
    """Whatever stands in a file, it is told or refused."""
    message = refused(BY_TYPE["llama"], **changes)
    assert words in message
    assert "--> config.json:" in message


@pytest.mark.parametrize("model_type", FAMILIES)
def test_what_no_model_has_is_told_at_its_key(model_type: str, pytestconfig: pytest.Config) -> None:
    """Each key by itself: a value makes a model that can be costed, or the error has its place in the file."""
    usual = BY_TYPE[model_type]
    keys = list(family_of(model_type).keys)  # type: ignore[union-attr]
    every = product(keys, (-3, 0, 7, 1000))
    for name, value in every if pytestconfig.getoption("--all") else zip(keys, cycle((-3, 7))):
        text = json.dumps({**usual, name: value}, indent=1)
        try:
            made = spec_text(text, "config.json")
        except SpecError as error:
            texts = {found.mark and found.mark.source.text for found in error.diagnostics}
        else:
            texts = {text} if analyze(reads(made, name="config.json", is_made=True)).totals.params else set()
        assert texts == {text}, (name, value)


@pytest.mark.parametrize(
    "text",
    [
        '{"model_type": "llama"',
        '{"model_type": "llama", "model_type": "bert"}',
        '{"model_type": "llama", "x": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"model_type": "llama", "hidden_size": 1e400}',
        '{"model_type": NaN}',
        '{"architectures": ["LlamaModel"]}',
        '{"model_type": "llama", "hidden_size": 100, "num_attention_heads": 7}',
        '{"model_type": "llama", "num_hidden_layers": 2000000000}',
        '{"model_type": "llama", "num_attention_heads": 3, "num_key_value_heads": 2, "hidden_size": 96}',
        '{"model_type": "gpt2", "n_positions": 4, "tokens": 9}',
        '{"model_type": "gpt2", "n_layer": 2, "num_hidden_layers": 3}',
        '{"model_type": "roberta", "max_position_embeddings": 1}',
        '{"model_type": "qwen2", "layer_types": ["full_attention"]}',
        '{"model_type": "llama", "rope_parameters": {"rope_theta": -1}}',
    ],
    ids=lambda text: text[:60],
)
def test_hostile_files_end_in_errors(text: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    """Exit code 2, and no traceback, within a few CPU seconds."""
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    result = run("analyze", str(path))
    assert result.code == 2
    assert "error:" in result.err
    assert "Traceback" not in result.err


def test_a_file_is_taken_by_what_it_holds(tmp_path: Path) -> None:
    """Under any name, through a link, and not if it is a spec in JSON."""
    named = tmp_path / "whatever.txt"
    named.write_text(json.dumps(BY_TYPE["bert"]), encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(named)
    assert load_spec(str(named)).name == "whatever.txt"
    assert analyze(load_spec(str(link))).totals == analyze(load_spec(str(named))).totals
    spec = tmp_path / "spec.json"
    spec.write_text(
        '{"archcost": 1, "input": [3], "layers": ["relu"], "source": "\\"model_type\\":"}', encoding="utf-8"
    )
    assert analyze(load_spec(str(spec))).totals.macs == 0


def test_import_writes_a_few_lines(tmp_path: Path) -> None:
    """A variant of a spec of the zoo, with what to expect, which gives the same figures."""
    path = tmp_path / "tiny" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(BY_TYPE["bert"] | {"torch_dtype": "float16"}), encoding="utf-8")
    target = tmp_path / "tiny.yaml"
    run = _archcost("import", str(path), "-o", str(target))
    assert run.returncode == 0, run.stderr
    text = target.read_text(encoding="utf-8")
    assert text.count("\n") <= 10
    assert "extends: zoo:text_encoder\n" in text
    assert "dtype: float16\n" in text
    assert "expect: {" in text
    assert analyze(load_spec(str(target))).totals == analyze(load_spec(str(path))).totals
    assert _archcost("import", str(path), "--check", str(target)).returncode == 0
    path.write_text(json.dumps(BY_TYPE["bert"] | {"hidden_size": 64}), encoding="utf-8")
    assert _archcost("import", str(path), "--check", str(target)).returncode == 1


def test_no_library_is_loaded(tmp_path: Path) -> None:
    """Neither for the analysis of a configuration nor for its import."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(BY_TYPE["llama"]), encoding="utf-8")
    code = (
        "import sys; from archcost.cli import main\n"
        f"sys.argv = ['archcost', 'import', {str(path)!r}, '-o', '-']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert not {'torch', 'numpy', 'transformers'} & sys.modules.keys()\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def _archcost(*words: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "archcost", *words]
    return subprocess.run(run, capture_output=True, text=True, check=False, timeout=120)


def _truth() -> Any:
    pytest.importorskip("transformers")
    import truth

    return truth
