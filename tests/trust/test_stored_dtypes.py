"""The three dtypes of an analysis, wherever bytes are shown: those of the model, of its weights and of its KV cache.

The net has one matrix of 6·4 and a bias of 4 behind a cache of 7 earlier positions and the 2 of its input, 6 wide.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    Command = Callable[..., Run]


NET = """archcost: 1
name: net
input: [2, 6]
layers: [{kv_cache: {length: 7}}, {linear: {out_features: 4}}]
"""
EXPECT = "expect: {params: 28, cache_bytes: 216}\n"  # 9 positions · 6 · 4 bytes
MATRIX, BIAS, CACHED = 6 * 4, 4, 9 * 6

BYTES: list[tuple[dict[str, str], int, int]] = [  # settings, bytes of weights, of the cache
    ({}, 4 * (MATRIX + BIAS), 4 * CACHED),
    ({"dtype": "float16"}, 2 * (MATRIX + BIAS), 2 * CACHED),
    ({"weight_dtype": "int4"}, MATRIX // 2 + 4 * BIAS, 4 * CACHED),
    ({"kv_dtype": "int8"}, 4 * (MATRIX + BIAS), CACHED),
    ({"kv_dtype": "int4"}, 4 * (MATRIX + BIAS), CACHED // 2),
    ({"kv_dtype": "float8", "dtype": "bfloat16", "weight_dtype": "int8"}, MATRIX + 2 * BIAS, CACHED),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(NET + EXPECT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def at_home(folder: Path, run: Callable[..., Run]) -> Command:
    """Runs a command line in the folder of the net."""
    return partial(run, cwd=folder)


def options(settings: dict[str, str]) -> list[str]:
    return [word for name, dtype in settings.items() for word in (f"--{name.replace('_', '-')}", dtype)]


def told(at_home: Command, *command: str) -> Any:
    return json.loads(at_home(*command, "--format", "json").out)


@pytest.mark.parametrize(("settings", "weights", "cache"), BYTES, ids=str)
def test_every_command_has_the_same_bytes(settings: dict[str, str], weights: int, cache: int, at_home: Command) -> None:
    totals = archcost.analyze("net.yaml", **settings).totals  # type: ignore[arg-type]
    assert (totals.weight_bytes, totals.cache_bytes) == (weights, cache)
    given = options(settings)
    report = told(at_home, "analyze", "net.yaml", *given)["totals"]
    assert (report["weight_bytes"], report["cache_bytes"]) == (weights, cache)
    assert report["run_bytes"] == totals.run_bytes == weights + cache + totals.peak_activation_bytes
    [spec] = told(at_home, "check", "net.yaml", *given)["specs"]
    assert spec["totals"]["run_bytes"]["figure"] == totals.run_bytes
    changed = told(
        at_home, "compare", "net.yaml", "net.yaml", *[f"{word}-b" if word[:2] == "--" else word for word in given]
    )
    assert changed["totals"]["cache_bytes"]["after"] == cache
    assert changed["totals"]["cache_bytes"]["before"] == 4 * CACHED


def test_the_cache_alone_is_kept_in_its_dtype() -> None:
    spec = loads(NET)
    plain, packed = archcost.analyze(spec), archcost.analyze(spec, kv_dtype="int8")
    assert packed.totals.peak_activation_bytes == plain.totals.peak_activation_bytes
    assert packed.to_dict()["kv_dtype"] == packed.kv_dtype == "int8"
    assert "kv_dtype" not in plain.to_dict()
    assert not plain.kv_dtype


@pytest.mark.parametrize("command", ["analyze", "memory", "check", "explain", "zoo"])
def test_a_dtype_that_there_is_not_is_refused(folder: Path, command: str, at_home: Command) -> None:
    for option, words in (("--kv-dtype", "unknown KV cache dtype 'fp3'"), ("--dtype", "'fp3'")):
        refused = at_home(command, "resnet20" if command == "zoo" else "net.yaml", option, "fp3")
        assert refused.code == 2
        assert words in refused.err


def test_the_zoo_has_the_bytes_of_other_dtypes(at_home: Command) -> None:
    [plain], [packed] = archcost.zoo("llama_3_8b"), archcost.zoo("llama_3_8b", kv_dtype="int8")
    assert plain.run_bytes - packed.run_bytes == 2**29  # half of the cache of 8,192 tokens
    refused = at_home("zoo", "resnet20", "--check", "--dtype", "float16")
    assert refused.code == 2
    assert "--dtype is for figures" in refused.err


def test_bytes_are_expected_of_the_dtypes_of_the_spec(folder: Path, at_home: Command) -> None:
    """Params and MACs are the same in all; the cache of another dtype is no deviation, and no figure that is met."""
    assert at_home("check", "net.yaml", "--expect").code == 0
    assert at_home("check", "net.yaml", "--expect", "--dtype", "float16").code == 0
    wrong = NET + EXPECT.replace("28", "29")
    (folder / "net.yaml").write_text(wrong, encoding="utf-8")
    assert at_home("check", "net.yaml", "--expect", "--dtype", "float16").code == 1


def test_a_configuration_says_in_what_dtypes_specs_are_judged(folder: Path, at_home: Command) -> None:
    (folder / "archcost.toml").write_text('specs = ["net.yaml"]\ndtype = "float16"\nkv_dtype = "int8"\n')
    [spec] = told(at_home, "check")["specs"]
    assert spec["totals"]["weight_bytes"]["figure"] == 2 * (MATRIX + BIAS)
    assert spec["totals"]["cache_bytes"]["figure"] == CACHED
    [spec] = told(at_home, "check", "--kv-dtype", "int4")["specs"]  # what is typed comes first
    assert spec["totals"]["weight_bytes"]["figure"] == 2 * (MATRIX + BIAS)
    assert spec["totals"]["cache_bytes"]["figure"] == CACHED // 2


def test_a_configured_dtype_that_there_is_not_is_refused_at_its_place(folder: Path, at_home: Command) -> None:
    (folder / "archcost.toml").write_text('specs = ["net.yaml"]\nweight_dtype = "int3"\n')
    refused = at_home("check")
    assert refused.code == 2
    assert "unknown dtype 'int3'" in refused.err
    assert "archcost.toml:2:16" in refused.err


def test_growth_is_measured_in_the_dtypes_that_were_recorded(folder: Path, at_home: Command) -> None:
    """A lock file keeps the dtypes that were given; under others nothing can have grown."""
    (folder / "net.yaml").write_text(NET + "budgets: {cache_bytes: 0%}\n", encoding="utf-8")
    assert at_home("baseline", "update", "net.yaml", "--kv-dtype", "int8").code == 0
    lock = json.loads((folder / "archcost.lock.json").read_text())
    assert lock["specs"]["net.yaml"]["dtypes"] == {"kv_dtype": "int8"}
    assert at_home("check", "net.yaml", "--kv-dtype", "int8").code == 0
    (folder / "net.yaml").write_text(NET.replace("7", "8") + "budgets: {cache_bytes: 0%}\n", encoding="utf-8")
    assert at_home("check", "net.yaml", "--kv-dtype", "int8").code == 1
    for given, way in (([], "give --kv-dtype int8;"), (["--kv-dtype", "int4"], "int8 in place of --kv-dtype int4;")):
        other = at_home("check", "net.yaml", *given)
        assert other.code == 2
        assert "was recorded with --kv-dtype int8" in other.err
        assert way in other.err
