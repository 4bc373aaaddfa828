"""Broken specs: each file of this folder says in its first lines what archcost must say of it, and where.

`# error: LINE:COLUMN message` (or `FILE:LINE:COLUMN` for another file) and `# help: …` stand in the order of the
output. `pytest --update-golden` rewrites them: read what it wrote.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.analysis.report import analyze
from archcost.spec.loader import read
from scripts import forked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Run

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FILES = sorted(path.name for path in HERE.glob("*.yaml"))
HEAVY = ("limit_", "yaml_alias", "yaml_deep", "expression_grows", "expression_too", "input_too", "shape_too")
SECONDS = 60  # of the processor; a guard: seconds grow on a loaded machine, and each of these takes a fraction of one
BYTES = 2**30


def split(path: Path) -> tuple[list[str], str]:
    """The expectations in the first lines of a file, and the rest."""
    lines = path.read_text(encoding="utf-8").split("\n")
    count = next(index for index, line in enumerate(lines) if not line.startswith(("# error: ", "# help: ")))
    return lines[:count], "\n".join(lines[count:])


def lines_of(name: str) -> list[str]:
    """What archcost says of a file, as its first lines should say it."""
    with pytest.raises(archcost.SpecError) as caught:
        analyze(read(name))
    lines = []
    for diagnostic in caught.value.diagnostics:
        place = str(diagnostic.mark).removeprefix(f"{name}:")
        lines.append(f"# error: {place} {diagnostic.message}")
        lines += [f"# help: {diagnostic.help}"] if diagnostic.help else []
    return lines


def update(name: str) -> None:
    """Rewrite the expectations; they move the lines below them, so it is done until nothing moves."""
    path = HERE / name
    _, body = split(path)
    header: list[str] = []
    while (found := lines_of(name)) != header:
        header = found
        path.write_text("\n".join([*header, body]), encoding="utf-8")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


@pytest.mark.parametrize("name", FILES)
def test_errors_have_the_right_places_messages_and_help(name: str, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        update(name)
    expected, _ = split(HERE / name)
    assert expected, "the first lines must say what is wrong"
    assert lines_of(name) == expected


@pytest.mark.parametrize("name", FILES)
def test_the_command_prints_every_error_and_ends_with_2(name: str, run: Callable[..., Run]) -> None:
    result = run("analyze", name, cwd=HERE)
    assert result.code == 2
    assert "Traceback" not in result.err + result.out
    expected = [line.removeprefix("# error: ").split(" ")[0] for line in split(HERE / name)[0] if "# error: " in line]
    places = [place if place.count(":") > 1 else f"{name}:{place}" for place in expected]
    shown = [line.split("--> ")[1] for line in result.err.splitlines() if line.lstrip().startswith("--> ")]
    assert shown == places


@pytest.mark.parametrize("name", FILES)
def test_json_carries_the_errors(name: str, run: Callable[..., Run]) -> None:
    document = json.loads(run("analyze", name, "--format", "json", cwd=HERE).out)
    assert document["schema"] == "archcost.report/1"
    assert document["spec"]["path"] == name
    found = []
    for error in document["errors"]:
        assert set(error) == {"message", "file", "line", "column", "help"}
        place = f"{error['file']}:{error['line']}:{error['column']}".removeprefix(f"{name}:")
        found.append(f"# error: {place} {error['message']}")
        found += [f"# help: {error['help']}"] if error["help"] else []
    assert found == split(HERE / name)[0]


def limited(*arguments: str, cwd: Path = HERE) -> subprocess.CompletedProcess[str]:
    """A run of the command with little memory and time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "archcost", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        preexec_fn=limit,
        check=False,
    )


def limited_each(orders: Sequence[tuple[Sequence[str], Path]]) -> list[forked.Done]:
    """The same of many command lines, each in a process of its own that is forked from one."""
    return forked.run_all(["archcost.commands.analyze"], orders, forked.Limits(SECONDS, BYTES))


def test_specs_without_measure_are_refused_with_little_time_and_memory() -> None:
    names = [name for name in FILES if name.startswith(HEAVY)]
    done = dict(zip(names, limited_each([(["analyze", name], HERE) for name in names]), strict=True))
    assert {name: found.returncode for name, found in done.items()} == dict.fromkeys(names, 2)
    assert [name for name, found in done.items() if "Traceback" in found.stderr] == []
    places = {name: split(HERE / name)[0][0].removeprefix("# error: ").split(" ")[0] for name in names}
    assert [name for name, found in done.items() if f"--> {name}:{places[name]}\n" not in found.stderr] == []


def test_all_of_them_can_be_checked_in_one_run() -> None:
    models = [name for name in FILES if name != "library_is_no_model.yaml"]
    result = limited("validate", *models)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    errors = sum(line.startswith("# error: ") for name in models for line in split(HERE / name)[0])
    assert f"{errors} errors in {len(models)} of {len(models)} specs" in result.stderr


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 170
