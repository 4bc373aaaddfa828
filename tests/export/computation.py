"""What a model computes, as symbols: every tensor is named by the operation that made it and the names of its inputs.

Two models whose outputs have the same names do the same with the same weights, whatever the numbers are. Nothing is
calculated: tensors are on the meta device. So a wrong wire shows even where all shapes are the same, at any size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from torch import nn

    from archcost.graph.model import Graph

_VIEWS = ("view", "_unsafe_view", "clone", "alias", "unsqueeze", "squeeze", "expand", "slice")


class _Naming(TorchDispatchMode):
    """Names the results of all operations; a tensor that only has another shape is named after its elements."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.names: dict[int, int | str] = {}
        self.kept: list[torch.Tensor] = []  # else an id may come twice
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            self.put(tensor, name)

    def put(self, tensor: torch.Tensor, name: int | str) -> None:
        """Name a tensor."""
        self.names[id(tensor)] = name
        self.kept.append(tensor)

    def of(self, value: Any) -> int | str:
        """The name of a tensor; anything else as text."""
        if isinstance(value, torch.Tensor):
            return self.names.get(id(value), f"constant of {tuple(value.shape)}")
        return str(value)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        operands = tree_leaves((args, kwargs))
        kind = func.overloadpacket.__name__
        if kind in _VIEWS and isinstance(result, torch.Tensor):
            name = self.of(operands[0])
            if result.shape != operands[0].shape:
                settings = operands[1:] if kind == "slice" else []
                name = hash((kind if settings else "", tuple(result.shape), name, *map(str, settings)))
            self.put(result, name)
            return result
        said = [
            arg for arg, declared in zip(args, func._schema.arguments, strict=False) if not _is_default(arg, declared)
        ]
        name = hash((kind, *map(self.of, tree_leaves((said, kwargs)))))
        for number, tensor in enumerate(tree_leaves(result)):
            if isinstance(tensor, torch.Tensor):
                self.put(tensor, hash((name, number)))
        return result


def _is_default(arg: Any, declared: Any) -> bool:
    """Whether an argument is what the operator takes anyway, such as 2.0 for 2: some callers say it, others do not."""
    return isinstance(arg, (int, float)) and declared.has_default_value() and arg == declared.default_value


def computation_of(model: nn.Module, graph: Graph) -> list[tuple[tuple[int, ...], int | str]]:
    """The shapes and names of a model's outputs, from inputs of the graph's shapes; the model is on the meta device."""
    naming = _Naming(model.eval())
    with torch.device("meta"), torch.no_grad():
        inputs = [torch.empty(shape, dtype=getattr(torch, dtype)) for shape, dtype in graph.inputs.values()]
        for number, tensor in enumerate(inputs):
            naming.put(tensor, f"input {number}")
        with naming:
            result = model(*inputs)
    outputs = result if isinstance(result, tuple) else (result,)
    return [(tuple(tensor.shape), naming.of(tensor)) for tensor in outputs]
