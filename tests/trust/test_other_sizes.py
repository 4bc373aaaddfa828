"""An import is of the sizes that it was recorded at: under others it works, or the error says what to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

# The second input of the sum has the length of the recording in it, as the positions of a text have.
IMPORTED = """archcost: 1
name: net
source: transformers:net/config.json (transformers 5.24.0, torch 2.14.1), input x=16
inputs: {x: [16]}
layers:
  - {id: places, parameter: [1, 16]}
  - {add, from: [x, places]}
"""
UNIFORM = IMPORTED.replace("  - {id: places, parameter: [1, 16]}\n  - {add, from: [x, places]}\n", "  - relu\n")
HELP = "`archcost import transformers:net/config.json --input x=8` imports it at these"


@pytest.mark.parametrize("command", ["analyze", "validate"])
def test_the_error_says_what_to_import(command: str, run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(IMPORTED)
    result = run(command, str(path), "--input", "x=8")
    assert result.code == 2
    assert HELP in result.err.replace("\n  ", " ")
    assert run(command, str(path), "--input", "x=16").code == 0


def test_what_is_uniform_takes_other_sizes(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(UNIFORM)
    assert run("analyze", str(path), "--input", "x=8").code == 0


def test_a_spec_of_ones_own_has_its_own_help(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        IMPORTED.replace("transformers:net/config.json (transformers 5.24.0, torch 2.14.1), input x=16", "a paper")
    )
    assert "archcost import" not in run("analyze", str(path), "--input", "x=8").err


def test_a_size_that_is_no_param_is_said_by_input(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(UNIFORM)
    result = run("analyze", str(path), "--set", "tokens=8")
    assert (result.code, "`--input x=…` gives its inputs other sizes" in result.err) == (2, True)
