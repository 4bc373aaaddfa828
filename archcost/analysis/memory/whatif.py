"""What would be, if something were done in another way: the peaks of the usual ways to need less."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.checkpoints import checkpoint_ranges, depths
from archcost.analysis.memory.inference import MIN_PEAK, SPEC, inference_memory, inplace_nodes
from archcost.analysis.memory.training import training_memory

if TYPE_CHECKING:
    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.training import Setting, TrainingMemory
    from archcost.graph.model import Graph

HALF = "bfloat16"
MAX_LEVELS = 3  # of blocks that are tried for checkpoints


class WhatIf(NamedTuple):
    """A change, the option of the command line that makes it, and the peak with it."""

    name: str
    option: str
    peak: int


def inference_whatifs(graph: Graph, now: InferenceMemory, *, schedule: str, inplace: bool) -> list[WhatIf]:
    """Activations in place, and the best order."""
    found = []
    if not inplace and inplace_nodes(graph):
        peak = inference_memory(graph, schedule=schedule, inplace=True).peak
        found.append(WhatIf("activations in place", "--inplace", peak))
    if schedule == SPEC:
        best = inference_memory(graph, schedule=MIN_PEAK, inplace=inplace)
        if best.order != now.order:
            found.append(WhatIf("the best order", "--schedule min-peak", best.peak))
    return found


def training_whatifs(graph: Graph, setting: Setting) -> list[WhatIf]:
    """Mixed precision, activations in place, and checkpoints at every level of blocks."""
    found = []

    def entry(name: str, option: str, changed: Setting) -> TrainingMemory:
        result = training_memory(graph, changed, details=False)
        found.append(WhatIf(name, option, result.peak.live))
        return result

    if not setting.half and graph.dtype == "float32":
        entry("mixed precision", f"--mixed {HALF}", setting._replace(half=HALF))
    if not setting.inplace:
        nodes = inplace_nodes(graph)
        if nodes:
            entry("activations in place", "--inplace", setting._replace(inplace=nodes))
    if not setting.checkpoints:
        for pattern in depths(graph)[:MAX_LEVELS]:
            ranges = checkpoint_ranges(graph, [pattern])
            if any(len(nodes) > 1 for nodes in ranges):
                entry(f"checkpoints at {pattern}", f"--checkpoint '{pattern}'", setting._replace(checkpoints=ranges))
    return found
