"""Adafactor (Shazeer and Stern 2018, arXiv:1804.04235): a mean of squares for each row and column of a matrix.

A tensor of two dims and more is a stack of matrices over its last two: it has a factor a row and one a column, and no
first moment. A vector has a mean of squares for each element. PyTorch's (``torch/optim/_adafactor.py`` at 2.14, there
since 2.5) has states in the dtype of the gradients, and counts steps in a float32; that of transformers
(``transformers/optimization.py`` at 5.24) has states in float32 whatever the params are in, and keeps the size of each
param, its root mean square, as a float32. Under tensor parallelism the factors of a divided matrix are counted whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dims import numel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.optimizers import UpdatedTensor
    from archcost.dims import Shape

FLOAT32 = 4  # bytes


def factors(shape: Shape) -> tuple[int, int]:
    """The number of row factors and of column factors: (…, R, C) has …·R and …·C; a vector has none."""
    if len(shape) < 2:  # noqa: PLR2004 - a matrix
        return 0, 0
    *stack, rows, columns = shape
    return numel((*stack, rows)), numel((*stack, columns))


def state_elements(tensor: UpdatedTensor) -> int:
    """The factors of a matrix, or a mean for each element of a vector."""
    return sum(factors(tensor.shape)) or tensor.elements


def torch_work(tensors: Sequence[UpdatedTensor]) -> int:
    """The most bytes that PyTorch makes in a step, tensor by tensor: names keep what was made for the one before.

    A matrix has the means of its rows and of its columns, and the estimate that these give, which becomes the update; a
    vector its squares, and a copy of its state.
    """
    most = rows = columns = squares = update = 0
    for tensor in tensors:
        if len(tensor.shape) > 1:
            row_bytes, column_bytes = [count * tensor.size for count in factors(tensor.shape)]
            most = max(most, rows + columns + squares + update + row_bytes)
            rows = row_bytes
            most = max(most, rows + columns + squares + update + column_bytes)
            columns = column_bytes
            scale = tensor.size * numel(tensor.shape[:-2])  # a number a matrix
            most = max(most, rows + columns + squares + update + tensor.bytes + scale)
        else:
            most = max(most, rows + columns + squares + update + tensor.bytes)
            squares = tensor.bytes
            most = max(most, rows + columns + squares + update + tensor.bytes)
        update = tensor.bytes
    return most


def torch_foreach_work(tensors: Sequence[UpdatedTensor]) -> int:
    """The same with all matrices at once and all vectors at once, whichever the model has first."""
    most = earlier = 0
    kinds = dict.fromkeys(len(tensor.shape) > 1 for tensor in tensors)
    for matrices in kinds:
        chosen = [tensor for tensor in tensors if (len(tensor.shape) > 1) == matrices]
        update = sum(tensor.bytes for tensor in chosen)
        scales = sum(tensor.size * numel(tensor.shape[:-2]) for tensor in chosen) if matrices else 0
        most = max(most, earlier + update + scales)
        earlier = update
    return most


def transformers_work(tensors: Sequence[UpdatedTensor]) -> int:
    """The most bytes that the Adafactor of transformers makes in a step, tensor by tensor.

    Half-precision params and gradients are copied to float32. The squares, their sum with ε, the estimate and the
    negated update are each as large as the tensor.
    """
    most = copies = update = 0
    for tensor in tensors:
        own = FLOAT32 * tensor.elements
        copied = own if tensor.size < FLOAT32 else 0
        most = max(most, copies // 2 + update + copied)  # the gradient's is let go before it is made anew
        copies = 2 * copied
        most = max(most, copies + update + 2 * own)
        most = max(most, copies + 2 * own + FLOAT32 * sum(factors(tensor.shape)))
        update = own
    return most
