"""The passes of Adafactor: those that PyTorch dispatches, operator by operator, and by hand."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from archcost.analysis.memory.optimizers import learnt
from archcost.timing.adafactor_passes import TensorUpdate, update_of

FLOAT, HALF = 4, 2  # bytes
SHAPES = [(10, 20), (8, 3, 3, 5), (7,)]
TRANSFORMERS = "transformers.optimization"


def test_by_hand() -> None:
    n, r, c = 10 * 20, 10, 20
    # reads: the param for a norm and the sum, the gradient for two norms and a product, the estimate for its quotient,
    # bound, root and product, the update for its norm and the sum; writes: the estimate five times, and the param
    read, written = 2 * n + 3 * n + 4 * n + 2 * n, 5 * n + n
    # of the factors: a norm squared, divided and mixed into the state; then their product, and the mean of the rows
    read += (4 * r + 4 * c) + (r + c) + r + 2
    written += 4 * r + 4 * c + 2
    assert update_of(learnt((10, 20), FLOAT), transformers=False) == TensorUpdate(FLOAT * read, FLOAT * written, 18)


class Watching(TorchDispatchMode):
    """Adds up the bytes and the launches of all operators, but for views and the counter of steps."""

    def __init__(self, counters: set[int]) -> None:
        super().__init__()
        self.counters = counters
        self.read = self.written = self.launches = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = {id(each): each for each in tree_leaves(args) if isinstance(each, torch.Tensor)}
        name = func.overloadpacket.__name__
        if func.is_view or name == "_unsafe_view" or self.counters & tensors.keys():
            return result
        if not isinstance(result, torch.Tensor):  # the number of a tensor, or a mark of the profiler
            return result
        if name == "copy_":
            del tensors[id(args[0])]
        self.read += sum(map(moved, tensors.values()))
        self.written += moved(result)
        self.launches += 1
        return result


def moved(tensor: torch.Tensor) -> int:
    """The bytes of a tensor; a single number is nothing to move."""
    return tensor.nbytes if tensor.dim() else 0


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    ("library", "dtype"),
    [("torch.optim", torch.float32), (TRANSFORMERS, torch.float32), (TRANSFORMERS, torch.bfloat16)],
)
def test_those_that_run(library: str, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    """In the second step, when there are states."""
    transformers = library == TRANSFORMERS
    if transformers:
        pytest.importorskip("transformers")
    param = torch.nn.Parameter(torch.ones(shape, dtype=dtype))
    param.grad = torch.ones_like(param)
    optimizer = importlib.import_module(library).Adafactor([param])
    optimizer.step()
    step = optimizer.state[param]["step"]
    with Watching({id(step)}) as watching:
        optimizer.step()
    found = TensorUpdate(watching.read, watching.written, watching.launches)
    told = update_of(learnt(shape, param.element_size()), transformers=transformers)
    assert found.launches == told.launches
    assert found == told
