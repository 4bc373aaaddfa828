"""A model in int8 on a microcontroller: its SRAM and its flash, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.microcontroller.arena import arena_of
from archcost.analysis.microcontroller.flash import flash_of
from archcost.analysis.microcontroller.kernels import fused
from archcost.displays import in_line, in_notebook
from archcost.engines import ENGINES, TINYENGINE, TINYENGINE_2020
from archcost.errors import UsageError, suggestion

if TYPE_CHECKING:
    from archcost.analysis.microcontroller.arena import Arena
    from archcost.analysis.microcontroller.flash import Flash
    from archcost.analysis.microcontroller.kernels import Kernels
    from archcost.analysis.report import Report


class FusedStudy(NamedTuple):
    """A report, its kernels, and the memory they take.

    ``inplace`` says whether depthwise convolutions and single activations write over what they read; ``in_place`` is
    the arena if they did, where that is smaller.
    """

    report: Report
    inplace: bool
    kernels: Kernels
    arena: Arena
    flash: Flash
    in_place: Arena | None = None
    engine: str = TINYENGINE

    def __repr__(self) -> str:
        return in_line(self, self.report.name, sram_bytes=self.sram, flash_bytes=self.flash.total)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def sram(self) -> int:
        """Bytes: the tensors at the peak, and the two buffers of the engine."""
        return self.arena.total

    @property
    def peak(self) -> int:
        """Bytes: the most that tensors take at a time."""
        return self.arena.peak

    @property
    def peak_path(self) -> str:
        """The layer that runs at the peak; empty for none."""
        return self.path_of(self.arena.at) if self.arena.at >= 0 else ""

    def path_of(self, kernel: int) -> str:
        """The path of the layer that a kernel computes."""
        return self.report.graph.nodes[self.kernels.kernels[kernel].nodes[0]].path

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.microcontroller/1``."""
        from archcost.analysis.microcontroller.data import microcontroller_data

        return {**microcontroller_data(self)}


def engine_of(name: str) -> str:
    """The engine of a name. Raises UsageError for one that is not known."""
    if name not in ENGINES:
        raise UsageError(f"unknown engine {name!r}", suggestion(name, ENGINES, "engines"))
    return name


def fused_study(report: Report, *, inplace: bool = False, what_if: bool = True, engine: str = TINYENGINE) -> FusedStudy:
    """The SRAM and the flash of a report's graph in int8, with fused kernels in the order of the spec.

    The TinyEngine of 2020 always works in place.
    """
    inplace = inplace or engine == TINYENGINE_2020
    graph = report.graph
    kernels = fused(graph)
    arena = arena_of(graph, kernels, inplace=inplace, engine=engine)
    other = arena_of(graph, kernels, inplace=True) if what_if and not inplace else None
    smaller = other if other is not None and other.total < arena.total else None
    return FusedStudy(report, inplace, kernels, arena, flash_of(graph, kernels, engine), smaller, engine)
