"""What the analysis finds in a spec that is made of a file names that spec: its lines are not those of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archcost import analyze
from archcost.errors import Diagnostic, Mark, Source, SpecError
from archcost.named_specs import load_spec
from archcost.render.finding_locations import located

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

# Row 2 joins maps of 320 × 320 and 160 × 160 pixels: each row is right, and the model is not.
ROWS = """nc: 80
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
  - [[-1, 0], 1, Concat, [1]]
head:
  - [[2], 1, Detect, [nc]]
"""
SPEC = "archcost: 1\nname: net\ninput: [3]\nlayers:\n  - {linear: {out_features: 0}}\n"


def test_the_spec_of_a_file_is_named_as_one(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(ROWS)
    with pytest.raises(SpecError) as caught:
        analyze(load_spec(str(path)))
    [problem] = caught.value.diagnostics
    assert problem.mark is not None
    assert "concat 'model.2'" in problem.message
    assert problem.to_dict()["file"] == f"{path} (as a spec)"
    assert "from: [1, 0]" in problem.mark.source.line(problem.mark.line)


def test_every_command_says_so(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(ROWS)
    for command in (["analyze", str(path)], ["validate", str(path)], ["import", str(path), "-o", "-"]):
        result = run(*command)
        assert result.code == 2, command
        assert f"--> {path} (as a spec):" in result.err + result.out, command


def test_a_spec_keeps_its_name_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SPEC)
    with pytest.raises(SpecError) as caught:
        analyze(load_spec(str(path)))
    assert f"--> {path}:5:" in str(caught.value)


def test_places_for_machines_are_files_that_exist() -> None:
    """An annotation needs a file: it stands at the first line of the one that the spec is made of."""
    made = Diagnostic("wrong", Mark(Source("net.yaml", "a\nb\n", is_made=True), 1, 0))
    own = Diagnostic("wrong", Mark(Source("net.yaml", "a\nb\n"), 1, 0))
    assert located(made.mark, "")[1:] == (1, 1)
    assert located(made.mark, "")[0].endswith("net.yaml")
    assert located(own.mark, "")[1:] == (2, 1)
