"""What PyTorch runs for attention on a CPU, where it decides what a counter can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.strides import is_contiguous
from archcost.conventions.model import FigurePart
from archcost.dims import numel

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse, Term
    from archcost.dims import Shape

FUSED = "one fused kernel on a CPU"
_HEADED = 4  # (N, heads, positions, features)


def fused_product(use: LayerUse, *, gradients: bool) -> bool:
    """Whether scaled_dot_product_attention runs as the flash kernel for CPUs: no broadcast batch, one width for all.

    Otherwise it is two products of matrices and a softmax. With ``gradients`` the kernel takes no mask that wants one.
    """
    query, key, value = use.inputs[:3]
    rank = len(query)
    if rank not in (_HEADED - 1, _HEADED) or not len(key) == len(value) == rank:
        return False
    masks_fit = all(len(mask) in (2, rank) for mask in use.inputs[3:])
    same_batch = query[:-3] == key[:-3] == value[:-3]
    heads = key[-3] == value[-3] and query[-3] % key[-3] == 0
    dense = all(strides[-1] == 1 for strides in use.strides[:3])
    learnt = gradients and any(use.learnt[3:])
    return masks_fit and same_batch and heads and dense and query[-1] == value[-1] and not learnt


def three(use: LayerUse) -> tuple[Shape, Shape, Shape]:
    """The shapes of query, key and value of a multihead_attention."""
    query, key, value = use.inputs[0], use.inputs[min(1, len(use.inputs) - 1)], use.inputs[-1]
    return query, key, value


def projection_macs(use: LayerUse) -> int:
    """N·L·E² for the query, N·S·kdim·E and N·S·vdim·E for key and value, N·L·E² for the output."""
    query, key, value = three(use)
    width = query[-1]
    return width * (2 * numel(query) + numel(key) + numel(value))


def projections(factor: int) -> Term:
    """``factor`` × MACs of the projections of multihead_attention."""

    def term(use: LayerUse) -> FigurePart:
        macs = projection_macs(use)
        return FigurePart(f"{use.name} projections", factor * macs, macs, f"{factor} per MAC")

    return term


def inner_products(factor: int) -> Term:
    """The two products of multihead_attention, which nobody sees unless its source asks for the weights."""

    def term(use: LayerUse) -> FigurePart:
        macs = use.macs - projection_macs(use)
        if gives_weights(use):
            return FigurePart(f"{use.name} products", factor * macs, macs, f"{factor} per MAC")
        return FigurePart(f"{use.name} products", 0, macs, FUSED)

    return term


def seen_products(factor: int) -> Term:
    """``factor`` × MACs of the two products of multihead_attention, of a tool that sees them however they are made."""

    def term(use: LayerUse) -> FigurePart:
        macs = use.macs - projection_macs(use)
        return FigurePart(f"{use.name} products", factor * macs, macs, f"{factor} per MAC")

    return term


def gives_weights(use: LayerUse) -> bool:
    """Whether the source of an import asks for the weights of attention, so that products are made one by one."""
    return use.call is not None and use.call.function == "torch.bmm"


def weights_softmax(use: LayerUse) -> FigurePart | None:
    """1 per weight, in the softmax of a multihead_attention that gives them."""
    if not gives_weights(use):
        return None
    query, key, _ = three(use)
    batch_dim = 0 if use.op.batch_first else 1
    amount = query[batch_dim] * use.op.num_heads * query[1 - batch_dim] * key[1 - batch_dim]
    return FigurePart(f"{use.name} softmax", amount, 0, "1 per weight")


def native(use: LayerUse) -> bool:
    """Whether nn.MultiheadAttention, in evaluation and without gradients, runs as one kernel from input to output."""
    op = use.op
    query, key, value = three(use)
    itself = use.one_tensor and op.batch_first and op.bias and op.num_heads % 2 == 0
    return bool(itself and query == key == value and not op.add_bias_kv and not op.add_zero_attn)


def projection_biases(use: LayerUse) -> FigurePart | None:
    """1 per output of the projections whose bias is added within a product: those of inputs that lie dim after dim.

    The output's projection always does; query, key and value do where turning (N, L, E) into (L, N, E) leaves them as
    they lie.
    """
    if not use.op.bias:
        return None
    query, key, value = three(use)
    amount = numel(query)
    for shape, strides in zip((query, key, value), _own_strides(use), strict=True):
        turned = (1, 0, 2) if use.op.batch_first else (0, 1, 2)
        if is_contiguous(tuple([shape[dim] for dim in turned]), tuple([strides[dim] for dim in turned])):
            amount += shape[0] * shape[1] * query[-1]
    return FigurePart(f"{use.name} bias", amount, 0, "1 per output of a projection whose input is contiguous")


def _own_strides(use: LayerUse) -> tuple[Shape, Shape, Shape]:
    return use.strides[0], use.strides[min(1, len(use.strides) - 1)], use.strides[-1]
