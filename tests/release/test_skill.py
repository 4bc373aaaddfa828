"""What coding agents are told: the front matter of a skill, and commands that run as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
import yaml

from archcost.render.schemas import SCHEMAS
from docs.rerun import SKILL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

TEXT = SKILL.read_text(encoding="utf-8")
_, FRONT, BODY = TEXT.split("---\n", 2)
ROWS = [line for line in BODY.splitlines() if line.startswith("| ")]
OF_GIT = "main:"  # tests/test_examples.py has a repository for such a line
STANDS_FOR = {
    "SPEC": "resnet50",
    "PATH": "conv1",
    "BEFORE": "resnet50",
    "AFTER": "resnet18",
    "A": "resnet18",
    "B": "alexnet",
}
BY_COMMAND = {"fits": "llama_3_8b", "sweep": "mobilenet_v1", "check": "net.yaml"}
NET = "archcost: 1\ninput: [8]\nlayers: [linear: 4]\nbudgets: {params: 36}\n"  # 8 * 4 + 4


def test_the_front_matter_is_that_of_a_skill() -> None:
    front = yaml.safe_load(FRONT)
    assert set(front) <= {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
    assert front["name"] == SKILL.parent.name == "archcost"
    assert 0 < len(front["description"]) <= 1024
    assert len(front["compatibility"]) <= 500
    assert front["license"] == "Apache-2.0"


def test_it_is_short() -> None:
    assert len(TEXT) < 8000


def lines() -> list[str]:
    """The commands of the table, with what is in brackets and without."""
    found = []
    for row in ROWS:
        for line in re.findall(r"`(archcost [^`]+)`", row):
            if OF_GIT not in line:
                found += [re.sub(r" ?\[[^\]]*\]", "", line), re.sub(r"\[|\]|\.\.\.", "", line)]
    return sorted(set(found))


@pytest.mark.parametrize("line", lines())
def test_a_command_answers(line: str, run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET, encoding="utf-8")
    words = shlex.split(line)[1:]
    given = {**STANDS_FOR, "C": "googlenet", "SPEC": BY_COMMAND.get(words[0], STANDS_FOR["SPEC"])}
    words = [given.get(word, word) for word in words]
    if words == ["check", "--format", "json"]:
        words.insert(1, "net.yaml")
    done = run(*words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.out
    if "json" in words:
        json.loads(done.out)


def test_the_table_has_every_command_that_answers() -> None:
    named = {line.split()[1] for line in lines()}
    assert named == {
        "analyze",
        "compare",
        "explain",
        "memory",
        "fits",
        "predict",
        "reconcile",
        "suggest",
        "sweep",
        "check",
    }


def test_the_schemas_that_it_names_are_there() -> None:
    (sentence,) = re.findall(r"`archcost schema report` \(or (.*?)\)", BODY, re.DOTALL)
    named = re.findall(r"`([\w-]+)`", sentence)
    assert len(named) >= 4
    assert set(named) <= set(SCHEMAS)


def test_the_totals_that_it_names_are_there(run: Callable[..., Run]) -> None:
    document = json.loads(run("analyze", "resnet18", "--format", "json").out)
    (sentence,) = re.findall(r"`totals` has (.*?);", BODY, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", sentence)) <= set(document["totals"])
    (sentence,) = re.findall(r"one entry a layer, with (.*?)\.", BODY, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", sentence)) <= set(document["layers"][0])


def test_mistakes_look_as_it_says(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(NET.replace("linear: 4", "conv2d: {out_channels: 4}"), encoding="utf-8")
    done = run("analyze", "net.yaml", "--format", "json", cwd=tmp_path)
    document = json.loads(done.out)
    assert done.code == 2
    assert document["partial"] is True
    assert document["errors"][0]["line"] == 3
    assert all(part in done.err for part in ("error: ", "--> net.yaml:3:", "help: "))
