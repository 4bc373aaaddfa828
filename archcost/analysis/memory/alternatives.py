"""What would be, if something were done in another way: the peaks of the usual ways to need less."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.checkpoints import checkpoint_ranges, depths
from archcost.analysis.memory.inference import MIN_PEAK, SPEC, inference_memory, inplace_nodes
from archcost.analysis.memory.training import training_memory
from archcost.errors import UsageError
from archcost.meter import WorkError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.analysis.memory.training import Setting
    from archcost.graph.model import Graph
    from archcost.meter import Meter

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


def training_whatifs(graph: Graph, setting: Setting, meter: Meter) -> list[WhatIf]:
    """Mixed precision, activations in place, and checkpoints at every level of blocks.

    What the meter no longer allows is left out.
    """
    found: list[WhatIf] = []
    with suppress(WorkError, UsageError):
        for name, option, changed in _training_changes(graph, setting):
            result = training_memory(graph, changed, details=False, meter=meter)
            found.append(WhatIf(name, option, result.peak.live))
    return found


def _training_changes(graph: Graph, setting: Setting) -> Iterator[tuple[str, str, Setting]]:
    """Names, options and settings of what may need less."""
    if not setting.half and graph.dtype == "float32":
        yield "mixed precision", f"--mixed {HALF}", setting._replace(half=HALF)
    if not setting.inplace:
        nodes = inplace_nodes(graph)
        if nodes:
            yield "activations in place", "--inplace", setting._replace(inplace=nodes)
    if not setting.checkpoints:
        for pattern in depths(graph)[:MAX_LEVELS]:
            ranges = checkpoint_ranges(graph, [pattern])
            if any(len(nodes) > 1 for nodes in ranges):
                yield f"checkpoints at {pattern}", f"--checkpoint '{pattern}'", setting._replace(checkpoints=ranges)
