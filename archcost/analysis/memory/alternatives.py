"""What would be, if something were done in another way: the peaks of the usual ways to need less."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.checkpoints import checkpoint_ranges, depths
from archcost.analysis.memory.inference import MIN_PEAK, SPEC, inference_memory, inplace_nodes
from archcost.analysis.memory.optimizers import IN_8_BITS
from archcost.analysis.memory.training import training_memory
from archcost.errors import SpecError, UsageError
from archcost.graph.unroll import unroll
from archcost.meter import WorkError
from archcost.settings import Lora

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.memory.conditions import Conditions
    from archcost.analysis.memory.inference import InferenceMemory
    from archcost.graph.model import Graph
    from archcost.meter import Meter
    from archcost.settings import Settings

HALF = "bfloat16"
RANK = 8  # of adapters
QUANTISED = "int4"
DEVICES = 8
MAX_LEVELS = 3  # of blocks that are tried for checkpoints


class WhatIf(NamedTuple):
    """A change, the option of the command line that makes it, and the peak with it."""

    name: str
    option: str
    peak: int


def inference_whatifs(graph: Graph, now: InferenceMemory, *, schedule: str, inplace: bool) -> list[WhatIf]:
    """Activations in place, and the best order; the largest saving first."""
    found = []
    if not inplace and inplace_nodes(graph):
        peak = inference_memory(graph, schedule=schedule, inplace=True).peak
        found.append(WhatIf("activations in place", "--inplace", peak))
    if schedule == SPEC:
        best = inference_memory(graph, schedule=MIN_PEAK, inplace=inplace)
        if best.order != now.order:
            found.append(WhatIf("the best order", "--schedule min-peak", best.peak))
    return sorted(found, key=lambda change: change.peak)


def training_whatifs(graph: Graph, conditions: Conditions, meter: Meter) -> list[WhatIf]:
    """What may need less: the largest saving first.

    Mixed precision, activations in place, a smaller state of the optimizer, adapters, parts of the batch one after the
    other, checkpoints at every level of blocks, and more devices. What the meter no longer allows is left out.
    """
    found: list[WhatIf] = []
    with suppress(WorkError):
        for name, option, other, changed in _training_changes(graph, conditions):
            with suppress(UsageError):
                result = training_memory(other, changed.setting(other), details=False, meter=meter)
                found.append(WhatIf(name, option, result.peak.live))
    return sorted(found, key=lambda change: change.peak)


def _training_changes(graph: Graph, conditions: Conditions) -> Iterator[tuple[str, str, Graph, Conditions]]:
    """Names, options, graphs and conditions of what may need less."""
    for name, option, changed in _changed_conditions(graph, conditions):
        yield name, option, graph, changed
    for name, option, settings, changed in _changed_settings(graph, conditions):
        try:
            other = unroll(graph.spec, settings)
        except (UsageError, SpecError):  # the spec allows no such batch, or has no layer for adapters
            continue
        yield name, option, other, changed


def _changed_conditions(graph: Graph, conditions: Conditions) -> Iterator[tuple[str, str, Conditions]]:
    """What may be changed of the training step alone."""
    if not conditions.half and graph.dtype == "float32":
        yield "mixed precision", f"--mixed {HALF}", conditions._replace(half=HALF)
    if not conditions.inplace and inplace_nodes(graph):
        yield "activations in place", "--inplace", conditions._replace(inplace=True)
    smaller = IN_8_BITS.get(conditions.optimizer)
    if smaller:
        yield "optimizer state in 8 bits", f"--optimizer {smaller}", conditions._replace(optimizer=smaller)
    if not conditions.checkpoints:
        for pattern in depths(graph)[:MAX_LEVELS]:
            if any(len(nodes) > 1 for nodes in checkpoint_ranges(graph, [pattern])):
                changed = conditions._replace(checkpoints=(pattern,))
                yield f"checkpoints at {pattern}", f"--checkpoint '{pattern}'", changed
    if not conditions.division.stage:
        changed = conditions._replace(division=conditions.division._replace(stage=3, replicas=DEVICES))
        yield f"ZeRO 3 on {DEVICES} devices", f"--parallel zero3={DEVICES}", changed


def _changed_settings(graph: Graph, conditions: Conditions) -> Iterator[tuple[str, str, Settings, Conditions]]:
    """What may be changed of the model or its inputs."""
    settings, batch, passes = graph.settings, graph.batch, conditions.passes
    if settings.lora is None:
        yield f"adapters of rank {RANK}", f"--lora {RANK}", settings._replace(lora=Lora(RANK)), conditions
    elif settings.weight_dtype is None:
        quantised = settings._replace(weight_dtype=QUANTISED)
        yield "frozen weights in 4 bits", f"--weight-dtype {QUANTISED}", quantised, conditions
    if batch % 2 == 0:
        halved, option = settings._replace(batch=batch // 2), f"--batch {batch // 2} --accumulate {2 * passes}"
        yield "the batch in halves", option, halved, conditions._replace(passes=2 * passes)
