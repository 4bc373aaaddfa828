"""The examples on the help pages run, as they stand there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archcost.commands.examples import EXAMPLES
from archcost.hardware.measured import BASE_PRODUCT, BASE_SWEEP
from archcost.pytorch import calibrating, page_fault_time, repeated_calls
from archcost.timing import calibration_cases
from tests.cover import some

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

NET = """archcost: 1
input: [3, 32, 32]
layers: [conv2d: {out_channels: 8, kernel_size: 3}, relu, flatten, linear: {out_features: 10}]
budgets: {params: 100 k}
"""
TELLING = ("import", "calibrate", "suggest")  # commands that say what they have written
LINES = sorted({line for examples in EXAMPLES.values() for line, _ in examples})
DEAR = (
    *("archcost calibrate", "archcost calibrate --device cpu --threads 4", "archcost explain mobilenet_v1 --in width"),
    *("archcost report googlenet -o googlenet.html", "archcost report resnet18 resnet34 -o grown.html"),
)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a spec on its branch ``main``."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "net.yaml").write_text(NET, encoding="utf-8")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q", "--template="], ["add", "net.yaml"], ["commit", "-q", "-m", "A net"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


@pytest.fixture
def folder(repository: Path, tmp_path: Path) -> Path:
    """A copy of it, to write to."""
    return Path(shutil.copytree(repository, tmp_path / "net"))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibration with the least effort and few chains: what it finds is not looked at."""
    least = repeated_calls.Effort(2, 0.001, 5.0)
    every = calibration_cases.cases()
    few = [case for group in (BASE_PRODUCT, BASE_SWEEP) for case in every if case.group == group][::3]
    monkeypatch.setattr(calibrating, "cases", lambda: few)
    monkeypatch.setattr(calibrating, "_STREAM", (1 << 16, 1 << 16))
    monkeypatch.setattr(calibrating, "blocks", lambda: calibration_cases.blocks()[:2])
    monkeypatch.setattr(page_fault_time, "faulting_blocks", lambda: calibration_cases.faulting_blocks()[:1])
    monkeypatch.setattr(repeated_calls, "QUICK", least)
    monkeypatch.setattr(repeated_calls, "Effort", lambda: least)


@pytest.mark.usefixtures("fixed_clock", "brief")
@pytest.mark.parametrize("line", some(LINES, {*LINES}.difference(DEAR)))
def test_an_example_runs(line: str, run: Callable[..., Run], folder: Path) -> None:
    program, *words = shlex.split(re.sub(r'^eval "\$\((.*)\)"$|^(.*) \| source$', r"\1\2", line))
    assert program == "archcost"
    result = run(*words, cwd=folder)
    assert (result.code, result.err) == (0, "")
    written = [words[place + 1] for place, word in enumerate(words) if word == "-o"]
    assert bool(result.out) is (not written or words[0] in TELLING)  # which say what they have written
    assert all((folder / name).stat().st_size for name in written)
