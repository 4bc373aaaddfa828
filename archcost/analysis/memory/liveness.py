"""Liveness: which storages exist at the same time while the layers run in order, and the most of them."""

from __future__ import annotations

from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING

from archcost.analysis.memory.closed_forms import CONTIGUOUS, ONE_FRESH, Profile, plain_profile
from archcost.dims import ceil_div
from archcost.graph.model import tensor_bytes
from archcost.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.memory.strides import Ints
    from archcost.graph.model import Graph, Node, Signature


PER_RUN = 20  # what a node is allowed that is run by its rule: as much as so many layers elsewhere


class Storages:
    """The storages that the nodes make and read in inference.

    Storage k has ``sizes[k]`` bytes, is made by node ``makers[k]`` (-1: it is an input of the model) and last touched
    by node ``last[k]`` (the number of nodes: it is there to the end, as the inputs are, which the caller holds).
    ``of[value]`` is the storage of a value; ``rises[n]`` what node n needs, while it runs, beyond what is there, and
    ``made[n]`` the bytes that its outputs keep of that: none where they are views, params or buffers. Of a
    node in ``parts`` they are the share of one device.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        watched: bool = False,
        inplace: frozenset[int] = frozenset(),
        parts: Mapping[int, int] | None = None,
    ) -> None:
        inputs = [tensor_bytes(tensor) for tensor in graph.inputs.values()]
        self.sizes = inputs
        self.makers = [-1] * len(inputs)
        self.last = [-1] * len(inputs)
        self.of = {-1 - place: place for place in range(len(inputs))}
        self.rises: list[int] = []
        self.made: list[int] = []
        self.strides: dict[int, Ints] = {}  # of the values that are not contiguous
        count, end = len(inputs), len(graph.nodes)
        self._follow(graph.nodes, Profiles(watched=watched), inplace, parts or {})
        self.last[:count] = [end] * count
        for value in graph.outputs:
            self.last[self.of[value]] = end

    def _follow(
        self, nodes: Sequence[Node], profiles: Profiles, inplace: frozenset[int], parts: Mapping[int, int]
    ) -> None:
        """Run the nodes in their order."""
        sizes, makers, last, of = self.sizes, self.makers, self.last, self.of
        rises, made, odd, plain = self.rises, self.made, self.strides, profiles.plain
        for index, node in enumerate(nodes):
            _, signature, inputs, value, _, _ = node
            given = plain.get(signature) if len(inputs) == 1 and not odd and not inplace else None
            rise, sources, own, strides = given or profiles.of(node, odd, inplace=index in inplace)
            if index in parts:
                rise, own = ceil_div(rise, parts[index]), tuple([ceil_div(size, parts[index]) for size in own])
            for read in inputs:
                last[of[read]] = index
            first = len(last)
            rises.append(rise)
            made.append(own[0] if len(own) == 1 else sum(own))
            for size in own:
                sizes.append(size)
                makers.append(index)
                last.append(index)
            if sources is ONE_FRESH:
                of[value] = first
            else:
                for place, source in enumerate(sources, value):
                    of[place] = first - 1 - source if source < 0 else of[inputs[source]]
            if strides is not CONTIGUOUS:
                for place, stride in enumerate(strides, value):
                    if stride is not None:
                        odd[place] = stride

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
        return list(map(add, accumulate(change), self.rises))


class Profiles:
    """The profiles of nodes: those of equal ones are found once."""

    def __init__(self, *, watched: bool) -> None:
        self.watched = watched
        self.meter = Meter()
        self.plain: dict[Signature, Profile] = {}  # of contiguous inputs, all different
        self._others: dict[object, Profile] = {}

    def of(self, node: Node, strides: dict[int, Ints], *, inplace: bool) -> Profile:
        """The profile of a node; ``strides`` are those of the values that are not contiguous."""
        signature, inputs = node.signature, node.inputs
        odd = strides and not strides.keys().isdisjoint(inputs)
        if not (odd or inplace or (len(inputs) > 1 and len(set(inputs)) < len(inputs))):
            found = self.plain.get(signature)
            if found is None:
                found = plain_profile(signature) or self._run(node, strides, inplace=False)
                self.plain[signature] = found
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
