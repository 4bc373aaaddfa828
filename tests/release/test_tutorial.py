"""The first part of the tutorial as a student has it: from the wheel alone, in an empty folder, at 80 columns."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.release.environments import clean

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
RERUN = ("docs/rerun.py", "scripts/forked.py")  # of which the package knows nothing


def test_part_one_gives_what_it_shows(environment: Path, tmp_path: Path) -> None:
    """What reruns a page lies alone in a folder, so that the archcost it loads is that of the wheel."""
    told, found, _ = TUTORIAL.read_text(encoding="utf-8").partition("\n## Part two")
    assert found
    assert told.count("$ archcost ") >= 25
    for each in RERUN:
        (tmp_path / each).parent.mkdir()
        shutil.copy(ROOT / each, tmp_path / each)
    page = tmp_path / "page.md"
    page.write_text(told, encoding="utf-8")
    program = [environment / "python", tmp_path / RERUN[0], "--check", page]
    done = subprocess.run(program, env=clean(tmp_path / "home"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
