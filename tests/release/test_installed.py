"""The wheel in a clean environment of every Python that is here, as a new user has it: away from the repository."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.missing import without
from tests.release.environments import clean, environment_of, install, interpreter

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Command: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
PYTHONS = re.findall(r":: (3\.\d+)$", "\n".join(CLASSIFIERS), re.MULTILINE)


THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [pytest.param(each, marks=pytest.mark.long) for each in PYTHONS if each not in (THIS, PYTHONS[-1])]


@pytest.fixture(scope="module", params=[*dict.fromkeys((THIS, PYTHONS[-1])), *OTHERS])
def installed(request: pytest.FixtureRequest, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of each Python that is here."""
    if request.param == THIS:
        made: Path = request.getfixturevalue("environment")
        return made
    python = interpreter(request.param)
    if python is None:
        pytest.skip(f"no Python {request.param} here")
    return environment_of(wheels, tmp_path_factory.mktemp("environment"), python)


@pytest.fixture
def command(installed: Path, tmp_path: Path) -> Command:
    """Run a line in an empty folder, with the environment's commands first."""
    environment = clean(tmp_path.parent / f"{tmp_path.name}_home")
    environment["PATH"] = f"{installed}{os.pathsep}{environment['PATH']}"

    def call(line: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        words = ["bash", "-c", line]
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return call


def totals(command: Command, line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(command(f"{line} --format json").stdout)["totals"]
    return found


def test_it_is_the_one_that_was_built(command: Command) -> None:
    (version,) = re.findall(r'= "(.+)"', (ROOT / "archcost" / "version.py").read_text(encoding="utf-8"))
    assert command("archcost --version").stdout.split() == ["archcost", version]
    where = command("python -c 'import archcost; print(archcost.__file__)'").stdout
    assert str(ROOT) not in where


def test_the_zoo_is_in_it(command: Command) -> None:
    models = json.loads(command("archcost zoo --format json").stdout)
    assert len(models) == len([*(ROOT / "specs").glob("*.yaml")])
    # docs/tutorial.md adds GoogLeNet up by hand
    assert totals(command, "archcost analyze googlenet")["params"] == 6998552
    assert "rtx4090" in command("archcost devices 4090").stdout


def test_the_page_is_in_it(command: Command, tmp_path: Path) -> None:
    command("archcost report googlenet -o page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for asset in ("page.css", "vendor.js"):
        text = (ROOT / "archcost" / "render" / "page" / asset).read_text(encoding="utf-8")
        assert max(re.findall(r"[\w-]{12,}", text), key=len) in page


def test_a_spec_from_nothing(command: Command, tmp_path: Path) -> None:
    command("archcost init net.archcost.yaml")
    figures = totals(command, "archcost analyze net.archcost.yaml")
    # convolutions 3·3·(3·16 + 2·16·16 + 16·32), two params a channel of batch norms, and the classifier
    assert figures["params"] == 9 * (3 * 16 + 2 * 16 * 16 + 16 * 32) + 2 * (3 * 16 + 32) + 32 * 10 + 10
    assert "3 limits hold" in command("archcost check net.archcost.yaml").stdout
    assert "✗" in command("archcost check net.archcost.yaml --set width=64", code=1).stdout
    command("archcost init --ci")
    assert (tmp_path / ".github" / "workflows" / "archcost.yml").is_file()


@pytest.mark.parametrize("shell", ["zsh", *[pytest.param(each, marks=pytest.mark.long) for each in ("bash", "fish")]])
def test_there_is_a_completion(command: Command, shell: str) -> None:
    assert "archcost" in command(f"archcost completion {shell}").stdout


def test_bash_completes(command: Command) -> None:
    ask = 'eval "$(archcost completion bash)"; COMP_LINE="archcost analyze googl" COMP_POINT=22'
    assert command(f'{ask}; _archcost archcost googl analyze; echo "${{COMPREPLY[@]}}"').stdout.split() == ["googlenet"]


def test_every_schema_is_in_it(command: Command) -> None:
    assert json.loads(command("archcost schema spec").stdout)["title"] == "archcost spec"
    assert json.loads(command("archcost schema page").stdout)["title"]


def test_an_extra_that_is_missing_is_named(command: Command) -> None:
    for line, extra in (
        ("archcost verify conv1x1", "verify"),
        ("archcost analyze torchvision:resnet18", "import"),
        ("archcost sweep mobilenet_v1 --vary width=0.5,1", "sweep"),
    ):
        assert f"archcost[{extra}]" in command(line, code=2).stderr


def test_from_python_with_types(command: Command, installed: Path) -> None:
    line = "python -c 'import archcost; print(archcost.analyze(\"conv5x5\").totals.macs)'"
    assert command(line).stdout == f"{28 * 28 * 32 * 5 * 5 * 192}\n"
    assert len([*installed.parent.glob("lib/python*/site-packages/archcost/py.typed")]) == 1


NETS = """from torch import nn

def build():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 6 * 6, 10))
"""


def test_a_network_of_ones_own_beside_pytorch(wheels: Path, tmp_path: Path) -> None:
    """The wheel in front of this environment, which has PyTorch; the network lies where the command is run."""
    if find_spec("torch") is None:
        without("no PyTorch: it is in the dev extra")
    environment = clean(tmp_path / "home")
    install(wheels, environment, options=["--no-deps", "--target", str(tmp_path / "target")])
    (tmp_path / "nets.py").write_text(NETS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "archcost", "analyze", "nets:build", "--input", "3x8x8", "--format", "json"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(tmp_path / "target")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["totals"]
    # 3·3 taps of 3 channels for 8 filters at 6 × 6 places; 8·6·6 features for 10 classes
    assert figures["params"] == (3 * 3 * 3 * 8 + 8) + (8 * 6 * 6 * 10 + 10)
    assert figures["macs"] == 3 * 3 * 3 * 8 * 6 * 6 + 8 * 6 * 6 * 10
