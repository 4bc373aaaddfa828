"""Which input positions reach an output position, by gradients through a network whose every path is open.

Weights are positive and ops that close paths (maxima, saturation, differences) are replaced by sums over the same
windows, so that a gradient is zero only where there is no path. Norms become identities: their statistics are not
followed by receptive fields.
"""

from __future__ import annotations

import warnings
from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from archcost.ops import REGISTRY, apply
from archcost.pytorch.builders import BUILDERS
from archcost.pytorch.module import Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archcost.analysis.receptive_algebra import AxisField
    from archcost.graph.model import Graph

Interval = tuple[int, int]
CONVOLUTIONS = (functional.conv1d, functional.conv2d, functional.conv3d)
ADAPTIVE = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(*inputs)


def sum_pool(op: Any, shapes: tuple[tuple[int, ...], ...]) -> nn.Module:
    """The sum over the windows of a pool, as many as the pool has."""
    (_, channels, *sizes), *indices = apply(op, shapes)
    stride = op.stride or op.kernel_size
    padding = [side for p, s in zip(op.padding, stride, strict=True) for side in (p + s, p)][::-1]

    def pool(x: Tensor) -> Any:
        weight = torch.ones(channels, 1, *op.kernel_size, dtype=x.dtype)
        convolve = CONVOLUTIONS[op.ndim - 1]
        out = convolve(functional.pad(x, padding), weight, None, stride, 0, op.gaps(), channels)
        cut = out[(..., *[slice(size) for size in sizes])]
        return (cut, torch.zeros_like(cut, dtype=torch.int64)) if indices else cut

    return Call(pool)


def _total(*inputs: Tensor) -> Tensor:
    result = inputs[0]
    for other in inputs[1:]:
        result = result + other
    return result


def _with_mean(dim: int) -> nn.Module:
    return Call(lambda x: x + x.mean(dim, keepdim=True))


def _glu(op: Any, _: Any) -> nn.Module:
    return Call(lambda x: sum(x.chunk(2, op.dim)))


def _replacements() -> dict[str, Any]:
    table: dict[str, Any] = {}
    for kind, op in REGISTRY.items():
        if op.family in {"Normalisation", "Activation"}:
            table[kind] = lambda *_: nn.Identity()
        elif kind.startswith(("max_pool", "avg_pool")):
            table[kind] = sum_pool
        elif kind.startswith("adaptive_max_pool"):
            table[kind] = lambda op, _: ADAPTIVE[op.ndim - 1](op.output_size)
    table |= dict.fromkeys(("add", "sub", "mul", "div"), lambda *_: Call(_total))
    table |= dict.fromkeys(("softmax", "softmin", "log_softmax"), lambda op, _: _with_mean(op.dim))
    table |= {
        "softmax2d": lambda *_: _with_mean(-3),
        "glu": _glu,
        "max": lambda op, _: Call(lambda x: x.sum(op.dim or (), keepdim=op.keepdim)),
        "local_response_norm": BUILDERS["local_response_norm"],
    }
    return table


OPEN = BUILDERS | _replacements()


def open_network(graph: Graph) -> nn.Module:
    """The graph with positive weights and open paths, in float64."""
    torch.manual_seed(0)
    network = Network(graph, OPEN).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(0.5, 1.0)
    return network


def reached(graph: Graph, axes: tuple[int, ...]) -> Iterator[tuple[Any, list[Interval]]]:
    """For each position of the first output, the interval of the first input that reaches it along each axis."""
    (shape, _), *others = graph.inputs.values()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = open_network(graph)
        x = torch.rand(shape, dtype=torch.float64).add_(0.5).requires_grad_()
        out = network(x, *[torch.zeros(more.shape, dtype=getattr(torch, more.dtype)) for more in others])
    out = out[0] if isinstance(out, tuple) else out
    for position in product(*map(range, out.shape)):
        gradient = None
        if out.requires_grad:
            (gradient,) = torch.autograd.grad(out[position], x, retain_graph=True, allow_unused=True)
        touched = torch.zeros(shape, dtype=torch.bool) if gradient is None else gradient != 0
        yield position, [_interval(touched, axis) for axis in axes]


def _interval(touched: Tensor, axis: int) -> Interval:
    others = [dim for dim in range(touched.ndim) if dim != axis]
    places = touched.amax(others).nonzero().flatten().tolist()
    return (places[0], places[-1]) if places else (0, -1)


def predicted(field: AxisField, position: tuple[int, ...], shape: tuple[int, ...]) -> list[Interval]:
    """The interval along each axis that a field gives for a position of a tensor of this shape; paddings included."""
    places: list[Any] = [0] * len(field.runs)
    for parts, index, size in zip(field.dims, position, shape, strict=True):
        inner, rest = size, index
        for part in parts:
            inner //= part.size
            digit, rest = divmod(rest, inner)
            for axis, step, length in part.ties:
                if len(part.ties) > 1:  # only that it is somewhere along the part is known
                    return [(-(10**9), 10**9)] * len(places)
                assert length == part.size
                places[axis] += step * digit
    intervals = []
    for place, run in zip(places, field.runs, strict=True):
        q, r = divmod(place, len(run.first))
        r = r if len(run.first) > 1 else 0
        q = q if len(run.first) > 1 else place
        intervals.append((-int(-(run.first[r] + q * run.advance) // 1), int((run.last[r] + q * run.advance) // 1)))
    return intervals
