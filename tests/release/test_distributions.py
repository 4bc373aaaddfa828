"""What is published: its files, and its metadata as an index shows them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
from email import message_from_bytes
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from trove_classifiers import classifiers

from scripts.published_readme import published
from tests.missing import without

if TYPE_CHECKING:
    from email.message import Message

    from conftest import Built

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def metadata(built: Built) -> Message:
    with ZipFile(built.wheel) as wheel:
        (name,) = [each for each in wheel.namelist() if each.endswith(".dist-info/METADATA")]
        return message_from_bytes(wheel.read(name))


def tracked() -> set[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return set(done.stdout.split("\n")) - {""}


def test_an_index_takes_them(built: Built) -> None:
    if find_spec("twine") is None:
        without("no twine: it is in the dev extra")
    command = [sys.executable, "-m", "twine", "check", "--strict", str(built.sdist), str(built.wheel)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == len(built)


def test_the_wheel_has_all_of_the_package(built: Built) -> None:
    with ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
    package = {each for each in tracked() if each.startswith("archcost/")}
    specs = {f"archcost/{each}" for each in tracked() if each.startswith("specs/")}
    assert {"archcost/py.typed", "archcost/render/page/script/start.js", "archcost/hardware/devices.csv"} <= package
    files = {each for each in names if ".dist-info/" not in each}
    assert (package | specs) - files == set()
    assert {each.partition("/")[0] for each in files} == {"archcost"}


def test_the_source_has_what_builds_and_tests_it(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    left_out = {each for each in tracked() if each not in names and not each.startswith((".ci/", ".git"))}
    assert left_out == set()


def test_metadata(metadata: Message) -> None:
    assert metadata["Name"] == "archcost"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL", []))
    assert urls == PROJECT["urls"]
    listed = metadata.get_all("Classifier", [])
    assert listed == sorted(listed)
    assert set(listed) <= classifiers
    assert not [each for each in listed if each.startswith("License ::")]  # the expression says it
    core = [each for each in metadata.get_all("Requires-Dist", []) if "extra ==" not in each]
    assert {re.split(r"[<>=]", each)[0] for each in core} == {"pyyaml", "rich", "simpleeval", "typer"}


def test_the_readme_that_an_index_shows_leads_somewhere(metadata: Message) -> None:
    text = metadata.get_payload(decode=True)
    assert isinstance(text, bytes)
    readme = text.decode()
    assert metadata["Description-Content-Type"] == "text/markdown"
    start = f"https://github.com/archcost/archcost/(?:blob|raw)/v{metadata['Version']}/"
    linked = re.findall(rf"\]\({start}([^)#]+)", readme)
    assert len(linked) >= 20
    assert [each for each in linked if not (ROOT / each).exists()] == []
    assert re.findall(r"\]\((?!https?:|#)[^)]*\)", readme) == []
    assert ".svg)" not in readme


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](docs/a.md#b)", "[a](R/blob/T/docs/a.md#b)"),
        ("![a](docs/a.png)", "![a](R/raw/T/docs/a.png)"),
        ("[![a](docs/a.png)](docs/a.md)", "[![a](R/raw/T/docs/a.png)](R/blob/T/docs/a.md)"),
        ("[a](#b), [c](https://example.org/c)", "[a](#b), [c](https://example.org/c)"),
        ("# a\n\n![b](docs/img/badge-b.svg) ![c](docs/img/badge-c.svg)\n\nd", "# a\n\nd"),
    ],
)
def test_links_of_the_readme_are_made_absolute(text: str, shown: str) -> None:
    assert published(text, "R", "T") == shown
