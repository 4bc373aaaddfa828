"""The Dockerfile: its lines, and its layout built here, without Docker and without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"


class Instruction(NamedTuple):
    word: str
    rest: str


def instructions() -> list[list[Instruction]]:
    """Those of each stage; what stands before the first is a stage, too."""
    stages: list[list[Instruction]] = [[]]
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text(encoding="utf-8"))
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                stages.append([])
            stages[-1].append(Instruction(word, rest))
    return stages


def test_what_is_left_is_slim_and_of_nobody() -> None:
    first, installing, final = instructions()
    assert [each.word for each in first] == ["ARG"]
    assert {stage[0].rest.split(" ")[0] for stage in (installing, final)} == {"python:${PYTHON}-slim"}
    words = [each.word for each in final]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert Instruction("USER", "archcost") in final
    assert Instruction("ENTRYPOINT", '["archcost"]') in final
    assert not [
        each for each in final if each.word == "RUN" and "pip" in each.rest
    ]  # wheels and pip's work stay behind


def test_nothing_is_fetched() -> None:
    lines = [each.rest for stage in instructions() for each in stage if each.word in ("RUN", "ADD")]
    assert [line for line in lines if re.search(r"apt-get|apk |curl|wget|https?:|git ", line)] == []
    installs = [line for line in lines if " install " in line]
    assert len(installs) == 1
    assert "--no-index" in installs[0]


def test_its_python_is_one_that_we_support() -> None:
    (argument,) = instructions()[0]
    version = argument.rest.removeprefix("PYTHON=")
    assert f"Programming Language :: Python :: {version}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def paths(line: str, folder: Path) -> str:
    """A line of the image with its folders below one of ours."""
    return re.sub(r"(?<![\w.])(?=/(?:opt|wheels|repo)\b)", str(folder), line)


@pytest.fixture(scope="module")
def image(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that stands for the root of the image."""
    folder = tmp_path_factory.mktemp("image")
    _, installing, final = instructions()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull}
    for each in installing:
        if each.word == "COPY":
            glob, target = each.rest.split()
            place = Path(paths(target, folder))
            place.mkdir()
            for path in wheels.glob(glob):
                shutil.copy(path, place)
        if each.word == "RUN":
            line = re.sub(r"^python", sys.executable, paths(each.rest, folder))
            done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    shutil.rmtree(folder / "wheels")
    (copied,) = [each.rest for each in final if each.word == "COPY"]
    assert copied == "--from=installed /opt/archcost /opt/archcost"
    return folder


def run(image: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What ``docker run archcost ARGUMENTS`` does."""
    *_, final = instructions()
    words = {each.word: each.rest for each in final}
    variables = dict(each.split("=", 1) for each in paths(words["ENV"], image).split())
    environment = {**variables, "PATH": variables["PATH"].replace("$PATH", "/usr/bin:/bin"), "HOME": str(cwd)}
    command = [*json.loads(words["ENTRYPOINT"]), *(arguments or json.loads(words["CMD"]))]
    line = [shutil.which(command[0], path=environment["PATH"]) or command[0], *command[1:]]
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_layout_works(image: Path, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(
        "archcost: 1\ninput: [8]\nlayers: [linear: 4]\nbudgets: {params: 36}\n", encoding="utf-8"
    )  # 8 * 4 + 4
    assert "analyze" in run(image, cwd=tmp_path).stdout
    assert run(image, "check", "net.yaml", cwd=tmp_path).returncode == 0
    assert run(image, "check", "net.yaml", "--batch", "2", "--set", "a=1", cwd=tmp_path).returncode == 2
    done = run(image, "analyze", "googlenet", "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["totals"]["params"] == 6998552
    assert run(image, "report", "googlenet", "-o", "page.html", cwd=tmp_path).returncode == 0
    assert [*image.glob("opt/archcost/lib/python*/site-packages/rich")] != []
    assert [*image.glob("opt/archcost/lib/python*/site-packages/pip")] == []


def test_the_image_is_built_where_docker_is_at_hand(wheels: Path, tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    base = f"python:{version}-slim"
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "image", "inspect", base], capture_output=True, check=False).returncode:
        pytest.skip(f"no Docker with {base} here")
    options = ["--network", "none", "--build-arg", f"PYTHON={version}", "--tag", "archcost:test"]
    build = [docker, "build", *options, "--file", str(DOCKERFILE), str(wheels)]
    subprocess.run(build, capture_output=True, check=True)
    mounted = [docker, "run", "--rm", "--network", "none", "--volume", f"{tmp_path}:/repo", "archcost:test"]
    done = subprocess.run([*mounted, "analyze", "googlenet"], capture_output=True, text=True, check=False)
    assert "6,998,552" in done.stdout, done.stderr
