"""A report held against PyTorch: every layer's shapes, dtypes, tensors and MACs, as it builds and runs them."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import torch

from archcost.analysis.expectations import deviations, published_count
from archcost.pytorch.builders import VERIFYING
from archcost.pytorch.causes import macs_cause, output_cause, tensors_cause
from archcost.pytorch.counters import (
    RunError,
    Seen,
    count_by_fvcore,
    count_by_torch,
    fill_with_zeros,
    real_inputs,
)
from archcost.pytorch.module import BuildError, Network, example_inputs
from archcost.pytorch.tracing import traceable
from archcost.pytorch.verification import LayerCheck, Mismatch, Verification
from archcost.spec.parser import DTYPE_BYTES
from archcost.units import format_bytes, format_count

if TYPE_CHECKING:
    from fractions import Fraction

    from torch import nn

    from archcost.analysis.report import Layer, Report
    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.graph.model import Graph

DECLARED = "custom"
MAX_REAL_BYTES = 6 * 2**30  # of weights and live activations, for a run on the CPU
MAX_REAL_MACS = 10**12  # about ten seconds on two cores


class Tensors(NamedTuple):
    """The learnable tensors and buffers of one module, and the numbers in those that no module before it has."""

    params: dict[str, Shape]
    buffers: dict[str, Shape]
    own_params: int
    own_buffers: int
    trainable: bool


class Measured(NamedTuple):
    """What PyTorch showed of the nodes that it ran: all of them, unless there is a failure."""

    tensors: list[Tensors]
    torch: list[Seen]
    traced: list[Seen]  # under fvcore, on the device that was asked for; empty if that failed
    failures: list[Mismatch]
    notes: list[str]
    fvcore_total: int | None


def verify(
    report: Report,
    *,
    tolerance: Fraction | float = 0,
    published: bool = True,
    against: str | None = None,
    device: str = "meta",
) -> Verification:
    """Build the report's graph in PyTorch, run it, and compare layer by layer.

    ``tolerance`` is the allowed relative difference of params and MACs. ``published`` judges ``expect``, too.
    ``against`` names a model to compare with (``torchvision:resnet50``, or ``package.module:callable``).
    ``device`` is where fvcore's trace runs: ``meta``, or ``cpu`` for kernels that compute.
    """
    measured = measure(report, device)
    checks = [_check(report, index, measured, tolerance) for index in range(len(report.layers))]
    mismatches = [mismatch for check in checks for mismatch in check.mismatches]
    mismatches += [failure for failure in measured.failures if not failure.path]
    judged = 0
    if published:
        judged = published_count(report.spec)
        mismatches += [
            Mismatch(
                bad.path,
                "",
                bad.metric,
                f"unknown of {', '.join(bad.unknown)}" if bad.unknown else bad.computed,
                bad.published,
                "published",
                bad.source,
                _place(bad.mark),
            )
            for bad in deviations(report)
        ]
    other = None
    if against is not None:
        from archcost.pytorch.against import compare

        other, differences = compare(report, against, tolerance)
        mismatches += differences
    return Verification(
        name=report.name,
        path=report.spec.path,
        sha256=report.spec.sha256,
        batch=report.batch,
        settings=report.params,
        layers=tuple(checks),
        mismatches=tuple(mismatches),
        versions={name: version(name) for name in ("torch", "fvcore")},
        notes=tuple(measured.notes),
        published=judged,
        fvcore_total=measured.fvcore_total,
        against=other,
        totals=_totals(report, checks, measured),
    )


def measure(report: Report, device: str = "meta") -> Measured:
    """Run a report's graph as far as PyTorch goes, under torch's counter and under fvcore.

    Both on the meta device; the second on the CPU if that is asked for and the network is small enough.
    """
    graph = report.graph
    failures: list[Mismatch] = []
    count = len(graph.nodes)
    while True:
        part = _cut(graph, count)
        try:
            with torch.device("meta"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what torch advises on is the spec's business
                network = Network(part, VERIFYING).eval()
                inputs = example_inputs(part)
            paths = [network.module_path(node.path) for node in part.nodes]
            tensors = _tensors(network, paths)
            by_torch = count_by_torch(network.requires_grad_(requires_grad=False), inputs, paths)
            break
        except (BuildError, RunError) as error:
            count = max(error.index, 0)
            failures = [_failure(graph, error)]
    reason = _too_large(report, network) if device == "cpu" else ""
    notes = [reason] if reason else []
    real = device == "cpu" and not reason
    if real:
        fill_with_zeros(network)
        inputs = real_inputs(inputs)
    try:
        with nullcontext() if real else traceable():
            traced = count_by_fvcore(network, inputs, paths)
    except RunError as error:
        if error.index < 0 or not real:  # torch's counter has seen it run there
            return Measured(tensors, by_torch, [], failures, [*notes, f"fvcore stops with: {error}"], None)
        return Measured(tensors, by_torch, [], [*failures, _failure(graph, error)], notes, None)
    total = sum(count for seen in traced for count in seen.operators.values())
    return Measured(tensors, by_torch, traced, failures, notes, total)


def _place(mark: Mark) -> tuple[str, int]:
    return mark.source.name, mark.line + 1


def _cut(graph: Graph, count: int) -> Graph:
    """The first nodes of a graph, every value that none of them reads being an output: a trace drops what is unused."""
    nodes = graph.nodes[:count]
    read = {value for node in nodes for value in node.inputs}
    written = [value for node in nodes for value in range(node.first_value, node.first_value + len(node.outputs))]
    return graph._replace(nodes=nodes, outputs=tuple([value for value in written if value not in read]))


def _failure(graph: Graph, error: BuildError | RunError) -> Mismatch:
    node = graph.nodes[error.index] if error.index >= 0 else None
    cause = "PyTorch does not build it" if isinstance(error, BuildError) else "PyTorch does not run it"
    text = str(error).strip().partition("\n")[0]
    if node is None:
        return Mismatch("", "", "run", "runs", text, "PyTorch", cause)
    output = tuple([tensor.shape for tensor in node.outputs])
    return Mismatch(node.path, node.op.kind, "run", output, text, "PyTorch", cause, _place(node.mark))


def _too_large(report: Report, network: nn.Module) -> str:
    """Why a network is not run on real tensors; empty if it is."""
    activations = report.totals.peak_activation_bytes * 4 // DTYPE_BYTES[report.dtype]
    needed = 4 * sum(tensor.numel() for tensor in network.parameters()) + activations
    if needed > MAX_REAL_BYTES:
        what = f"{format_bytes(needed)} of tensors, more than {format_bytes(MAX_REAL_BYTES)}"
    elif report.totals.macs > MAX_REAL_MACS:
        what = f"{format_count(report.totals.macs)} MACs, more than {format_count(MAX_REAL_MACS)}"
    else:
        return ""
    return f"run on the meta device, not on the CPU: {what}"


def _tensors(network: nn.Module, paths: list[str]) -> list[Tensors]:
    known: set[int] = set()
    found = []
    for path in paths:
        module = network.get_submodule(path)
        params, buffers = dict(module.named_parameters()), dict(module.named_buffers())
        own = [sum(t.numel() for t in group.values() if id(t) not in known) for group in (params, buffers)]
        known.update(id(tensor) for group in (params, buffers) for tensor in group.values())
        found.append(
            Tensors(
                {name: tuple(tensor.shape) for name, tensor in params.items()},
                {name: tuple(tensor.shape) for name, tensor in buffers.items()},
                own[0],
                own[1],
                all(tensor.requires_grad for tensor in params.values()),
            )
        )
    return found


def _check(report: Report, index: int, measured: Measured, tolerance: Fraction | float) -> LayerCheck:
    """One layer's figures beside what was measured of it."""
    layer = report.layers[index]
    costs = layer.costs
    failures = [failure for failure in measured.failures if failure.path == layer.path]
    if index >= len(measured.torch):
        figures = (layer.path, layer.op, layer.output, costs.params, costs.macs)
        return LayerCheck(
            *figures,
            None,
            None,
            None,
            None,
            None,
            mismatches=tuple(failures),
            unknown_macs=costs.unknown_macs,
        )
    tensors, seen = measured.tensors[index], measured.torch[index]
    traced = measured.traced[index] if measured.traced else None
    mismatches = [*failures, *_compare_outputs(report, layer, seen, traced)]
    agree = not mismatches
    mismatches += _compare_tensors(layer, tensors, tolerance)
    written = layer.op != DECLARED  # what is only declared has a stand-in, whose MACs say nothing
    torch_macs, fvcore_macs = (seen.macs, traced.macs if traced else None) if written else (None, None)
    counts = (
        ("torch counter", torch_macs),
        ("fvcore", fvcore_macs),
        ("matrices × time steps", seen.second_macs),
    )
    for by, macs in counts:
        if macs is not None and not within(costs.macs, macs, tolerance):
            cause = macs_cause(layer.node, costs.macs, macs, shapes_agree=agree)
            mismatches.append(_mismatch(layer, "macs", costs.macs, macs, by, cause))
    return LayerCheck(
        layer.path,
        layer.op,
        layer.output,
        costs.params,
        costs.macs,
        measured_output=seen.shapes,
        measured_params=tensors.own_params,
        torch_macs=torch_macs,
        fvcore_macs=fvcore_macs,
        second_macs=seen.second_macs,
        mismatches=tuple(mismatches),
        unknown_macs=costs.unknown_macs,
    )


def _mismatch(layer: Layer, metric: str, ours: object, theirs: object, by: str, cause: str) -> Mismatch:
    return Mismatch(layer.path, layer.op, metric, ours, theirs, by, cause, _place(layer.node.mark))


def _compare_outputs(report: Report, layer: Layer, seen: Seen, traced: Seen | None) -> list[Mismatch]:
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


def within(ours: int, theirs: int, tolerance: Fraction | float) -> bool:
    """Whether |ours - theirs| ≤ tolerance × theirs."""
    return abs(ours - theirs) <= tolerance * theirs


def _totals(report: Report, checks: list[LayerCheck], measured: Measured) -> dict[str, int | None]:
    """Sums over the layers; those of a counter over the layers that it covers."""
    return {
        "params": report.totals.params,
        "measured_params": sum(tensors.own_params for tensors in measured.tensors),
        "buffers": report.totals.buffers,
        "measured_buffers": sum(tensors.own_buffers for tensors in measured.tensors),
        "macs": report.totals.macs,
        "torch_macs": sum(check.torch_macs or 0 for check in checks),
        "fvcore_macs": sum(check.fvcore_macs or 0 for check in checks) if measured.traced else None,
    }
