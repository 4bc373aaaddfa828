"""Adapters in PyTorch, as peft writes their forward pass; and optimizers that hold what bitsandbytes' hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archcost.pytorch import memory
from tests.memory.networks import layer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.graph.model import Graph
    from archcost.pytorch.module import Network


class Adapted(nn.Module):
    """A layer, and a product of two small ones beside it: the base first, then A, B, the scaling and the sum."""

    def __init__(self, base: nn.Module, rank: int) -> None:
        super().__init__()
        self.base_layer = base
        dtype = next(base.parameters()).dtype
        if isinstance(base, nn.Linear):
            self.lora_A: nn.Module = nn.Linear(base.in_features, rank, bias=False, dtype=dtype)
            self.lora_B: nn.Module = nn.Linear(rank, base.out_features, bias=False, dtype=dtype)
        else:
            conv: Any = base
            kind = type(conv)
            own = (conv.kernel_size, conv.stride, conv.padding)
            self.lora_A = kind(conv.in_channels, rank, *own, bias=False, dtype=dtype)
            self.lora_B = kind(rank, conv.out_channels, 1, 1, groups=conv.groups, bias=False, dtype=dtype)
        self.scaling = 2.0

    def forward(self, x: Tensor) -> Tensor:
        result = self.base_layer(x)
        adapted: Tensor = result + self.lora_B(self.lora_A(x)) * self.scaling
        return adapted


class Quantised(nn.Module):
    """A frozen linear layer in 4 bits: its weight is a matrix of numbers while it multiplies, forward and backward."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.shape = base.weight.shape
        packed = torch.empty(-(-base.weight.numel() // 2), dtype=torch.uint8)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.bias = base.bias

    def forward(self, x: Tensor) -> Tensor:
        product: Tensor = _Product.apply(x, self.weight, self.shape, self.bias)
        return product


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, packed: Tensor, shape: torch.Size, bias: Tensor | None) -> Tensor:
        ctx.shape = shape
        ctx.save_for_backward(packed)
        return nn.functional.linear(x, torch.empty(shape, dtype=x.dtype), bias)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return gradient @ torch.empty(ctx.shape, dtype=gradient.dtype), None, None, None


def quantised(network: Network) -> None:
    """Quantise the frozen linear layers of a network."""
    with memory._mode_of(network):
        for path, module in list(network.named_modules()):
            if isinstance(module, nn.Linear) and not module.weight.requires_grad:
                network.set_submodule(path, Quantised(module))


def adapted(graph: Graph, paths: Iterable[str], rank: int) -> tuple[Network, Any]:
    """The network of a graph, frozen, with adapters on some of its layers, and its inputs; all of fake tensors."""
    network, inputs = memory.fake(graph)
    for param in network.parameters():
        param.requires_grad_(requires_grad=False)
    wanted = set(paths)
    made: dict[int, Adapted] = {}
    with memory._mode_of(network):
        for index, node in enumerate(graph.nodes):
            if node.path in wanted:
                base = layer(network, index)
                shared = made.get(id(base.weight))
                own = made.setdefault(id(base.weight), Adapted(base, rank)) if shared is None else Adapted(base, rank)
                if shared is not None:
                    own.lora_A, own.lora_B = shared.lora_A, shared.lora_B
                network.set_submodule(".".join(network._steps[index].names), own)
    return network, inputs


class Blockwise(torch.optim.Optimizer):
    """States in 8 bits with a scale for each block of 256; of tensors below 4,096 elements in float32."""

    def __init__(self, params: Any, states: int = 2) -> None:
        super().__init__(params, {"states": states})
        self.codes = [torch.zeros(256) for _ in range(states)]

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        del closure
        for group in self.param_groups:
            for param in group["params"]:
                state = self.state[param]
                if param.grad is None or state:
                    continue
                for number in range(group["states"]):
                    if param.numel() < 4096:
                        state[f"state{number}"] = torch.zeros_like(param, dtype=torch.float32)
                    else:
                        state[f"state{number}"] = torch.zeros_like(param, dtype=torch.uint8)
                        state[f"absmax{number}"] = torch.zeros((-(-param.numel() // 256),), dtype=torch.float32)
                        state[f"qmap{number}"] = self.codes[number]


class MasterWeights(torch.optim.Optimizer):
    """Float32 copies of half-precision params, which another optimizer updates from float32 gradients."""

    def __init__(self, params: Any, make: Any) -> None:
        super().__init__(params, {})
        self.halves = [param for group in self.param_groups for param in group["params"]]
        self.masters = [nn.Parameter(param.detach().float()) for param in self.halves]
        self.inner = make(self.masters)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        del closure
        pairs = [pair for pair in zip(self.halves, self.masters, strict=True) if pair[0].grad is not None]
        for half, master in pairs:
            assert half.grad is not None
            master.grad = half.grad.float()
        self.inner.step()
        for half, master in pairs:
            half.copy_(master)
            master.grad = None
            self.state[half] = {"master": master, **self.inner.state.get(master, {})}
