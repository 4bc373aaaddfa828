"""What ``--against`` may name: any code of the user's, whatever it does, ends with exit code 2 and its own error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import archcost
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run

LINEAR = "archcost: 1\nname: net\ninput: [8]\nlayers: [linear: {out_features: 4}]\n"
HOSTILE = """
import sys
import torch
from torch import nn


def value_error():
    raise ValueError("no such size\\nand more")


def silent():
    raise RuntimeError


class Mute(Exception):
    def __str__(self):
        raise KeyError("x")


def mute():
    raise Mute


def leave():
    sys.exit()


def leave_with_words():
    sys.exit("bye")


def deep():
    return deep()


def asks():
    return input("which? ")


def interrupted():
    raise KeyboardInterrupt


def takes(width, *, depth):
    return nn.Linear(width, depth)


class Net(nn.Module):
    def __init__(self, error=None):
        super().__init__()
        self.fc = nn.Linear(8, 4)
        self.error = error

    def forward(self, x):
        if self.error:
            raise self.error
        return self.fc(x)


def talks():
    print("loading weights")
    return Net()


def fails_running():
    return Net(OSError("no disk"))


def leaves_running():
    return Net(SystemExit(0))


def stops_running():
    return Net(StopIteration())


class Closed(nn.Module):
    def named_modules(self, *args, **kwargs):
        raise LookupError("closed")


class Lazy:
    def __getattr__(self, name):
        raise ZeroDivisionError("lazy")


lazy = Lazy()
number = 3


def wide():
    return nn.Linear(9, 4)


def nothing():
    return None


def kind():
    return nn.Linear
"""

TARGETS = [
    # the target, and what its error says
    (".:x", "--against takes torchvision:model or package.module:callable, got '.:x'"),
    ("x", "got 'x'"),
    (":", "got ':'"),
    ("hostile:", "got 'hostile:'"),
    (":net", "got ':net'"),
    ("..hostile:net", "got '..hostile:net'"),
    ("hostile:value_error()", "got 'hostile:value_error()'"),
    ("hostile: value_error", "got 'hostile: value_error'"),
    ("hostile.py:net", "as Python imports it: `net:Net` for Net of net.py"),
    ("hostile:a:b", "got 'hostile:a:b'"),
    ("json:loads", "json:loads needs arguments: s"),
    ("hostile:takes", "hostile:takes needs arguments: width, depth"),
    ("torch.nn:Linear", "torch.nn:Linear needs arguments: in_features, out_features"),
    ("no_such_module_here:x", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module_here'"),
    ("hostile:no_such", "'hostile' has no 'no_such'"),
    ("hostile:lazy.x", "hostile:lazy.x cannot be looked up: ZeroDivisionError: lazy (hostile.py:"),
    ("hostile:number", "hostile:number is neither a module nor a callable that makes one"),
    ("hostile:nothing", "hostile:nothing is not a torch.nn.Module, and makes none: it gives NoneType"),
    ("hostile:kind", "and makes none: it gives type"),
    ("hostile:value_error", "hostile:value_error cannot be made: ValueError: no such size (hostile.py:8)"),
    ("hostile:silent", "hostile:silent cannot be made: RuntimeError (hostile.py:"),
    ("hostile:mute", "hostile:mute cannot be made: Mute: "),
    ("hostile:leave", "hostile:leave cannot be made: SystemExit: it exits with code 0 (hostile.py:"),
    ("hostile:leave_with_words", "SystemExit: it exits with bye (hostile.py:"),
    ("hostile:deep", "hostile:deep cannot be made: RecursionError: maximum recursion depth exceeded"),
    ("hostile:asks", "hostile:asks cannot be made: EOFError: EOF when reading a line (hostile.py:"),
    ("builtins:exit", "builtins:exit cannot be made: SystemExit: it exits with code 0"),
    ("builtins:quit", "it exits with code 0"),
    ("builtins:input", "EOFError"),
    ("syntax_error:net", "syntax_error:net cannot be imported: SyntaxError: "),
    ("leaves:net", "leaves:net cannot be imported: SystemExit: it exits with 3 (leaves.py:2)"),
    ("raises:net", "raises:net cannot be imported: ValueError: at import (raises.py:2)"),
    ("nulls:net", "nulls:net cannot be imported: "),
    ("hostile:fails_running", "hostile:fails_running cannot be run: OSError: no disk (hostile.py:"),
    ("hostile:leaves_running", "hostile:leaves_running cannot be run: SystemExit: it exits with code 0"),
    ("hostile:stops_running", "hostile:stops_running cannot be run: StopIteration"),
    ("hostile:Closed", "hostile:Closed cannot be moved to the meta device: "),
    ("hostile:wide", "hostile:wide does not run on the inputs of net, (1, 8): RuntimeError: "),
    ("torch.nn:Module", "torch.nn:Module does not run on the inputs of net, (1, 8): NotImplementedError: "),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(LINEAR, encoding="utf-8")
    (tmp_path / "hostile.py").write_text(HOSTILE, encoding="utf-8")
    (tmp_path / "syntax_error.py").write_text("def net(:\n", encoding="utf-8")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n", encoding="utf-8")
    (tmp_path / "raises.py").write_text("\nraise ValueError('at import')\n", encoding="utf-8")
    (tmp_path / "nulls.py").write_bytes(b"x = 1\0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("hostile", "syntax_error", "leaves", "raises", "nulls"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("target", "words"), TARGETS, ids=[row[0] for row in TARGETS])
def test_the_target_is_named_with_its_own_error(target: str, words: str, folder: Path, run: Callable[..., Run]) -> None:
    result = run("verify", "net.yaml", "--against", target, cwd=folder)
    assert result.code == 2
    assert words in result.err
    lines = [line for line in result.err.splitlines() if line]
    assert lines[0].removeprefix("which? which? ").startswith("error: ")
    assert all(line.startswith("help: ") for line in lines[1:])
    assert "Traceback" not in result.err + result.out
    assert "✓" not in result.out


@pytest.mark.usefixtures("folder")
def test_an_interruption_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        archcost.verify("net.yaml", against="hostile:interrupted")


def test_what_the_model_prints_stays_out_of_the_report(folder: Path, run: Callable[..., Run]) -> None:
    result = run("verify", "net.yaml", "--against", "hostile:talks", "--format", "json", cwd=folder)
    assert result.code == 0
    assert json.loads(result.out)["against"]["layers"] == {"with_tensors": 1, "agree": 1}
    assert "loading weights" in result.err


def test_the_process_ends_with_2(folder: Path) -> None:
    """From outside: the exit code, no traceback, and no waiting for a standard input that stays open."""
    code = "import sys; sys.argv = ['archcost', *sys.argv[1:]]; from archcost.cli import main; main()"
    root = os.path.dirname(os.path.dirname(archcost.__file__))
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    for target in ("builtins:exit", "hostile:asks"):
        process = subprocess.Popen(
            [sys.executable, "-c", code, "verify", "net.yaml", "--against", target],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.wait(timeout=120) == 2
        assert process.stdout.read() == ""
        assert target in process.stderr.read()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def test_the_library_raises_a_usage_error() -> None:
    with pytest.raises(archcost.UsageError, match="needs arguments"):
        archcost.verify(document({"input": [4], "layers": ["relu"]}), against="json:loads")
