"""What ``--against`` may name: any code of the user's, whatever it does, ends with exit code 2 and its own error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from scripts import forked
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Run

LINEAR = "archcost: 1\nname: net\ninput: [8]\nlayers: [linear: {out_features: 4}]\n"
HOSTILE = """
import asyncio
import atexit
import os
import signal
import sys
import threading
import time

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


def signalled():
    signal.raise_signal(signal.SIGINT)


class Own(BaseException):
    pass


def own():
    raise Own("mine")


def generator():
    raise GeneratorExit


def cancelled():
    raise asyncio.CancelledError


class Code(SystemExit):
    @property
    def code(self):
        raise Own("code")


def leaves_oddly():
    raise Code(0)


def ends():
    os._exit(0)


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def replaced():
    os.execv("/bin/sh", ["sh", "-c", "exit 0"])


def forks():
    if not os.fork():
        time.sleep(0.5)
    os._exit(0)


def late():
    atexit.register(os._exit, 0)
    return nn.Linear(8, 5)


def leave_soon():
    time.sleep(0.2)
    raise SystemExit(0)


def threads():
    threading.Thread(target=leave_soon).start()
    threading.Thread(target=time.sleep, args=(600,)).start()  # nobody waits for it
    return nn.Linear(8, 5)


class Forgets(nn.Linear):
    def __del__(self):
        raise Own("forgotten")


def forgets():
    return Forgets(8, 5)


def all_of_it():
    late()
    threads()
    return Forgets(8, 5)


def sleeps():
    open("asleep", "w").close()
    time.sleep(600)


class Liar:
    @property
    def __class__(self):
        raise Own("class")


liar = Liar()


def lies():
    return Liar()


class Signed:
    @property
    def __signature__(self):
        raise Own("signature")

    def __call__(self):
        return Net()


signed = Signed()


class Repr(nn.Module):
    def __repr__(self):
        raise Own("repr")

    def forward(self, x):
        raise ValueError(self)


class Asked(nn.Linear):
    def __init__(self):
        super().__init__(8, 4)
        self.weight

    def __getattr__(self, name):
        raise Own(name)


class Hooked(nn.Linear):
    def __init__(self):
        super().__init__(8, 4)
        self.register_forward_hook(lambda *_: own())


def scripted():
    return torch.jit.script(nn.Linear(8, 4))


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
    (".:x", "transformers:config.json or package.module:callable, got '.:x'"),
    ("x", "got 'x'"),
    (":", "got ':'"),
    ("hostile:", "got 'hostile:'"),
    (":net", "got ':net'"),
    ("..hostile:net", "got '..hostile:net'"),
    (
        "hostile:value_error()",
        "'hostile:value_error()' is a call, and a source names what is called, without arguments",
    ),
    ("hostile: value_error", "got 'hostile: value_error'"),
    ("hostile.py:net", "write a module as Python imports it: `hostile:net`"),
    ("hostile:a:b", "got 'hostile:a:b'"),
    ("json:loads", "json:loads needs arguments: s"),
    ("hostile:takes", "hostile:takes needs arguments: width, depth"),
    ("torch.nn:Linear", "torch.nn:Linear needs arguments: in_features, out_features"),
    ("no_such_module_here:x", "there is no module 'no_such_module_here'"),
    ("hostile:no_such", "'hostile' has no 'no_such'"),
    ("hostile:lazy.x", "hostile:lazy.x cannot be looked up: ZeroDivisionError: lazy (hostile.py:"),
    ("hostile:number", "hostile:number is neither a module nor a callable that makes one"),
    ("hostile:nothing", "hostile:nothing is not a torch.nn.Module, and makes none: it gives NoneType"),
    ("hostile:kind", "and makes none: it gives type"),
    ("hostile:value_error", "hostile:value_error cannot be made: ValueError: no such size (hostile.py:15)"),
    ("hostile:silent", "hostile:silent cannot be made: RuntimeError (hostile.py:"),
    ("hostile:mute", "hostile:mute cannot be made: Mute: "),
    ("hostile:leave", "hostile:leave cannot be made: SystemExit: it exits with code 0 (hostile.py:"),
    ("hostile:leave_with_words", "SystemExit: it exits with bye (hostile.py:"),
    ("hostile:interrupted", "hostile:interrupted cannot be made: KeyboardInterrupt (hostile.py:"),
    ("hostile:own", "hostile:own cannot be made: Own: mine (hostile.py:"),
    ("hostile:generator", "hostile:generator cannot be made: GeneratorExit (hostile.py:"),
    ("hostile:cancelled", "hostile:cancelled cannot be made: CancelledError (hostile.py:"),
    ("hostile:leaves_oddly", "hostile:leaves_oddly cannot be made: Code: it exits with code 0 (hostile.py:"),
    ("hostile:lies", "hostile:lies cannot be looked at: Own: class (hostile.py:"),
    ("hostile:liar", "hostile:liar cannot be looked up: Own: class (hostile.py:"),
    ("hostile:signed", "hostile:signed cannot be looked up: Own: signature (hostile.py:"),
    (
        "hostile:Repr",
        "hostile:Repr does not run on the inputs of net, (1, 8): ValueError: <exception str() failed> (hostile.py:",
    ),
    ("hostile:Asked", "hostile:Asked cannot be made: Own: weight (hostile.py:"),
    ("hostile:Hooked", "hostile:Hooked does not run on the inputs of net, (1, 8): Own: mine (hostile.py:"),
    ("hostile:scripted", "hostile:scripted is compiled by torch.jit, and its layers are not seen"),
    ("interrupts:net", "interrupts:net cannot be imported: KeyboardInterrupt (interrupts.py:1)"),
    ("hostile:deep", "hostile:deep cannot be made: RecursionError: maximum recursion depth exceeded"),
    ("hostile:asks", "hostile:asks cannot be made: EOFError: EOF when reading a line (hostile.py:"),
    ("builtins:exit", "builtins:exit cannot be made: SystemExit: it exits with code 0"),
    ("builtins:quit", "it exits with code 0"),
    ("builtins:input", "EOFError"),
    ("syntax_error:net", "syntax_error:net cannot be imported: SyntaxError: "),
    ("leaves:net", "leaves:net cannot be imported: SystemExit: it exits with 3 (leaves.py:2)"),
    ("raises:net", "raises:net cannot be imported: ValueError: at import (raises.py:2)"),
    ("nulls:net", "nulls:net cannot be imported: "),
    (
        "hostile:fails_running",
        "hostile:fails_running does not run on the inputs of net, (1, 8): OSError: no disk (hostile.py:",
    ),
    (
        "hostile:leaves_running",
        "hostile:leaves_running does not run on the inputs of net, (1, 8): SystemExit: it exits with code 0",
    ),
    ("hostile:stops_running", "hostile:stops_running does not run on the inputs of net, (1, 8): StopIteration"),
    ("hostile:Closed", "hostile:Closed cannot be looked at: LookupError: closed (hostile.py:"),
    ("hostile:wide", "hostile:wide does not run on the inputs of net, (1, 8): RuntimeError: "),
    ("torch.nn:Module", "torch.nn:Module does not run on the inputs of net, (1, 8): NotImplementedError: "),
]


@pytest.fixture(autouse=True)
def _interrupts() -> Iterator[None]:
    """The handler of a command line: a worker of a parallel run ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(LINEAR, encoding="utf-8")
    (tmp_path / "hostile.py").write_text(HOSTILE, encoding="utf-8")
    (tmp_path / "syntax_error.py").write_text("def net(:\n", encoding="utf-8")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n", encoding="utf-8")
    (tmp_path / "raises.py").write_text("\nraise ValueError('at import')\n", encoding="utf-8")
    (tmp_path / "interrupts.py").write_text("raise KeyboardInterrupt\n", encoding="utf-8")
    (tmp_path / "nulls.py").write_bytes(b"x = 1\0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("hostile", "syntax_error", "leaves", "raises", "interrupts", "nulls"):
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
def test_an_interruption_is_the_users_if_a_signal_came() -> None:
    """The target sends itself the signal that Ctrl-C sends; nothing tells it from a user's."""
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        archcost.verify("net.yaml", against="hostile:signalled")
    assert signal.getsignal(signal.SIGINT) is handler


# What a process does that no context manager sees, and the exit code: 2 without a verdict.
ENDINGS = [
    ("ends", 2, "ended the process before anything was judged: exit code 0"),
    ("killed", 2, "ended the process before anything was judged: signal 9 (SIGKILL)"),
    ("replaced", 2, "ended the process before anything was judged: exit code 0"),
    ("forks", 2, "ended the process before anything was judged: exit code 0"),  # its child keeps the pipe open
]


# What the process of the command may do itself as it ends is seen in one that starts anew.
ANEW = [
    ("all_of_it", 1, ""),
    *(pytest.param(name, 1, "", marks=pytest.mark.long) for name in ("late", "threads", "forgets")),
]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize(("name", "code", "words"), ENDINGS, ids=[row[0] for row in ENDINGS])
def test_a_target_that_ends_the_process_changes_no_exit_code(name: str, code: int, words: str, folder: Path) -> None:
    result = forked.run(["verify", "net.yaml", "--against", f"hostile:{name}"], folder, dict(os.environ))
    assert result.returncode == code, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    assert "✓ net" not in result.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize(("name", "code", "words"), ANEW)
def test_nor_does_what_it_leaves_for_the_end(name: str, code: int, words: str, folder: Path) -> None:
    words_of = ["verify", "net.yaml", "--against", f"hostile:{name}"]
    result = subprocess.run(**command(words_of, folder), capture_output=True, timeout=120, check=False)
    assert result.returncode == code, result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    assert "✓ net" not in result.stdout


def command(words: list[str], folder: Path) -> dict[str, Any]:
    """The arguments of a process that runs archcost."""
    code = "import sys; sys.argv = ['archcost', *sys.argv[1:]]; from archcost.cli import main; main()"
    root = os.path.dirname(os.path.dirname(archcost.__file__))
    path = os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    return {"args": [sys.executable, "-c", code, *words], "cwd": folder, "env": environment, "text": True}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_signal_to_the_program_ends_the_run(folder: Path) -> None:
    process = subprocess.Popen(
        **command(["verify", "net.yaml", "--against", "hostile:sleeps"], folder), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    while not (folder / "asleep").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert process.stdout.read() == ""  # and nobody is left who could write
    process.stdout.close()


@pytest.mark.parametrize(
    "words", [["verify", "conv5x5"], ["verify", "conv5x5", "--against", "a:b"], ["bench", "conv5x5"]]
)
def test_a_working_directory_that_is_gone(words: list[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import os, sys; sys.argv = ['archcost', *sys.argv[2:]]; os.rmdir(os.getcwd()); "
        "from archcost.cli import main; main()"
    )
    settings = command([str(gone), *words], gone)
    settings["args"][2] = code
    result = subprocess.run(**settings, capture_output=True, timeout=120, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: the working directory cannot be used: ")


def test_what_the_model_prints_stays_out_of_the_report(folder: Path, run: Callable[..., Run]) -> None:
    result = run("verify", "net.yaml", "--against", "hostile:talks", "--format", "json", cwd=folder)
    assert result.code == 0
    assert json.loads(result.out)["against"]["layers"] == {"with_tensors": 1, "agree": 1, "kind_not_known": 0}
    assert "loading weights" in result.err


def test_nobody_waits_for_a_standard_input_that_stays_open(
    folder: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that asked there would have its answer, much later."""
    reading, writing = os.pipe()
    answer = threading.Timer(30, os.write, (writing, b"this one\n"))
    answer.start()
    before = os.dup(0)
    os.dup2(reading, 0)
    try:
        with open(0, encoding="utf-8", closefd=False) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            result = run("verify", "net.yaml", "--against", "hostile:asks", cwd=folder)
    finally:
        os.dup2(before, 0)
        answer.cancel()
        for descriptor in (before, reading, writing):
            os.close(descriptor)
    assert (result.code, result.out) == (2, "")
    assert "EOFError" in result.err


@pytest.mark.long
@pytest.mark.parametrize("target", ["builtins:exit", "hostile:asks"])
def test_the_process_ends_with_2(target: str, folder: Path) -> None:
    """From outside: the exit code, no traceback, and no waiting for a standard input that stays open."""
    process = subprocess.Popen(
        **command(["verify", "net.yaml", "--against", target], folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
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


def test_what_a_target_writes_leaves_the_output_alone(tmp_path: Path) -> None:
    """It writes past ``print``: to the descriptor, and through a stream of its own."""
    (tmp_path / "net.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [linear: {out_features: 2}]\n")
    (tmp_path / "loud.py").write_text(
        "import os, sys\nfrom torch import nn\n\n"
        "def made():\n    os.write(1, b'from a descriptor\\n')\n    sys.__stdout__.write('from a stream\\n')\n"
        "    print('from print')\n    return nn.Linear(3, 2)\n"
    )
    words = ["verify", "net.yaml", "--against", "loud:made", "--format", "json"]
    done = forked.run(words, tmp_path, dict(os.environ))
    assert json.loads(done.stdout)["proved"] is True
    assert [line for line in done.stderr.splitlines() if line.startswith("from")] != []
    assert {line for line in done.stderr.splitlines() if line.startswith("from")} == {
        "from a descriptor",
        "from a stream",
        "from print",
    }
