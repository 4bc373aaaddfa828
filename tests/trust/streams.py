"""Standard streams that cannot take everything, and the command line run on them in this process."""

from __future__ import annotations

import errno
import io
import sys
from typing import IO, TYPE_CHECKING, NamedTuple

from archcost import cli

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NET = """archcost: 1
name: net
input: [8, 8, 8]
layers:
  - conv2d: {out_channels: 8, kernel_size: 1}
  - relu:
budgets: {params: 1}
"""
WRONG = "archcost: 1\nname: wrong\ninput: [8]\nlayers: [{linear: {out_featurs: 8}}]\n"
# Words, and the code they end with where everything can be written.
COMMANDS = {
    "analyze": (["analyze", "net.yaml"], 0),
    "analyze several": (["analyze", "net.yaml", "net.yaml", "wide.yaml"], 0),
    "analyze tree": (["analyze", "net.yaml", "--format", "tree"], 0),
    "analyze wrong": (["analyze", "wrong.yaml"], 2),
    "analyze nothing": (["analyze", "none.yaml"], 2),
    "analyze --bogus": (["analyze", "--bogus"], 2),
    "analyze --help": (["analyze", "--help"], 0),
    "columns": (["analyze", "net.yaml", "--columns", "receptive_field,intensity"], 0),
    "convention": (["analyze", "net.yaml", "--convention", "fvcore"], 0),
    "compare": (["compare", "net.yaml", "wide.yaml"], 0),
    "compare three": (["compare", "net.yaml", "wide.yaml", "resnet18"], 0),
    "check": (["check", "net.yaml"], 1),
    "check concise": (["check", "net.yaml", "--format", "concise"], 1),
    "check github": (["check", "net.yaml", "--format", "github"], 1),
    "check wrong": (["check", "wrong.yaml"], 2),
    "explain": (["explain", "net.yaml"], 0),
    "explain a layer": (["explain", "net.yaml", "conv2d"], 0),
    "export": (["export", "net.yaml"], 0),
    "memory": (["memory", "net.yaml"], 0),
    "memory in training": (["memory", "net.yaml", "--training"], 0),
    "reconcile": (["reconcile", "net.yaml", "--published", "5k"], 0),
    "schema": (["schema", "spec"], 0),
    "validate": (["validate", "net.yaml"], 0),
    "validate wrong": (["validate", "wrong.yaml"], 2),
    "--version": (["--version"], 0),
    "--help": (["--help"], 0),
}


def write_specs(folder: Path) -> None:
    """The specs that the commands name."""
    (folder / "net.yaml").write_text(NET)
    (folder / "wide.yaml").write_text(
        NET.replace("name: net", "name: wide").replace("kernel_size: 1", "kernel_size: 3")
    )
    (folder / "wrong.yaml").write_text(WRONG)


class Ended(NamedTuple):
    """How a command ended."""

    code: object
    out: bytes
    err: bytes


class Encoded(io.TextIOWrapper):
    """A stream of an encoding that refuses what it cannot encode, on a terminal or not."""

    def __init__(self, encoding: str, *, terminal: bool = False) -> None:
        self.bytes = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.bytes, encoding=encoding, errors="strict")

    def isatty(self) -> bool:
        return self.terminal


class Failing(io.StringIO):
    """A stream whose device fails: it is full, or the reader has left."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code

    def write(self, text: str) -> int:
        raise OSError(self.code, "cannot")


FULL, LEFT = errno.ENOSPC, errno.EPIPE


def run(words: list[str], monkeypatch: pytest.MonkeyPatch, out: IO[str] | None, err: IO[str] | None = None) -> Ended:
    """Run a command line with these streams; whatever is not an exit is raised."""
    err = err if err is not None else Encoded("utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "argv", ["archcost", *words])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        code: object = "no exit"
        try:
            cli.main()
        except SystemExit as done:
            code = done.code
    return Ended(code or 0, _written(out), _written(err))


def _written(stream: IO[str] | None) -> bytes:
    return stream.bytes.getvalue() if isinstance(stream, Encoded) else b""
