"""Traces of networks on the meta device: torch.jit records what runs, and no number is computed.

torch.jit needs three things that the meta device lacks. While a trace runs, sizes are tensors, at which rules of
shapes that are written in Python fail: so they run in a thread of their own, where nothing is traced. What they give
belongs to autograd, which a trace does not take: so it gets new tensors of the same sizes and strides. And a
convolution on the meta device leaves no operator behind: so it is called by the name that it has in other traces.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONVOLUTIONS = {torch.conv1d: 1, torch.conv2d: 2, torch.conv3d: 3}
TRANSPOSED = {torch.conv_transpose1d: 1, torch.conv_transpose2d: 2, torch.conv_transpose3d: 3}


class _Made(NamedTuple):
    """A new tensor as numbers."""

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: torch.dtype


class _Untraced(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Operators on meta tensors run in another thread; the trace sees new tensors that look like their results."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.pool = pool

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        given = {id(leaf): leaf for leaf in tree_leaves((args, named)) if isinstance(leaf, Tensor)}
        if given and not any(tensor.is_meta for tensor in given.values()):
            return func(*args, **named)  # arithmetic on sizes
        result = self.pool.submit(_run, func, args, named, given).result()
        return tree_map_only(_Made, _make, result, is_leaf=lambda leaf: isinstance(leaf, _Made))


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], given: dict[int, Tensor]) -> Any:
    """An operator's result, new meta tensors in it as numbers."""

    def described(tensor: Tensor) -> Tensor | _Made:
        if id(tensor) in given or not tensor.is_meta:
            return tensor
        return _Made(tuple(tensor.shape), tensor.stride(), tensor.dtype)

    if func is torch.ops.aten._convolution.default:  # noqa: SLF001 - the operator's name
        func, args = torch.ops.aten.convolution.default, args[:9]  # less the choice of kernels
    with torch.no_grad():
        return tree_map_only(Tensor, described, func(*args, **kwargs))


def _make(made: _Made) -> Tensor:
    return torch.empty_strided(made.sizes, made.strides, dtype=made.dtype, device="meta")


class _Convolutions(TorchFunctionMode):
    """Convolutions under the name of the operator that traces on other devices show, ``aten::_convolution``."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if func in CONVOLUTIONS:
            return _convolve(CONVOLUTIONS[func], *args, **named)
        if func in TRANSPOSED:
            return _convolve_transposed(TRANSPOSED[func], *args, **named)
        return func(*args, **named)


def _convolve(
    dims: int,
    input: Tensor,  # noqa: A002 - torch's name
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    if isinstance(padding, str):  # its operator is in the trace
        function: Any = (torch.conv1d, torch.conv2d, torch.conv3d)[dims - 1]
        result: Tensor = function(input, weight, bias, stride, padding, dilation, groups)
        return result
    return _operator(dims, (input, weight, bias), stride, padding, dilation, False, 0, groups)


def _convolve_transposed(
    dims: int,
    input: Tensor,  # noqa: A002 - torch's name
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    return _operator(dims, (input, weight, bias), stride, padding, dilation, True, output_padding, groups)


def _operator(
    dims: int,
    tensors: tuple[Tensor, Tensor, Tensor | None],
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,  # noqa: FBT001 - in the order of the operator
    output_padding: Any,
    groups: int,
) -> Tensor:
    def each(value: Any) -> list[int]:
        values = [value] if isinstance(value, int) else list(value)
        return values * dims if len(values) == 1 else values

    operator: Any = torch._convolution  # noqa: SLF001 - its name in a trace
    settings = (each(stride), each(padding), each(dilation), transposed, each(output_padding), groups)
    result: Tensor = operator(*tensors, *settings, False, False, False, False)
    return result


@contextmanager
def traceable() -> Iterator[None]:
    """Inside, torch.jit traces modules whose tensors are all on the meta device."""
    with ThreadPoolExecutor(1) as pool, torch.no_grad(), _Untraced(pool), _Convolutions():
        yield
