"""Nothing that a spec, a configuration or a lock file names is read or written in ``.git``, by whatever name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.files import DISK, Below, FileError, in_gits_own
from archcost.render.exit import write_file
from archcost.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

SPEC = "archcost: 1\nname: net\ninput: [8]\nlayers: [{linear: {out_features: 8}}]\nbudgets: {params: 1%}\n"
SECRET = "archcost: 1 # SECRET\nblocks: {unit: {layers: [relu]}}\n"
NAMES = (".git", ".GIT", ".Git", "git~1", "GIT~1", ".git.", ".git ", ".git. .", ".git::$INDEX_ALLOCATION", ".g\u200cit")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "net.yaml").write_text(SECRET)
        (tmp_path / name / "lock.json").write_text('{"schema": "archcost.lock/1", "SECRET": 1}')
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "link").symlink_to(".git")
    (tmp_path / "link.yaml").symlink_to(".git/net.yaml")
    (tmp_path / "link.json").symlink_to(".git/lock.json")
    (tmp_path / "net.yaml").write_text(SPEC)
    return tmp_path


def refused(run: Callable[..., Run], folder: Path, *words: str) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    result = run(*words, cwd=folder)
    assert result.code == 2, result.out
    assert "SECRET" not in result.out + result.err
    assert ".git" in result.err
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before


PLACES = [*NAMES, "link", "x/../.git", "./.GIT"]


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("command", [("check",), ("baseline", "update")], ids=" ".join)
@pytest.mark.parametrize("key", ["baseline", "specs"])
def test_no_configuration_names_what_is_gits(
    name: str, command: tuple[str, ...], key: str, folder: Path, run: Callable[..., Run]
) -> None:
    value = (
        f'baseline = "{name}/lock.json"\nspecs = ["net.yaml"]' if key == "baseline" else f'specs = ["{name}/net.yaml"]'
    )
    value = value.encode("ascii", "backslashreplace").decode()
    (folder / "archcost.toml").write_text(value + "\n")
    if name == ".g\u200cit":  # not printable, and refused for that already
        assert run(*command, cwd=folder).code == 2
        return
    refused(run, folder, *command)


@pytest.mark.parametrize("name", [name for name in PLACES if name.isprintable()])
@pytest.mark.parametrize("key", ["include: [{}/net.yaml]", "extends: {}/net.yaml"])
def test_no_spec_names_what_is_gits(name: str, key: str, folder: Path, run: Callable[..., Run]) -> None:
    given = json.dumps(f"{name}/net.yaml")
    (folder / "evil.yaml").write_text(f"archcost: 1\nname: e\n{key.replace('{}/net.yaml', given)}\n")
    refused(run, folder, "validate", "evil.yaml")


@pytest.mark.parametrize(
    "line", ['specs = ["link.yaml"]', 'specs = ["*.yaml"]', 'specs = ["net.yaml"]\nbaseline = "link.json"']
)
def test_links_to_it_are_refused(line: str, folder: Path, run: Callable[..., Run]) -> None:
    (folder / "archcost.toml").write_text(f"{line}\n")
    refused(run, folder, "check")


def test_wildcards_pass_it_over(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "link.yaml").unlink()
    (folder / "net.yaml").write_text(SPEC.replace("1%", "1 k"))
    for glob in ("**/*.yaml", "*/*.yaml", "l*/*.yaml", ".*/*.yaml", "[.]git/*.yaml"):
        (folder / "archcost.toml").write_text(f'specs = ["net.yaml", "{glob}"]\n')
        result = run("check", cwd=folder)
        assert "SECRET" not in result.out + result.err
        if glob == "**/*.yaml":
            assert result.out.endswith("\n✓ 1 spec: 1 limit holds\n")
        else:
            assert result.code == 2
            assert "no file matches it" in result.err


def test_a_lock_file_tells_nothing_of_it(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "archcost.toml").write_text('specs = ["net.yaml"]\n')
    assert run("baseline", "update", cwd=folder).code == 0
    document = json.loads((folder / "archcost.lock.json").read_text())
    entry = document["specs"]["net.yaml"]
    document["specs"] |= {".git/net.yaml": entry, ".git/nothing.yaml": entry, "link/net.yaml": entry}
    (folder / "archcost.lock.json").write_text(json.dumps(document))
    assert run("check", cwd=folder).out.count("gone: net is gone") == 3  # alike, whether they exist or not


@pytest.mark.parametrize("name", NAMES)
def test_the_door_itself(name: str, folder: Path) -> None:
    path = str(folder / name / "lock.json")
    assert in_gits_own(path)
    for files in (DISK, Below(str(folder), "the repository")):
        with pytest.raises(FileError, match="git's own"):
            files.read(path, 1000)
    with pytest.raises(FileError, match="git's own"):
        write_whole(path, "{}")


@pytest.mark.parametrize(
    "path", [".github/net.yaml", ".gitignore", "git/net.yaml", "x.git/net.yaml", "git~2", "agit~1"]
)
def test_what_is_not_gits_is_read(path: str) -> None:
    assert not in_gits_own(path)


def test_a_person_may_name_it(folder: Path) -> None:
    (folder / ".git" / "net.yaml").write_text(SPEC)
    assert archcost.analyze(folder / ".git" / "net.yaml").totals.params == 8 * 8 + 8


def test_a_program_is_written_as_it_was_generated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = 'x = "##vso[task]"\n# ##[error]\n::error::\n'
    write_file(source, str(tmp_path / "net.py"), "python")
    assert (tmp_path / "net.py").read_text() == source
    write_file(source, str(tmp_path / "net.txt"), "table")
    assert "##" not in (tmp_path / "net.txt").read_text()
    write_file(source, "/dev/stderr", "python")
    told = capfd.readouterr().err
    assert "##" not in told
    assert not any(line.startswith("::") for line in told.splitlines())
