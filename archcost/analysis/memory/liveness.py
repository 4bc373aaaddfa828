"""Liveness: which storages exist at the same time while the layers run in order, and the most of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.memory.closed_forms import CONTIGUOUS, Profile, plain_profile
from archcost.dims import numel
from archcost.meter import Meter
from archcost.spec.vocabulary import DTYPE_BYTES

if TYPE_CHECKING:
    from archcost.analysis.memory.strides import Ints
    from archcost.graph.model import Graph, Node, Signature, TensorType


PER_RUN = 20  # what a node is allowed that is run by its rule: as much as so many layers elsewhere


def tensor_bytes(tensor: TensorType) -> int:
    """Elements times the size of the dtype."""
    return numel(tensor.shape) * DTYPE_BYTES[tensor.dtype]


class Storages:
    """The storages that the nodes make and read in inference.

    Storage k has ``sizes[k]`` bytes, is made by node ``makers[k]`` (-1: it is an input of the model) and last touched
    by node ``last[k]`` (the number of nodes: it is there to the end, as the inputs are, which the caller holds).
    ``of[value]`` is the storage of a value; ``rises[n]`` what node n needs, while it runs, beyond what is there, and
    ``made[n]`` the bytes that its outputs keep of that: none where they are views, params or buffers.
    """

    def __init__(self, graph: Graph, *, watched: bool = False, inplace: frozenset[int] = frozenset()) -> None:
        inputs = [tensor_bytes(tensor) for tensor in graph.inputs.values()]
        end = len(graph.nodes)
        self.sizes = inputs
        self.makers = [-1] * len(inputs)
        self.last = [end] * len(inputs)
        self.of = {-1 - place: place for place in range(len(inputs))}
        self.rises: list[int] = []
        self.made: list[int] = []
        self.strides: dict[int, Ints] = {}  # of the values that are not contiguous
        self._profiles = Profiles(watched=watched)
        for index, node in enumerate(graph.nodes):
            self._add(index, node, self._profiles.of(node, self.strides, inplace=index in inplace))
        for value in graph.outputs:
            self.last[self.of[value]] = end

    def _add(self, index: int, node: Node, given: Profile) -> None:
        rise, sources, sizes, strides = given
        of, last, inputs = self.of, self.last, node.inputs
        for value in inputs:
            storage = of[value]
            last[storage] = max(last[storage], index)
        first = len(last)
        made = 0
        for size in sizes:
            self.sizes.append(size)
            self.makers.append(index)
            last.append(index)
            made += size
        self.rises.append(rise)
        self.made.append(made)
        value = node.first_value
        for source in sources:
            of[value] = first - 1 - source if source < 0 else of[inputs[source]]
            value += 1
        if strides is not CONTIGUOUS:
            for place, stride in enumerate(strides, node.first_value):
                if stride is not None:
                    self.strides[place] = stride

    def peak(self) -> int:
        """The most bytes alive at a time; params and buffers are not counted."""
        return max(self.live(), default=sum(self.sizes))

    def live(self) -> list[int]:
        """The bytes alive while each node runs."""
        count = len(self.rises)
        change = [0] * (count + 2)  # when a node begins; storages that it makes are in its rise until the next does
        for size, maker, last in zip(self.sizes, self.makers, self.last, strict=True):
            change[maker + 1] += size
            change[last + 1] -= size
        alive = 0
        result = []
        for index, rise in enumerate(self.rises):
            alive += change[index]
            result.append(alive + rise)
        return result


class Profiles:
    """The profiles of nodes: those of equal ones are found once."""

    def __init__(self, *, watched: bool) -> None:
        self.watched = watched
        self.meter = Meter()
        self._plain: dict[Signature, Profile] = {}  # of contiguous inputs, all different
        self._others: dict[object, Profile] = {}

    def of(self, node: Node, strides: dict[int, Ints], *, inplace: bool) -> Profile:
        """The profile of a node; ``strides`` are those of the values that are not contiguous."""
        signature, inputs = node.signature, node.inputs
        odd = strides and not strides.keys().isdisjoint(inputs)
        if not (odd or inplace or (len(inputs) > 1 and len(set(inputs)) < len(inputs))):
            found = self._plain.get(signature)
            if found is None:
                found = plain_profile(signature) or self._run(node, strides, inplace=False)
                self._plain[signature] = found
            return found
        key = (signature, tuple([strides.get(value) for value in inputs]), _equal(inputs), inplace)
        found = self._others.get(key)
        if found is None:
            found = self._others[key] = self._run(node, strides, inplace=inplace)
        return found

    def _run(self, node: Node, strides: dict[int, Ints], *, inplace: bool) -> Profile:
        from archcost.analysis.memory.node_profile import profile

        given = tuple([strides.get(value) for value in node.inputs])
        self.meter.grant(PER_RUN)
        equal, watched, meter = _equal(node.inputs), self.watched, self.meter
        return profile(node.signature, given, equal, watched=watched, inplace=inplace, meter=meter, mark=node.mark)


def _equal(inputs: tuple[int, ...]) -> tuple[int, ...]:
    """For every input, the place of the first one that is the same value."""
    first: dict[int, int] = {}
    return tuple([first.setdefault(value, place) for place, value in enumerate(inputs)])
