"""Files that people name are written at once or not at all, and whatever else has the name is written in place."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from archcost.writing import write_named, write_new

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
