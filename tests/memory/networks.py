"""Specs around one op, and networks that run in another order, in place, or with checkpoints, to be measured."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from archcost.analysis.memory.strides import contiguous, is_contiguous
from archcost.graph.unroll import unroll
from archcost.ops import REGISTRY
from archcost.pytorch import memory
from archcost.pytorch.layers.state_space import SelectiveScan
from archcost.pytorch.module import build, example_inputs
from archcost.settings import Settings
from tests.ops.cases import CASES
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.graph.model import Graph
    from archcost.pytorch.module import Network
    from tests.ops.cases import Case, Shape

# A `custom` without inputs is left out: its stand-in makes float32 whatever the dtype of the model.
OF_FLOATS = [case for case in CASES if case.input_shapes or case.kind != "custom"]


def permuted_orders(case: Case, count: int) -> list[tuple[Shape, ...]]:
    """Ways in which the dims of the inputs may lie in memory, besides one after the other."""
    choices = []
    for shape in case.input_shapes:
        rank = len(shape)
        orders = [tuple(range(rank))]
        if rank > 1:
            orders += [(*range(rank - 2), rank - 1, rank - 2), tuple(reversed(range(rank)))]
        if rank > 2:
            orders += [(0, rank - 1, *range(1, rank - 1)), (1, 0, *range(2, rank))]
        choices.append(list(dict.fromkeys(orders)))
    combinations = list(itertools.product(*choices))[1:]
    return combinations[:: max(1, len(combinations) // count)][:count]


def case_graph(
    case: Case,
    orders: Sequence[Shape] | None = None,
    *,
    learnt: bool = False,
    frozen: bool = False,
    floats: str = "float32",
) -> Graph:
    """The op of a case on its inputs: permuted ones, ones that need a gradient, or of another dtype.

    ``frozen``: its own weights need none.
    """
    dtypes = [dtype.replace("float32", floats) for dtype in case.dtypes or ["float32"] * len(case.input_shapes)]
    inputs: dict[str, Any] = {}
    layers: list[dict[str, Any]] = []
    sources = []
    for place, (shape, dtype) in enumerate(zip(case.input_shapes, dtypes, strict=True)):
        order = orders[place] if orders else tuple(range(len(shape)))
        given = [shape[order.index(dim)] for dim in range(len(shape))]
        inputs[f"x{place}"] = {"shape": given, "dtype": dtype, "batch": False}
        sources.append(f"x{place}")
        if order != tuple(range(len(shape))):
            layers.append({"permute": {"dims": list(order)}, "id": f"p{place}", "from": [sources[-1]]})
            sources[-1] = f"p{place}"
        mask = case.kind == "scaled_dot_product_attention" and place == 3
        if learnt and dtype == floats and not mask:
            layers.append({"parameter": {"shape": [1] * len(shape)}, "id": f"w{place}", "from": []})
            layers.append({"mul": None, "id": f"m{place}", "from": [sources[-1], f"w{place}"]})
            sources[-1] = f"m{place}"
    layers.append({case.kind: case.attributes, "id": "layer", "from": sources})
    if frozen:
        layers[-1]["requires_grad"] = False
    outputs = ["layer"] if REGISTRY[case.kind].main_output else ["layer.0"]
    given = {"inputs": inputs or {"x": [1]}, "layers": layers, "outputs": outputs}
    return unroll(document(given), Settings(dtype=None if floats == "float32" else floats))


RESIZED = {"fold", "unfold"}  # PyTorch makes a tensor as large as the input and resizes it: a fake one has no storage


class FusedScan(nn.Module):
    """What takes memory like mamba_ssm's kernel for a selective scan, by the same steps as its Python interface."""

    def forward(self, *inputs: Tensor) -> Tensor:
        result: Tensor = _FusedScan.apply(*inputs)
        return result


class _FusedScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        read = [tensor if tensor.stride(-1) == 1 else tensor.contiguous() for tensor in inputs]
        samples, channels, length = read[0].shape
        out = torch.empty_like(read[1])
        chunks = out.new_empty((samples, channels, (length + 2047) // 2048, 2 * read[2].size(1)), dtype=torch.float32)
        gated = [torch.empty_like(read[6])] if len(read) > 6 else []
        ctx.save_for_backward(*read, chunks, *[out] * len(gated))
        ctx.count = len(read)
        return gated[0] if gated else out

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> tuple[Tensor, ...]:
        saved = ctx.saved_tensors[: ctx.count]
        single = [torch.float32 if place in (3, 4) else tensor.dtype for place, tensor in enumerate(saved)]
        made = [torch.empty_like(tensor, dtype=dtype) for tensor, dtype in zip(saved, single, strict=True)]
        return tuple([gradient.to(tensor.dtype) for gradient, tensor in zip(made, saved, strict=True)])


def real(graph: Graph) -> tuple[Network, Any]:
    """A network on real tensors, and its inputs."""
    return _fused(build(graph)), example_inputs(graph)


def is_ambiguous(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Contiguous, with other strides than the usual ones along dims of size 1, so that it may be channels-last as well.

    PyTorch's kernels do not agree on whether a result has these strides or the usual ones: ``abs`` has the usual ones,
    adding a number keeps them. Those of archcost keep them, and what they are handed to may be laid otherwise.
    """
    return is_contiguous(shape, strides) and strides != contiguous(shape)


def module_of(graph: Graph) -> tuple[Network, Any]:
    """A network and its inputs: fake tensors, but for ops that show on real ones alone what they take."""
    if any(node.op.kind in RESIZED for node in graph.nodes):
        return real(graph)
    network, inputs = memory.fake(graph)
    return _fused(network), inputs


def _fused(network: Network) -> Network:
    """The network with what stands for kernels that are not PyTorch's."""
    for path, module in list(network.named_modules()):
        if isinstance(module, SelectiveScan):
            network.set_submodule(path, FusedScan())
    return network


def layer(network: Network, index: int) -> nn.Module:
    """The module of a node."""
    place: nn.Module = network
    for name in network._steps[index].names:
        place = place._modules[name]
    return place


def set_inplace(network: Network, nodes: frozenset[int]) -> None:
    """Let the activations of some nodes work in place."""
    for index in nodes:
        layer(network, index).inplace = True


def reorder(network: Network, graph: Graph, order: Sequence[int]) -> None:
    """Let a network run its layers in another order; tensors are dropped after their last use in that order."""
    steps = [network._steps[index] for index in order]
    last: dict[int, int] = {}
    for place, step in enumerate(steps):
        written = range(step.writes, step.writes + step.outputs)
        last |= dict.fromkeys((*written, *step.reads), place)
    frees: list[list[int]] = [[] for _ in steps]
    for value, place in last.items():
        if value not in graph.outputs:
            frees[place].append(value)
    network._steps = [step._replace(frees=tuple(free)) for step, free in zip(steps, frees, strict=True)]


class Checkpointed(nn.Module):
    """A network that computes ranges of its nodes again in the backward pass."""

    def __init__(self, network: Network, graph: Graph, ranges: Sequence[range]) -> None:
        super().__init__()
        self.network = network
        self.graph = graph
        self.starts = {nodes.start: nodes for nodes in ranges}

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        values = {-1 - place: tensor for place, tensor in enumerate(inputs)}
        index = 0
        while index < len(self.network._steps):
            nodes = self.starts.get(index)
            if nodes is None:
                self.run(values, index)
                index += 1
            else:
                self.run_again(values, nodes)
                index = nodes.stop
        results = tuple([values[value] for value in self.graph.outputs])
        return results[0] if len(results) == 1 else results

    def run(self, values: dict[int, Tensor], index: int) -> None:
        step = self.network._steps[index]
        result = layer(self.network, index)(*[values[value] for value in step.reads])
        tensors = result if isinstance(result, tuple) else (result,)
        values.update(enumerate(tensors, step.writes))
        del result, tensors
        for value in step.frees:
            values.pop(value, None)

    def run_again(self, values: dict[int, Tensor], nodes: range) -> None:
        steps = [self.network._steps[index] for index in nodes]
        made = {step.writes + place for step in steps for place in range(step.outputs)}
        freed = {value for step in steps for value in step.frees}
        reads = [v for v in dict.fromkeys(value for step in steps for value in step.reads) if v not in made]
        gives = sorted(made - freed)

        def segment(*given: Tensor) -> tuple[Tensor, ...]:
            own = dict(zip(reads, given, strict=True))
            del given
            for index in nodes:
                self.run(own, index)
            return tuple([own[value] for value in gives])

        tensors = [values[value] for value in reads]
        results = checkpoint(segment, *tensors, use_reentrant=False, preserve_rng_state=False)
        del tensors
        values.update(zip(gives, results, strict=True))
        for value in freed:
            values.pop(value, None)


def sgd(params: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=0.1)


def momentum(params: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=0.1, momentum=0.9)


def adam(params: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(params)


def adam_foreach(params: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam(params, foreach=True)
