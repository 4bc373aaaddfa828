"""The code of docs/sweep.md runs, and finds what it says; the bridges to other tools where these are installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import archcost

PAGE = Path(__file__).parent.parent.parent / "docs" / "sweep.md"
PYTHON, OPTUNA, PYMOO = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
BUDGET = 300_000_000


def executed(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def macs(params: dict[str, Any]) -> int:
    return archcost.analyze("mobilenet_v1", params=params).totals.macs


def test_python(capsys: pytest.CaptureFixture[str]) -> None:
    names = executed(PYTHON)
    tables = names["tables"]
    assert tables.at({"width": 0.5, "resolution": 160})["macs"] == macs({"width": 0.5, "resolution": 160})
    best = tables.best(max="params", where="macs <= 300 M")
    assert macs(best.params) == best["macs"] <= BUDGET
    assert "width  resolution" in capsys.readouterr().out
    drawn = names["space"].sample(50, where="200e6 <= macs <= 300e6", seed=0)
    assert len(drawn) == 50
    assert all(200_000_000 <= design["macs"] <= BUDGET for design in drawn)
    assert tables.figures(drawn.indices)["macs"].tolist() == [design["macs"] for design in drawn]


def test_optuna() -> None:
    pytest.importorskip("optuna")
    found = executed(OPTUNA)["found"]
    assert found
    assert all(macs(params) <= BUDGET for params in found)


def test_pymoo() -> None:
    pytest.importorskip("pymoo")
    found = executed(PYMOO)["found"]
    assert found
    names = executed(PYMOO)["space"].space
    for indices in found:
        design = [indices[name] for name in names.target_names]
        assert macs(names.params_of(design)) <= BUDGET


def test_values_print_themselves() -> None:
    space = archcost.space("mobilenet_v1", vary={"width": [0.5, 1.0], "middle": "3,5"})
    assert repr(space) == "DesignSpace('mobilenet_v1', settings=4, axes={'width': 2, 'middle': 2})"
    front = space.tables().front(min="macs", max="params")
    assert str(front).splitlines()[0].split() == ["width", "middle", "MACs", "params"]
    assert front._repr_markdown_().startswith("| width | middle | MACs | params |")
    assert front[0].to_dict()["params"] == {"width": 0.5, "middle": 3}
    assert front[-1]["macs"] == macs({"width": 1.0, "middle": 5})
    assert repr(front[0]).startswith("Design(width=0.5, middle=3, macs=")
    with pytest.raises(archcost.UsageError, match=r"width is never 0\.7 in this space"):
        space.tables().at({"width": 0.7, "middle": 3})
    with pytest.raises(archcost.UsageError, match=r"best\(\) is of one metric"):
        space.tables().best()
