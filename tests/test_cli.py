"""The command line: formats, files, exit codes, colour, width, pipes."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "archcost"]
SPEC = "archcost: 1\ninput: [3, 8, 8]\nlayers:\n  - conv2d: {out_channels: 4, kernel_size: 3}\n  - relu\n"
BAD_SPEC = SPEC + "  - conv2d: {out_channels: 4, kernel_size: 9}\n"


def environment(**extra: str) -> dict[str, str]:
    names = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")
    return {name: value for name, value in os.environ.items() if name not in names} | extra


def in_terminal(*arguments: str, columns: int, **extra: str) -> str:
    """What a real terminal of this width shows."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env=environment(**{"TERM": "xterm-256color", **extra}),
    )
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
    assert process.wait(timeout=600) in (0, 2)
    return b"".join(chunks).decode().replace("\r\n", "\n")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_terminal_is_filled_and_never_overrun(columns: int) -> None:
    shown = in_terminal("analyze", "googlenet", columns=columns)
    assert "\x1b[" in shown
    lines = plain(shown).splitlines()
    assert max(map(len, lines)) <= columns
    assert any(line.strip().startswith("inception_5b") for line in lines)


def test_no_color_leaves_no_escape_codes_in_a_terminal() -> None:
    assert "\x1b" not in in_terminal("analyze", "googlenet", columns=100, NO_COLOR="1")
    assert "\x1b" not in in_terminal("analyze", "no_such_model", columns=100, NO_COLOR="1")


def test_a_dumb_terminal_gets_no_colour() -> None:
    assert "\x1b" not in in_terminal("analyze", "googlenet", columns=100, TERM="dumb")


def test_force_color_colours_a_pipe_and_keeps_columns() -> None:
    result = subprocess.run(
        [*COMMAND, "analyze", "googlenet"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(FORCE_COLOR="1", COLUMNS="70", TERM="dumb"),
        check=True,
    )
    assert "\x1b[" in result.stdout
    assert max(map(len, plain(result.stdout).splitlines())) <= 70


def test_a_pipe_is_plain_and_wide() -> None:
    result = subprocess.run(
        [*COMMAND, "analyze", "resnet152"], capture_output=True, text=True, cwd=ROOT, env=environment(), check=True
    )
    assert "\x1b" not in result.stdout
    assert "60,192,808" in result.stdout
    assert "…" not in result.stdout.replace(" … ", "")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "analyze", "resnet152", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env=environment(PYTHONUNBUFFERED=""),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=600) == 0


def test_standard_input(tmp_path: Path) -> None:
    result = subprocess.run(
        [*COMMAND, "analyze", "-", "--format", "json"],
        input=SPEC.encode(),
        capture_output=True,
        cwd=tmp_path,
        env=environment(),
        check=True,
    )
    document = json.loads(result.stdout)
    assert document["totals"]["macs"] == 6 * 6 * 4 * 3 * 3 * 3
    assert document["spec"]["path"] == "<stdin>"


def test_json_is_one_object_for_one_spec_and_a_list_for_several(run: Callable[..., Run]) -> None:
    one = json.loads(run("analyze", "googlenet", "--format", "json").out)
    assert one["totals"]["params"] == 6_998_552
    assert one["totals"]["macs"] == 1_582_671_872
    several = json.loads(run("analyze", "resnet18", "resnet34", "--format", "json").out)
    assert [document["spec"]["name"] for document in several] == ["resnet18", "resnet34"]


def test_globs_are_expanded_in_order(run: Callable[..., Run]) -> None:
    shown = run("analyze", "specs/resnet1?[128].yaml", "specs/resnet[135]?.yaml", columns=120)
    assert shown.code == 0
    names = re.findall(r"^ (resnet\d+)", shown.out, re.MULTILINE)
    assert names == ["resnet101", "resnet152", "resnet18", "resnet32", "resnet34", "resnet50", "resnet56"]


def test_a_glob_without_a_match_is_a_usage_error(run: Callable[..., Run]) -> None:
    result = run("analyze", "nothing/*.yaml")
    assert result.code == 2
    assert "no file matches" in result.err


def test_output_goes_to_a_file(run: Callable[..., Run], tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    assert run("analyze", "resnet18", "--format", "json", "-o", str(target)).out == ""
    assert json.loads(target.read_text())["totals"]["params"] == 11_689_512
    table = tmp_path / "report.txt"
    run("analyze", "resnet18", "-o", str(table))
    assert "\x1b" not in table.read_text()
    assert "11,689,512" in table.read_text()


def test_a_file_that_cannot_be_written_is_a_usage_error(run: Callable[..., Run], tmp_path: Path) -> None:
    result = run("analyze", "resnet18", "-o", str(tmp_path / "missing" / "report.txt"))
    assert result.code == 2
    assert "cannot write" in result.err


def test_settings_are_read_as_yaml(run: Callable[..., Run]) -> None:
    half = json.loads(run("analyze", "mobilenet_v1", "--set", "width=0.5", "--format", "json").out)
    assert half["spec"]["params"]["width"] == 0.5
    assert half["totals"]["params"] == 1_331_592


@pytest.mark.parametrize("setting", ["width", "=1", "width=[1", "nope=1"])
def test_wrong_settings_are_usage_errors(run: Callable[..., Run], setting: str) -> None:
    result = run("analyze", "mobilenet_v1", "--set", setting)
    assert result.code == 2
    assert "error" in result.err
    assert "Traceback" not in result.err


def test_a_misspelt_model_gets_a_suggestion(run: Callable[..., Run]) -> None:
    result = run("analyze", "resnet5O")
    assert result.code == 2
    assert "resnet50" in result.err


def test_one_wrong_spec_does_not_hide_the_others(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(SPEC)
    (tmp_path / "bad.yaml").write_text(BAD_SPEC)
    result = run("analyze", "good.yaml", "bad.yaml", "--format", "json", cwd=tmp_path)
    assert result.code == 2
    good, bad = json.loads(result.out)
    assert good["totals"]["layers"] == 2
    assert [layer["path"] for layer in bad["layers"]] == ["conv2d", "relu"]
    assert bad["errors"][0]["line"] == 6


def test_a_shape_error_keeps_the_table_up_to_the_failing_layer(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD_SPEC)
    result = run("analyze", "bad.yaml", cwd=tmp_path)
    assert result.code == 2
    assert "1×4×6×6" in result.out
    assert "bad.yaml:6:5" in result.err


def test_validate(run: Callable[..., Run], tmp_path: Path) -> None:
    good = run("validate", "specs/resnet50.yaml", "specs/blocks/resnet.yaml")
    assert (good.code, good.out) == (0, "2 specs: no errors\n")
    (tmp_path / "bad.yaml").write_text(BAD_SPEC)
    bad = run("validate", "bad.yaml", cwd=tmp_path)
    assert bad.code == 2
    assert bad.err.endswith("1 error\n")


def test_the_version(run: Callable[..., Run]) -> None:
    assert run("--version").out == f"archcost {archcost.__version__}\n"


@pytest.mark.parametrize("arguments", [("analyze",), ("analyze", "resnet18", "--format", "pdf"), ("frobnicate",)])
def test_bad_usage_exits_with_2(run: Callable[..., Run], arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


def test_help_names_every_command(run: Callable[..., Run]) -> None:
    shown = run("--help", columns=100)
    assert shown.code == 0
    for command in ("analyze", "validate", "schema", "zoo"):
        assert command in shown.out


def test_unicode_paths_survive(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "réseau d'été.yaml").write_text(SPEC.replace("relu", "relu:\n    id: activé"), encoding="utf-8")
    result = run("analyze", "réseau d'été.yaml", cwd=tmp_path)
    assert result.code == 0
    assert "activé" in result.out
