"""What a memory study says of its peak and of each layer: what is held, for whom, and the most that is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.inference import holder_names
from archcost.paths import scopes

if TYPE_CHECKING:
    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.study import Study
    from archcost.analysis.memory.training import TrainingMemory
    from archcost.graph.model import Graph

PARAMS, BUFFERS, GRADIENTS, OPTIMIZER = "params", "buffers", "gradients", "optimizer state"
INPUTS, SAVED, WORKING = "inputs", "saved activations", "working tensors"
COPIES, UPDATE = "half-precision weights", "work of the update"
GATHERED, DEQUANTISED = "gathered params", "dequantised weights"
_KINDS = {
    "gradient": GRADIENTS,
    "input": INPUTS,
    "weight copy": COPIES,
    "optimizer work": UPDATE,
    "gathered": GATHERED,
    "dequantised": DEQUANTISED,
}


class PeakPart(NamedTuple):
    """Something that is alive at the peak: a tensor with what made it, or all of a category."""

    name: str
    bytes: int
    role: str = ""
    until: str = ""  # the last layer that needs it


def at_peak(study: Study) -> list[PeakPart]:
    """What is alive at the peak: tensors in inference, categories in training; the largest first."""
    if study.training is not None:
        return [PeakPart(name, size) for name, size in categories(study.training).items() if size]
    assert study.inference is not None, "a study has one of the two"
    return holders(study.report.graph, study.inference)


def categories(training: TrainingMemory) -> dict[str, int]:
    """The bytes at the peak of a training step by what they are, the largest first; they sum to the peak."""
    sums = {PARAMS: training.params, BUFFERS: training.buffers, OPTIMIZER: training.state}
    for held in training.held:
        name = _KINDS.get(held.kind) or (SAVED if held.saved else WORKING)
        sums[name] = sums.get(name, 0) + held.bytes
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def holders(graph: Graph, inference: InferenceMemory) -> list[PeakPart]:
    """The storages alive at the peak of inference, by the paths that made them."""
    end = len(graph.nodes)
    parts = []
    for holder, name in zip(inference.holders, holder_names(graph, inference.holders), strict=True):
        role = "input" if holder.node < 0 else holder.role
        until = "" if holder.until == end else graph.nodes[holder.until].path
        parts.append(PeakPart(name, holder.bytes, role, until))
    return parts


def node_highs(study: Study) -> dict[str, list[int]]:
    """By node: the most bytes alive while it runs, in inference or in each pass of a training step."""
    count = len(study.report.graph.nodes)
    if study.training is None:
        assert study.inference is not None, "a study has one of the two"
        alive = [0] * count
        for node, live in zip(study.inference.order, study.inference.live, strict=True):
            alive[node] = live
        return {"alive": alive}
    found = {"forward": [0] * count, "backward": [0] * count}
    for moment in study.training.moments:
        if moment.node >= 0:
            values = found[moment.phase]
            values[moment.node] = max(values[moment.node], moment.live)
    return found


def scope_highs(study: Study) -> dict[str, dict[str, int]]:
    """By pass and by path of a layer or scope: the most bytes alive while its layers run."""
    paths = [node.path for node in study.report.graph.nodes]
    highs: dict[str, dict[str, int]] = {}
    for name, values in node_highs(study).items():
        highs[name] = {}
        for path, value in zip(paths, values, strict=True):
            for scope in scopes(path):
                highs[name][scope] = max(highs[name].get(scope, 0), value)
    return highs


def scope_kept(study: Study) -> dict[str, int]:
    """By path: the bytes its layers made that the backward pass needs at the peak; nothing in inference."""
    sums: dict[str, int] = {}
    if study.training is not None:
        nodes = study.report.graph.nodes
        for node, size in study.training.kept().items():
            for scope in scopes(nodes[node].path):
                sums[scope] = sums.get(scope, 0) + size
    return sums
