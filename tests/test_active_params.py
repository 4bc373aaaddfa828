"""Figures that few models have: params that a token uses, caches, and weights held in fewer bits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import archcost
from archcost.render.schemas import document_schema
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NET = """\
archcost: 1
name: moe
input: [10, 6]
layers:
  - {id: norm, layer_norm: }
  - {id: experts, mixture_of_experts: {num_experts: 4, top_k: 1, hidden_features: 5}}
  - {id: head, linear: {out_features: 3}}
  - {id: again, mixture_of_experts: {num_experts: 4, top_k: 1, hidden_features: 5}, from: norm, share: experts}
  - {id: keys, kv_cache: {length: 7}, from: norm}
"""
NORM, ROUTER, EXPERT, HEAD = 6 + 6, 4 * 6, 3 * 6 * 5, 3 * 6 + 3
PARAMS = NORM + ROUTER + 4 * EXPERT + HEAD
ACTIVE = PARAMS - 3 * EXPERT


@pytest.fixture
def moe(tmp_path: Path) -> Callable[..., str]:
    def make(more: str = "") -> str:
        path = tmp_path / "moe.yaml"
        path.write_text(NET + more, encoding="utf-8")
        return str(path)

    return make


def analyzed(**options: Any) -> Any:
    return archcost.analyze(loads(NET), **options)


def test_active_params_and_caches_are_totals() -> None:
    report = analyzed()
    assert (report.totals.params, report.totals.active_params) == (PARAMS, ACTIVE)
    assert report.totals.cache_bytes == (7 + 10) * 6 * 4
    assert analyzed(batch=3).totals.cache_bytes == 3 * (7 + 10) * 6 * 4
    assert analyzed(dtype="float16").totals.cache_bytes == (7 + 10) * 6 * 2
    document = report.to_dict()
    jsonschema.validate(document, document_schema("report"))
    layers = {layer["path"]: layer for layer in document["layers"]}
    assert layers["experts"]["active_params"] == ROUTER + EXPERT
    assert "active_params" not in layers["head"]
    assert layers["again"]["params"] == 0  # shared weights count once
    assert layers["keys"]["cache_bytes"] == 408


def test_models_without_them_show_nothing(run: Callable[..., Run]) -> None:
    report = archcost.analyze("resnet18")
    assert report.totals.active_params == report.totals.params
    out = run("analyze", "resnet18").out + run("compare", "resnet18", "resnet34").out
    assert "active" not in out.replace("activations", "").replace("activation bytes", "")
    assert "cache" not in out


def test_the_summary_line(moe: Callable[..., str], run: Callable[..., Run]) -> None:
    assert f"{PARAMS} params, {ACTIVE} active · KV cache 408 B" in run("analyze", moe()).out
    assert "active params" in run("compare", moe(), "resnet18").out


def test_budgets_and_expected_figures(moe: Callable[..., str], run: Callable[..., Run]) -> None:
    budgets = f"budgets: {{active_params: {ACTIVE}, cache_bytes: 408 B}}\n"
    expected = f"expect: {{active_params: {ACTIVE}, cache_bytes: 408}}\n"
    assert run("check", moe(budgets + expected), "--expect").code == 0
    of_layers = f"layers: {{exp*: {{active_params: {EXPERT}}}}}"
    for missed in (f"active_params: {ACTIVE - 1}", "cache_bytes: 407 B", of_layers):
        assert run("check", moe(f"budgets: {{{missed}}}\n")).code == 1, missed
    assert run("check", moe("expect: {cache_bytes: 409}\n"), "--expect").code == 1


@pytest.mark.parametrize(
    ("weight_dtype", "expected"),
    [
        (None, 4 * PARAMS),
        ("float32", 4 * PARAMS),
        ("int8", 4 * (6 + 6 + 3) + ROUTER + 4 * EXPERT + 3 * 6),
        ("int4", 4 * (6 + 6 + 3) + (ROUTER + 4 * EXPERT + 3 * 6) // 2),
        ("float16", 4 * (6 + 6 + 3) + 2 * (ROUTER + 4 * EXPERT + 3 * 6)),
        ("float8", 4 * (6 + 6 + 3) + ROUTER + 4 * EXPERT + 3 * 6),
    ],
)
def test_weights_in_fewer_bits(weight_dtype: str | None, expected: int) -> None:
    """Matrices alone: biases and the scales of norms stay as they are."""
    report = analyzed(weight_dtype=weight_dtype)
    assert report.totals.weight_bytes == expected
    assert report.to_dict()["weight_dtype"] == report.weight_dtype == (weight_dtype or "float32")
    assert report.totals.params == PARAMS
    assert report.totals.peak_activation_bytes == analyzed().totals.peak_activation_bytes


def test_every_tensor_is_whole_bytes() -> None:
    spec = loads("archcost: 1\nname: odd\ninput: [3]\nlayers: [linear: {out_features: 3}, linear: {out_features: 1}]\n")
    totals = archcost.analyze(spec, weight_dtype="int4").totals
    assert totals.weight_bytes == 5 + 3 * 4 + 2 + 1 * 4  # ⌈9/2⌉ and ⌈3/2⌉, and the biases in float32


def test_bytes_that_are_read_are_those_that_are_held() -> None:
    spec = loads(
        "archcost: 1\nname: table\ninputs: {tokens: {shape: [3], dtype: int64}}\n"
        "layers: [embedding: {num_embeddings: 100, embedding_dim: 8}]\n"
    )
    (whole,), (packed,) = archcost.analyze(spec).traffic(), archcost.analyze(spec, weight_dtype="int4").traffic()
    assert whole.read == 3 * 8 + 3 * 8 * 4
    assert packed.read == 3 * 8 + 3 * 8 // 2


def test_on_the_command_line(moe: Callable[..., str], run: Callable[..., Run]) -> None:
    path = moe("budgets: {weight_bytes: 300 B}\n")
    assert "weights 261 B as int4" in run("analyze", path, "--weight-dtype", "int4").out
    assert run("check", path).code == 1
    assert run("check", path, "--weight-dtype", "int4").code == 0
    assert archcost.check([path], weight_dtype="int4").ok
    out = run("compare", path, path, "--weight-dtype-b", "int4", "--format", "json").out
    assert json.loads(out)["totals"]["weight_bytes"] == {"before": 4 * PARAMS, "after": 261, "delta": 261 - 4 * PARAMS}
    refused = run("analyze", path, "--weight-dtype", "int3")
    assert refused.code == 2
    assert "unknown weight dtype 'int3'" in refused.err
