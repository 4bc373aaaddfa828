"""Command lines of archcost, each in a process of its own that is forked from one with everything loaded.

What a command prints, its exit code, and what it leaves in files are those of a process that starts anew, without the
tenths of a second that loading archcost takes, or the seconds of torch: what a command has loaded of ``LIBRARIES`` is
loaded here after it, for the next ones. What is tested of the start itself, of signals, or of what other people's code
does to a process needs a process that starts anew; exit handlers do not run here.

    python -m scripts.forked MODULE... < orders.json > done.json

loads modules, runs the orders ``[[[words, folder], ...], limits or null]`` one after another, and says what came of
each.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, NoReturn

from archcost import cli

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parent.parent
LIBRARIES = {"archcost", "rich", "numpy", "torch", "torchvision", "timm", "transformers", "fvcore", "matplotlib"}


class Limits(NamedTuple):
    """What a command may take: seconds of the processor, and bytes of memory."""

    seconds: int
    memory: int


class Done(NamedTuple):
    """What came of a command: its exit code, negative for a signal, and what it has written."""

    returncode: int
    stdout: str
    stderr: str


def run(
    words: Sequence[str],
    folder: Path | str,
    environment: Mapping[str, str],
    *,
    merged: bool = False,
    limits: Limits | None = None,
) -> Done:
    """Run ``archcost WORDS`` in a folder, with nothing to read; ``merged`` sends errors where the output goes."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as loaded:
        child = os.fork()
        if not child:
            files = (out.fileno(), (out if merged else err).fileno())
            _become(words, folder, environment, files, loaded.fileno(), limits)
        _, status = os.waitpid(child, 0)
        written, complaints, names = [_read(file) for file in (out, err, loaded)]
    _load(names.split())
    return Done(os.waitstatus_to_exitcode(status), written, complaints)


def _read(file: IO[bytes]) -> str:
    """All that is in a file."""
    file.seek(0)
    return file.read().decode("utf-8")


def _load(names: Sequence[str]) -> None:
    """Load modules that a command has loaded, in its order; some of torch are made, not loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the command has heard them
        for name in names:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)


def _become(
    words: Sequence[str],
    folder: Path | str,
    environment: Mapping[str, str],
    files: tuple[int, int],
    loaded: int,
    limits: Limits | None,
) -> NoReturn:
    """Be the process of a command, to its end; the modules that it has loaded are listed in a file."""
    code = 1
    before = set(sys.modules)
    gc.freeze()  # what is loaded stays: the collector need not go through it
    try:
        if limits is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds))
            resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor, file in enumerate(files, start=1):
            os.dup2(file, descriptor)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - they are open as long as the process
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        for name in ("stdin", "stdout", "stderr"):
            setattr(sys, f"__{name}__", getattr(sys, name))  # as in a process that starts anew
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["archcost", *words]
        code = _exit_code()
        sys.stdout.flush()
        sys.stderr.flush()
        names = [name for name in sys.modules if name.partition(".")[0] in LIBRARIES and name not in before]
        os.write(loaded, " ".join(names).encode("utf-8"))
    finally:
        os._exit(code)


def _exit_code() -> int:
    """Run the command line, and end as Python would."""
    try:
        cli.main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - shown as Python shows it
        traceback.print_exc()
        return 1
    return 0


def run_all(
    modules: Sequence[str], orders: Sequence[tuple[Sequence[str], Path]], limits: Limits | None = None
) -> list[Done]:
    """Run command lines by one process that has loaded modules, apart from this one and what it has loaded."""
    program = [sys.executable, "-m", "scripts.forked", *modules]
    text = json.dumps([[[list(words), str(folder)] for words, folder in orders], limits])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603 - this Python
        program, input=text, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT, check=True
    )
    return [Done(*each) for each in json.loads(done.stdout)]


def main() -> None:
    """Load the modules, and run the orders on standard input."""
    for module in sys.argv[1:]:
        importlib.import_module(module)
    orders, limits = json.load(sys.stdin)
    allowed = Limits(*limits) if limits else None
    done = [run(words, folder, dict(os.environ), limits=allowed) for words, folder in orders]
    print(json.dumps(done))


if __name__ == "__main__":
    main()
