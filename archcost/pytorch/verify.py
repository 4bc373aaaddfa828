"""A report compared with PyTorch: every layer's shapes, dtypes, tensors and MACs, as it builds and runs them."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from archcost.analysis.data import settings_data
from archcost.analysis.expectations import deviations, expected_count, rest_on_declared
from archcost.errors import UsageError
from archcost.pytorch.causes import macs_cause, output_cause, tensors_cause
from archcost.pytorch.clock import clock, require_memory
from archcost.pytorch.measuring import META, measure
from archcost.pytorch.verification import LayerCheck, Mismatch, Verification, place_of
from archcost.quantities import within

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.analysis.expectations import Deviation
    from archcost.analysis.report import Layer, Report
    from archcost.pytorch.counters import Observed
    from archcost.pytorch.latency import MeasureSettings
    from archcost.pytorch.measuring import Measured, Tensors


def verify(
    report: Report,
    *,
    tolerance: Fraction | float = 0,
    expected: bool = True,
    against: str | None = None,
    device: str | None = None,
    latency: MeasureSettings | None = None,
) -> Verification:
    """Build the report's graph in PyTorch, run it, and compare layer by layer.

    ``tolerance`` is the allowed relative difference of params and MACs. ``expected`` judges ``expect``, too.
    ``against`` names a model to compare with (``torchvision:resnet50``, or ``package.module:callable``).
    ``device`` is where fvcore's trace runs: ``meta``, or ``cpu`` or ``cuda`` for kernels that compute. With ``latency``
    every layer is measured there as well, by these settings but for the device: ``cpu`` by default.
    Raises UsageError for a device that is missing, or that measures nothing.
    """
    place = device or (META if latency is None else "cpu")
    if latency is not None:
        if place == META:
            raise UsageError("--latency measures on a device that computes", "give `--device cpu` or `--device cuda`")
        require_memory(report, place)
    measured = measure(report, place)
    checks = [_check(report, index, measured, tolerance) for index in range(len(report.layers))]
    mismatches = [mismatch for check in checks for mismatch in check.mismatches]
    mismatches += [failure for failure in measured.failures if not failure.path]
    unmet = deviations(report) if expected else []
    mismatches += map(_unmet, unmet)
    other = None
    if against is not None:
        from archcost.pytorch.against import compare

        other, differences = compare(report, against, tolerance)
        mismatches += differences
    times = None
    if latency is not None and not measured.failures:
        times = clock(report, replace(latency, device=place))
        checks = [replace(check, time=time) for check, time in zip(checks, times.layers, strict=True)]
    return Verification(
        name=report.name,
        path=report.spec.place,
        sha256=report.spec.sha256,
        batch=report.batch,
        settings=settings_data(report),
        layers=tuple(checks),
        mismatches=tuple(mismatches),
        versions={name: version(name) for name in ("torch", "fvcore")},
        notes=(*measured.notes, *(other.notes if other is not None else ())),
        expected=expected_count(report) if expected else 0,
        unmet=sum(deviation.figures for deviation in unmet),
        rest_on_declared=tuple(rest_on_declared(report)) if expected else (),
        fvcore_total=measured.fvcore_total,
        against=other,
        totals=_totals(report, checks, measured),
        clock=times,
        warnings=report.warnings,
    )


def _check(report: Report, index: int, measured: Measured, tolerance: Fraction | float) -> LayerCheck:
    """One layer's figures beside what was measured of it.

    What is only declared has a stand-in made from the declaration: that they differ is a fault of archcost's and told;
    that they agree says nothing.
    """
    layer = report.layers[index]
    costs = layer.costs
    check = LayerCheck(
        path=layer.path,
        op=layer.op,
        output=layer.output,
        params=costs.params,
        buffers=costs.buffers,
        macs=costs.macs,
        unknown_macs=costs.unknown_macs,
        declared=layer.node.op.declared,
        mismatches=tuple([failure for failure in measured.failures if failure.path == layer.path]),
    )
    if index >= len(measured.torch):
        return check
    tensors, seen = measured.tensors[index], measured.torch[index]
    traced = measured.traced[index] if measured.traced else None
    mismatches = [*check.mismatches, *_compare_outputs(report, layer, seen, traced)]
    agree = not mismatches
    mismatches += _compare_tensors(layer, tensors, tolerance)
    if check.declared:
        return replace(check, mismatches=tuple(mismatches))
    counts = (
        ("torch counter", seen.macs),
        ("fvcore", traced.macs if traced else None),
        ("matrices × time steps", seen.second_macs),
    )
    for by, macs in counts:
        if macs is not None and not within(costs.macs, macs, tolerance):
            cause = macs_cause(layer.node, costs.macs, macs, shapes_agree=agree)
            mismatches.append(_mismatch(layer, "macs", costs.macs, macs, by, cause))
    return replace(
        check,
        measured_output=seen.shapes,
        measured_params=tensors.own_params,
        measured_buffers=tensors.own_buffers,
        torch_macs=seen.macs,
        fvcore_macs=traced.macs if traced else None,
        second_macs=seen.second_macs,
        mismatches=tuple(mismatches),
    )


def _mismatch(layer: Layer, metric: str, ours: object, theirs: object, by: str, cause: str) -> Mismatch:
    return Mismatch(layer.path, layer.op, metric, ours, theirs, by, cause, place_of(layer.node.mark))


def _unmet(found: Deviation) -> Mismatch:
    computed = f"unknown for {', '.join(found.unknown)}" if found.unknown else found.computed
    where = (found.path, "", found.metric)
    return Mismatch(*where, computed, found.stated, found.standing, found.publication, place_of(found.mark))


def _compare_outputs(report: Report, layer: Layer, seen: Observed, traced: Observed | None) -> list[Mismatch]:
    found: list[Mismatch] = []
    for by, run in (("PyTorch", seen), ("PyTorch in a trace", traced)):
        if run is not None and run.shapes != layer.output and not found:
            cause = output_cause(layer.node, layer.output, run.shapes)
            found.append(_mismatch(layer, "output", layer.output, run.shapes, by, cause))
    dtypes = tuple([tensor.dtype for tensor in layer.node.outputs])
    if dtypes != seen.dtypes and not found and "float" in report.dtype:
        found.append(_mismatch(layer, "dtype", dtypes, seen.dtypes, "PyTorch", "mixed inputs promote to another dtype"))
    return found


def _compare_tensors(layer: Layer, tensors: Tensors, tolerance: Fraction | float) -> list[Mismatch]:
    signature, costs = layer.node.signature, layer.costs
    found: list[Mismatch] = []
    pairs = (
        ("params", signature.weights(), tensors.params, costs.params, tensors.own_params),
        ("buffers", signature.buffers(), tensors.buffers, costs.buffers, tensors.own_buffers),
    )
    for metric, ours, theirs, count, measured in pairs:
        names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
        if names and not (tolerance and within(count, measured, tolerance)):
            mine, other = ({name: each[name] for name in names if name in each} for each in (ours, theirs))
            found.append(_mismatch(layer, metric, mine, other, "PyTorch", tensors_cause(ours, theirs)))
        elif not within(count, measured, tolerance):
            found.append(_mismatch(layer, metric, count, measured, "PyTorch", "tensors shared on one side only"))
    trainable = costs.trainable_params == costs.params
    if costs.params and trainable != tensors.trainable:
        found.append(_mismatch(layer, "trainable", trainable, tensors.trainable, "PyTorch", "requires_grad"))
    return found


def _totals(report: Report, checks: list[LayerCheck], measured: Measured) -> dict[str, int | None]:
    """Sums over the layers; those that are measured over the layers that were."""
    return {
        "params": report.totals.params,
        "measured_params": _sum([check.measured_params for check in checks]),
        "buffers": report.totals.buffers,
        "measured_buffers": _sum([check.measured_buffers for check in checks]),
        "macs": report.totals.macs,
        "torch_macs": _sum([check.torch_macs for check in checks]),
        "fvcore_macs": _sum([check.fvcore_macs for check in checks]) if measured.traced else None,
    }


def _sum(figures: list[int | None]) -> int | None:
    """What is known of them; None where nothing is and something should be."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known or not figures else None
