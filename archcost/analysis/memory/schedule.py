"""The order of the layers: as the spec has it, or the one with the lowest peak.

Between two layers that every other one comes before or after (separators), the order of the layers is free of the rest.
Each such region is searched by itself, over the sets of its layers that may have run: from one set to the next with the
least of the peaks on the way, which is exact. A region with too many sets is left to a beam search. The spec's own
order is kept where nothing better is found, and where the work of all searches together is used up.
"""

# long: exact search, beam and bounds share one state, which is told best in one place

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from archcost.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.memory.schedule_problem import Problem

MAX_STATES = 10_000  # sets of layers looked at in a region before the search gives up
MAX_REGION = 400  # layers of a region that is searched in full
MAX_BEAM = 1500  # layers of a region that is searched at all
BEAM = 32  # partial orders that the beam search keeps; fewer where there are very many layers
BEAM_WORK = 32 * 200**2
WORK = 6_000_000  # steps of work of all searches: layers looked at


class Plan(NamedTuple):
    """An order of the nodes; ``exact``: none has a lower peak."""

    order: list[int]
    peak: int
    exact: bool


def min_peak(given: Problem) -> Plan:
    """The order with the lowest peak that is found; never a worse one than the given order."""
    meter = Meter(WORK)
    late, exact = _late(given, meter)
    found = _searched(given, late, meter)
    if not exact:
        free = _searched(given, given.before, meter)
        found = min(found._replace(exact=False), free, key=lambda plan: (plan.peak, not plan.exact))
    own = list(range(len(given.rises)))
    peak = given.peak(own)
    return found if found.peak <= peak else Plan(own, peak, exact=False)


def _searched(given: Problem, before: Sequence[set[int]], meter: Meter) -> Plan:
    """The best order found under these needs; what takes and needs nothing (learnable tensors) runs when it is read."""
    idle = {node for node, needed in enumerate(before) if not given.before[node] and given.idle(node)}
    nodes = [node for node in _sorted(before) if node not in idle]
    plan = _min_peak(given.of(nodes, before, idle), meter)
    order: list[int] = []
    waiting = set(idle)
    for node in [nodes[place] for place in plan.order]:
        ready = sorted(waiting & given.before[node])
        waiting.difference_update(ready)
        order += [*ready, node]
    return plan._replace(order=order + sorted(waiting))


def _late(given: Problem, meter: Meter) -> tuple[Sequence[set[int]], bool]:
    """What must run before each node if constants run last; and whether no peak can be lost by that.

    Waiting frees memory until the reader runs. Then the constants that it reads start from the memory that the reader
    starts from, which costs nothing as long as they take no more than the reader does with them. Where there is too
    much to note, they run as soon as they can.
    """
    readers = given.constants()
    before = [set(needed) for needed in given.before]
    last: dict[int, int] = {}  # the reader at the end of the chain
    groups: dict[int, list[int]] = {}
    for node in sorted(readers, reverse=True):
        reader = readers[node]
        meter.spent += len(before[reader])
        if meter.is_used_up:
            return given.before, False
        before[node] |= {earlier for earlier in before[reader] if earlier not in readers}
        last[node] = last.get(reader, reader)
        groups.setdefault(last[node], []).append(node)
    profiles = [given.profile([*nodes[::-1], reader]) for reader, nodes in groups.items()]
    return before, all(profile[-1] == max(profile) for profile in profiles)


def _sorted(before: Sequence[set[int]]) -> list[int]:
    """The nodes so that each comes after what it needs, otherwise in their own order."""
    after: list[list[int]] = [[] for _ in before]
    missing = [len(needed) for needed in before]
    for node, needed in enumerate(before):
        for earlier in needed:
            after[earlier].append(node)
    ready = [node for node, count in enumerate(missing) if not count]
    order = []
    while ready:
        node = heappop(ready)
        order.append(node)
        for later in after[node]:
            missing[later] -= 1
            if not missing[later]:
                heappush(ready, later)
    return order


def _min_peak(given: Problem, meter: Meter) -> Plan:
    order = list(range(len(given.rises)))
    profile = given.profile(order)
    ends = _ends(given)
    regions = _regions(given)
    peaks = {region: max(profile[index] for index in region) for region in regions}
    bound = 0  # what no order can go below
    exact = True
    for region in sorted(regions, key=lambda region: -peaks[region]):
        if peaks[region] <= bound:
            break
        if len(region) > MAX_BEAM:
            exact = False
            continue
        live = profile[region.start] - given.rises[region.start]
        plan = _Region(given, region, live, ends, meter).best(peaks[region])
        bound = max(bound, plan.peak)
        exact = exact and plan.exact
        order[region.start : region.stop] = plan.order
    return Plan(order, given.peak(order), exact)


def _regions(given: Problem) -> list[range]:
    """Ranges of nodes whose order is free of the rest: each ends with a separator."""
    count = len(given.rises)
    first_after = [count] * count
    for index, before in enumerate(given.before):
        for node in before:
            first_after[node] = min(first_after[node], index)
    last_before = [max(before, default=-1) for before in given.before]
    least = [count] * (count + 1)  # of last_before, from a node on
    for index in range(count - 1, -1, -1):
        least[index] = min(least[index + 1], last_before[index])
    regions, start, most = [], 0, 0
    for index in range(count):
        if most <= index <= least[index + 1]:
            regions.append(range(start, index + 1))
            start = index + 1
        most = max(most, first_after[index])
    if start < count:
        regions.append(range(start, count))
    return regions


def _ends(given: Problem) -> dict[int, int]:
    """The last node that touches each storage, in the given order; none for one that stays."""
    left: dict[int, int] = {}
    ends: dict[int, int] = {}
    for node, touched in enumerate(given.touches):
        for storage in touched:
            left[storage] = left.get(storage, given.touched[storage]) - 1
            if not left[storage]:
                ends[storage] = node
    return ends


class _Region:
    """One region: nodes as bits, the storages that they touch, and what is alive when it begins."""

    def __init__(self, given: Problem, nodes: range, live: int, ends: Mapping[int, int], meter: Meter) -> None:
        self.nodes = nodes
        self.given = given
        self.meter = meter
        self.before = [
            sum(1 << (node - nodes.start) for node in given.before[index] if node in nodes) for index in nodes
        ]
        self.after: list[list[int]] = [[] for _ in nodes]
        for place, index in enumerate(nodes):
            for earlier in given.before[index]:
                if earlier >= nodes.start:
                    self.after[earlier - nodes.start].append(place)
        self.live = live
        self.freed = self._freed(ends)

    def _freed(self, ends: Mapping[int, int]) -> list[list[tuple[int, int]]]:
        """For every node, the storages that go with the last of their users here; others outlive the region."""
        users: dict[int, list[int]] = {}
        for place, index in enumerate(self.nodes):
            for storage in self.given.touches[index]:
                users.setdefault(storage, []).append(place)
        freed: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for storage, places in users.items():
            if ends.get(storage, self.nodes.stop) < self.nodes.stop:
                entry = (_mask(places), self.given.sizes[storage])
                for place in places:
                    freed[place].append(entry)
        return freed

    def best(self, spec_peak: int) -> Plan:
        """The order with the lowest peak: searched in full if that is possible."""
        own = Plan(list(self.nodes), spec_peak, False)
        if len(self.nodes) == 1:
            return own._replace(exact=True)
        if self.meter.is_used_up:
            return own
        found = self._search(spec_peak) if len(self.nodes) <= MAX_REGION else None
        found = found or self._beam()
        if found is None:
            return own
        return found if found.peak < spec_peak else own._replace(exact=found.exact)

    def _ready(self, done: int) -> list[int]:
        self.meter.spent += len(self.before)
        return [place for place, before in enumerate(self.before) if not done >> place & 1 and not before & ~done]

    def _after(self, done: int, live: int, place: int) -> int:
        """What is alive after a node has run."""
        self.meter.spent += 1 + len(self.freed[place])
        done |= 1 << place
        live += self.given.makes[self.nodes[place]]
        for users, size in self.freed[place]:
            if not users & ~done:
                live -= size
        return live

    def _settle(self, done: int, live: int, peak: int) -> tuple[int, int, list[int]]:
        """Run what can only help: chains that stay below the peak so far and end with no more alive than before."""
        ran: list[int] = []
        found = True
        while found:
            found = False
            for place in self._ready(done):
                if not done >> place & 1:
                    chain, after = self._descent(done, live, peak, place)
                    if chain:
                        done, live, found = done | _mask(chain), after, True
                        ran += chain
        return done, live, ran

    def _descent(self, done: int, live: int, peak: int, place: int) -> tuple[list[int], int]:
        """The chain that begins with a node, as far as it is lowest, if that is no higher than where it begins."""
        lowest, best, chain = live, 0, []
        while live + self.given.rises[self.nodes[place]] <= peak:
            live = self._after(done, live, place)
            done |= 1 << place
            chain.append(place)
            if live <= lowest:
                lowest, best = live, len(chain)
            following = [after for after in self.after[place] if not self.before[after] & ~done]
            if len(following) != 1:
                break
            place = following[0]
        return chain[:best], lowest

    def _search(self, enough: int) -> Plan | None:
        """Sets of nodes in the order of the least peak that leads to them: the first complete one is the best.

        ``enough``: a peak that is known, so that nothing as high needs to be looked at.
        """
        complete = (1 << len(self.nodes)) - 1
        came: dict[int, tuple[int, list[int]]] = {}
        heap: list[tuple[int, int, int, int, int, tuple[int, ...]]] = [(0, 0, 0, self.live, -1, ())]
        while heap:
            peak, _, done, live, parent, ran = heappop(heap)
            if len(came) >= MAX_STATES or self.meter.is_used_up:
                return None
            done, live, settled = self._settle(done, live, peak)
            if done in came:
                continue
            came[done] = (parent, [*ran, *settled])
            if done == complete:
                return Plan(self._path(came, done), peak, True)
            for place in self._ready(done):
                after = done | 1 << place
                high = max(peak, live + self.given.rises[self.nodes[place]])
                if after not in came and high < enough:
                    entry = (high, -after.bit_count(), after, self._after(done, live, place), done, (place,))
                    heappush(heap, entry)
        return Plan(list(self.nodes), enough, True)

    def _path(self, came: dict[int, tuple[int, list[int]]], done: int) -> list[int]:
        steps: list[list[int]] = []
        while done >= 0:
            done, ran = came[done]
            steps.append(ran)
        return [self.nodes[place] for ran in reversed(steps) for place in ran]

    def _beam(self) -> Plan | None:
        """The best few of the partial orders of every length: lowest peak, then least alive; None if work runs out."""
        width = max(1, min(BEAM, BEAM_WORK // len(self.nodes) ** 2))
        states: list[tuple[int, int, int, tuple[int, ...]]] = [(0, self.live, 0, ())]
        for _ in self.nodes:
            if self.meter.is_used_up:
                return None
            following: dict[int, tuple[int, int, int, tuple[int, ...]]] = {}
            for peak, live, done, order in states:
                for place in self._ready(done):
                    high = max(peak, live + self.given.rises[self.nodes[place]])
                    entry = (high, self._after(done, live, place), done | 1 << place, (*order, place))
                    if entry[2] not in following or entry < following[entry[2]]:
                        following[entry[2]] = entry
            states = sorted(following.values())[:width]
        peak, _, _, order = states[0]
        return Plan([self.nodes[place] for place in order], peak, False)


def _mask(places: list[int]) -> int:
    return sum(1 << place for place in places)
