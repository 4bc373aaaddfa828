"""``archcost zoo``: the models by family, and the check of their published figures."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.analysis import report
from archcost.zoo_index import INDEX, families
from benchmarks import zoo as page
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from archcost.analysis.report import Report
    from archcost.settings import Settings
    from archcost.spec.model import Spec

NET = """archcost: 1
input: [3, 4, 4]
layers: [conv2d: {out_channels: 8, kernel_size: 1}]
"""


@pytest.fixture
def small_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of three models in two families, and one without."""
    right = "family: B\nsource: a\nexpect: {output: [1, 8, 4, 4], params: 32}\n"
    (tmp_path / "right.yaml").write_text(f"{NET}{right}", encoding="utf-8")
    (tmp_path / "variant.yaml").write_text("archcost: 1\nextends: right.yaml\n", encoding="utf-8")
    (tmp_path / "plain.yaml").write_text(f"{NET}family: a\n", encoding="utf-8")
    (tmp_path / "loose.yaml").write_text(NET, encoding="utf-8")
    monkeypatch.setattr(zoo, "folder", lambda: str(tmp_path))
    return tmp_path


def test_models_are_listed_by_family(small_zoo: Path, run: Callable[..., Run]) -> None:
    assert sorted(zoo.names()) == sorted(path.stem for path in small_zoo.iterdir())
    assert run("zoo", "--format", "tree").out == "a\n└── plain\nB\n├── right\n└── variant\nOthers\n└── loose\n"
    rows = json.loads(run("zoo", "--format", "json").out)
    assert [(row["name"], row["family"]) for row in rows] == [
        *(("plain", "a"), ("right", "B"), ("variant", "B"), ("loose", ""))
    ]
    assert {key: rows[0][key] for key in ("params", "macs", "peak_activation_bytes")} == {
        "params": 3 * 8 + 8,
        "macs": 4 * 4 * 8 * 3,
        "peak_activation_bytes": 4 * (3 + 8) * 4 * 4,
    }
    table = run("zoo", columns=70).out
    assert table.index("plain") < table.index("variant") < table.index("loose")


def test_one_family_can_be_chosen(small_zoo: Path, run: Callable[..., Run]) -> None:
    del small_zoo
    rows = list(csv.DictReader(run("zoo", "--family", "b", "--format", "csv").out.splitlines()))
    assert [row["name"] for row in rows] == ["right", "variant"]
    wrong = run("zoo", "--family", "bb")
    assert wrong.code == 2
    assert "the zoo has no family 'bb'" in wrong.err
    assert run("zoo", "--family", "VGGG").code == 2


def test_only_the_family_is_analysed(small_zoo: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    """A family stands in a spec, or in the one that it extends. What cannot be read may belong to any."""
    analysed: list[str] = []
    analyze = report.analyze

    def counted(spec: Spec, settings: Settings) -> Report:
        analysed.append(spec.name)
        return analyze(spec, settings)

    monkeypatch.setattr(report, "analyze", counted)
    assert run("zoo", "--family", "b", "--format", "tree").out == "B\n├── right\n└── variant\n"
    assert analysed == ["right", "variant"]
    (small_zoo / "broken.yaml").write_text("archcost: [\n", encoding="utf-8")
    broken = run("zoo", "--family", "b", "--format", "tree")
    assert (broken.code, broken.out) == (2, "B\n├── right\n└── variant\n")
    assert "zoo:broken:1:11" in broken.err


def test_the_check_names_what_differs(small_zoo: Path, run: Callable[..., Run]) -> None:
    fine = run("zoo", "--check")
    assert fine.code == 0
    assert fine.out.startswith("4 models in 3 families: all 1 figure and 1 shape hold\n  own count ")
    (small_zoo / "wrong.yaml").write_text(
        NET + "family: B\nexpect: {params: {value: 33, source: Table 9}, macs: 384, output: [1, 9, 4, 4]}\n",
        encoding="utf-8",
    )
    found = run("zoo", "--check")
    assert found.code == 1
    lines = found.out.splitlines()
    assert lines[0].endswith("zoo:wrong:5:59: wrong: output is (1, 8, 4, 4), stated (1, 9, 4, 4)")
    assert any("params are 32, published 33 (Table 9)" in line for line in lines)
    assert "5 models in 3 families: 1 of 3 figures and 1 of 2 shapes differ" in lines


def test_a_broken_model_is_not_passed_over(small_zoo: Path, run: Callable[..., Run]) -> None:
    (small_zoo / "broken.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [rleu]\n", encoding="utf-8")
    for arguments in ((), ("--check",)):
        result = run("zoo", *arguments)
        assert result.code == 2
        assert "unknown kind 'rleu'" in result.err
        assert "4 models" in result.out or "variant" in result.out


@pytest.mark.long
def test_the_whole_zoo_holds(run: Callable[..., Run]) -> None:
    result = run("zoo", "--check")
    assert result.code == 0, result.out
    assert result.out.startswith(f"{len(zoo.names())} models in ")
    assert len(zoo.names()) >= 90


def test_the_page_and_the_index_are_in_step() -> None:
    """Every row of what ships is computed anew."""
    reports = [zoo_report(name) for name in zoo.names()]
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.renewed(text, reports) == text, "run python -m benchmarks.zoo"
    shipped = (page.ROOT / "specs" / INDEX).read_text(encoding="utf-8")
    assert page.index(reports) == shipped, "run python -m benchmarks.zoo"


def test_the_page_shows_every_model_and_every_difference() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert [name for name in zoo.names() if f"[{name}](../specs/{name}.yaml)" not in text] == []
    assert len(families(archcost.zoo(), lambda model: model.family)) == text.count("\n### ")
    rows = page.recount()
    differing = [line for line in text.splitlines() if line.startswith("| [") and "equal" not in line.split("|")[5]]
    named = {name for name in rows if any(f"[{name}]" in line and line.split("|")[5].strip() for line in differing)}
    # What torchvision counts differently is told in the remarks.
    assert [name for name in named if f"**{name}.**" not in text and f"\n{name}:\n" not in text] == []
