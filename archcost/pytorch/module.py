"""Graph to nn.Module: the spec's paths as a tree of modules, and a forward pass that runs the nodes in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from archcost.errors import Diagnostic, SpecError
from archcost.paths import DOT, above, join, last, split
from archcost.pytorch.builders import BUILDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archcost.graph.model import Graph
    from archcost.pytorch.builders.base import Builder


class BuildError(Exception):
    """PyTorch refuses to make the module of a node."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__(str(error))
        self.index = index


class ModuleScope(nn.Module):
    """The modules of a block, a branch, or the rounds of a repeated step; the network runs them, not the scope."""


class _Step(NamedTuple):
    """One node: where its module is, the values it reads, the first it writes, and those not needed after it."""

    names: tuple[str, ...]
    reads: tuple[int, ...]
    writes: int
    outputs: int
    frees: tuple[int, ...]


class Network(nn.Module):
    """A spec as a module: inputs by position in the order of the spec, a tensor out, or a tuple of several.

    The tree of submodules carries the spec's paths. An id that every module has as an attribute (``type``) gets an
    underscore behind it, ``/`` becomes one.
    """

    def __init__(self, graph: Graph, builders: Mapping[str, Builder] = BUILDERS) -> None:
        """Raises BuildError, with the index of the node, for what PyTorch does not accept."""
        super().__init__()
        self._inputs = tuple(graph.inputs)
        self._outputs = graph.outputs
        self._steps: list[_Step] = []
        self._paths: dict[str, str] = {}
        self._taken: set[str] = set()
        self._reserved = frozenset(dir(self))  # `type`, `float`, `eval` … are attributes of every module
        dtype: torch.dtype = getattr(torch, graph.dtype)
        modules = list(_modules(graph, builders))
        places = [self._add(node.path, module) for node, module in zip(graph.nodes, modules, strict=True)]
        if dtype.is_floating_point:
            self.to(dtype)
        for node, module in zip(graph.nodes, modules, strict=True):
            if node.signature.frozen:
                module.requires_grad_(requires_grad=False)
            if node.weights_of >= 0:
                _share(module, modules[node.weights_of])
        frees = _last_reads(graph)
        self._steps = [
            _Step(names, node.inputs, node.first_value, len(node.outputs), frees[index])
            for index, (node, names) in enumerate(zip(graph.nodes, places, strict=True))
        ]

    def _add(self, path: str, module: nn.Module) -> tuple[str, ...]:
        """Hang a module into the tree, with scopes on the way; the names that lead to it."""
        names = self._names(path)
        place: nn.Module = self
        for name in names[:-1]:
            child = place._modules.get(name)  # noqa: SLF001 - `getattr` would find methods, too
            if child is None:
                child = ModuleScope()
                place.add_module(name, child)
            place = child
        place.add_module(names[-1], module)
        return names

    def _names(self, path: str) -> tuple[str, ...]:
        """The path as names that a module can hold; the same for the same path, different for different ones."""
        if path not in self._paths:
            scope = above(path)
            prefix = join(*self._names(scope)) + DOT if scope else ""
            name = last(path).replace("/", "_")
            while name in self._reserved or prefix + name in self._taken:
                name += "_"
            self._taken.add(prefix + name)
            self._paths[path] = prefix + name
        return tuple(split(self._paths[path]))

    def module_path(self, path: str) -> str:
        """The path of the submodule that stands for a path of the spec."""
        return self._paths[path]

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """The outputs of the spec; a tensor is dropped after its last use."""
        if len(inputs) != len(self._inputs):
            raise TypeError(f"expected the inputs {', '.join(self._inputs)}, got {len(inputs)} of them")
        values = {-1 - index: tensor for index, tensor in enumerate(inputs)}
        for names, reads, first, outputs, frees in self._steps:
            module: nn.Module = self
            for name in names:
                module = module._modules[name]  # type: ignore[assignment]  # noqa: SLF001 - looked up anew: layers may be replaced
            result = module(*[values[value] for value in reads])
            tensors = result if isinstance(result, tuple) else (result,)
            if len(tensors) != outputs:
                raise RuntimeError(f"{join(*names)} gives {len(tensors)} tensors, not {outputs}")
            values.update(enumerate(tensors, first))
            del result, tensors
            for value in frees:
                values.pop(value, None)
        results = tuple([values[value] for value in self._outputs])
        return results[0] if len(results) == 1 else results


def build(graph: Graph) -> Network:
    """The network of a graph; SpecError, at the step, for what PyTorch does not accept."""
    try:
        return Network(graph)
    except BuildError as error:
        node = graph.nodes[error.index]
        message = f"{node.op.kind} '{node.path}': PyTorch does not build it: {error}"
        raise SpecError([Diagnostic(message, node.mark)]) from error


def _modules(graph: Graph, builders: Mapping[str, Builder]) -> Iterator[nn.Module]:
    for index, node in enumerate(graph.nodes):
        shapes = node.signature.input_shapes
        try:
            yield builders[node.op.kind](node.op, shapes)
        except (ArithmeticError, AssertionError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise BuildError(index, error) from error


def _share(module: nn.Module, owner: nn.Module) -> None:
    """Give a module the tensors of another that have the same name and shape."""
    theirs = {**dict(owner.named_parameters()), **dict(owner.named_buffers())}
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        shared = theirs.get(name)
        if shared is not None and shared.shape == tensor.shape:
            setattr(module.get_submodule(above(name)), last(name), shared)


def _last_reads(graph: Graph) -> list[tuple[int, ...]]:
    """For every node, the values that nothing after it reads; those it writes for nobody are among them."""
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        last |= dict.fromkeys(range(node.first_value, node.first_value + len(node.outputs)), index)
        last |= dict.fromkeys(node.inputs, index)
    frees: list[list[int]] = [[] for _ in graph.nodes]
    for value, index in last.items():
        if value not in graph.outputs:
            frees[index].append(value)
    return [tuple(values) for values in frees]


def example_inputs(graph: Graph) -> tuple[Tensor, ...]:
    """Zeros of the shapes and dtypes of the spec's inputs, on the current default device."""
    return tuple([torch.zeros(shape, dtype=getattr(torch, dtype)) for shape, dtype in graph.inputs.values()])
