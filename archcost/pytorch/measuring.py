"""One run of a report's graph in PyTorch: what both counters saw, and where PyTorch stops."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import torch

from archcost.dtypes import DTYPE_BYTES
from archcost.errors import UsageError
from archcost.pytorch.builders import VERIFYING
from archcost.pytorch.counters import (
    Observed,
    RunError,
    count_by_fvcore,
    count_by_torch,
    fill_with_zeros,
    real_inputs,
)
from archcost.pytorch.devices import choose_device
from archcost.pytorch.module import BuildError, Network, example_inputs
from archcost.pytorch.tracing import traceable
from archcost.pytorch.verification import Mismatch, place_of
from archcost.quantities import format_bytes, format_count

if TYPE_CHECKING:
    from torch import nn

    from archcost.analysis.report import Report
    from archcost.dims import Shape
    from archcost.graph.model import Graph

META = "meta"
DEVICES = {META: "the meta device", "cpu": "the CPU", "cuda": "the GPU"}
MAX_REAL_BYTES = 6 * 2**30  # of weights and live activations, for a run on a real device
MAX_REAL_MACS = 10**12  # about ten seconds on two cores


class Tensors(NamedTuple):
    """The learnable tensors and buffers of one module, and the numbers in those that no module before it has.

    ``trainable``: whether all of these need gradients.
    """

    params: dict[str, Shape]
    buffers: dict[str, Shape]
    own_params: int
    own_buffers: int
    trainable: bool


class Measured(NamedTuple):
    """What PyTorch showed of the nodes that it ran: all of them, unless there is a failure."""

    tensors: list[Tensors]
    torch: list[Observed]
    traced: list[Observed]  # under fvcore, on the device that was asked for; empty if that failed
    failures: list[Mismatch]
    notes: list[str]
    fvcore_total: int | None


def measure(report: Report, device: str = "meta") -> Measured:
    """Run a report's graph as far as PyTorch goes, under torch's counter and under fvcore.

    Both on the meta device; the second on a real one if that is asked for and the network is small enough.
    """
    if device != META:
        choose_device(device)
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
    reason = _too_large(report, network, device) if device != META else ""
    notes = [reason] if reason else []
    real = device != META and not reason
    if real:
        try:
            fill_with_zeros(network, device)
            inputs = real_inputs(inputs, device)
        except RuntimeError as error:  # others use its memory
            text = str(error).strip().partition("\n")[0]
            raise UsageError(f"{report.name} does not fit on {DEVICES[device]}: {text}", "leave out --device") from None
    try:
        with nullcontext() if real else traceable():
            traced = count_by_fvcore(network, inputs, paths)
    except RunError as error:
        if error.index < 0 or not real:  # torch's counter has seen it run there
            return Measured(tensors, by_torch, [], failures, [*notes, f"fvcore stops with: {error}"], None)
        return Measured(tensors, by_torch, [], [*failures, _failure(graph, error)], notes, None)
    total = sum(count for seen in traced for count in seen.operators.values())
    return Measured(tensors, by_torch, traced, failures, notes, total)


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
    return Mismatch(
        node.path, node.op.kind, "run", node.signature.output_shapes, text, "PyTorch", cause, place_of(node.mark)
    )


def _too_large(report: Report, network: nn.Module, device: str) -> str:
    """Why a network is not run on real tensors; empty if it is."""
    activations = report.totals.peak_activation_bytes * 4 // DTYPE_BYTES[report.dtype]
    needed = 4 * sum(tensor.numel() for tensor in network.parameters()) + activations
    if needed > MAX_REAL_BYTES:
        what = f"{format_bytes(needed)} of tensors, more than {format_bytes(MAX_REAL_BYTES)}"
    elif report.totals.macs > MAX_REAL_MACS:
        what = f"{format_count(report.totals.macs)} MACs, more than {format_count(MAX_REAL_MACS)}"
    else:
        return ""
    return f"run on the meta device, not on {DEVICES[device]}: {what}"


def _tensors(network: nn.Module, paths: list[str]) -> list[Tensors]:
    known: set[int] = set()
    found = []
    for path in paths:
        module = network.get_submodule(path)
        params, saved = dict(module.named_parameters()), module.state_dict()
        buffers = {name: tensor for name, tensor in module.named_buffers() if name in saved}
        own = [[tensor for tensor in group.values() if id(tensor) not in known] for group in (params, buffers)]
        known.update(id(tensor) for group in (params, buffers) for tensor in group.values())
        found.append(
            Tensors(
                {name: tuple(tensor.shape) for name, tensor in params.items()},
                {name: tuple(tensor.shape) for name, tensor in buffers.items()},
                sum(tensor.numel() for tensor in own[0]),
                sum(tensor.numel() for tensor in own[1]),
                all(tensor.requires_grad for tensor in own[0]),
            )
        )
    return found
