"""How wrong predictions have been, by kind: the line of devices, the dtype, eager or compiled, and the batch.

What was measured are networks that read images, with weights as they are computed with: of others nothing is said.
``error_classes.csv`` is written by ``python -m benchmarks.prediction`` from measurements that others published.
"""

from __future__ import annotations

import os
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from archcost.dtypes import FLOAT_DTYPES
from archcost.hardware.device import CPU

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.hardware.device import Device
    from archcost.timing.prediction import Prediction

_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "error_classes.csv")
_MOST_BYTES = 1 << 20
HALF, SINGLE = "half", "float32"
ONE, SOME, MANY = "batch 1", "batch 2 to 63", "batch 64 and more"
_MANY = 64
_IMAGE = 4  # dims of (N, C, H, W)
CALIBRATED_CPU, CALIBRATED_GPU = "calibrated CPUs", "calibrated GPUs"


class PredictionKind(NamedTuple):
    """What predictions have in common that are judged together."""

    family: str
    dtype: str
    mode: str
    regime: str

    def __str__(self) -> str:
        dtype = "half precision" if self.dtype == HALF else self.dtype
        return f"{self.family}, {dtype}, {self.mode}, {self.regime}"


class ErrorClass(NamedTuple):
    """Errors of predicted against measured throughput: median and 90th percentile in thousandths of the measured.

    ``rank`` is the rank correlation in thousandths, ``rows`` the measurements, ``models`` and ``devices`` how many
    different ones they are of.
    """

    kind: PredictionKind
    median: int
    p90: int
    rank: int
    rows: int
    models: int
    devices: int


def kind_of(device: Device, dtype: str, batch: int, *, compiled: bool) -> PredictionKind:
    """The kind of a prediction: half precision is either half. Devices that were measured are a line of their own."""
    family = line_of(device)
    if device.measured is not None:
        family = CALIBRATED_CPU if device.kind == CPU else CALIBRATED_GPU
    regime = ONE if batch == 1 else MANY if batch >= _MANY else SOME
    half = HALF if dtype in ("float16", "bfloat16") else dtype
    return PredictionKind(family, half, "compiled" if compiled else "eager", regime)


def line_of(device: Device) -> str:
    """The words of a title before its number: of a GeForce RTX 4090 both, a GeForce GTX 1080 is of another line."""
    words = device.title.split()
    names = list(takewhile(lambda word: not any(map(str.isdigit, word)), words))
    return " ".join(names or words[:1])


def reads_images(report: Report) -> bool:
    """Whether a model reads images and nothing else."""
    inputs = list(report.graph.inputs.values())
    return len(inputs) == 1 and inputs[0].dtype in FLOAT_DTYPES and len(inputs[0].shape) == _IMAGE


def error_class(prediction: Prediction) -> ErrorClass | None:
    """The class of a prediction; None for a kind that was not measured.

    Training is not, nor are models of text, weights that are kept in fewer bits, layers of which the MACs are unknown,
    or devices of which the rate is a guess.
    """
    run, report = prediction.run, prediction.report
    if run.training or report.graph.weight_dtype or not reads_images(report):
        return None
    if prediction.unknown or prediction.guessed_rate:
        return None
    return _classes().get(kind_of(prediction.device, run.mixed or report.dtype, report.batch, compiled=run.compiled))


@cache
def _classes() -> dict[PredictionKind, ErrorClass]:
    import csv

    from archcost.files import read_named

    text = read_named(os.path.realpath(_FILE), _MOST_BYTES).decode()
    found = {}
    for row in csv.DictReader(text.splitlines()):
        kind = PredictionKind(*[row[name] for name in PredictionKind._fields])
        figures = [int(row[name]) for name in ErrorClass._fields[1:]]
        found[kind] = ErrorClass(kind, *figures)
    return found
