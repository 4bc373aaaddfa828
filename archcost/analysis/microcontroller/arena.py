"""The arena: which tensors are in the SRAM of a microcontroller while each kernel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.microcontroller.kernels import columns_bytes, is_depthwise, widened_bytes

if TYPE_CHECKING:
    from archcost.analysis.microcontroller.kernels import Kernels
    from archcost.graph.model import Graph

READ, MADE, WAITING = "read", "made", "waiting"


class HeldTensor(NamedTuple):
    """A tensor that is there at the peak: its value, bytes, why it is there, and the last kernel that needs it."""

    value: int
    bytes: int
    role: str
    until: int


class Arena(NamedTuple):
    """The bytes of tensors while each kernel runs, and two buffers that all kernels share.

    ``peak`` is the most bytes of tensors at a time, while kernel ``at`` runs (-1 without any), and ``held`` the tensors
    that are there then. ``columns`` and ``widened`` are the largest of :func:`columns_bytes` and :func:`widened_bytes`.
    """

    live: list[int]
    peak: int
    at: int
    held: list[HeldTensor]
    columns: int
    widened: int

    @property
    def total(self) -> int:
        """The SRAM: tensors and both buffers, which an engine reserves for good."""
        return self.peak + self.columns + self.widened


def arena_of(graph: Graph, kernels: Kernels, *, inplace: bool) -> Arena:
    """The arena of kernels that run in their order.

    The model's inputs are in it, until their last reader has run. ``inplace``: a depthwise convolution writes each
    channel over the one that it reads, if nobody else needs that, and a single activation does.
    """
    sizes, last = kernels.sizes, kernels.last
    there = {tensor: sizes[tensor] for tensor in range(len(graph.inputs))}
    live: list[int] = []
    peak, at, held = sum(there.values()), -1, _held(kernels, there, -1)
    columns = widened = 0
    for number, kernel in enumerate(kernels.kernels):
        signature = graph.nodes[kernel.nodes[0]].signature
        over = _written_over(graph, kernels, number) if inplace else None
        if over is None:
            there |= {tensor: sizes[tensor] for tensor in kernel.makes}
        live.append(sum(there.values()))
        if live[-1] > peak or at < 0:
            peak, at, held = live[-1], number, _held(kernels, there, number)
        there |= {tensor: sizes[tensor] for tensor in kernel.makes}
        for tensor in (*kernel.reads, *kernel.makes):
            if last[tensor] <= number:
                del there[tensor]
        columns = max(columns, columns_bytes(signature, inplace=over is not None))
        widened = max(widened, widened_bytes(signature))
    return Arena(live, peak, at, held, columns, widened)


def _written_over(graph: Graph, kernels: Kernels, number: int) -> int | None:
    """The tensor over which a kernel may write what it makes; None where there is none."""
    kernel = kernels.kernels[number]
    signature = graph.nodes[kernel.nodes[0]].signature
    if len(kernel.reads) != 1 or not (is_depthwise(signature) or signature.op.family == "Activation"):
        return None
    (tensor,), (made,) = kernel.reads, kernel.makes
    return tensor if kernels.last[tensor] == number and kernels.sizes[made] <= kernels.sizes[tensor] else None


def _held(kernels: Kernels, there: dict[int, int], number: int) -> list[HeldTensor]:
    """The tensors that are there while a kernel runs, the largest first."""
    kernel = kernels.kernels[number] if number >= 0 else None
    found = []
    for tensor, size in there.items():
        role = WAITING
        if kernel is not None:
            role = MADE if tensor in kernel.makes else READ if tensor in kernel.reads else WAITING
        if size:
            found.append(HeldTensor(kernels.values[tensor], size, role, kernels.last[tensor]))
    return sorted(found, key=lambda one: -one.bytes)
