"""``archcost devices``: the table on pages of every width, one device, and what is loaded for it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.hardware.table import shipped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run


def test_sheets_have_every_device_in_whole_numbers(run: Callable[..., Run]) -> None:
    rows = {row["name"]: row for row in csv.DictReader(run("devices", "--format", "csv").out.splitlines())}
    assert list(rows) == list(shipped())
    card = rows["rtx4090"]
    assert (card["memory_bytes"], card["bytes_per_second"]) == (str(24 * 2**30), str(1008 * 10**9))
    assert (card["float16"], card["float16_acc16"]) == (str(1652 * 10**11), str(3303 * 10**11))
    assert (card["flash_bytes"], card["clock_hz"], card["sources"]) == ("", "", "ada epoch")


def test_the_json_is_that_of_the_function(run: Callable[..., Run]) -> None:
    for words in ((), ("google",), ("4090",)):
        printed = json.loads(run("devices", *words, "--format", "json").out)
        assert printed == [device.to_dict() for device in archcost.devices(*words)]


def test_a_narrow_page_keeps_names_memory_and_bandwidth(run: Callable[..., Run]) -> None:
    wide, narrow = run("devices", "geforce", columns=140).out, run("devices", "geforce", columns=50).out
    heading = wide.splitlines()[0]
    figures = ["float32", "tf32", "bfloat16", "float16", "float8", "int8"]
    assert heading.split() == ["device", "memory", "GB/s", *figures, "W", "source"]
    assert all(word in narrow for word in ("rtx4090", "24.0 GiB", "1,008"))
    assert "source" not in narrow.splitlines()[0]


def test_one_device_tells_its_sources_and_what_is_unknown_is_left_out(run: Callable[..., Run]) -> None:
    shown = run("devices", "jetson-xavier", columns=100).out
    assert "136.5 GB/s" in shown
    assert "TFLOPS" not in shown
    assert "Ultralytics documentation" in shown
    small = run("devices", "stm32h743", columns=100).out
    assert [line.split() for line in small.splitlines() if line.startswith(("SRAM", "flash", "usable  "))] == [
        ["SRAM", "1.00", "MiB"],
        ["flash", "2.00", "MiB"],
        ["usable", "524,288", "B", "(512", "KiB)"],
    ]


def test_names_of_others_are_no_markup_and_move_no_cursor(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "archcost.toml").write_text(
        '[devices.lab]\nmemory = "1 GiB"\ntitle = "a | b `c` @here $x_1$"\nvendor = "A & B_2"\n', encoding="utf-8"
    )
    for form in ("table", "tree", "json", "csv", "markdown", "latex"):
        for words in (("lab",), ()):
            result = run("devices", *words, "--format", form, cwd=tmp_path)
            assert result.code == 0, result.err
    assert "a \\| b" in run("devices", "lab", "--format", "markdown", cwd=tmp_path).out
    assert "A \\& B\\_2" in run("devices", "--format", "latex", cwd=tmp_path).out
    (tmp_path / "archcost.toml").write_text('[devices.lab]\nmemory = "1 GiB"\ntitle = "\\u001b[2J"\n', encoding="utf-8")
    result = run("devices", cwd=tmp_path)
    assert (result.code, "\x1b" in result.err) == (2, False)


def test_rates_that_are_known_of_none_have_no_column(run: Callable[..., Run]) -> None:
    heading = run("devices", "apple", columns=60).out.splitlines()[0]
    assert heading.split() == ["device", "memory", "GB/s", "float32"]


def test_what_fits_nothing_ends_with_2(run: Callable[..., Run]) -> None:
    result = run("devices", "rtx409")
    assert result.code == 0, "a part of a name"
    result = run("devices", "rtx4o90")
    assert result.code == 2
    assert "did you mean 'rtx4090'" in result.err


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        (["analyze", "conv1x1"], False),
        (["memory", "conv1x1"], False),
        (["devices", "4090"], True),
    ],
)
def test_the_table_is_read_by_those_alone_who_ask(words: list[str], loaded: bool) -> None:
    code = (
        "import sys\n"
        f"sys.argv = ['archcost', *{words!r}]\n"
        "from archcost.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "names = set(sys.modules)\n"
        "heavy = {'torch', 'numpy'} & names\n"
        "sys.exit(f'{heavy}' if heavy else 'hardware' if 'archcost.hardware' in names else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ("hardware" if loaded else "")
