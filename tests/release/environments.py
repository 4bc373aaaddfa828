"""Clean environments of each Python that is here, with archcost from wheels alone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_PIP = (23, 1, 2)  # the first that runs on Python 3.12


def interpreter(version: str) -> str | None:
    """A Python of a version that can make environments: this one, one on the PATH, or one of pyenv's.

    Another one than this needs a pip here that runs on it.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python")))]
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        named.insert(0, sys.executable)
    elif tuple(map(int, re.findall(r"\d+", version_of("pip"))[:3])) < _PIP:
        return None
    question = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for path in filter(None, named):
        done = subprocess.run([path, "-I", "-c", question], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return path
    return None


def clean(home: Path) -> dict[str, str]:
    """An environment of variables that leads to nothing of the repository, nor of the user."""
    home.mkdir(exist_ok=True)
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1", "COLUMNS": "100"}


def environment_of(wheels: Path, folder: Path, python: str = sys.executable) -> Path:
    """The folder ``bin`` of a new environment with archcost and what it needs, from wheels alone."""
    folder.mkdir(exist_ok=True)
    variables = clean(folder / "home")
    subprocess.run([python, "-I", "-m", "venv", "--without-pip", folder / "venv"], env=variables, check=True)
    install(wheels, variables, before=["--python", str(folder / "venv")])
    return folder / "venv" / "bin"


def install(
    wheels: Path, variables: dict[str, str], *, before: Sequence[str] = (), options: Sequence[str] = ()
) -> None:
    """Have pip install archcost from a folder of wheels, and from nowhere else."""
    pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", *before, "install", "--quiet"]
    command = [*pip, "--no-compile", "--no-index", "--find-links", str(wheels), *options, "archcost"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
