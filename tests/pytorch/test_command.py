"""``archcost verify`` as users see it: tables, formats, exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run

WRONG = """
archcost: 1
name: wrong
input: [3, 8, 8]
layers:
  - {id: stage, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  - {lstm: {hidden_size: 5}, from: rows}
expect: {params: 113}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str, name: str = "spec.yaml") -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


PUBLISHED = """
archcost: 1
name: published
input: [3, 8, 8]
layers:
  - {id: stage, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  - {id: rows, reshape: {shape: [$batch, 8, 32]}}
  - lstm: {hidden_size: 5}
expect: {params: 113}
"""


def test_one_spec_is_a_table_with_three_columns_of_macs(run: Callable[..., Run]) -> None:
    result = run("verify", "inception_reduced")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0] == "inception_reduced · batch 1 · compared with PyTorch"
    total = next(line for line in lines if line.strip().startswith("total"))
    assert total.split() == ["total", "163,696", "128,049,152", "128,049,152", "128,049,152"]
    assert "expected figures hold" in result.out
    assert lines[-1].startswith("✓ inception_reduced: 14 layers agree")
    assert result.err == ""


def test_a_narrow_terminal_gets_rounded_figures(run: Callable[..., Run]) -> None:
    result = run("verify", "inception_reduced", columns=72)
    assert max(map(len, result.out.splitlines())) <= 72
    assert "128 M" in result.out


def test_several_specs_get_a_row_each(run: Callable[..., Run]) -> None:
    result = run("verify", "conv5x5", "conv5x5_reduced", "pooling")
    assert result.code == 0
    rows = [line.split() for line in result.out.splitlines() if line.strip().startswith(("conv", "pool"))]
    assert rows[0] == ["conv5x5", "1", "153,632", "120,422,400", "120,422,400", "120,422,400", "100.0%", "✓"]
    assert rows[2] == ["pooling", "1", "–", "–", "–", "–", "–", "✓"]


def test_wrong_published_figures_exit_1(run: Callable[..., Run], spec: Callable[[str], str]) -> None:
    path = spec(PUBLISHED)
    result = run("verify", path)
    assert result.code == 1
    params = 4 * 3 * 9 + 4 + 4 * 5 * (32 + 5 + 2)
    assert f"✗ the model: params are {params}, stated 113\n  --> {path}:9" in result.out
    assert "fvcore covers 53.9% of the MACs; not covered: lstm 46.1%" in result.out
    assert "recurrent layers are counted a second time" in result.out
    assert "0 of 1 expected figures hold" in result.out
    assert result.out.splitlines()[-1] == "✗ published: 1 mismatch"
    several = run("verify", path, "conv5x5")
    assert several.code == 1
    assert f"✗ published: the model: params are {params}, stated 113" in several.out
    assert "53.9%" in several.out
    assert run("verify", path, "--batch", "2").code == 0


def test_specs_that_cannot_be_judged_exit_2(run: Callable[..., Run], spec: Callable[[str], str]) -> None:
    result = run("verify", spec(WRONG), "conv5x5")
    assert result.code == 2
    assert "unknown id 'rows'" in result.err
    assert "conv5x5" in result.out
    assert run("verify", "conv5x5", "--tolerance", "lots").code == 2
    assert run("verify", "conv5x5", "pooling", "--against", "torchvision:alexnet").code == 2


def test_json(run: Callable[..., Run], spec: Callable[[str], str], tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run("verify", spec(PUBLISHED), "conv5x5", "--format", "json", "-o", str(out)).code == 1
    first, second = json.loads(out.read_text(encoding="utf-8"))
    assert first["schema"] == "archcost.verification/1"
    assert first["ok"] is False
    assert first["mismatches"][0]["metric"] == "params"
    assert first["coverage"]["fvcore"]["not_covered"] == {"lstm": 5920}
    assert [layer["macs"]["fvcore"] for layer in first["layers"]] == [8 * 8 * 4 * 27, 0, None]
    assert first["layers"][2]["measured_output"] == [[1, 8, 5], [1, 1, 5], [1, 1, 5]]
    assert second["ok"] is True
    assert second["totals"]["fvcore_macs"] == 120_422_400
    wrong = json.loads(run("verify", spec(WRONG, "wrong.yaml"), "--format", "json").out)
    assert wrong["errors"][0]["message"] == "unknown id 'rows'"


def test_junit(run: Callable[..., Run], spec: Callable[[str], str]) -> None:
    result = run("verify", spec(PUBLISHED), spec(WRONG, "wrong.yaml"), "--format", "junit")
    assert result.code == 2
    published, wrong = ET.fromstring(result.out)
    assert (published.get("tests"), published.get("failures")) == ("4", "1")
    failed = [case.get("name") for case in published if len(case)]
    assert failed == ["the model"]
    assert [case.get("name") for case in published][1:] == ["stage", "rows", "lstm"]
    assert (wrong.get("tests"), wrong.get("failures")) == ("1", "1")


def test_markdown(run: Callable[..., Run], spec: Callable[[str], str]) -> None:
    result = run("verify", spec(PUBLISHED), "--format", "markdown")
    assert "| lstm | lstm | 1×8×5, 1×1×5, 1×1×5 | 780 | 5,920 | not covered | 5,920 | ✓ |" in result.out
    assert "✗ the model: params are 892, stated 113" in result.out.splitlines()[-3]
    several = run("verify", "conv5x5", "pooling", "--format", "markdown")
    assert "| conv5x5 | 1 | 153,632 | 120,422,400 | 120,422,400 | 120,422,400 | 100.0% | ✓ |" in several.out


def test_depth_unfolds_the_table(run: Callable[..., Run]) -> None:
    folded = run("verify", "inception_reduced", "--depth", "1").out
    layers = run("verify", "inception_reduced", "--depth", "4").out
    assert folded.count("✓") < layers.count("✓")


def test_against_a_model_of_torchvision(run: Callable[..., Run]) -> None:
    result = run("verify", "squeezenet1_1", "--against", "torchvision:squeezenet1_1")
    assert result.code == 0
    assert "26 of 26 layers with tensors agree, in order" in result.out
    wrong = run("verify", "squeezenet1_1", "--against", "torchvision:squeezenet1_0")
    assert wrong.code == 1
    assert "✗ the model: params are 1,235,496, torchvision:squeezenet1_0 1,248,424" in wrong.out


def test_a_missing_extra_exits_2(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    from archcost import extras

    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    result = run("verify", "conv5x5")
    assert result.code == 2
    assert "pip install 'archcost[verify]'" in result.err
