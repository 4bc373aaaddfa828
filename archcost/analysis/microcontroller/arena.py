"""The arena: which tensors are in the SRAM of a microcontroller while each kernel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.microcontroller.kernels import Kernel, columns_bytes, is_depthwise, widened_bytes

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
    now = sum(sizes[: len(graph.inputs)])
    live: list[int] = []
    peak, at = now, -1
    columns = widened = 0
    for number, kernel in enumerate(kernels.kernels):
        signature = graph.nodes[kernel.nodes[0]].signature
        over = _written_over(graph, kernels, number) if inplace else None
        made = sum([sizes[tensor] for tensor in kernel.makes])
        live.append(now + made if over is None else now)
        if live[-1] > peak or at < 0:
            peak, at = live[-1], number
        now += made
        for tensor in (*kernel.reads, *kernel.makes):
            if last[tensor] <= number:
                now -= sizes[tensor]
        columns = max(columns, columns_bytes(signature, inplace=over is not None))
        widened = max(widened, widened_bytes(signature))
    return Arena(live, peak, at, _held(graph, kernels, at, inplace=inplace), columns, widened)


def _written_over(graph: Graph, kernels: Kernels, number: int) -> int | None:
    """The tensor over which a kernel may write what it makes; None where there is none."""
    kernel = kernels.kernels[number]
    signature = graph.nodes[kernel.nodes[0]].signature
    if len(kernel.reads) != 1 or not (is_depthwise(signature) or signature.op.family == "Activation"):
        return None
    (tensor,), (made,) = kernel.reads, kernel.makes
    return tensor if kernels.last[tensor] == number and kernels.sizes[made] <= kernels.sizes[tensor] else None


def _held(graph: Graph, kernels: Kernels, number: int, *, inplace: bool) -> list[HeldTensor]:
    """The tensors that are there while a kernel runs (-1: before any does), the largest first."""
    kernel = kernels.kernels[number] if number >= 0 else Kernel([], (), ())
    over = inplace and number >= 0 and _written_over(graph, kernels, number) is not None
    maker = dict.fromkeys(range(len(graph.inputs)), -1)
    maker |= {tensor: place for place, each in enumerate(kernels.kernels) for tensor in each.makes}
    found = []
    for tensor, size in enumerate(kernels.sizes):
        mine = tensor in kernel.makes
        if not size or maker[tensor] > number or (mine and over) or (kernels.last[tensor] < number and not mine):
            continue
        role = MADE if mine else READ if tensor in kernel.reads else WAITING
        found.append(HeldTensor(kernels.values[tensor], size, role, kernels.last[tensor]))
    return sorted(found, key=lambda one: -one.bytes)
