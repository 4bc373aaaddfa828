"""Files of spaces: what is wrong with one is told at its place, by every command, and the schema says the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

import archcost
from archcost.errors import SpecError
from archcost.model_zoo import folder
from archcost.sweeping.space_file import KEYS, read_space_file, shipped_spaces
from archcost.sweeping.space_schema import space_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

SPACES = Path(folder()) / "spaces"
SCHEMA = jsonschema.Draft7Validator(space_schema())
HEAD = "archcost_space: 1\nspec: zoo:mobilenet_v1\n"
RIGHT = [
    HEAD,
    HEAD + "vary: {width: '0.25:1:0.25', middle: 3..5}\n",
    HEAD + "vary: {width: [0.5, 1]}\nwhere: macs <= 300 M and width >= 0.5\nexpect: {designs: 2}\n",
    HEAD + "zip: {width: [0.5, 1], middle: [3, 5]}\nset: {resolution: 192}\n",
    HEAD + "zip: [{width: [0.5, 1], middle: [3, 5]}]\nexpect: {designs: 1 + 1}\n",
]
# What is wrong, the line and column where it stands, and a part of the message; whether the schema can know.
WRONG: dict[str, tuple[str, str, str, bool]] = {
    "no spec": ("archcost_space: 1\n", "1:1", "'spec' is missing", True),
    "another version": ("archcost_space: 2\nspec: zoo:mobilenet_v1\n", "1:17", "version 2", True),
    "an unknown key": (HEAD + "varies: {}\n", "3:1", "varies", True),
    "no text": (HEAD + "where: 3\n", "3:8", "where", True),
    "no param": (HEAD + "vary: {width: [1], wdth: [1]}\n", "3:20", "no param 'wdth'", False),
    "no list": (HEAD + "vary: {'width[0]': [1]}\n", "3:8", "no list", False),
    "no target": (HEAD + "vary: {'width.x': [1]}\n", "3:8", "names no param", True),
    "twice the same": (HEAD + "vary: {width: [1, 1]}\n", "3:8", "second time", False),
    "set twice": (HEAD + "vary: {width: [1, 2]}\nzip: {width: [1, 2], middle: [3, 5]}\n", "4:7", "vary twice", False),
    "not equally many": (HEAD + "zip: {width: [1, 2], middle: [3]}\n", "3:6", "equally many", False),
    "no metric": (HEAD + "where: mac <= 3\n", "3:8", "'mac' is no metric", False),
    "half a condition": (HEAD + "where: macs <=\n", "3:8", "cannot be read", False),
    "no number": (HEAD + "expect: {designs: many}\n", "3:19", "many", False),
    "half an expression": (HEAD + "expect: {designs: 3 **}\n", "3:19", "cannot be read", False),
    "no whole number": (HEAD + "expect: {designs: 7 / 2}\n", "3:19", "whole number", False),
    "none": (HEAD + "expect: {designs: 0}\n", "3:19", "whole number", True),
    "far too many": (HEAD + "expect: {designs: 9 ** 9 ** 9}\n", "3:19", "bits", False),
    "another figure": (HEAD + "expect: {params: 3}\n", "3:10", "params", True),
    "no such spec": ("archcost_space: 1\nspec: zoo:mobilenet\n", "", "mobilenet", False),
}


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "space.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right(text: str, run: Callable[..., Run], tmp_path: Path) -> None:
    assert not list(SCHEMA.iter_errors(yaml.safe_load(text)))
    done = run("validate", written(tmp_path, text))
    assert (done.code, done.out) == (0, "1 space: no errors\n")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_at_its_place(name: str, run: Callable[..., Run], tmp_path: Path) -> None:
    text, place, message, known = WRONG[name]
    path = written(tmp_path, text)
    done = run("validate", path)
    assert done.code == 2
    assert message in done.err
    if place:
        assert f"{path}:{place}\n" in done.err
    assert bool(list(SCHEMA.iter_errors(yaml.safe_load(text)))) == known


def test_a_sweep_tells_the_same_place(run: Callable[..., Run], tmp_path: Path) -> None:
    text, place, message, _ = WRONG["no param"]
    path = written(tmp_path, text)
    done = run("sweep", path)
    assert done.code == 2
    assert f"{path}:{place}\n" in done.err
    assert message in done.err


def test_every_key_is_in_the_schema_with_what_it_means() -> None:
    properties = space_schema()["properties"]
    assert tuple(properties) == KEYS
    assert all("description" in each for each in properties.values())


@pytest.mark.parametrize("name", shipped_spaces())
def test_those_that_ship(name: str) -> None:
    text = (SPACES / f"{name}.yaml").read_text(encoding="utf-8")
    assert not list(SCHEMA.iter_errors(yaml.safe_load(text)))
    assert read_space_file(str(SPACES / f"{name}.yaml")).name == name


def test_globs_meet_specs_and_spaces(run: Callable[..., Run], tmp_path: Path) -> None:
    written(tmp_path, RIGHT[1])
    (tmp_path / "net.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [relu]\n", encoding="utf-8")
    done = run("validate", str(tmp_path / "*.yaml"))
    assert (done.code, done.out) == (0, "1 spec and 1 space: no errors\n")
    (tmp_path / "bad.yaml").write_text(HEAD + "vary: {wdth: [1]}\n", encoding="utf-8")
    done = run("validate", str(tmp_path / "*.yaml"))
    assert done.code == 2
    assert "1 error in 1 of 1 spec and 2 spaces" in done.err


@pytest.mark.parametrize("command", ["analyze", "memory", "check"])
def test_a_command_of_specs_says_what_a_space_is(command: str, run: Callable[..., Run], tmp_path: Path) -> None:
    done = run(command, written(tmp_path, RIGHT[1]))
    assert done.code == 2
    assert "it is a space of designs, by its key `archcost_space`, and no spec" in done.err + done.out
    assert "archcost sweep" in done.err + done.out


# --- what is expected ---------------------------------------------------------------------------------------------


def expecting(tmp_path: Path, designs: Any) -> str:
    return written(tmp_path, HEAD + f"vary: {{width: [0.5, 1], middle: 3..5}}\nexpect: {{designs: {designs}}}\n")


@pytest.mark.parametrize(("designs", "code", "said"), [("2 * 3", 0, "as many as are published"), (7, 1, "7 are")])
def test_a_count_is_held_against_the_file(
    designs: Any, code: int, said: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    path = expecting(tmp_path, designs)
    done = run("sweep", path, "--count")
    assert done.code == code
    assert said in done.out
    assert run("sweep", path, "--count", "--where", "macs < 1").code == code  # of all designs, whatever meets
    assert run("sweep", path).code == 0  # nobody counts


@pytest.mark.parametrize("options", [("--vary", "resolution=128,160"), ("--set", "resolution=128")])
def test_what_is_expected_is_of_the_space_as_it_stands(
    options: tuple[str, ...], run: Callable[..., Run], tmp_path: Path
) -> None:
    done = run("sweep", expecting(tmp_path, 7), "--count", *options)
    assert (done.code, "published" in done.out) == (0, False)


def test_expected_in_python(tmp_path: Path) -> None:
    space = archcost.space(expecting(tmp_path, "2 * 3"))
    assert (space.expected, space.sweep(count=True).as_expected) == (6, True)
    assert archcost.space("mobilenet_v1", vary={"width": [1]}).expected is None
    with pytest.raises(SpecError):
        archcost.space(expecting(tmp_path, "-3"))
