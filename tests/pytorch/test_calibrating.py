"""Measuring this machine: real chains for a moment, and the file that is written."""

from __future__ import annotations

import csv
from functools import partial
from typing import TYPE_CHECKING

import pytest
import torch

import archcost
from archcost.pytorch import calibrating, repeated_calls
from archcost.pytorch.repeated_calls import Effort
from archcost.timing.calibration_cases import CalibrationCase
from benchmarks.gpu import BATCHES, COLUMNS, MODELS, main, stages

if TYPE_CHECKING:
    from pathlib import Path

CONV = "conv2d: {out_channels: 4, kernel_size: 3, padding: 1, bias: false}"
CASES = [
    *[CalibrationCase("convolution", (CONV,), 2, ((4, side, side),)) for side in (8, 16, 32)],
    *[CalibrationCase("relu", ("relu",), 2, ((1, side, side),)) for side in (1, 32, 128)],
]
BLOCKS = [CalibrationCase("block", (CONV, "relu"), 2, ((4, side, side),)) for side in (8, 32)]


def test_a_machine_is_measured_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrating, "cases", lambda: CASES)
    monkeypatch.setattr(calibrating, "blocks", lambda: BLOCKS)
    monkeypatch.setattr(repeated_calls, "QUICK", Effort(2, 0.001, 5.0))
    monkeypatch.setattr(calibrating, "_SIDE", (64, 64))
    monkeypatch.setattr(calibrating, "_STREAM", (1 << 16, 1 << 16))
    path = tmp_path / "box.toml"
    threads = torch.get_num_threads()
    found = archcost.calibrate(path, device="cpu", threads=1, quick=True)
    assert torch.get_num_threads() == threads
    assert found.measured is not None
    assert (found.measured.threads, found.kind) == (1, "cpu")
    assert set(found.measured.products) == {"convolution"}
    assert [size for size, _ in found.measured.passes["relu"].levels] == [2 * 4 * 32**2, 2 * 4 * 128**2]
    assert found.peaks["float32"] > 0
    read = archcost.device(path)
    assert read._replace(sources=()) == found
    assert archcost.predict("conv1x1", device=read).nanoseconds > 0
    with pytest.raises(archcost.UsageError, match=r"ends in \.toml"):
        archcost.calibrate(tmp_path / "box.json")


def test_the_script_for_gpus_runs_on_a_cpu(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))  # inductor takes long for each model
    path = tmp_path / "rows.csv"
    names = ["conv1x1", "conv5x5"]
    monkey = ["--device", "cpu", "--minutes", "0.02", "--batches", "1", "--output", str(path), "--models", *names]
    main(monkey)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["zoo_name"] == "conv1x1"
    assert all(float(row["samples_per_sec"]) > 0 for row in rows if row["samples_per_sec"])
    assert f"{len(rows)} measurements" in capsys.readouterr().err
    monkey[monkey.index("0.02")] = "0.001"
    main(monkey)  # the same device again: its rows are replaced
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 1 + 2 * len(stages([1]))


def test_the_plan_of_the_script_begins_with_what_matters_most() -> None:
    plan = stages(BATCHES)
    assert len(MODELS) == len(set(MODELS)) == 40
    assert not any(stage.compiled for stage in plan[: len(plan) // 2])
    assert all(stage.compiled for stage in plan[8:])
    assert {(stage.batch, stage.dtype) for stage in plan if stage.compiled} == {
        (batch, dtype) for batch in BATCHES for dtype in ("float32", "bfloat16")
    }
