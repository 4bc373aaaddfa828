"""The first part of the tutorial as a student has it: from the wheel alone, in an empty folder, at 80 columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from docs import rerun
from tests.release.environments import clean, environment_of

if TYPE_CHECKING:
    import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"


def test_part_one_gives_what_it_shows(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = environment_of(wheels, tmp_path / "environment")
    given = clean(tmp_path / "home")
    given["PATH"] = f"{folder}:{given['PATH']}"
    del given["COLUMNS"]  # rerun gives one, but not to pipes
    monkeypatch.setattr(rerun, "environment", lambda: {**given})
    told, found, _ = TUTORIAL.read_text(encoding="utf-8").partition("\n## Part two")
    assert found
    assert told.count("$ archcost ") >= 25
    page = tmp_path / "page.md"
    page.write_text(told, encoding="utf-8")
    assert rerun.renewed(page) == told
