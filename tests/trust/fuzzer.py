"""A byte mutator over the corpus: hostile specs, configurations and lock files, thrown at every command.

::

    python tests/trust/fuzzer.py --minutes 10      # fresh inputs until the time is up
    python tests/trust/fuzzer.py --seed 1234       # one input again, its files kept

Every case is made from its number alone. A case is wrong if it ends in anything but the exit codes 0, 1 and 2, takes
more than the CPU seconds or the memory that it may take, or writes a control character. Any input may take
``CPU_SECONDS``; each model that is valid, and so is truly made, adds to that in proportion to its layers. Cases run in
worker processes of limited memory, so that a hang or a crash ends one worker and is told with its number.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.graph.model import Graph
    from archcost.settings import Settings
    from archcost.spec.model import Spec

CPU_SECONDS = 5  # of any input
LONG_SECONDS = 30  # of a valid model of LONG_LAYERS layers; one of fewer has as much less beyond CPU_SECONDS
LONG_LAYERS = 900_000
MOST_MODELS = 3  # of that length: what is not done with them in their time is stopped
MEMORY_BYTES = 1 << 30
ROUND = 200  # cases of one worker

_TEXTS = [
    *(b"$(", b"$x", b"$(i)", b"$(1/0)", b"$(9**99)", b"$(range(99999))", b"$in_channels", b"$(len(x))"),
    *(b"&a ", b"*a", b"<<: *a", b"!!python/object:os.system ", b"!x ", b"--- ", b"...\n", b"? ", b"|\n"),
    *(b": ", b"- ", b", ", b"[", b"]", b"{", b"}", b"#", b"'", b'"', b"\\", b"\t", b"\r", b"\n", b"\0", b"\x1b[31m"),
    *(b"0", b"-1", b"1e999", b".nan", b".inf", b"9" * 40, b"9" * 5000, b"1.5", b"null", b"true", b"~", b"2147483648"),
    *("\u202e\u2066\u200b\ufeff\u2028é×😀".encode(), b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80"),
    *(b"::error::x", b"##[error]x", b"<!-- archcost -->", b"@someone", b"=1+1", b"__init__", b"id: __x__"),
    *(b"repeat: 100000", b"repeat: $(2**20)", b"branches:", b"layers:", b"blocks:", b"params:", b"include: [a.yaml]"),
    *(b"from: a.*", b"repeat: [1, 2]", b"as: k", b"inputs: [x, y...]", b"when: $(i > 0)", b"$(str(i))"),
    *(b"from: input", b"from: []", b"share: conv2d", b"when: $(1)", b"outputs: [x]", b"extends: a.yaml", b"budgets:"),
    *(b"requires_grad: false", b"requires_grad: $(i)", b"share: a.0.conv2d", b"macs: 1%"),
    *(b"lstm: {hidden_size: 8, num_layers: 9999}", b"chunk: {chunks: 9999, dim: 1}", b"include: [zoo:resnet]"),
    *(b"extends: zoo:alexnet", b"include: [zoo:blocks/common]", b"extends: zoo:../x"),
    *(b"layers: [relu, relu]", b"residual: [relu]", b"linear: 3", b"id: 0", b"in_channels: 3", b"x: {layers: [x]}"),
    *(b"[{a: {n: $(n + 1)}, when: $(n)}]", b"$(str(i))"),
    *(b"[[budgets]]\n", b"specs = []\n", b"[a.b]\n", b"x = [[[[", b"a.b.c = 1\n", b"1979-05-27", b"'''", b'"""'),
]  # fmt: skip
_VALUES = [
    *(b"0", b"1", b"2", b"3", b"7", b"64", b"-1", b"1000", b"10000", b"1000000", b"3000000000", b"9223372036854775807"),
    *(b"1.5", b"1e400", b"null", b"[]", b"{}", b"[1, 2]", b"true", b"relu", b"input", b"conv2d", b"a", b"_", b"__x__"),
    *(b"$(in_channels * 2)", b"$(range(100))", b"$x", b"$(2**100)", b"$(in_shape)", b"concat", b"custom", b"embedding"),
]
_NUMBER = re.compile(rb"(?<![\w.])\d+(?![\w.])")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_COMMANDS = [
    ["validate", "a.yaml"],
    ["analyze", "a.yaml"],
    ["analyze", "a.yaml", "b.yaml", "--format", "markdown"],
    ["analyze", "a.yaml", "--format", "json"],
    ["analyze", "a.yaml", "--format", "csv"],
    ["analyze", "a.yaml", "--format", "latex"],
    ["analyze", "a.yaml", "--format", "tree", "--training"],
    ["analyze", "a.yaml", "--convention", "thop", "--functional", "relu"],
    ["compare", "a.yaml", "b.yaml"],
    ["compare", "b.yaml", "a.yaml", "--format", "json"],
    ["compare", "a.yaml", "b.yaml", "a.yaml", "--format", "latex"],
    ["memory", "a.yaml"],
    ["explain", "a.yaml"],
    ["export", "a.yaml"],
    ["reconcile", "a.yaml", "--published", "4.1M"],
    ["check", "a.yaml"],
    ["baseline", "update"],
]
_CONFIG = b"""specs = ["*.yaml"]
[[budgets]]
specs = ["a*.yaml"]
params = "30 M"
macs = "5%"
"""


@cache
def commands() -> list[list[str]]:
    """The command lines that are tried, ``check`` in every format and the schema of every document among them."""
    from archcost.render.formats import FORMATS, OF_VERDICTS
    from archcost.render.schemas import SCHEMAS

    checks = [["check", "--format", name] for name in (*OF_VERDICTS, *FORMATS)]
    return [*_COMMANDS, *checks, *[["schema", name] for name in SCHEMAS]]


def allowed(layers: int, seconds: float = CPU_SECONDS) -> float:
    """The CPU seconds of a case whose valid models have so many layers together, where any input may take ``seconds``.

    With 5: ``5 + 25 · layers / 900,000``.
    """
    return seconds * (1 + (LONG_SECONDS / CPU_SECONDS - 1) * layers / LONG_LAYERS)


class Case(NamedTuple):
    """The files of a case, and the command line that reads them."""

    files: dict[str, bytes]
    command: list[str]


def corpus() -> dict[str, list[bytes]]:
    """What is mutated: specs that are right and wrong, configurations and lock files."""
    zoo = [path.read_bytes() for path in sorted(ROOT.glob("specs/*.yaml")) if path.stat().st_size < 8_000]
    specs = [text for text in zoo if b"\nextends:" not in text]
    wrong = [path.read_bytes() for path in sorted(ROOT.glob("tests/bad/*.yaml")) if path.stat().st_size < 20_000]
    configs = [path.read_bytes() for path in sorted(ROOT.glob("examples/**/archcost.toml"))]
    locks = [path.read_bytes() for path in sorted(ROOT.glob("examples/**/*.lock.json"))]
    return {
        "a.yaml": 5 * specs + wrong,
        "b.yaml": specs,
        "archcost.toml": [*configs, _CONFIG],
        "archcost.lock.json": locks,
    }


def copy_parts(folder: str) -> None:
    """What the texts of the corpus include."""
    shutil.copytree(ROOT / "specs" / "blocks", os.path.join(folder, "blocks"))
    shutil.copytree(ROOT / "tests" / "bad" / "parts", os.path.join(folder, "parts"))


def make(number: int, texts: dict[str, list[bytes]]) -> Case:
    """The case of a number: the same files and the same command, always."""
    source = random.Random(number)
    command = source.choice(commands())
    wanted = ["a.yaml", "b.yaml"]
    if command[0] in ("check", "baseline"):
        wanted += ["archcost.toml", *(["archcost.lock.json"] if texts["archcost.lock.json"] else [])]
    target = source.choice(wanted)
    files = {}
    for name in wanted:
        text = source.choice(texts[name])
        if name == target or source.random() < 0.2:
            text = mutate(text, source, texts[name])
        files[name] = text
    return Case(files, command)


def mutate(text: bytes, source: random.Random, others: list[bytes]) -> bytes:
    """A few changes of one sort: of values, so that most texts stay readable, or of bytes."""
    count = source.choice((1, 1, 2, 3, 5, 10))
    return change_values(text, source, count) if source.random() < 0.7 else change_bytes(text, source, others, count)


def change_values(text: bytes, source: random.Random, count: int) -> bytes:
    """Numbers and words become other ones: those of the same text, or such as few would write."""
    for _ in range(count):
        number = source.random() < 0.8
        places = list((_NUMBER if number else _WORD).finditer(text))
        if not places:
            continue
        place = source.choice(places)
        other = source.choice(places)[0] if source.random() < 0.5 else source.choice(_VALUES)
        text = text[: place.start()] + other + text[place.end() :]
    return text


def change_bytes(text: bytes, source: random.Random, others: list[bytes], count: int) -> bytes:
    """Bytes flipped, spans dropped, doubled, moved, taken from another text, or a hostile word put in."""
    data = bytearray(text)
    for _ in range(count):
        at = source.randrange(len(data) + 1)
        end = min(len(data), at + source.choice((1, 2, 8, 40, 400)))
        change = source.randrange(8)
        if change == 0 and at < len(data):
            data[at] = source.randrange(256)
        elif change == 1:
            del data[at:end]
        elif change == 2:
            data[at:at] = data[at:end]
        elif change == 3:
            other = source.choice(others)
            start = source.randrange(len(other) + 1)
            data[at:at] = other[start : start + source.choice((10, 100, 1000))]
        elif change == 4:
            span = bytes(data[at:end])
            data[at:end] = span * source.choice((10, 100, 1000, 20_000))
        elif change == 5:
            lines = bytes(data).split(b"\n")
            first, second = source.randrange(len(lines)), source.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            data = bytearray(b"\n".join(lines))
        else:
            data[at:at] = source.choice(_TEXTS)
        del data[16 << 20 :]
    return bytes(data)


class _Spent(BaseException):
    """The CPU seconds of a case are used up; not an Exception, so that nobody takes it for one of theirs."""


@contextmanager
def valid_layers(made: list[int]) -> Iterator[None]:
    """The layers of each model that is valid, so that its graph is made to the end, are added to a list."""
    from archcost.analysis import report

    unroll = report.unroll

    def counted(spec: Spec, settings: Settings) -> Graph:
        graph = unroll(spec, settings)
        made.append(len(graph.nodes))
        return graph

    report.unroll = counted
    try:
        yield
    finally:
        report.unroll = unroll


def run(case: Case, folder: str, cpu_seconds: float = CPU_SECONDS) -> str:
    """What is wrong with a case, run in this process; empty if nothing is."""
    from archcost.cli import main

    for name in ("a.yaml", "b.yaml", "archcost.toml", "archcost.lock.json"):
        Path(folder, name).unlink(missing_ok=True)
    for name, content in case.files.items():
        Path(folder, name).write_bytes(content)
    streams = sys.stdout, sys.stderr
    arguments, place = sys.argv, os.getcwd()
    outputs = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in streams]

    def end(*_: object) -> None:
        raise _Spent

    before = signal.signal(signal.SIGPROF, end)
    begun = time.process_time()
    wrong = ""
    layers: list[int] = []
    try:
        os.chdir(folder)
        sys.argv = ["archcost", *case.command]
        sys.stdout, sys.stderr = outputs
        signal.setitimer(signal.ITIMER_PROF, allowed(MOST_MODELS * LONG_LAYERS, cpu_seconds))
        with valid_layers(layers):
            main()
    except SystemExit as ended:
        code = 0 if ended.code is None else ended.code
        wrong = "" if code in (0, 1, 2) else f"exit code {code!r}"
        if code == 1 and case.command[0] not in ("check", "baseline"):
            wrong = "exit code 1 without a verdict"
    except _Spent:
        wrong = "stopped"
    except BaseException:  # noqa: BLE001 - whatever leaves the command line is what is looked for
        wrong = traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        sys.stdout, sys.stderr = streams
        sys.argv = arguments
        os.chdir(place)
    spent, most = time.process_time() - begun, allowed(sum(layers), cpu_seconds)
    if spent > most and wrong in ("", "stopped"):
        wrong = f"more than {most:.1f} CPU seconds for {sum(layers):,} layers of valid models"
    shown = b"".join(output.buffer.getvalue() for output in outputs)  # type: ignore[attr-defined]
    control = sorted({char for char in shown.decode("utf-8", "replace") if not (char.isprintable() or char == "\n")})
    if control and not wrong:
        wrong = f"control characters in the output: {control}"
    return wrong and f"{wrong.strip()} ({spent:.1f} CPU seconds)"


def work(first: int, count: int, cpu_seconds: float) -> None:
    """Run cases one after the other, each announced before it runs, so that a worker that dies tells which it was."""
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    limit = MEMORY_BYTES + start + (256 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    texts = corpus()
    with tempfile.TemporaryDirectory() as folder:
        copy_parts(folder)
        for number in range(first, first + count):
            print(f"case {number}", flush=True)
            wrong = run(make(number, texts), folder, cpu_seconds)
            if wrong:
                print("wrong " + wrong.replace("\n", "\n      "), flush=True)
    print("done", flush=True)


def trouble(first: int, count: int, cpu_seconds: float = CPU_SECONDS) -> list[str]:
    """What is wrong with the cases of some numbers, run in a worker; a worker that dies goes on behind the case."""
    found = []
    last = first + count
    while first < last:
        command = [sys.executable, __file__, "--work", str(first), str(last - first), str(cpu_seconds)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        environment.pop("GITHUB_STEP_SUMMARY", None)
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, errors="replace")
        number = first
        finished = False
        for line in done.stdout.splitlines():
            if line.startswith("case "):
                number = int(line.split()[1])
            elif line == "done":
                finished = True
            elif line.startswith("wrong "):
                found.append(f"{number}: {line.removeprefix('wrong ')}")
            elif found and line.startswith("      "):
                found[-1] += "\n" + line
        if finished:
            break
        found.append(f"{number}: the worker ended with {done.returncode}: {done.stderr[-600:]}")
        first = number + 1
    return found


def main() -> None:
    """The command line of the fuzzer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, help="run this case alone, and keep its files")
    parser.add_argument("--work", nargs=3, metavar=("FIRST", "COUNT", "SECONDS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(int(given.work[0]), int(given.work[1]), float(given.work[2]))
        return
    if given.seed is not None:
        case = make(given.seed, corpus())
        folder = tempfile.mkdtemp(prefix="fuzz-")
        copy_parts(folder)
        print("archcost", *case.command, f"  (in {folder})")
        print(run(case, folder) or "nothing is wrong")
        return
    stop = time.monotonic() + 60 * given.minutes
    first = start = random.SystemRandom().randrange(1 << 40)
    wrong = 0
    while time.monotonic() < stop:
        for text in trouble(first, ROUND):
            wrong += 1
            print(text, flush=True)
        first += ROUND
    print(f"{first - start:,} cases, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
