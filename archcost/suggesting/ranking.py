"""What each site would save in the goal: of figures that add up from few trials of many sites, else one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.figures import RUN
from archcost.suggesting.choosing import Option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.suggesting.sites import Site
    from archcost.suggesting.trials import Trials

_SHARE = 3  # of four parts of the work: the rest is for those that are told of
_MOST = 2_000  # sites that are tried


def ranked(trials: Trials, sites: Sequence[Site]) -> tuple[list[Option], int]:
    """The sites that save something, and how many were tried before the work was used up, the costliest first.

    Shapes outside of a site stay as they are, so that what disjoint sites save adds up, and each has its part below
    its own paths. So as many sites as are disjoint are tried at once. The memory at the peak does not add up: there
    this says only in which order sites are tried one by one, those with the most weights and activations first.
    """
    before = trials.goal.by_layer(trials.report)
    costly = sorted(sites, key=lambda site: -sum(before[node] for node in site.nodes))[:_MOST]
    savings: dict[int, int] = {}
    by_place = {id(site): site for site in sites}
    for together in _disjoint(costly):
        savings |= {id(site): saved for site, saved in _measured(trials, together, before)}
    if trials.goal.metric == RUN:
        savings = _one_by_one(trials, sorted(savings.items(), key=lambda pair: -pair[1]), by_place)
    order = {id(site): number for number, site in enumerate(sites)}
    options = [
        Option(site, saved, _cost(trials, site, before), order[id(site)])
        for site, saved in ((by_place[key], saved) for key, saved in savings.items())
        if saved > 0
    ]
    return options, len(savings)


def _cost(trials: Trials, site: Site, before: Sequence[int]) -> int:
    """What the nodes of a site cost now: those with weights, if any has; products of two inputs stay what they are."""
    weighted = [node for node in site.nodes if trials.report.layers[node].params]
    cost = sum(before[node] for node in weighted or site.nodes)
    if trials.goal.metric == RUN:
        cost += sum(trials.report.layers[node].activation_bytes for node in site.nodes)
    return cost


def _disjoint(sites: Sequence[Site]) -> list[list[Site]]:
    """Places in groups within which no two have a node in common, each in the first group that has room for it."""
    groups: list[tuple[list[Site], set[int]]] = []
    for site in sites:
        for members, held in groups:
            if held.isdisjoint(site.nodes):
                members.append(site)
                held.update(site.nodes)
                break
        else:
            groups.append(([site], set(site.nodes)))
    return [members for members, _ in groups]


def _measured(trials: Trials, sites: list[Site], before: Sequence[int]) -> Iterator[tuple[Site, int]]:
    """What each of some disjoint sites saves; one that cannot be changed saves nothing."""
    if trials.exhausted_for(_SHARE):
        return
    trial = trials.tried(sites)
    if trial is not None:
        yield from zip(sites, trials.attributed(trial, sites, before), strict=True)
    elif len(sites) == 1:
        yield sites[0], 0
    else:
        half = len(sites) // 2
        yield from _measured(trials, sites[:half], before)
        yield from _measured(trials, sites[half:], before)


def _one_by_one(trials: Trials, savings: Sequence[tuple[int, int]], by_place: dict[int, Site]) -> dict[int, int]:
    found: dict[int, int] = {}
    for key, _ in savings:
        if trials.exhausted_for(_SHARE):
            break
        trial = trials.tried([by_place[key]])
        found[key] = 0 if trial is None else trials.now.run_bytes - trial.figures.run_bytes
    return found
