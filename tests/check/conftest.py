"""Fixtures for checks: a copy of the example repository, and a repository in which everything is the matter."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
HOST_VARIABLES = (
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "GITHUB_WORKSPACE",
    "CI_PROJECT_DIR",
    "NO_COLOR",
    "FORCE_COLOR",
)

NET = """\
archcost: 1
name: net
input: [3, 8, 8]
params: {width: 4}
layers:
  - {id: stem, conv2d: {out_channels: $width, kernel_size: 3, padding: 1, bias: false}}
  - {id: body, conv2d: {out_channels: 8, kernel_size: 1, bias: false}}
"""
# stem: 4 * 3 * 3 * 3 = 108 params, 8 * 8 * 108 = 6,912 MACs; body: 8 * 4 = 32 params, 8 * 8 * 32 = 2,048 MACs
ODD = "odd, 100%: `a|b` <i> [x](y) ::error::"


@pytest.fixture(autouse=True)
def _no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HOST_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of examples/ci."""
    target = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "ci", target)
    return target


@pytest.fixture
def net(tmp_path: Path) -> Callable[..., Path]:
    """Write specs/net.yaml with budgets, and optionally a configuration; returns the folder."""

    def write(budgets: str = "", config: str = "", text: str = NET) -> Path:
        folder = tmp_path / "net"
        (folder / "specs").mkdir(parents=True, exist_ok=True)
        (folder / "specs" / "net.yaml").write_text(text + (f"budgets: {budgets}\n" if budgets else ""))
        if config:
            (folder / "archcost.toml").write_text(config)
        return folder

    return write


@pytest.fixture
def everything(tmp_path: Path, run: Callable[..., Run]) -> Path:
    """A repository where limits are exceeded, specs are new, gone, stale, broken, and names are odd."""
    folder = tmp_path / "everything"
    specs = folder / "specs"
    specs.mkdir(parents=True)
    (folder / "archcost.toml").write_text(
        'specs = ["specs/*.yaml"]\n\n'
        '[[budgets]]\nparams = "1%"\nmessage = """ask, 100%: first\n::error::second"""\n\n'
        '[[budgets]]\nspecs = ["nothing/*.yaml"]\nmacs = "1 G"\n\n'
        '[[budgets]]\nlayers = "no_such_*"\nmacs = "1 G"\n'
    )
    (specs / "net.yaml").write_text(
        NET + "budgets: {macs: 9 k, latency: 1 ms, layers: {st*: {params: {max: 100, level: warn}}}}\n"
    )
    (specs / "old.yaml").write_text(NET.replace("name: net", "name: old"))
    (specs / "stale.yaml").write_text(NET.replace("name: net", "name: stale"))
    (specs / "odd, 100%.yaml").write_text(NET.replace("name: net", f"name: '{ODD}'"))
    assert run("baseline", "update", cwd=folder).code == 0
    (specs / "old.yaml").unlink()
    (specs / "net.yaml").write_text((specs / "net.yaml").read_text().replace("width: 4", "width: 5"))
    (specs / "odd, 100%.yaml").write_text((specs / "odd, 100%.yaml").read_text().replace("width: 4", "width: 6"))
    (specs / "stale.yaml").write_text((specs / "stale.yaml").read_text() + "# a comment\n")
    (specs / "fresh.yaml").write_text(NET.replace("name: net", "name: fresh"))
    (specs / "broken.yaml").write_text(NET.replace("kernel_size: 1", "kernal_size: 1"))
    return folder
