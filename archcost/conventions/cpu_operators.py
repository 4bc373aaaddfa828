"""What PyTorch's dispatcher shows on a CPU: the operators that torch's counter and ptflops's aten backend look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.conventions.model import LayerUse

VECTOR = "a product of a matrix and a vector"


def with_vector(use: LayerUse) -> bool:
    """Whether a matmul has a vector on the right: it is then no product of matrices."""
    return len(use.inputs[1]) == 1


def one_kernel(use: LayerUse) -> bool:
    """Whether an LSTM runs as one kernel: it does unless it projects. Other recurrent layers are taken apart."""
    return not use.op.proj_size


ELEMENTS = "an elementwise product: every dim that is summed over has size 1"


def of_elements(use: LayerUse) -> bool:
    """Whether an einsum sums over nothing but letters of size 1: it is then no product of matrices."""
    return all(size == 1 for size in use.op.contracted(use.inputs))
