"""The passes of Adafactor over a tensor, one operator of PyTorch after the other.

Where other optimizers are one pass, Adafactor measures a tensor and its gradient before it can say what the update is.
PyTorch's (``torch/optim/_adafactor.py`` at 2.14, ``_single_tensor_adafactor``) and that of transformers
(``transformers/optimization.py`` at 5.24, ``Adafactor.step``) both go tensor by tensor unless they are told otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.adafactor import FLOAT32, factors
from archcost.dims import numel

if TYPE_CHECKING:
    from archcost.analysis.memory.optimizers import UpdatedTensor

# A pass is what it reads and what it writes: (n) all elements of a tensor, its factors of rows (r) and of columns (c),
# and a number for each matrix (m). A single number is nothing to move, but is launched all the same.
Pass = tuple[str, str]

_IN_PLACE: Pass = ("n", "n")
_WITH_GRADIENT: Pass = ("nn", "n")

_TORCH_MATRIX: tuple[Pass, ...] = (
    ("n", ""),  # the norm of the param
    *(("n", "r"), ("r", "r"), ("r", "r"), ("rr", "r")),  # the norms of the rows, squared, divided, and mixed in
    *(("n", "c"), ("c", "c"), ("c", "c"), ("cc", "c")),  # and of the columns
    ("rc", "n"),  # the estimate, a product of both
    *(("r", "m"), ("m", "m"), ("nm", "n")),  # divided by the mean of the rows, which is bounded below
    *(_IN_PLACE, _IN_PLACE, _WITH_GRADIENT),  # bounded below, its inverse root, times the gradient
    ("n", ""),  # the norm of the update
    ("nn", "n"),  # added to the param
)
_TORCH_VECTOR: tuple[Pass, ...] = (
    ("n", ""),
    *(("n", "n"), ("nn", "n"), ("n", "n")),  # the squares, mixed in, and a copy of the state
    *(_IN_PLACE, _IN_PLACE, _WITH_GRADIENT),
    ("n", ""),
    ("nn", "n"),
)
_SIZE: tuple[Pass, ...] = (("n", ""), ("", ""))  # a norm, and it divided by a number
_TRANSFORMERS_START: tuple[Pass, ...] = (
    *(*_SIZE, ("", ""), ("", "")),  # the size of the param, at least ε, and the rate by it
    *(_IN_PLACE, _IN_PLACE),  # squares, and ε on top
)
_TRANSFORMERS_END: tuple[Pass, ...] = (
    _WITH_GRADIENT,
    *(*_SIZE, ("", ""), ("", "")),  # the size of the update, by the threshold, at least 1
    *(_IN_PLACE, _IN_PLACE),  # divided by it, times the rate
    *(_IN_PLACE, ("nn", "n")),  # negated, and added to the param
)
_TRANSFORMERS_MATRIX: tuple[Pass, ...] = (
    *_TRANSFORMERS_START,
    *(("r", "r"), ("n", "r"), ("rr", "r")),  # the factors of rows decay; the means of rows are added
    *(("c", "c"), ("n", "c"), ("cc", "c")),
    *(("r", "m"), ("rm", "r"), ("r", "r"), ("c", "c"), ("rc", "n")),  # the product of their inverse roots
    *_TRANSFORMERS_END,
)
_TRANSFORMERS_VECTOR: tuple[Pass, ...] = (*_TRANSFORMERS_START, ("n", "n"), ("nn", "n"), ("n", "n"), *_TRANSFORMERS_END)


class TensorUpdate(NamedTuple):
    """What the update of one tensor moves, in bytes, and its launches."""

    read: int
    written: int
    launches: int


def update_of(tensor: UpdatedTensor, *, transformers: bool) -> TensorUpdate:
    """The update of a tensor by PyTorch's Adafactor, or by that of transformers, which works in float32.

    That one copies gradients and params of fewer bytes to float32, and the new params back.
    """
    is_matrix = len(tensor.shape) > 1
    if transformers:
        passes, size = (_TRANSFORMERS_MATRIX if is_matrix else _TRANSFORMERS_VECTOR), FLOAT32
    else:
        passes, size = (_TORCH_MATRIX if is_matrix else _TORCH_VECTOR), tensor.size
    rows, columns = factors(tensor.shape)
    counts = {"n": tensor.elements, "r": rows, "c": columns, "m": numel(tensor.shape[:-2])}
    read, written = [size * sum(counts[what] for each in passes for what in each[side]) for side in (0, 1)]
    if size == tensor.size:
        return TensorUpdate(read, written, len(passes))
    wide = size * tensor.elements
    return TensorUpdate(read + 2 * tensor.bytes + wide, written + 2 * wide + tensor.bytes, len(passes) + 3)
