"""Products of matrices: what PyTorch's linear, matmul and bmm allocate, and what they keep for the backward pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.gradients import each, packed, same
from archcost.analysis.memory.kernels import broadcast, clone, expand, reshape, squeeze, transpose, unsqueeze
from archcost.analysis.memory.shadow_torch import view
from archcost.dims import numel

if TYPE_CHECKING:
    from archcost.analysis.memory.shadow_torch import Machine, Tensor

MATRIX = 2


def linear(machine: Machine, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x·Wᵀ + b: rows in one matrix; a strided x is copied to bring it into that form, and the bias added after it."""
    rank, out = len(x.shape), weight.shape[0]
    if rank == MATRIX:
        return _product(machine, x, weight, bias)
    if bias is not None and x.contiguous:
        rows = reshape(machine, x, (numel(x.shape[:-1]), x.shape[-1]))
        return reshape(machine, _product(machine, rows, weight, bias), (*x.shape[:-1], out))
    rows = reshape(machine, x if rank > 1 else unsqueeze(machine, x, 0), (numel(x.shape[:-1]), x.shape[-1]))
    y = reshape(machine, _product(machine, rows, weight, None), (*x.shape[:-1], out))
    del rows
    return y if bias is None else _biased(machine, y, bias)


def _product(machine: Machine, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A matrix times a transposed weight, plus a bias."""
    y = machine.new((x.shape[0], weight.shape[0]), x.dtype)
    saves = [x] * (weight.source is not None) + [weight] * (x.source is not None)
    if bias is None:
        machine.record([y], [x, weight], each(packed(x), packed(weight)), saves)
    else:
        machine.record([y], [bias, x, weight], each(same, packed(x), packed(weight)), saves)
    return y


def _biased(machine: Machine, y: Tensor, bias: Tensor) -> Tensor:
    """Y += b; a new tensor while PyTorch is watched."""
    total = machine.new(y.shape, y.dtype) if machine.watched else view(y, y.shape, y.strides)
    machine.record([total], [y, bias], each(same, same))
    return total


def bmm(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    """(n, r, k) @ (n, k, c), or matrices without the batch; keeps both."""
    y = machine.new((*a.shape[:-1], b.shape[-1]), a.dtype)
    saves = [a] * (b.source is not None) + [b] * (a.source is not None)
    machine.record([y], [a, b], each(packed(a), packed(b)), saves)
    return y


def matmul(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    """torch.matmul: the larger tensor folds into a matrix where that takes no copy, else batches are made equal."""
    left, right = len(a.shape), len(b.shape)
    if left <= MATRIX and right <= MATRIX:
        return _small(machine, a, b)
    if _folds(a, b):
        return _folded(machine, a, b)
    if left == right == MATRIX + 1 and a.shape[0] != b.shape[0]:
        if a.shape[0] == 1 and (a.source is not None or machine.watched):
            return matmul(machine, squeeze(machine, a, (0,)), b)
        if b.shape[0] == 1 and (b.source is not None or machine.watched):
            return matmul(machine, a, squeeze(machine, b, (0,)))
    return _batched(machine, a, b)


def _small(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    """Vectors and matrices."""
    shape = (*a.shape[:-1], *(b.shape[-1:] if len(b.shape) == MATRIX else ()))
    y = machine.new(shape, a.dtype)
    saves = [a] * (b.source is not None) + [b] * (a.source is not None)
    machine.record([y], [a, b], each(packed(a), packed(b)), saves)
    return y


def _folds(a: Tensor, b: Tensor) -> bool:
    larger, smaller = (a, b) if len(a.shape) >= len(b.shape) else (b, a)
    if len(larger.shape) <= MATRIX or len(smaller.shape) > MATRIX:
        return False
    if smaller.source is not None:
        return True
    if len(a.shape) == MATRIX:
        return False
    shape, strides = larger.shape, larger.strides
    if larger is b:  # it is the transposed matrices that must lie together
        shape, strides = (*shape[:-2], shape[-1], shape[-2]), (*strides[:-2], strides[-1], strides[-2])
    return all(strides[dim] == strides[dim + 1] * shape[dim + 1] for dim in range(len(shape) - MATRIX))


def _folded(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    """The larger as a matrix of all its rows."""
    turned = len(b.shape) > len(a.shape)
    if turned:
        larger = transpose(machine, b, len(b.shape) - 2, len(b.shape) - 1)
        smaller = transpose(machine, a, 0, 1) if len(a.shape) == MATRIX else a
    else:
        larger, smaller = a, b
    rows = reshape(machine, larger, (numel(larger.shape[:-1]), larger.shape[-1]))
    y = _small(machine, rows, smaller)
    columns = smaller.shape[1:]
    y = reshape(machine, y, (*larger.shape[:-1], *columns))
    if turned and columns:
        y = transpose(machine, y, len(y.shape) - 2, len(y.shape) - 1)
        return y if y.contiguous else clone(machine, y)
    return y


def _batched(machine: Machine, a: Tensor, b: Tensor) -> Tensor:
    """Batches of matrices, broadcast to the same batch; what is broadcast is copied."""
    batch = broadcast(a.shape[:-2], b.shape[:-2])
    count = numel(batch)
    left = _batch(machine, a if len(a.shape) > 1 else unsqueeze(machine, a, 0), batch, count)
    right = _batch(machine, b if len(b.shape) > 1 else unsqueeze(machine, b, 1), batch, count)
    y = bmm(machine, left, right)
    rows, columns = a.shape[-2:-1], b.shape[-1:] if len(b.shape) > 1 else ()
    return reshape(machine, y, (*batch, *rows, *columns))


def _batch(machine: Machine, x: Tensor, batch: tuple[int, ...], count: int) -> Tensor:
    return reshape(machine, expand(machine, x, (*batch, *x.shape[-2:])), (count, *x.shape[-2:]))
