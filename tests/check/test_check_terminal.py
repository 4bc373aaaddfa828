"""``check`` as a process: terminals, pipes, colours, speed, and real measurements."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from archcost import model_zoo as zoo
from archcost.budget import latency as latencies
from archcost.budget.cases import Request
from archcost.budget.check import check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

COMMAND = [sys.executable, "-m", "archcost"]
HIDDEN = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE")


def environment(**extra: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in HIDDEN} | extra


def in_terminal(*arguments: str, columns: int, cwd: Path, **extra: str) -> tuple[int, str]:
    """Exit code and what a real terminal of this width shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = environment(**{"TERM": "xterm-256color", **extra})
    process = subprocess.Popen([*COMMAND, *arguments], stdin=slave, stdout=slave, stderr=slave, cwd=cwd, env=variables)
    os.close(slave)
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other side is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    return process.wait(timeout=600), b"".join(chunks).decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.fixture
def over(project: Path) -> Path:
    path = project / "specs" / "doorbell.yaml"
    path.write_text(path.read_text().replace("stage: {out: $(round(128 * width))}", "stage: {out: 192}"))
    return project


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_terminal_is_never_overrun(columns: int, over: Path) -> None:
    code, shown = in_terminal("check", columns=columns, cwd=over)
    assert code == 1
    assert "\x1b[1;31mfail\x1b[0m" in shown
    assert max(len(line) for line in plain(shown).splitlines()) <= columns
    assert "stage_3.separable_1.pointwise" in plain(shown)


def test_sixty_columns(over: Path, golden: Callable[[str, str], None]) -> None:
    _, shown = in_terminal("check", columns=60, cwd=over)
    without_bar = re.sub(r"[\r\n]*checking .*[\r\n]+", "", plain(shown))  # which is drawn where a check takes a while
    golden("check/story_over_60.txt", without_bar)


def test_no_color_means_none(over: Path) -> None:
    assert "\x1b" not in in_terminal("check", columns=80, cwd=over, NO_COLOR="1")[1]
    assert "\x1b" not in in_terminal("baseline", "update", columns=80, cwd=over, NO_COLOR="1")[1]


def test_a_pipe_is_plain_and_not_cut(over: Path) -> None:
    result = subprocess.run(
        [*COMMAND, "check"], capture_output=True, text=True, cwd=over, env=environment(), check=False
    )
    assert result.returncode == 1
    assert "\x1b" not in result.stdout
    assert "  " in result.stdout
    forced = subprocess.run(
        [*COMMAND, "check"], capture_output=True, text=True, cwd=over, env=environment(FORCE_COLOR="1"), check=False
    )
    assert plain(forced.stdout) == result.stdout
    assert "\x1b[1;31m" in forced.stdout


def test_a_reader_that_leaves_early_changes_no_exit_code(everything: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "check", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=everything,
        env=environment(),
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=600) == 2


def test_nothing_heavy_is_imported(project: Path) -> None:
    code = (
        "import sys; from archcost import cli; sys.argv = ['archcost', 'check']\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'numpy', 'fvcore', 'rich.table') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=project, env=environment(), check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
def test_two_hundred_specs_are_judged_in_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run], *, whole: bool
) -> None:
    """Two hundred small ones, or the whole zoo, with budgets and a baseline."""
    if whole:
        shutil.copytree(zoo.folder(), tmp_path / "specs")
    else:
        (tmp_path / "specs").mkdir()
        for k in range(201):
            text = f"archcost: 1\ninput: [8]\nlayers: [{{linear: {{out_features: {k + 1}}}}}]\n"
            (tmp_path / "specs" / f"net{k}.yaml").write_text(text)
    (tmp_path / "archcost.toml").write_text('specs = ["specs/*.yaml"]\n[[budgets]]\nparams = "1%"\nmacs = "1000 T"\n')
    assert run("baseline", "update", cwd=tmp_path).code == 0
    monkeypatch.chdir(tmp_path)
    verdict = check(Request())
    assert len(verdict.specs) == (len(zoo.names()) if whole else 201) > 200
    assert verdict.exit_code == 0


LATENCY = "{latency: {max: 600 s, increase: 100000000%}}"
CONFIG = 'specs = ["specs/*.yaml"]\n'


def test_latency_is_measured_and_recorded(
    net: Callable[..., Path], run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With real measurements of a twentieth of the time; what they come to depends on the machine."""
    from archcost.pytorch import latency as measuring

    sample = measuring._sample

    def shorter(call: Callable[[], object], min_time: float, *rest: int) -> list[float]:
        return sample(call, min_time / 20, *rest)

    monkeypatch.setattr(measuring, "_sample", shorter)
    folder = net(LATENCY, CONFIG)
    path = folder / "archcost.lock.json"
    assert run("baseline", "update", "--latency", cwd=folder).code == 0
    latency = json.loads(path.read_text())["latency"]
    (device,) = latency
    pace = latency[device]["specs/net.yaml"]
    assert pace["median_ns"] > 0
    assert set(pace) == {"median_ns", "iqr_ns", "batch", "sha256"}
    document = json.loads(run("check", "--latency", "--format", "json", cwd=folder).out)
    maximum, growth = document["specs"][0]["findings"]
    assert (maximum["unit"], maximum["allowed"], growth["baseline"]) == ("ns", 600 * 10**9, pace["median_ns"])
    assert maximum["figure"] == growth["figure"] > 0
    assert {maximum["status"], growth["status"]} <= {"ok", "inconclusive"}
    run("baseline", "update", cwd=folder)
    assert json.loads(path.read_text())["latency"] == latency  # kept


class Machine:
    """Stands in for a measurement: a median and a spread in seconds."""

    def __init__(self, name: str, median: float, iqr: float = 0.0) -> None:
        self.name, self.median, self.iqr = name, median, iqr

    def __call__(self, *reports: Any) -> list[Any]:
        environment = SimpleNamespace(device="cuda", name=self.name, threads=1)
        total = SimpleNamespace(median=self.median, iqr=self.iqr)
        ran = {"environment": environment, "total": total, "layers": (), "declared": ()}
        return [SimpleNamespace(report=report, **ran) for report in reports]


def test_latencies_are_kept_apart_by_machine(
    net: Callable[..., Path], run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = net("{latency: {max: 10 ms, increase: 10%}}", CONFIG)

    def on(name: str, median: float, iqr: float = 0.0) -> None:
        monkeypatch.setattr(latencies, "measure", Machine(name, median, iqr))

    on("one", 0.004)
    assert run("check", "--latency", cwd=folder).code == 2  # no baseline at all
    assert run("baseline", "update", "--latency", cwd=folder).code == 0
    assert run("check", "--latency", "-q", cwd=folder).out == "✓ 1 spec: 2 limits hold\n"
    on("one", 0.005)
    slower = run("check", "--latency", cwd=folder)
    assert slower.code == 1
    assert "net: latency 5.00 ms ± 0 ns, 4.00 ms ± 0 ns before: 25.0% more" in slower.out
    refused = run("baseline", "update", "--latency", cwd=folder)
    assert refused.code == 1
    assert "latency 4.00 ms → 5.00 ms" in refused.err
    on("one", 0.005, 0.001)
    unsure = run("check", "--latency", cwd=folder)
    assert unsure.code == 0
    assert "inconclusive: net: latency 5.00 ms ± 1.00 ms" in unsure.out
    on("two", 0.011)
    other = run("check", "--latency", cwd=folder)
    assert other.code == 1
    assert "over the limit of 10 ms by 1.00 ms (10.0%)" in other.out
    assert "the baseline has none of two" in other.out
    assert run("baseline", "update", "--latency", cwd=folder).code == 0
    lock = json.loads((folder / "archcost.lock.json").read_text())
    assert {name: specs["specs/net.yaml"]["median_ns"] for name, specs in lock["latency"].items()} == {
        "one": 4_000_000,
        "two": 11_000_000,
    }


def test_a_latency_is_held_against_one_of_the_same_batch(
    net: Callable[..., Path], run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = net("{latency: {max: 600 ms, increase: 10%}}", CONFIG)
    monkeypatch.setattr(latencies, "measure", Machine("one", 0.004))
    assert run("baseline", "update", "--latency", cwd=folder).code == 0
    monkeypatch.setattr(latencies, "measure", Machine("one", 0.040))  # of ten times the images

    def growth(batch: str) -> dict[str, Any]:
        document = json.loads(run("check", "--latency", "--batch", batch, "--format", "json", cwd=folder).out)
        finding: dict[str, Any] = document["specs"][0]["findings"][1]
        return finding

    one, ten = growth("1"), growth("10")
    assert (one["status"], one["baseline"], one["figure"]) == ("fail", 4_000_000, 40_000_000)
    assert (ten["status"] == "fail", ten["baseline"], ten["figure"]) == (False, None, 40_000_000)


@pytest.mark.parametrize(
    ("median", "spread", "code"),
    [  # in ms, after 4 ± 1: what is slower by more than both spreads is refused
        (4.9, 0.0, 0),  # 4.9 - 1 is below 4
        (5.1, 0.0, 1),  # 5.1 - 1 is above 4
        (5.9, 1.0, 0),  # 5.9 - 1 - 1 is below 4
        (6.1, 1.0, 1),  # 6.1 - 1 - 1 is above 4
    ],
)
def test_a_record_gets_no_slower_beyond_both_spreads(
    net: Callable[..., Path],
    run: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    median: float,
    spread: float,
    code: int,
) -> None:
    folder = net("{latency: {increase: 1%}}", CONFIG)
    monkeypatch.setattr(latencies, "measure", Machine("one", 0.004, 0.001))
    assert run("baseline", "update", "--latency", cwd=folder).code == 0
    monkeypatch.setattr(latencies, "measure", Machine("one", median / 1000, spread / 1000))
    assert run("baseline", "update", "--latency", cwd=folder).code == code


def test_latency_against_a_revision_measures_both(
    net: Callable[..., Path], run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = net("{latency: 10%}", CONFIG)
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "--message", "first")):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)
    counts = []

    def measure(*reports: Any) -> list[Any]:
        counts.append(len(reports))
        return Machine("one", 0.004)(*reports)

    monkeypatch.setattr(latencies, "measure", measure)
    assert run("check", "--latency", "--baseline-ref", "HEAD", cwd=folder).code == 0
    assert counts == [2]
