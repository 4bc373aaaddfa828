"""docs/suggest.md tells every rewrite, in its own words, with a command that finds it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import archcost
from archcost.suggesting.making import BOLDNESS, all_rewrites

PAGE = Path(__file__).parents[2] / "docs" / "suggest.md"
ROW = re.compile(r"^\| `(\w+)` \| (.+) \| (.+) \| `archcost suggest (.+)` \|$")


def rows() -> dict[str, tuple[str, str, str, str]]:
    """By rewrite: the section it stands in, what it does, its paper, and the words of the command."""
    found, section = {}, ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("### "):
            section = line.removeprefix("### ").lower()
        elif match := ROW.match(line):
            found[match[1]] = (section, match[2], match[3], match[4])
    return found


ROWS = rows()


def test_every_rewrite_is_told_in_its_own_words() -> None:
    told = {name: row[:3] for name, row in ROWS.items()}
    words = {boldness: word for word, boldness in BOLDNESS.items()}
    assert told == {name: (words[one.boldness], one.does, one.paper) for name, one in all_rewrites().items()}


@pytest.mark.parametrize("name", ROWS)
def test_its_command_finds_it(name: str) -> None:
    model, *words = shlex.split(ROWS[name][3])
    options = list(zip(words[::2], words[1::2], strict=True))
    params = dict(value.split("=") for option, value in options if option == "--set")
    asked = {option.removeprefix("--"): value for option, value in options if option != "--set"}
    assert asked["only"] == name
    found = archcost.suggest(model, params={key: int(value) for key, value in params.items()}, top=1, **asked)  # type: ignore[arg-type]  # words of its options
    assert found.found
    assert found.listed[0].saves > 0
