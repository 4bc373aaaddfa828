"""The arena: which tensors are in the SRAM of a microcontroller while each kernel runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.microcontroller.kernels import Kernel, columns_bytes, is_depthwise, is_pointwise, widened_bytes
from archcost.engines import TINYENGINE, TINYENGINE_2020

if TYPE_CHECKING:
    from archcost.analysis.microcontroller.kernels import Kernels
    from archcost.graph.model import Graph

READ, MADE, WAITING, RESERVED = "read", "made", "waiting", "reserved"


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


def arena_of(graph: Graph, kernels: Kernels, *, inplace: bool, engine: str = TINYENGINE) -> Arena:
    """The arena of kernels that run in their order, as an ``engine`` lays it out.

    The model's inputs are in it, until their last reader has run. ``inplace``: a depthwise convolution writes each
    channel over the one that it reads, if nobody else needs that, and a single activation does.
    """
    sizes, last = kernels.sizes, kernels.last
    since = _since(graph, kernels, whole_blocks=engine == TINYENGINE_2020)
    begins = [0] * len(kernels.kernels)
    for tensor, first in since.items():
        begins[first] += sizes[tensor]
    now = sum(sizes[: len(graph.inputs)])
    live: list[int] = []
    peak, at = now, -1
    columns = widened = 0
    for number, kernel in enumerate(kernels.kernels):
        signature = graph.nodes[kernel.nodes[0]].signature
        over = _written_over(graph, kernels, number) if inplace else None
        now += begins[number]
        live.append(now if over is None else now - sizes[kernel.makes[0]])
        if live[-1] > peak or at < 0:
            peak, at = live[-1], number
        for tensor in (*kernel.reads, *kernel.makes):
            if last[tensor] <= number:
                now -= sizes[tensor]
        columns = max(columns, columns_bytes(signature, inplace=over is not None))
        widened = max(widened, widened_bytes(signature))
    return Arena(live, peak, at, _held(graph, kernels, at, since, inplace=inplace), columns, widened)


def _written_over(graph: Graph, kernels: Kernels, number: int) -> int | None:
    """The tensor over which a kernel may write what it makes; None where there is none."""
    kernel = kernels.kernels[number]
    signature = graph.nodes[kernel.nodes[0]].signature
    if len(kernel.reads) != 1 or not (is_depthwise(signature) or signature.op.family == "Activation"):
        return None
    (tensor,), (made,) = kernel.reads, kernel.makes
    return tensor if kernels.last[tensor] == number and kernels.sizes[made] <= kernels.sizes[tensor] else None


def _since(graph: Graph, kernels: Kernels, *, whole_blocks: bool) -> dict[int, int]:
    """Of every tensor that a kernel makes, the kernel from which on it is in the arena: its maker.

    ``whole_blocks``: what an inverted residual makes is reserved before the block begins. Such a block is a depthwise
    convolution and the pointwise one right behind it, with the pointwise one right before it.
    """
    signatures = [graph.nodes[kernel.nodes[0]].signature for kernel in kernels.kernels]
    since = {tensor: number for number, kernel in enumerate(kernels.kernels) for tensor in kernel.makes}
    for number, signature in enumerate(signatures[:-1] if whole_blocks else ()):
        kernel, behind = kernels.kernels[number], kernels.kernels[number + 1]
        if not (is_depthwise(signature) and is_pointwise(signatures[number + 1]) and behind.reads == kernel.makes):
            continue
        expands = since.get(kernel.reads[0], -1) == number - 1 >= 0 and is_pointwise(signatures[number - 1])
        since[behind.makes[0]] = number - 1 if expands else number
    return since


def _held(graph: Graph, kernels: Kernels, number: int, since: dict[int, int], *, inplace: bool) -> list[HeldTensor]:
    """The tensors that are there while a kernel runs (-1: before any does), the largest first."""
    kernel = kernels.kernels[number] if number >= 0 else Kernel([], (), ())
    over = inplace and number >= 0 and _written_over(graph, kernels, number) is not None
    found = []
    for tensor, size in enumerate(kernels.sizes):
        mine = tensor in kernel.makes
        early = since.get(tensor, -1) > number
        if not size or early or (mine and over) or (kernels.last[tensor] < number and not mine):
            continue
        role = MADE if mine else READ if tensor in kernel.reads else _role_of_others(kernels, tensor, number)
        found.append(HeldTensor(kernels.values[tensor], size, role, kernels.last[tensor]))
    return sorted(found, key=lambda one: -one.bytes)


def _role_of_others(kernels: Kernels, tensor: int, number: int) -> str:
    """The role of a tensor that a kernel neither reads nor makes."""
    later = [made for kernel in kernels.kernels[number + 1 :] for made in kernel.makes]
    return RESERVED if tensor in later else WAITING
