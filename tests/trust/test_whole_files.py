"""Files that people name are written at once or not at all, and whatever else has the name is written in place."""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from archcost.errors import UsageError
from archcost.files import FileError
from archcost.writing import check_place, write_named, write_new, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Run


class InterruptError(Exception):
    """What comes in the middle."""


def _half() -> Iterator[str]:
    yield "new, and "
    raise InterruptError


@pytest.mark.parametrize("name", ["there.txt", "link.txt", "fresh.txt"])
def test_what_is_interrupted_leaves_what_was_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("there.txt")
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(InterruptError):
        write_named(str(tmp_path / name), _half())
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "there.txt").read_text() == "old"


def test_a_link_stays_one_and_a_mode_too(tmp_path: Path) -> None:
    there = tmp_path / "there.txt"
    there.write_text("old")
    there.chmod(0o640)
    (tmp_path / "link.txt").symlink_to("there.txt")
    write_named(str(tmp_path / "link.txt"), ["new"])
    assert (tmp_path / "link.txt").is_symlink()
    assert there.read_text() == "new"
    assert stat.S_IMODE(there.stat().st_mode) == 0o640
    write_new(str(there), "newer", over=True)
    assert there.read_text() == "newer"


def test_a_file_of_two_names_keeps_both(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("old")
    os.link(tmp_path / "one.txt", tmp_path / "two.txt")
    write_named(str(tmp_path / "one.txt"), ["new"])
    assert (tmp_path / "two.txt").read_text() == "new"


def test_a_link_to_nothing_yet_leads_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to("fresh.txt")
    write_named(str(tmp_path / "link.txt"), ["new"])
    assert (tmp_path / "fresh.txt").read_text() == "new"


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no devices have names here")
def test_a_device_is_no_file_to_replace() -> None:
    write_named("/dev/null", ["new"])
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.fixture
def modes_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modes say what may be written, also to root."""
    monkeypatch.setattr(os, "access", lambda path, _: bool(os.stat(path).st_mode & stat.S_IWUSR))


PLACES = {
    "fresh.json": "",
    "there.json": "",
    "closed/there.json": "",  # the file is open, and is written in place
    "kept.json": "permission denied",
    "closed/fresh.json": "permission denied",
    "closed": "is a directory",
    "none/fresh.json": "there is no such folder",
    "none/of/these/fresh.json": "there is no such folder",
    "there.json/fresh.json": "not a directory",
}


@pytest.mark.usefixtures("modes_count")
@pytest.mark.parametrize(("name", "reason"), PLACES.items())
def test_a_place_is_judged_before_there_is_anything_to_write(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    for each in ("there.json", "kept.json", "closed/there.json"):
        (tmp_path / each).write_text("old")
    (tmp_path / "kept.json").chmod(0o444)
    (tmp_path / "closed").chmod(0o555)
    path = str(tmp_path / name)
    with pytest.raises(UsageError, match=f": {reason}$") if reason else nullcontext():
        check_place(path)
    with pytest.raises(UsageError) if reason and "folder" not in reason else nullcontext():
        check_place(path, makes_way=True)
    assert sorted(os.listdir(tmp_path)) == ["closed", "kept.json", "there.json"]  # nothing is made
    assert (tmp_path / "there.json").read_text() == "old"
    with pytest.raises(UsageError, match="permission denied"):
        check_place(str(tmp_path / "closed" / "none" / "fresh.json"), makes_way=True)


@pytest.mark.usefixtures("modes_count")
@pytest.mark.parametrize("text", ["new", "a longer one", "n"])
def test_a_file_that_is_not_to_be_written_is_not_replaced_either(text: str, tmp_path: Path) -> None:
    kept = tmp_path / "archcost.lock.json"
    kept.write_text("old")
    kept.chmod(0o444)
    with pytest.raises(FileError, match="permission denied"):
        write_whole(str(kept), text)
    assert kept.read_text() == "old"
    assert os.listdir(tmp_path) == [kept.name]
    assert not write_whole(str(kept), "old")  # there is nothing to write


SLOW = {
    "bench": (["bench", "alexnet", "-o"], "net.json", "archcost.bench"),
    "verify": (["verify", "alexnet", "-o"], "net.json", "archcost.verify"),
    "import": (["import", "torchvision:alexnet", "-o"], "net.yaml", "archcost.importers.importing.import_anew"),
    "baseline": (
        ["baseline", "update", "alexnet", "--latency", "--baseline"],
        "lock.json",
        "archcost.budget.latency.measure",
    ),
}


@pytest.mark.usefixtures("modes_count")
@pytest.mark.parametrize(("words", "name", "work"), SLOW.values(), ids=SLOW)
def test_slow_work_does_not_begin_where_its_result_cannot_be_written(
    words: list[str], name: str, work: str, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "closed" / name
    path.parent.mkdir(mode=0o555)
    monkeypatch.setattr(work, lambda *_, **__: pytest.fail("it began"))
    told = run(*words, str(path), cwd=tmp_path)
    assert (told.code, told.out, told.err) == (2, "", f"error: cannot write {path}: permission denied\n")
