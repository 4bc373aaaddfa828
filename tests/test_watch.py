"""``--watch``: a command draws again when a file is saved that it read, shows mistakes, and ends with Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

import pytest

from archcost.commands.watching import wait_for_change
from archcost.files import state_of
from tests.interrupts import obey_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Run

SECONDS = 60  # until a machine under load has drawn
SPEC = "archcost: 1\nname: net\ninput: [8]\ninclude: [unit.yaml]\nlayers: [{unit: {out: 10}}]\nbudgets: {params: 200}\n"
UNIT = "archcost: 1\nblocks:\n  unit:\n    params: {out: }\n    layers: [{linear: $out}]\n"  # 8·out + out params


def _begin() -> None:
    """Take the terminal, and Ctrl-C."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    obey_interrupts()


class Screen:
    """A terminal in which a command runs."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "archcost", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**kept, "TERM": "xterm-256color"},
            start_new_session=True,
            preexec_fn=_begin,  # noqa: PLW1509 - no thread runs here
        )
        os.close(slave)

    def until(self, text: str) -> str:
        """What is drawn up to a text, without colours; the screen is what stands behind the last clearing."""
        shown, end = "", time.monotonic() + SECONDS
        while text not in plain(shown):
            left = end - time.monotonic()
            assert left > 0, f"{text!r} did not come, but: {shown!r}"
            if select.select([self._master], [], [], left)[0]:
                shown += os.read(self._master, 65536).decode()
        return plain(shown.rpartition("\x1b[2J")[2])

    def resize(self, columns: int) -> None:
        """Make the terminal so many columns wide."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def interrupt(self) -> int:
        """The exit code after Ctrl-C."""
        os.write(self._master, b"\x03")
        return self.process.wait(timeout=SECONDS)

    def close(self) -> None:
        """End what still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.yaml").write_text(SPEC)
    (tmp_path / "unit.yaml").write_text(UNIT)
    return tmp_path


@pytest.fixture
def screen(folder: Path) -> Iterator[Callable[..., Screen]]:
    screens = []

    def start(*words: str) -> Screen:
        screens.append(Screen(folder, *words))
        return screens[-1]

    yield start
    for one in screens:
        one.close()


END = "Ctrl-C ends"


def test_another_size_of_the_terminal_is_drawn_for(screen: Callable[..., Screen]) -> None:
    watched = screen("analyze", "googlenet", "--watch")
    assert max(map(len, watched.until(END).splitlines())) > 50
    watched.resize(50)
    assert max(map(len, watched.until(END).splitlines())) <= 50
    assert watched.interrupt() == 0


def test_what_is_saved_is_drawn_and_mistakes_do_not_end_it(folder: Path, screen: Callable[..., Screen]) -> None:
    watched = screen("analyze", "net.yaml", "--watch")
    assert "90" in watched.until(END)  # 8·10 + 10
    (folder / "net.yaml").write_text(SPEC.replace("out: 10", "out: 20"))
    assert "180" in watched.until(END)
    (folder / "net.yaml").write_text(SPEC.replace("unit: {out: 10}", "unti: {out: 10}"))
    assert "did you mean 'unit'" in watched.until(END)
    (folder / "net.yaml").unlink()
    assert "there is no such file" in watched.until(END)
    (folder / "net.yaml").write_text(SPEC)
    assert "90" in watched.until(END)
    (folder / "unit.yaml").write_text(UNIT.replace("linear: $out", "linear: $(3 * out)"))  # what it includes
    assert "270" in watched.until(END)
    assert watched.interrupt() == 0


COMMANDS = {
    "compare": (("conv1x1", "net.yaml"), "270"),
    "check": (("net.yaml",), "params 270, over the limit of 200"),
    "explain": (("net.yaml", "unit"), "270"),
    "memory": (("net.yaml",), "1.05 KiB"),  # 4·270 = 1,080 bytes
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_watches(command: str, folder: Path, screen: Callable[..., Screen]) -> None:
    words, told = COMMANDS[command]
    watched = screen(command, *words, "--watch")
    assert told not in watched.until(END)
    (folder / "net.yaml").write_text(SPEC.replace("out: 10", "out: 30"))
    assert told in watched.until(END)
    assert watched.interrupt() == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("analyze", "net.yaml", "--watch"), "standard output is none"),
        (("check", "net.yaml", "--watch"), "standard output is none"),
        (("memory", "net.yaml", "--watch", "-o", "out.md"), "-o writes a file"),
        (("compare", "net.yaml", "conv1x1", "--watch", "--output=out.json"), "-o writes a file"),
        (("explain", "-", "--watch"), "cannot watch standard input"),
        (("analyze", "nets:build", "--watch"), "--watch is for specs"),
    ],
)
def test_where_nobody_could_watch(words: tuple[str, ...], told: str, folder: Path, run: Callable[..., Run]) -> None:
    result = run(*words, cwd=folder)
    assert result.code == 2
    assert told in result.err
    assert not list(folder.glob("out.*"))


def test_a_file_is_drawn_once_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("a")
    known = {str(path): state_of(str(path)), str(tmp_path / "other"): None}
    writes = iter(["", "ab", "abc", "abcd", ""])  # while somebody waits

    def sleep(_: float) -> None:
        text = next(writes)
        if text:
            path.write_text(text)

    monkeypatch.setattr("archcost.commands.watching.time.sleep", sleep)
    wait_for_change(known)
    assert path.read_text() == "abcd"
    assert next(writes, None) is None
    assert known[str(path)] == state_of(str(path))
