"""examples/ci-module: a package of one's own, a pull request that passes, and one that does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

EXAMPLE = Path(__file__).parent.parent / "examples" / "ci-module"
CHECK = ("check", "--allow-import")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository on a branch of its own, as CI checks it out."""
    folder = tmp_path / "digits-repository"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "The package"], ["checkout", "-q", "-b", "pr"]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return folder


@pytest.fixture(autouse=True)
def _loaded_anew() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "digits"]:
        del sys.modules[name]


def change(checkout: Path, before: str, after: str) -> None:
    """What a pull request changes in the network."""
    file = checkout / "digits" / "nets.py"
    text = file.read_text()
    assert text.count(before) == 1
    file.write_text(text.replace(before, after))


def test_the_base_holds_what_it_records(run: Callable[..., Run], checkout: Path) -> None:
    result = run(*CHECK, cwd=checkout)
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("\n✓ 1 spec: 3 limits hold\n")


def test_a_pull_request_that_passes(run: Callable[..., Run], checkout: Path) -> None:
    """A head for 12 classes has 2·32 + 2 params and 2·32 MACs more, far below 5% of 14.4 M."""
    change(checkout, "classes=10", "classes=12")
    result = run(*CHECK, cwd=checkout)
    assert result.code == 0
    assert "3 limits hold" in result.out


def test_a_pull_request_that_fails(run: Callable[..., Run], checkout: Path) -> None:
    """A fourth block adds 2·(32·32·9 + 2·32) params and 2·16·16·32·32·9 MACs: over both limits, and over 5%."""
    change(checkout, "depth=3", "depth=4")
    result = run(*CHECK, cwd=checkout)
    params, macs = 56_906 + 2 * (32 * 32 * 9 + 2 * 32), 14_377_280 + 2 * 16 * 16 * 32 * 32 * 9
    assert result.code == 1
    assert f"classifier: params {params:,}, over the limit of 60 k" in result.out
    assert f"classifier: MACs {macs:,}, over the limit of 16 M" in result.out
    assert f"MACs grew by {macs - 14_377_280:,} (32.8%)" in result.out
    assert "pyproject.toml:" in result.out
    assert "body.3.conv1" in result.out


def test_growth_that_is_meant_is_recorded(run: Callable[..., Run], checkout: Path) -> None:
    change(checkout, "depth=3", "depth=4")
    config = checkout / "pyproject.toml"
    config.write_text(config.read_text().replace("60 k", "80 k").replace("16 M", "20 M"))
    result = run(*CHECK, cwd=checkout)
    assert result.code == 1
    assert "--allow-increase --allow-import`" in result.out + result.err
    assert run("baseline", "update", "--allow-import", cwd=checkout).code == 1
    assert run("baseline", "update", "--allow-import", "--allow-increase", cwd=checkout).code == 0
    assert run(*CHECK, cwd=checkout).code == 0


def test_without_permission_nothing_runs(run: Callable[..., Run], checkout: Path) -> None:
    result = run("check", cwd=checkout)
    assert result.code == 2
    assert "give `--allow-import`" in result.err
    assert "digits.nets" not in sys.modules


def test_a_committed_spec_is_the_other_way(run: Callable[..., Run], checkout: Path) -> None:
    source = "digits.nets:build"
    assert run("import", source, "--input", "3x32x32", "-o", "classifier.yaml", cwd=checkout).code == 0
    assert run("import", source, "--check", "classifier.yaml", cwd=checkout).code == 0
    change(checkout, "depth=3", "depth=2")
    del sys.modules["digits.nets"]
    result = run("import", source, "--check", "classifier.yaml", cwd=checkout)
    assert result.code == 1
    assert f"−{2 * 16 * 16 * 32 * 32 * 9:,}" in result.out  # a block less


def test_the_workflow_and_the_page_say_the_same() -> None:
    page = (EXAMPLE.parent.parent / "docs" / "ci.md").read_text(encoding="utf-8")
    workflow = (EXAMPLE / "workflow.yml").read_text(encoding="utf-8")
    for line in ("- run: pip install 'archcost[import]'", "- run: archcost check --allow-import"):
        assert line in page
        assert line in workflow
    config = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    assert config[config.index("[tool.archcost.models") :] in page
