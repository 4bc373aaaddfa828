"""The distributions, built once, and wheels of what archcost needs, made of what is installed here: no network."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from tests.release.environments import environment_of

ROOT = Path(__file__).parents[2]
COMPILED = (".so", ".pyd")


class Built(NamedTuple):
    """What is published."""

    sdist: Path
    wheel: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The source distribution of this tree, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, capture_output=True, check=True)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="session")
def wheels(built: Built) -> Path:
    """The folder of the wheel, with a wheel of every package that it needs."""
    folder = built.wheel.parent
    for each in needed("archcost"):
        pack(each, folder)
    return folder


@pytest.fixture(scope="session")
def environment(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment of this Python with archcost, which is only used."""
    return environment_of(wheels, tmp_path_factory.mktemp("environment"))


def needed(name: str) -> list[Distribution]:
    """What a package needs without extras, and what that needs, as it is installed here."""
    found: dict[str, Distribution] = {}
    waiting = [name]
    while waiting:
        each = distribution(waiting.pop())
        for line in each.requires or ():
            other, _, marker = line.partition(";")
            required = re.match(r"[\w.-]+", other)
            assert required
            if not marker and required[0].lower() not in found:
                found[required[0].lower()] = distribution(required[0])
                waiting.append(required[0])
    return list(found.values())


def pack(installed: Distribution, folder: Path) -> None:
    """A wheel for every Python, of what a wheel has installed.

    What is compiled for this Python stays behind: PyYAML, the only one that has it, works without.
    """
    name = re.sub(r"[-_.]+", "_", installed.metadata["Name"])
    inside = [each for each in installed.files or () if each.parts[0] != ".." and "__pycache__" not in each.parts]
    made = {"RECORD", "WHEEL", "INSTALLER", "REQUESTED", "direct_url.json"}
    kept = [each for each in inside if each.name not in made and not each.name.endswith(COMPILED)]
    (information,) = {each.parts[0] for each in inside if each.parts[0].endswith(".dist-info")}
    tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with ZipFile(folder / f"{name}-{installed.version}-py3-none-any.whl", "w", ZIP_DEFLATED) as wheel:
        for each in kept:
            wheel.write(str(each.locate()), each.as_posix())
        wheel.writestr(f"{information}/WHEEL", tags)
        rows = [f"{each},," for each in [*(each.as_posix() for each in kept), f"{information}/WHEEL"]]
        wheel.writestr(f"{information}/RECORD", "\n".join([*rows, f"{information}/RECORD,,"]) + "\n")
