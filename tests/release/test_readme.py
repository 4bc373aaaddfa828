"""The first impression: badges that are true, small pictures, and the first two minutes as a new user has them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from docs import rerun
from scripts import badges
from tests.release.environments import clean

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
(MINUTES,) = re.findall(r"^## Two minutes\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
OF_TORCH = "torchvision:"


def test_badges_are_in_step() -> None:
    for name, text in badges.badges().items():
        assert (badges.FOLDER / name).read_text(encoding="utf-8") == text, "run `python -m scripts.badges`"
        told = ET.fromstring(text).attrib["aria-label"]
        assert f"![{told}](docs/img/{name})" in README


def test_no_badge_asks_a_service() -> None:
    assert re.findall(r"!\[[^\]]*\]\(https?:[^)]*\)", README) == []


@pytest.mark.parametrize("name", re.findall(r"!\[[^\]]*\]\((docs/img/[^)]+)\)", README))
def test_pictures_are_small(name: str) -> None:
    assert (ROOT / name).stat().st_size < 64 * 1024


def test_two_minutes_need_one_install_and_answer_five_questions() -> None:
    assert re.findall(r"^    (pip install \S+)", MINUTES, re.MULTILINE) == ["pip install ./archcost"]
    commands = re.findall(r"^\$ archcost (\w+)", MINUTES, re.MULTILINE)
    assert commands == ["init", "analyze", "analyze", "check", "suggest", "fits"]


def test_the_first_two_minutes_are_as_they_are_told(environment: Path, tmp_path: Path) -> None:
    """In a clean environment, without PyTorch: every block gives what the README shows, but for the one of PyTorch."""
    given = clean(tmp_path / "home")
    given["PATH"] = f"{environment}:{given['PATH']}"
    (tmp_path / "work").mkdir()
    blocks = re.findall(r"^```console\n\$ (.*?)\n(.*?)^```", MINUTES, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    for line, shown in blocks:
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path / "work",
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if OF_TORCH in line:
            assert "archcost[import]" in done.stdout
            continue
        printed = [each.rstrip() for each in done.stdout.strip("\n").splitlines()]
        assert printed == shown.splitlines(), line


def test_the_readme_is_among_the_pages_that_are_rerun() -> None:
    assert ROOT / "README.md" in rerun.PAGES
