"""Files that end in .archcost.yaml, which editors and hooks know by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.written_paths import stem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NET = "archcost: 1\ninput: [8]\nlayers: [linear: 4]\n"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("net.yaml", "net"),
        ("models/net.archcost.yaml", "net"),
        ("net.archcost.yml", "net"),
        ("net.v2.yaml", "net.v2"),
        ("archcost.yaml", "archcost"),
        ("models/.archcost.yaml", ".archcost"),
        ("resnet50", "resnet50"),
    ],
)
def test_a_spec_is_called_after_its_file(path: str, name: str) -> None:
    assert stem(path) == name


def test_commands_call_it_so(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.archcost.yaml"
    path.write_text(NET, encoding="utf-8")
    assert archcost.load(str(path)).name == "net"
    assert run("analyze", path.name, cwd=tmp_path).out.startswith("net · 1×8 float32")
    assert "did you mean 'net.archcost.yaml'?" in run("analyze", "net", cwd=tmp_path).err
    run("init", "other.archcost.yaml", cwd=tmp_path)
    assert archcost.load(str(tmp_path / "other.archcost.yaml")).name == "other"


def test_a_broken_one_is_judged_under_its_name(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.archcost.yaml").write_text("archcost: 1\nlayers: [}", encoding="utf-8")
    done = run("check", "net.archcost.yaml", "--format", "json", cwd=tmp_path)
    assert done.code == 2
    assert '"name": "net"' in done.out
