"""Inference in detail: what is alive while each layer runs, and what holds the peak."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.memory.liveness import Storages
from archcost.analysis.memory.schedule import min_peak
from archcost.analysis.memory.schedule_problem import Problem, problem
from archcost.analysis.memory.tensor_parallel import shards_of
from archcost.ops.facets import Work
from archcost.paths import level, outer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.graph.model import Graph

SPEC, MIN_PEAK = "spec", "min-peak"
READ, MADE, WAITING, WORKSPACE = "read", "made", "waiting", "workspace"


class Holder(NamedTuple):
    """A storage that is alive at the peak.

    ``node`` made it (-1: it is an input of the model, ``value`` tells which); ``until`` is the last node that needs it,
    the number of nodes if it stays to the end. A ``workspace`` is what the running node needs for itself.
    """

    role: str
    node: int
    value: int
    bytes: int
    until: int


class InferenceMemory(NamedTuple):
    """The nodes in the order they run, what is alive while each runs, and what is at the peak.

    ``exact``: no order has a lower peak; it is known for ``min-peak`` only. ``peak`` is the most bytes alive at a time,
    and ``node`` the first that runs at it; -1 without any.
    """

    order: list[int]
    live: list[int]  # by place in the order
    holders: list[Holder]
    exact: bool
    peak: int
    node: int


def new_order(graph: Graph, order: Sequence[int]) -> list[str]:
    """What runs in another order than the spec's: blocks or layers, of the shallowest level that shows it.

    What runs before and after them as it did is left out.
    """
    paths = [node.path for node in graph.nodes]

    def at(depth: int) -> tuple[list[str], list[str]]:
        tops = [outer(path, depth) for path in paths]
        return _runs(tops), _runs([tops[node] for node in order])

    def differs(depth: int) -> bool:
        spec, found = at(depth)
        return spec != found

    levels = range(1, max(map(level, paths), default=0) + 1)
    shallowest = bisect_left(levels, 1, key=differs)  # what differs at a level does so at all below
    if shallowest == len(levels):
        return []
    spec, found = at(levels[shallowest])
    start = _equal_at_start(spec, found, 0)
    return found[start : len(found) - _equal_at_start(spec[::-1], found[::-1], start)]


def _equal_at_start(names: list[str], others: list[str], used: int) -> int:
    """How many names two lists have in common at their start, without so many that are told at their other end."""
    most = min(len(names), len(others)) - used
    return next((place for place in range(most) if names[place] != others[place]), most)


def _runs(names: list[str]) -> list[str]:
    """Names without repetitions next to each other."""
    return [name for place, name in enumerate(names) if not place or names[place - 1] != name]


def holder_names(graph: Graph, holders: Sequence[Holder]) -> list[str]:
    """What each storage is called: an input's name, the path of the layer that made it or that works in it."""
    names = graph.value_names([holder.value for holder in holders])
    return [
        graph.nodes[holder.node].path if holder.role == WORKSPACE else name
        for holder, name in zip(holders, names, strict=True)
    ]


def inference_memory(graph: Graph, *, schedule: str = SPEC, inplace: bool = False, devices: int = 1) -> InferenceMemory:
    """The memory of inference under a schedule; ``inplace``: activations overwrite an input that nobody needs.

    With several ``devices`` it is that of one of them.
    """
    chosen = inplace_nodes(graph) if inplace else frozenset()
    storages = Storages(graph, inplace=chosen, parts=shards_of(graph, devices).nodes)
    given = problem(graph, storages, chosen)
    order, exact = list(range(len(graph.nodes))), False
    if schedule == MIN_PEAK:
        plan = min_peak(given)
        order, exact = plan.order, plan.exact
    live = given.profile(order)
    holders = _holders(graph, storages, given, order, live)
    peak = max(live, default=sum(holder.bytes for holder in holders))
    return InferenceMemory(order, live, holders, exact, peak, order[live.index(peak)] if order else -1)


def inplace_nodes(graph: Graph) -> frozenset[int]:
    """The activations that may overwrite their input: nothing else needs it, and it is not the model's own input.

    They are those that PyTorch has an ``inplace`` argument for; a dropout is not one of them.
    """
    storages = Storages(graph)
    makers, last, of = storages.makers, storages.last, storages.of
    found = set()
    for index, node in enumerate(graph.nodes):
        if "inplace" not in node.op.fields or node.op.work is Work.UNCHANGED:
            continue
        storage = of[node.inputs[0]]
        if makers[storage] >= 0 and last[storage] == index and storages.sizes[storage]:
            found.add(index)
    return frozenset(found)


def _holders(
    graph: Graph, storages: Storages, given: Problem, order: Sequence[int], live: Sequence[int]
) -> list[Holder]:
    """What is alive at the peak, the largest first."""
    sizes, makers, of = storages.sizes, storages.makers, storages.of
    values = _first_values(storages)
    places = {node: place for place, node in enumerate(order)}
    end = len(order)
    until = _until(storages, given, places)
    peak = max(range(end), key=live.__getitem__) if order else -1
    running = order[peak] if order else -1
    read = {of[value] for value in graph.nodes[running].inputs} if order else set()
    found = []
    for storage, size in enumerate(sizes):
        maker = makers[storage]
        if not size or (maker >= 0 and places[maker] > peak) or until[storage] < peak:
            continue
        role = MADE if maker == running else READ if storage in read else WAITING
        last = end if until[storage] == end else order[until[storage]]
        found.append(Holder(role, maker, values[storage], size, last))
    rest = live[peak] - sum(holder.bytes for holder in found) if order else 0
    if rest:
        found.append(Holder(WORKSPACE, running, 0, rest, running))
    return sorted(found, key=lambda holder: -holder.bytes)


def _first_values(storages: Storages) -> dict[int, int]:
    """By storage: the first value that is on it."""
    values: dict[int, int] = {}
    for value, storage in storages.of.items():
        values.setdefault(storage, value)
    return values


def _until(storages: Storages, given: Problem, places: Mapping[int, int]) -> list[int]:
    """For every storage the last place in the order that needs it; the number of places, if it stays to the end."""
    end = len(places)
    until = [end if last == end else -1 for last in storages.last]
    for node, touched in enumerate(given.touches):
        for storage in touched:
            until[storage] = max(until[storage], places[node])
    return until


def alive_in_turn(graph: Graph, memory: InferenceMemory, *, inplace: bool = False) -> Iterator[list[tuple[int, int]]]:
    """While each node runs, in the order of a result: what is alive, as nodes that made it and bytes.

    Inputs of the model are -1. What the running node needs for itself is not among them. ``inplace`` as the result has.
    """
    chosen = inplace_nodes(graph) if inplace else frozenset()
    storages = Storages(graph, inplace=chosen)
    places = {node: place for place, node in enumerate(memory.order)}
    until = _until(storages, problem(graph, storages, chosen), places)
    begins: dict[int, list[int]] = {}
    alive: dict[int, tuple[int, int]] = {}
    for storage, (size, maker) in enumerate(zip(storages.sizes, storages.makers, strict=True)):
        if size and maker < 0:
            alive[storage] = (maker, size)
        elif size:
            begins.setdefault(places[maker], []).append(storage)
    for place in range(len(memory.order)):
        alive |= {storage: (storages.makers[storage], storages.sizes[storage]) for storage in begins.get(place, ())}
        yield list(alive.values())
        alive = {storage: held for storage, held in alive.items() if until[storage] > place}
