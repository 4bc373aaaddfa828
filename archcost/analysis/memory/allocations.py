"""What a run of inference allocates and frees, in the order in which PyTorch does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.graph_run import Execution
from archcost.analysis.memory.shadow_torch import Machine

if TYPE_CHECKING:
    from archcost.analysis.memory.shadow_torch import Storage
    from archcost.graph.model import Graph


class Allocation(NamedTuple):
    """A storage comes with its bytes, or goes (-1) while a node runs."""

    node: int
    storage: int
    bytes: int


GONE = -1
_INPUT = "input"


class _Recorder(Machine):
    """A machine that notes what comes and goes; the inputs of the model are the caller's, and nothing has no bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Allocation] = []

    def allocate(self, storage: Storage) -> None:
        super().allocate(storage)
        if self._counts(storage):
            self.found.append(Allocation(self.label, storage.born, storage.bytes))

    def free(self, storage: Storage) -> None:
        super().free(storage)
        if self._counts(storage):
            self.found.append(Allocation(self.label, storage.born, GONE))

    @staticmethod
    def _counts(storage: Storage) -> bool:
        return storage.kind != _INPUT and storage.bytes > 0


def allocations(graph: Graph) -> list[Allocation]:
    """All of a run, to the caller's letting go of the outputs. Params and buffers are there before and after it."""
    machine = _Recorder()
    execution = Execution(graph, machine)
    outputs = execution.forward()
    execution.values.clear()
    outputs.clear()
    return machine.found
