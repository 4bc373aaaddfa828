"""The conditions under which a model runs or trains, from the words that people give."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.checkpoints import checkpoint_ranges
from archcost.analysis.memory.division import MOST, Division, division_of
from archcost.analysis.memory.inference import MIN_PEAK, SPEC, inplace_nodes
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import Setting
from archcost.errors import CallError, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.graph.model import Graph
    from archcost.settings import Lora

SGD = "sgd"
HALVES = ("bfloat16", "float16")  # what mixed precision computes in


class Conditions(NamedTuple):
    """What to find out; the defaults are inference in the order of the spec."""

    training: bool = False
    schedule: str = SPEC
    inplace: bool = False
    optimizer: str = SGD
    foreach: bool = False
    half: str = ""  # the dtype of mixed precision
    master: bool = False  # float32 copies of half-precision params
    passes: int = 1  # forward and backward passes of a step, whose gradients add up
    checkpoints: tuple[str, ...] = ()  # patterns of blocks
    division: Division = Division()
    whatifs: bool = True

    def setting(self, graph: Graph) -> Setting:
        """What a training step of a graph is under these conditions."""
        return Setting(
            OPTIMIZERS[self.optimizer],
            self.foreach,
            self.half,
            self.master,
            self.passes,
            checkpoint_ranges(graph, self.checkpoints),
            inplace_nodes(graph) if self.inplace else frozenset(),
            self.division,
        )


def conditions_of(
    *,
    training: bool = False,
    schedule: str = SPEC,
    inplace: bool = False,
    optimizer: str | None = None,
    foreach: bool = False,
    mixed: str | None = None,
    master_weights: bool = False,
    accumulate: int = 1,
    checkpoints: Sequence[str] = (),
    parallel: Sequence[str] = (),
    devices: int = 1,
    adapters: Lora | None = None,
    whatifs: bool = True,
) -> Conditions:
    """Conditions from words; what is of a training step alone implies one.

    Raises CallError for a word that names nothing, and for what contradicts itself.
    """
    known = (
        ("schedule", schedule, (SPEC, MIN_PEAK)),
        ("optimizer", optimizer, OPTIMIZERS),
        ("half precision", mixed, HALVES),
    )
    for what, word, names in known:
        if word is not None and word not in names:
            hint = suggestion(word, list(names), f"{what}s")
            raise CallError(f"there is no {what} '{word}'", hint)
    if accumulate < 1:
        raise CallError(f"--accumulate is the number of batches of a step, 1 or more; got {accumulate}")
    if mixed and master_weights:
        message = "--mixed keeps the params in float32, so there are no copies for --master-weights"
        raise CallError(message, "half-precision params: `--dtype bfloat16 --master-weights`")
    if not 1 <= devices <= MOST:
        raise CallError(f"--devices is how many devices divide inference, 1 to {MOST:,}; got {devices:,}")
    named = optimizer is not None or mixed is not None or bool(checkpoints) or bool(parallel)
    trains = training or foreach or master_weights or accumulate > 1 or named or adapters is not None
    if trains and schedule != SPEC:
        raise CallError("--schedule is for inference: a backward pass runs in the reverse of the spec's order")
    if trains and devices > 1:
        message = "--devices is for inference: a training step says how it is divided"
        raise CallError(message, f"`--parallel tensor={devices}`, `--parallel zero3={devices}`")
    return Conditions(
        trains,
        schedule,
        inplace,
        optimizer or SGD,
        foreach,
        mixed or "",
        master_weights,
        accumulate,
        tuple(checkpoints),
        Division(tensor=devices) if devices > 1 else division_of(parallel),
        whatifs,
    )
