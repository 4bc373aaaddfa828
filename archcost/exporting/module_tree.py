"""Graph to units: what a class holds and calls, with containers for branches and repeated steps.

A block is a class, and so is a group, or a round with branches, that reads only what it takes, so each use of one is a
unit of the class around it. A branch or repeated step whose layers run one after the other is a unit as a whole
(``nn.Sequential``); so is a repeated block that also reads other values, the same in every round (a loop over
``nn.ModuleList``). The units of any other branch belong to the class around it and are only kept under its name.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from archcost.exporting.names import CONTAINER_ATTRIBUTES, ModuleNames
from archcost.exporting.ops import FUNCTIONS, LAYERS
from archcost.exporting.template import BLOCK, CHAIN, FUNCTION, LAYER, LOOP, BlockUse, Member
from archcost.graph.model import REPEAT, ROUND
from archcost.meter import Meter
from archcost.paths import join, split
from archcost.spec.vocabulary import GROUPS

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from archcost.dims import Shape
    from archcost.graph.model import Graph, Node, Scope

_GROUPS = (*GROUPS.values(), ROUND)
_PER_NODE = 10  # a node may take as much as so many layers elsewhere
_MAX_STEPS = 100  # back to the layer that gave a value its channels


class PathPlace:
    """A part of a path: a node, a scope, or both levels of a repeated step, with the places below."""

    __slots__ = ("below", "end", "name", "node", "path", "scope", "start")

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self.path = path
        self.scope: Scope | None = None
        self.node: Node | None = None
        self.below: dict[str, PathPlace] = {}
        self.start = self.end = 0


class ModuleTree:
    """Units of all classes of a graph, and the uses of every block; the model is the last use."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.meter = Meter()  # of what is compared among the uses of blocks
        self.meter.grant(_PER_NODE * len(graph.nodes))
        self.uses: list[BlockUse] = []
        self.names = ModuleNames()
        self.readers: dict[int, list[int]] = {}
        self.producers = graph.producers()
        self._input_types = list(graph.inputs.values())
        for index, node in enumerate(graph.nodes):
            self.names.of(node.path)
            for value in node.inputs:
                self.readers.setdefault(value, []).append(index)
        root = BlockUse("", "", {})
        root.inputs = tuple([-1 - index for index in range(len(graph.inputs))])
        root.outputs = graph.outputs
        root.nodes = (0, len(graph.nodes))
        self._fill(root, _places(graph))

    def _fill(self, use: BlockUse, place: PathPlace) -> None:
        """Make the units of a use; those of the uses in it are made before it."""
        use.gives = frozenset(use.outputs)
        for below in place.below.values():
            use.units += self._units(below, use)
        use.units.sort(key=lambda unit: unit.start)
        inner = [layer.use.height for unit in use.units for layer in unit.layers() if layer.use is not None]
        use.height = 1 + max(inner, default=-1)
        self.uses.append(use)

    def _units(self, place: PathPlace, around: BlockUse) -> list[Member]:
        nodes = (place.start, place.end)
        names = self.names.of(place.path)[len(self.names.of(around.path)) if around.path else 0 :]
        if place.node is not None:
            return [_layer(place.node, names, nodes)]
        scope = place.scope
        if scope is not None and scope.params is not None:
            return [self._block(place, scope, names, nodes)]
        if scope is not None and scope.kind in _GROUPS and self._stands_alone(scope, nodes):
            return [self._group(place, scope, names, nodes)]
        units = [unit for below in place.below.values() for unit in self._units(below, around)]
        units.sort(key=lambda unit: unit.start)
        if scope is None:  # pragma: no cover - every level of a path is a node or a scope
            return units
        if scope.kind == "branch":
            for unit in units:
                if scope.outputs and scope.outputs[0] in unit.writes:
                    unit.branch = unit.branch or place.name
        joined = self._joined(units, names, nodes, scope, around)
        return [joined] if joined is not None else units

    def _stands_alone(self, scope: Scope, nodes: tuple[int, int]) -> bool:
        """Whether a group reads nothing but what it takes, so that it can be a class."""
        start, end = nodes
        self.meter.spend(end - start, scope.mark)
        taken = set(scope.inputs)
        return all(
            value in taken or (value >= 0 and self.producers[value][0] >= start)
            for node in self.graph.nodes[start:end]
            for value in node.inputs
        )

    def _group(self, place: PathPlace, scope: Scope, names: tuple[str, ...], nodes: tuple[int, int]) -> Member:
        """A group as the use of a class of its own, or as a chain of its layers if they are one."""
        unit = self._block(place, scope, names, nodes)
        assert unit.use is not None
        joined = self._joined(unit.use.units, (), nodes, scope, unit.use)
        if joined is None:
            return unit
        self.uses.pop()
        joined.name = names
        return joined

    def _block(self, place: PathPlace, scope: Scope, names: tuple[str, ...], nodes: tuple[int, int]) -> Member:
        unit = Member(BLOCK, names, nodes, scope.mark)
        unit.reads = scope.inputs
        unit.writes = scope.outputs
        is_block = scope.params is not None
        kind = scope.kind if is_block else _name_of(place.path) or scope.kind
        unit.use = BlockUse(kind, place.path, scope.params or {}, is_block=is_block)
        unit.use.inputs, unit.use.outputs, unit.use.nodes = scope.inputs, scope.outputs, nodes
        self._fill(unit.use, place)
        return unit

    def _joined(
        self, units: list[Member], names: tuple[str, ...], nodes: tuple[int, int], scope: Scope, around: BlockUse
    ) -> Member | None:
        """A branch or repeated step as one unit, if its layers only pass a value on; None if they do not."""
        if not units or any(len(unit.name) != len(names) + 1 for unit in units) or not self._is_chain(units, around):
            return None
        unary = all(len(unit.reads) == 1 for unit in units)
        if unary:
            numbered = all(unit.name[-1] == str(number) for number, unit in enumerate(units))
            form = LOOP if numbered else CHAIN
        elif scope.kind == REPEAT and len(units) > 1 and _is_loop(units):
            form = LOOP
        else:
            return None
        unit = Member(form, names, nodes, scope.mark)
        unit.items = units
        unit.reads, unit.writes = units[0].reads, units[-1].writes
        unit.branch = units[-1].branch
        for item in units:
            item.form = LAYER if item.form == FUNCTION else item.form
            item.name = item.name[len(names) :]
        return unit

    def _is_chain(self, units: Sequence[Member], around: BlockUse) -> bool:
        """Whether every unit is a module with one result, which the next one reads first and nothing else does."""
        for unit in units:
            if unit.form == FUNCTION and unit.kind not in LAYERS:
                return False
            if len(unit.writes) != 1 or not unit.reads or unit.name[-1] in CONTAINER_ATTRIBUTES:
                return False
            if unit.form == LAYER and LAYERS[unit.kind].results:
                return False
        for unit, following in pairwise(units):
            value = unit.writes[0]
            readers = self.readers.get(value, [])
            if following.reads[0] != value or value in following.reads[1:] or value in around.gives:
                return False
            if not all(following.start <= reader < following.end for reader in readers):
                return False
        return all(self.makes(unit, unit.writes[0]) for unit in units)

    def shape_of(self, value: int) -> Shape:
        """The shape of a value."""
        if value < 0:
            return self._input_types[-1 - value].shape
        index, output = self.producers[value]
        return self.graph.nodes[index].outputs[output].shape

    def has_channels_of(self, value: int, inputs: Container[int]) -> bool:
        """Whether a value has its channels from one of some inputs, through pools, norms and the like."""
        for _ in range(_MAX_STEPS):
            if value < 0 or value in inputs:
                break
            node = self.graph.nodes[self.producers[value][0]]
            shape, outputs = node.signature.inputs[0].shape if node.inputs else (), node.outputs
            keeps = "norm" in node.op.kind or not node.signature.weights()
            if not keeps or len(node.inputs) != 1 or node.op.kind in FUNCTIONS or shape[1:2] != outputs[0].shape[1:2]:
                break
            value = node.inputs[0]
        return value in inputs

    def makes(self, unit: Member, value: int) -> bool:
        """Whether a value comes from a node of a unit (a block may also pass on what it takes)."""
        return value >= 0 and unit.start <= self.producers[value][0] < unit.end


def _layer(node: Node, names: tuple[str, ...], nodes: tuple[int, int]) -> Member:
    form = FUNCTION if node.op.kind in FUNCTIONS else LAYER
    unit = Member(form, names, nodes, node.mark)
    unit.node = node
    unit.reads = node.inputs
    unit.writes = tuple(range(node.first_value, node.first_value + len(node.outputs)))
    return unit


def _name_of(path: str) -> str:
    """The innermost name that is no number, as that of a round is."""
    return next((name for name in reversed(split(path)) if not name.isdigit()), "")


def _is_loop(units: Sequence[Member]) -> bool:
    """Whether the rounds of a repeated block read the same values beside the one that is passed on."""
    same = {(unit.reads[1:], unit.form) for unit in units}
    return len(same) == 1 and units[0].form == BLOCK and all(unit.reads[0] not in units[0].reads[1:] for unit in units)


def _places(graph: Graph) -> PathPlace:
    """The tree of all paths that hold nodes."""
    scopes = {scope.path: scope for scope in graph.scopes}
    root = PathPlace("", "")
    for index, node in enumerate(graph.nodes):
        place = root
        for name in split(node.path):
            path = join(place.path, name)
            below = place.below.get(name)
            if below is None:
                below = place.below[name] = PathPlace(name, path)
                below.scope = scopes.get(path)
                below.start = index
            below.end = index + 1
            place = below
        place.node = node
    return root
