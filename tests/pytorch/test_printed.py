"""What ``verify`` and ``bench`` print, to the letter, in every format; times are those of a fixed clock."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.render.formats import FORMATS
from tests.pytorch.test_clock import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

MISSES = """archcost: 1
name: misses
input: [3, 8, 8]
layers:
  - {id: stage, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  - {id: rows, reshape: {shape: [$batch, 8, 32]}}
  - lstm: {hidden_size: 5}
expect: {params: 113}
"""
HELD = """archcost: 1
name: held
input: [3, 8, 8]
layers:
  - {id: stem, conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  - {id: block, conv2d: {out_channels: 4, kernel_size: 3}, repeat: 2}
  - {id: extra, conv2d: {out_channels: 9, kernel_size: 1}}
  - {id: noise, custom: {name: noise, output: [$batch, 9, 4, 4], params: 7, macs: 5, flops: 10}}
"""
OTHER = """from torch import nn

def model():
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3, padding=1))
"""
CLOCK = ("--device", "cpu", "--threads", "1")
AGAINST = ("verify", "held.yaml", "--against", "other_model:model")
COMMANDS = {
    "verify/small_100.txt": (100, ("verify", "small.yaml", *CLOCK, "--latency")),
    "verify/small_60.txt": (60, ("verify", "small.yaml")),
    "verify/small.md": (None, ("verify", "small.yaml", *CLOCK, "--latency", "--format", "markdown")),
    "verify/small.tex": (None, ("verify", "small.yaml", *CLOCK, "--latency", "--format", "latex")),
    "verify/small.tree": (None, ("verify", "small.yaml", *CLOCK, "--latency", "--format", "tree")),
    "verify/small.csv": (None, ("verify", "small.yaml", *CLOCK, "--latency", "--format", "csv")),
    "verify/nested.tree": (None, ("verify", "inception_reduced", "--format", "tree", "--depth", "2")),
    "verify/misses.md": (None, ("verify", "misses.yaml", "--format", "markdown")),
    "verify/misses.tree": (None, ("verify", "misses.yaml", "--format", "tree")),
    "verify/misses.csv": (None, ("verify", "misses.yaml", "--format", "csv")),
    "verify/several_100.txt": (100, ("verify", "misses.yaml", "small.yaml", "conv5x5")),
    "verify/several_60.txt": (60, ("verify", "misses.yaml", "bottleneck", "inception_reduced")),
    "verify/several.md": (None, ("verify", "misses.yaml", "small.yaml", "conv5x5", "--format", "markdown")),
    "verify/several.tex": (None, ("verify", "misses.yaml", "small.yaml", "conv5x5", "--format", "latex")),
    "verify/against_120.txt": (120, AGAINST),
    "verify/against.md": (None, (*AGAINST, "--format", "markdown")),
    "verify/against_60.txt": (60, AGAINST),
    "verify/against.csv": (None, (*AGAINST, "--format", "csv")),
    "bench/small_100.txt": (100, ("bench", "small.yaml", *CLOCK)),
    "bench/small_60.txt": (60, ("bench", "small.yaml", *CLOCK)),
    "bench/small.md": (None, ("bench", "small.yaml", *CLOCK, "--format", "markdown")),
    "bench/small.tex": (None, ("bench", "small.yaml", *CLOCK, "--format", "latex")),
    "bench/small.tree": (None, ("bench", "small.yaml", *CLOCK, "--format", "tree")),
    "bench/small.csv": (None, ("bench", "small.yaml", *CLOCK, "--format", "csv")),
    "bench/two_100.txt": (100, ("bench", "conv5x5", "conv5x5_reduced", *CLOCK)),
    "bench/two.md": (None, ("bench", "conv5x5", "conv5x5_reduced", *CLOCK, "--format", "markdown")),
    "bench/two.tree": (None, ("bench", "conv5x5", "conv5x5_reduced", *CLOCK, "--format", "tree")),
}
pytestmark = pytest.mark.usefixtures("fixed_clock")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the specs."""
    for name, text in (("small", SMALL), ("misses", MISSES), ("held", HELD)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "other_model.py").write_text(OTHER, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_output(name: str, run: Callable[..., Run], golden: Callable[[str, str], None], folder: Path) -> None:
    columns, words = COMMANDS[name]
    result = run(*words, columns=columns, cwd=folder)
    assert result.code == int("misses.yaml" in words or "--against" in words), result.err
    golden(name, re.sub(r"(torch|fvcore) \d+\.\d+\.\d+[\w.+]*", r"\1 VERSION", result.out))
    if columns:
        assert max(map(len, result.out.splitlines())) <= columns


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("words", [("verify", "small.yaml"), ("verify", "small.yaml", "conv1x1")], ids=" ".join)
def test_no_format_loses_the_verdict(
    words: tuple[str, ...], format_: str, run: Callable[..., Run], folder: Path
) -> None:
    """In any of them it is seen that noise is only declared."""
    out = run(*words, "--format", format_, cwd=folder).out
    assert {"json": '"declared": true'}.get(format_, "declared") in out


def test_records_hold_every_count(run: Callable[..., Run], folder: Path) -> None:
    out = run("verify", "misses.yaml", "conv5x5", "--format", "csv", cwd=folder).out
    model, stage, rows, lstm, conv = csv.DictReader(io.StringIO(out))
    assert (model["path"], model["macs"], model["verdict"]) == ("", "", "wrong")
    assert model["mismatch"] == "the model: params are 892, stated 113"
    assert [stage[name] for name in stage if name.endswith("macs")] == ["6912", "6912", "6912", ""]  # 8·8·4·27
    assert (rows["params"], rows["verdict"], rows["output"]) == ("0", "ok", "1x8x32")
    assert (lstm["fvcore_macs"], lstm["second_path_macs"], lstm["macs"]) == ("", "5920", "5920")  # 8·4·5·(32+5)
    assert lstm["measured_output"] == "1x8x5 1x1x5 1x1x5"
    assert (conv["model"], conv["macs"]) == ("conv5x5", "120422400")


def test_a_wrong_spec_has_a_row(run: Callable[..., Run], folder: Path) -> None:
    (folder / "wrong.yaml").write_text("archcost: 1\nname: wrong\ninput: [3]\nlayers: [conv2d: {}]\n", encoding="utf-8")
    result = run("verify", "wrong.yaml", "conv1x1", "--format", "csv", cwd=folder)
    assert result.code == 2
    wrong, right = csv.DictReader(io.StringIO(result.out))
    assert (wrong["verdict"], right["verdict"]) == ("not verified", "ok")
    assert wrong["mismatch"]
    several = run("verify", "wrong.yaml", "conv1x1", "--format", "markdown", "--depth", "1", cwd=folder).out
    assert "| wrong (not verified) |  |" in several
    assert run("verify", "wrong.yaml", cwd=folder).out == ""  # its errors are told, and nothing else


def test_scopes_add_up_in_the_tree(run: Callable[..., Run]) -> None:
    """A scope's line has the sum of what is below it."""
    lines = run("verify", "inception_reduced", "--format", "tree").out.splitlines()
    figures = {}
    for line in lines:
        match = re.match(r"([│ ]*)[├└]── ([\w.]+): .*?MACs ([\d.]+) M", line)
        if match and len(match[1]) == 0:
            figures[match[2]] = float(match[3])
    assert sum(figures.values()) == pytest.approx(archcost.analyze("inception_reduced").totals.macs / 1e6, rel=0.01)


def test_printing_needs_no_torch() -> None:
    """Values, their JSON and their documents load without it: what prints them need not measure."""
    modules = "archcost.render.verification, archcost.render.verification_junit, archcost.render.latency"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
