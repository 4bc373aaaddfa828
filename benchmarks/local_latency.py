"""Predictions for this machine against its own measurements: python -m benchmarks.prediction --local

python -m benchmarks.prediction --local resnet18 vgg11   # these models only, and nothing is written

Calibrates, measures 40 models of the zoo at batch 1 and 8 in float32 as ``bench`` does, each in a process of its own,
and prints how far predictions are off and how quiet the machine was. The measurements of all 40 are kept with the
device, so that the page and the error classes have them.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import archcost
from archcost.timing.kernels import RunMode
from archcost.timing.prediction import Prediction
from benchmarks import prediction
from benchmarks.gpu import COLUMNS, MODELS
from benchmarks.own_process import ModelRun, OwnRuns, measured_alone

if TYPE_CHECKING:
    from archcost.pytorch.timing import Latency

BATCHES = (1, 8)
MIN_TIME = 3.0  # seconds for each model


def measure_here() -> None:
    """Calibrate, measure, print, and keep what was measured of all models."""
    named = [word for word in sys.argv[1:] if not word.startswith("-")]
    path = prediction.LOCAL if not named else Path(os.environ.get("TMPDIR", "/tmp")) / "archcost-local.toml"
    device = archcost.calibrate(path, device="cpu", watch=_watch)
    runs = [ModelRun(name, batch, MIN_TIME) for batch in BATCHES for name in named or MODELS]
    results = [(one, Prediction(one.latency.report, device, RunMode())) for one in measured_alone(runs, _watch)]
    for line in told(results):
        print(line)
    measured = device.measured
    assert measured is not None
    print(f"calibration: repeats spread by {measured.spread / 10:.1f} %, load {measured.load / 1000:.1f}")
    if not named:
        _keep(prediction.OWN[1], [one.latency for one, _ in results], device.label)


def told(results: list[tuple[OwnRuns, Prediction]]) -> list[str]:
    """A line for each model, and by batch the errors, and how quiet the machine was."""
    lines = []
    for one, found in results:
        total, report = one.latency.total, one.latency.report
        lines.append(
            f"{report.name:24} batch {report.batch}: measured {1000 * total.median:9.1f} ms "
            f"(fastest {1000 * total.minimum:9.1f}, spread {total.spread or 0.0:4.0%}, quiet {one.quiet:4.0%}), "
            f"predicted {found.latency_ms:9.1f}: {_ratio(one, found):.2f}"
        )
    for batch in dict.fromkeys(one.latency.report.batch for one, _ in results):
        own = [pair for pair in results if pair[0].latency.report.batch == batch]
        quiet = [pair for pair in own if pair[0].quiet]
        spreads = [one.latency.total.spread or 0.0 for one, _ in own]
        lines.append(
            f"batch {batch}, {len(own)} models: median error {_error(own):.1%}"
            + (f", {_error(quiet):.1%} of the {len(quiet)} that had quiet runs" if len(quiet) < len(own) else "")
            + f"; quiet {median(one.quiet for one, _ in own):.0%} of the time, runs of a model spread by "
            f"{median(spreads):.0%}"
        )
    return lines


def _ratio(one: OwnRuns, found: Prediction) -> float:
    return found.nanoseconds / 1e9 / one.latency.total.median


def _error(pairs: list[tuple[OwnRuns, Prediction]]) -> float:
    return median(abs(_ratio(*pair) - 1) for pair in pairs) if pairs else float("nan")


def _watch(line: str) -> None:
    sys.stderr.write(f"\r{line:60}")


def _keep(path: Path, found: list[Latency], device: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in found:
            name, size = one.report.name, next(iter(one.report.graph.inputs.values())).shape[-1]
            version, rate = one.environment.torch, f"{one.throughput:.3f}"
            head = (name, name, device, "float32", "nchw", "eager", version, one.report.batch, size, rate)
            writer.writerow([*head, "benchmarks/local_latency.py", "", ""])
