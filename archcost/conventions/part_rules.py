"""The terms that conventions share: each is a small function from a layer to one part of its figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.conventions.model import FigurePart, ToolFailsError, unseen
from archcost.dims import numel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from archcost.conventions.model import LayerUse, Term


FUNCTIONAL = "torch.nn.functional."
MULTIPLIED = frozenset({"torch.mul", "torch.Tensor.mul"})
ADDED = frozenset({"torch.add", "torch.Tensor.add"})
ADDMM = frozenset({"torch.addmm", "torch.Tensor.addmm"})  # a product of matrices, and a bias
POOLS = ("avg_pool", "max_pool", "adaptive_avg_pool", "adaptive_max_pool")
CELLS = ("rnn_cell", "lstm_cell", "gru_cell")


def products(factor: int = 1) -> Term:
    """``factor`` × MACs."""

    def term(use: LayerUse) -> FigurePart:
        return FigurePart(use.name, factor * use.macs, use.macs, f"{factor} per MAC")

    return term


def bias(use: LayerUse) -> FigurePart | None:
    """1 per output element, where there is a bias."""
    return FigurePart(f"{use.name} bias", use.results, 0, "1 per output") if use.biased else None


def nothing(use: LayerUse) -> None:
    """No part."""


def per_input(rate: int) -> Term:
    """``rate`` per element of the first input."""

    def term(use: LayerUse) -> FigurePart:
        return FigurePart(use.name, rate * use.elements, 0, f"{rate} per input element")

    return term


def per_output(rate: int) -> Term:
    """``rate`` per element of the first output."""

    def term(use: LayerUse) -> FigurePart:
        return FigurePart(use.name, rate * use.results, 0, f"{rate} per output")

    return term


def normalised(weighted: int, plain: int) -> Term:
    """``weighted`` per element of a norm with learnt weights, ``plain`` without."""

    def term(use: LayerUse) -> FigurePart:
        rate = weighted if "weight" in use.weights() else plain
        return FigurePart(use.name, rate * use.elements, 0, f"{rate} per element")

    return term


def elementwise(functions: Collection[str]) -> Term:
    """1 per output of a sum or product, where a function is called for it: operators of Python are seen by nobody."""

    def term(use: LayerUse) -> FigurePart | None:
        called = use.call is not None and use.call.function in functions
        return per_output(1)(use) if called else None

    return term


def running(folded: Term, measured: Term) -> Term:
    """One term for a norm that uses its running statistics, another for one that measures its input."""
    return lambda use: (folded if use.op.track_running_stats else measured)(use)


def hidden(condition: Callable[[LayerUse], bool], reason: str, term: Term) -> Term:
    """MACs that the tool does not see where the condition holds, and a term where it does not."""
    return lambda use: (unseen(reason) if condition(use) else term)(use)


def ranks(low: int, high: int, term: Term) -> Term:
    """A term of a tool that fails on inputs with fewer than ``low`` or more than ``high`` dims."""

    def checked(use: LayerUse) -> FigurePart | None:
        rank = len(use.inputs[0])
        if not low <= rank <= high:
            raise ToolFailsError(f"it fails on {use.name} with a rank of {rank}: it takes {low} to {high}")
        return term(use)

    return checked


def operators(factor: int) -> Term:
    """``factor`` × MACs of what is made of torch's functions, though a library may have one operator for it."""

    def term(use: LayerUse) -> FigurePart:
        fused = f"; {use.op.fused_in}'s own operator is not seen" if use.op.fused_in else ""
        return FigurePart(use.name, factor * use.macs, use.macs, f"{factor} per MAC{fused}")

    return term


def letters(use: LayerUse) -> dict[str, int]:
    """The sizes of all letters of an einsum."""
    names, output = use.op.names(use.inputs)
    sizes: dict[str, int] = {}
    for own, shape in zip((*names, output), (*use.inputs, use.outputs[0]), strict=True):
        sizes |= dict(zip(own, shape, strict=True))
    return sizes


def einsum_path(use: LayerUse, factor: int) -> FigurePart:
    """``factor`` × half of the FLOPs that numpy.einsum_path tells, in four digits.

    NumPy counts 1 for every product of all letters, 2 where some are summed over, and 1 more.
    """
    _, output = use.op.names(use.inputs)
    sizes = letters(use)
    count = numel(sizes.values()) * (2 if len(sizes) > len(output) else 1) + 1
    amount = int(float(f"{count:.3e}")) * factor // 2
    if not use.macs:
        return FigurePart(use.name, amount, 0, "all letters, by numpy.einsum_path")
    return FigurePart(use.name, amount, use.macs, f"{factor} per product of all letters, by numpy.einsum_path")


def left_operand(factor: int) -> Term:
    """``factor`` × elements of the left operand × columns of the right one, in whose batch dims it does not look."""

    def term(use: LayerUse) -> FigurePart:
        left, right = use.inputs
        count = numel(left) * right[-1]
        if count == use.macs:
            return FigurePart(use.name, factor * count, count, f"{factor} per MAC")
        return FigurePart(use.name, factor * count, use.macs, f"{factor} × left elements × right columns")

    return term


def gated(use: LayerUse) -> FigurePart | None:
    """1 per element of the gate of a selective scan, in the function of its activation."""
    given = use.inputs[use.op.input_names.index("z") :]
    return FigurePart(f"{use.name} silu", numel(given[0]), 0, "1 per element of the gate") if given else None


def activated(use: LayerUse) -> FigurePart:
    """1 per element within the experts of a mixture, in the function of the activation."""
    amount = numel(use.inputs[0][:-1]) * use.op.top_k * use.op.hidden_features
    return FigurePart(f"{use.name} {use.op.activation}", amount, 0, "1 per element within the experts")


def expert_biases(use: LayerUse) -> FigurePart | None:
    """1 per output of the experts' matrices, where they have biases."""
    op = use.op
    if not op.bias:
        return None
    outputs = (1 + op.gated) * op.hidden_features + use.inputs[0][-1]
    return FigurePart(f"{use.name} bias", numel(use.inputs[0][:-1]) * op.top_k * outputs, 0, "1 per output")


def added_bias(factor: int) -> Term:
    """``factor`` × MACs, and 1 per bias, of a linear layer that is written as ``torch.addmm``."""

    def term(use: LayerUse) -> FigurePart:
        return FigurePart(use.name, factor * use.macs + use.op.out_features, use.macs, f"{factor} per MAC, 1 per bias")

    return term


def by_addmm(addmm: Term, otherwise: Term) -> Term:
    """One term for a linear layer that is written as ``torch.addmm``, another for any other."""
    return lambda use: (addmm if use.call is not None and use.call.function in ADDMM else otherwise)(use)
