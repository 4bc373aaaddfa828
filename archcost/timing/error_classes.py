"""How wrong predictions have been, by kind: the line of devices, the dtype, eager or compiled, and the batch.

``error_classes.csv`` is written by ``python -m benchmarks.prediction`` from measurements that others published.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from archcost.hardware.device import CPU

if TYPE_CHECKING:
    from archcost.hardware.device import Device
    from archcost.timing.prediction import Prediction

_FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "error_classes.csv")
_MOST_BYTES = 1 << 20
HALF, SINGLE = "half", "float32"
ONE, SOME, MANY = "batch 1", "batch 2 to 63", "batch 64 and more"
_MANY = 64
CALIBRATED_CPU, CALIBRATED_GPU = "calibrated CPUs", "calibrated GPUs"


class PredictionKind(NamedTuple):
    """What predictions have in common that are judged together."""

    family: str
    dtype: str
    mode: str
    regime: str

    def __str__(self) -> str:
        return f"{self.family}, {self.dtype}, {self.mode}, {self.regime}"


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
    """The kind of a prediction: the line is the first word of the device's title, half precision is either half.

    Devices that were measured are a line of their own.
    """
    family = device.title.split()[0] if device.title else ""
    if device.measured is not None:
        family = CALIBRATED_CPU if device.kind == CPU else CALIBRATED_GPU
    regime = ONE if batch == 1 else MANY if batch >= _MANY else SOME
    half = HALF if dtype in ("float16", "bfloat16") else dtype
    return PredictionKind(family, half, "compiled" if compiled else "eager", regime)


def error_class(prediction: Prediction) -> ErrorClass | None:
    """The class of a prediction; None for a kind that was not measured, training among them."""
    run, report = prediction.run, prediction.report
    if run.training:
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
