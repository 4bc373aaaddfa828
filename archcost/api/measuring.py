"""The functions that need PyTorch: verifying the figures, and measuring times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archcost.api.hardware import device_in
from archcost.api.models import report_of
from archcost.settings import Settings, shapes_by_name

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.api.models import AnyInputs, AnySpec
    from archcost.hardware.device import Device
    from archcost.pytorch.bench_data import Bench
    from archcost.pytorch.verification import Verification
    from archcost.timing.prediction import Prediction

    AnyDevice = str | os.PathLike[str] | Device


def verify(
    spec: AnySpec,
    *,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    tolerance: Fraction | float = 0,
    against: str | None = None,
    device: str | None = None,
    latency: bool = False,
    threads: int | None = None,
    min_time: float | None = None,
    predict: AnyDevice | None = None,
) -> Verification:
    """Build a spec in PyTorch and compare every layer's shapes, params and MACs with it.

    ``tolerance`` is the allowed relative difference; ``against`` names a model to compare with, as
    ``torchvision:resnet50`` or ``package.module:callable``. The spec's expected figures are judged when nothing is
    overridden. ``device`` is where fvcore traces: ``meta``, where nothing is computed, ``cpu`` or ``cuda``. With
    ``latency`` every layer is measured there as well (``cpu`` by default), for ``min_time`` seconds at least and on so
    many ``threads`` of the CPU; ``clock`` holds the times. ``predict`` is a device, such as ``"local"``: the times that
    are predicted for it stand beside them.
    Raises MissingExtraError without torch and fvcore, UsageError for a target that gives no model or a device that is
    missing, and what :func:`archcost.analyze` raises.
    """
    from archcost.errors import CallError
    from archcost.extras import require

    require("torch", "fvcore")
    if not latency and (threads is not None or min_time is not None):
        option = "--threads" if threads is not None else "--min-time"
        raise CallError(
            f"{option} says how to measure, and nothing is measured", f"give --latency, or leave out {option}"
        )
    if predict is not None and not latency:
        raise CallError("--predict stands beside what is measured, and nothing is", "give --latency")
    from archcost.pytorch.latency import MeasureSettings
    from archcost.pytorch.verify import verify as verify_report

    report = report_of(spec, Settings(params or {}, batch, training, inputs=shapes_by_name(inputs)))
    prediction = _predicted(report, predict) if predict is not None else None
    found = verify_report(
        report,
        tolerance=tolerance,
        expected=report.graph.settings.as_it_stands,
        against=against,
        device=device,
        latency=MeasureSettings(threads=threads or 0, min_time=1.0 if min_time is None else min_time)
        if latency
        else None,
    )
    return found if prediction is None else found.with_prediction(prediction)


def bench(
    *specs: AnySpec | Report,
    params: Mapping[str, Any] | None = None,
    inputs: AnyInputs | None = None,
    batch: int = 1,
    training: bool = False,
    dtype: str | None = None,
    device: str = "auto",
    threads: int = 0,
    channels_last: bool = False,
    compiled: bool = False,
    min_time: float = 1.0,
    layers: bool = True,
    predict: AnyDevice | None = None,
    watch: Callable[[str], None] | None = None,
) -> Bench:
    """The measured latency of models, end to end and by layer. Several models take turns, so drift affects all of them.

    ``device`` is cpu, cuda, mps, or auto; ``threads`` are those of the CPU (0: torch's choice); ``compiled`` is with
    torch.compile; ``min_time`` seconds are spent on each model at least; ``watch`` is told what is measured.
    ``predict`` is a device, such as ``"local"`` or ``"4090"``: what is predicted for it stands beside what is measured.
    Raises MissingExtraError without torch,
    UsageError for no spec and a device that is missing, and what :func:`archcost.analyze` raises.
    """
    from archcost.errors import UsageError
    from archcost.extras import require

    require("torch")
    from archcost.pytorch.bench_data import Bench
    from archcost.pytorch.latency import MeasureSettings, measure
    from archcost.threads import check_threads

    if not specs:
        raise UsageError("bench takes a spec or more")
    if not 0 < min_time < float("inf"):
        raise UsageError(f"min_time is a number of seconds above 0, got {min_time}")
    check_threads(threads)
    settings = Settings(params or {}, batch, training, dtype, inputs=shapes_by_name(inputs))
    reports = [report_of(spec, settings) for spec in specs]
    how = MeasureSettings(device, threads, channels_last, compiled, min_time, layers)
    predictions = [
        None if predict is None else _predicted(report, predict, compiled=compiled, channels_last=channels_last)
        for report in reports
    ]  # before anything is measured: a device that there is not is told at once
    results = measure(reports, how, watch or (lambda _: None))
    return Bench(tuple([replace(one, prediction=found) for one, found in zip(results, predictions, strict=True)]))


def _predicted(report: Report, device: AnyDevice, *, compiled: bool = False, channels_last: bool = False) -> Prediction:
    """What is predicted of the pass that is measured, in the mode in which it is measured: one of inference."""
    from archcost.timing.kernels import RunMode
    from archcost.timing.prediction import predict as predict_time

    return predict_time(report, device_in(device), RunMode(compiled=compiled, channels_last=channels_last))
