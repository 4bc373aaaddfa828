"""Low-rank adapters on chosen layers of a graph whose own weights are frozen: LoRA, as peft writes it.

y = W·x + s·B·A·x, where A brings x to ``rank`` features and B these to the features of y (Hu et al. 2021,
arXiv:2106.09685). As in peft (``tuners/lora/layer.py``, ``Linear.forward`` and ``_ConvNd.update_layer``, at 0.21), the
base layer runs first, then A, B, the scaling and the sum; A and B have no bias, A of a convolution has its kernel,
stride and padding, B is of size 1. There is no dropout, and the adapters have the dtype of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.errors import CallError, UsageError
from archcost.graph.model import Graph, Node, Scope, Signature, TensorType, new
from archcost.graph.work import layer_work
from archcost.meter import Meter
from archcost.ops import REGISTRY
from archcost.ops.base import apply, raising
from archcost.paths import join, last, matching, unmatched_help
from archcost.settings import Lora

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.ops.base import Op

SCOPE = "lora"  # the kind of the scope of a layer and its adapter
BASE, DOWN, UP, SCALE, SUM = "base_layer", "lora_A", "lora_B", "scaling", "sum"  # peft's names of the first three
_LINEAR = "linear"
_CONVS = ("conv1d", "conv2d", "conv3d")
_SCALING = 2.0  # alpha / rank; the value changes no figure


def lora_of(rank: int | None, targets: Sequence[str] = ()) -> Lora | None:
    """Adapters from what people give; raises CallError for a rank below 1, and for targets without one."""
    if rank is None:
        if targets:
            raise CallError("--lora-targets name layers for adapters, and there are none", "give --lora RANK as well")
        return None
    if rank < 1:
        raise CallError(f"the rank of adapters is 1 or more, got {rank}")
    return Lora(rank, tuple(targets))


def with_adapters(graph: Graph, lora: Lora) -> Graph:
    """The graph with adapters on its targets, which the paths of layers name.

    Without targets they are all linear layers but those that give an output of the model, as peft's ``all-linear``.
    Raises UsageError where a pattern names no layer that can have one, and WorkError where the layers are too many.
    """
    return _Adapted(graph, lora).graph


class _Adapted:
    """A graph that is written again, node by node; ``values`` are the old values' new numbers."""

    def __init__(self, graph: Graph, lora: Lora) -> None:
        self.rank = lora.rank
        self.meter = Meter()
        self.nodes: list[Node] = []
        self.types: list[TensorType] = []
        self.scopes: list[Scope] = []
        self._signatures: dict[object, Signature] = {}
        targets = _targets(graph, lora)
        values = {-1 - place: -1 - place for place in range(len(graph.inputs))}
        self._inputs = list(graph.inputs.values())
        places: list[int] = []  # by old node, where it stands now
        for index, node in enumerate(graph.nodes):
            inputs = tuple([values[value] for value in node.inputs])
            places.append(len(self.nodes))
            shares = places[node.weights_of] if node.weights_of >= 0 else -1
            target = _owner(graph, index) in targets
            first = self._adapted(node, inputs, shares) if target else self._add(node.path, node, inputs, shares)
            values.update({node.first_value + place: first + place for place in range(len(node.outputs))})
        scopes = [
            scope._replace(
                outputs=tuple([values[value] for value in scope.outputs]),
                inputs=tuple([values[value] for value in scope.inputs]),
            )
            for scope in graph.scopes
        ]
        outputs = tuple([values[value] for value in graph.outputs])
        self.graph = graph._replace(nodes=self.nodes, outputs=outputs, scopes=self.scopes + scopes)

    def _add(
        self, path: str, like: Node, inputs: tuple[int, ...], shares: int, signature: Signature | None = None
    ) -> int:
        """Add a node; its first value."""
        signature = signature or like.signature
        self.meter.take_layer(layer_work(path, len(inputs), len(signature.outputs)), like.mark)
        first = len(self.types)
        self.nodes.append(new(Node, (path, signature, inputs, first, shares, like.mark)))
        self.types.extend(signature.outputs)
        return first

    def _adapted(self, node: Node, inputs: tuple[int, ...], shares: int) -> int:
        """Add a layer with its adapter; the value of their sum. A layer that shares its weights shares the adapter."""
        down, up = _adapter_ops(node.signature, self.rank)
        base = self._add(join(node.path, BASE), node, inputs, shares)
        steps = ((DOWN, down, inputs, 1), (UP, up, None, 2), (SCALE, REGISTRY["mul"](other=_SCALING), None, 0))
        value = base
        for name, op, reads, behind in steps:
            given = reads or (value,)
            owner = shares + behind if shares >= 0 and behind else -1
            value = self._add(join(node.path, name), node, given, owner, self._signature(op, given))
        both = (base, value)
        total = self._add(join(node.path, SUM), node, both, -1, self._signature(REGISTRY["add"](), both))
        self.scopes.append(Scope(node.path, SCOPE, (total,), node.mark, inputs))
        return total

    def _signature(self, op: Op, values: tuple[int, ...]) -> Signature:
        """The signature of a new op on values; one for equal ones."""
        types = tuple([self.types[value] if value >= 0 else self._inputs[-1 - value] for value in values])
        key = (op, types)
        if key not in self._signatures:
            check = raising()
            shapes = tuple([tensor.shape for tensor in types])
            dtype = types[0].dtype
            self._signatures[key] = Signature(op, types, shapes, apply(op, shapes, check), dtype, check)
        return self._signatures[key]


def _adapter_ops(signature: Signature, rank: int) -> tuple[Op, Op]:
    """A and B."""
    op: Any = signature.op
    if op.kind == _LINEAR:
        return REGISTRY[_LINEAR](out_features=rank, bias=False), REGISTRY[_LINEAR](
            out_features=op.out_features, bias=False
        )
    window = {"kernel_size": op.kernel_size, "stride": op.stride, "padding": op.padding}
    down = REGISTRY[op.kind](out_channels=rank, **window, bias=False)
    up = REGISTRY[op.kind](out_channels=op.out_channels, kernel_size=(1,) * op.ndim, groups=op.groups, bias=False)
    return down, up


# --- targets ----------------------------------------------------------------------------------------------------------


def _owner(graph: Graph, index: int) -> int:
    """The first node that is the same layer: of the same kind, with the same weights."""
    nodes = graph.nodes
    while nodes[index].weights_of >= 0 and nodes[nodes[index].weights_of].op.kind == nodes[index].op.kind:
        index = nodes[index].weights_of
    return index


def _targets(graph: Graph, lora: Lora) -> set[int]:
    """The nodes that get an adapter."""
    nodes = graph.nodes
    if not lora.targets:
        return _all_linear(graph)
    able = {nodes[index].path: index for index in range(len(nodes)) if nodes[index].op.kind in (_LINEAR, *_CONVS)}
    found: set[int] = set()
    for pattern in lora.targets:
        paths = matching(able, pattern)
        if not paths:
            raise _no_target(graph, list(able), pattern)
        found.update([able[path] for path in paths])
    for index in sorted(found):
        _check(nodes[index], lora.rank)
    return {_owner(graph, index) for index in found}


def _all_linear(graph: Graph) -> set[int]:
    given = set(graph.outputs)
    found = {
        _owner(graph, index)
        for index, node in enumerate(graph.nodes)
        if node.op.kind == _LINEAR and node.first_value not in given
    }
    if not found:
        conv = next((last(node.path) for node in graph.nodes if node.op.kind in _CONVS), "")
        hint = f"name layers, as in `--lora-targets '**.{conv}'`" if conv else "it has nothing to adapt"
        raise UsageError(f"{graph.spec.name} has no linear layer but its output, so LoRA has no target", hint)
    return found


def _check(node: Node, rank: int) -> None:
    """Raise UsageError for a convolution that peft gives no adapter."""
    op: Any = node.op
    if op.kind not in _CONVS:
        return
    if rank % op.groups:
        message = f"the rank {rank} cannot be divided by the {op.groups} groups of {node.path}"
        raise UsageError(message, f"give a rank that is a multiple of {op.groups}, or other --lora-targets")
    if any(step != 1 for step in op.dilation):
        raise UsageError(f"{node.path} is dilated, and adapters of convolutions are not", "give other --lora-targets")


def _no_target(graph: Graph, able: list[str], pattern: str) -> UsageError:
    paths = [node.path for node in graph.nodes]
    others = matching(paths, pattern)
    if others:
        kind = next(node.op.kind for node in graph.nodes if node.path == others[0])
        message = f"--lora-targets '{pattern}' names {others[0]}, of the op {kind}"
        return UsageError(message, "adapters are for linear, conv1d, conv2d and conv3d")
    named = next((path for path in able if last(path) == pattern), "")
    hint = f"to name it wherever it is: `--lora-targets '**.{pattern}'`" if named else unmatched_help(able, pattern)
    shown = ", ".join(dict.fromkeys([last(path) for path in able][:200]))
    return UsageError(
        f"no layer of {graph.spec.name} fits --lora-targets '{pattern}'",
        hint or (f"layers that may have an adapter end in {shown}: `**.NAME`" if able else "it has nothing to adapt"),
    )
