"""Which suggestions to choose where several are of the same layers, and which to take to come to a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.suggesting.rewrite import Boldness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.suggesting.sites import Site

_BOLDNESS = {boldness: rank for rank, boldness in enumerate(Boldness)}
_TELLING = 4  # a saving is worth its name from this part of what the site costs


class Option:
    """A site as it is ranked: the nodes that it is of, what it saves in the goal, and what they cost there.

    Options are compared by identity; ``order`` is the site's among all.
    """

    __slots__ = ("boldness", "cost", "nodes", "order", "saving", "site")

    def __init__(self, site: Site, saving: int, cost: int, order: int = 0) -> None:
        self.site = site
        self.nodes = site.nodes
        self.boldness = _BOLDNESS[site.rewrite.boldness]
        self.saving = saving
        self.cost = cost
        self.order = order

    @property
    def is_bold(self) -> bool:
        """Whether papers report a loss for it."""
        return self.site.rewrite.boldness is Boldness.BOLD

    @property
    def tells(self) -> bool:
        """Whether it saves at least a quarter of what its nodes cost."""
        return _TELLING * self.saving >= self.cost


class Choice(NamedTuple):
    """The option that is chosen at a site, and the others that are of some of its nodes, the mildest first."""

    option: Option
    others: tuple[Option, ...]


def choose(options: Iterable[Option]) -> list[Choice]:
    """One option wherever several are of the same nodes; the largest saving first.

    The mildest that saves a quarter of what its site costs is chosen, and of equally mild ones that which saves most;
    what saves less than a quarter only where nothing else is. A bolder one takes the place of several that save less
    than a quarter of what it is of. An option that is no choice is told with the largest choice in its way.
    """
    ranked = sorted(options, key=_preferred)
    taken: dict[int, Option] = {}
    _fill(taken, ranked)
    of_node: dict[int, list[Option]] = {}
    for option in ranked:
        for node in option.nodes:
            of_node.setdefault(node, []).append(option)
    for option in sorted(ranked, key=lambda each: (-each.saving, each.order)):
        rivals = rivals_in(taken, option)
        saved = sum(rival.saving for rival in rivals)
        if option not in rivals and option.tells and saved < option.saving and _TELLING * saved < option.cost:
            for rival in rivals:
                _drop(taken, rival)
            _take(taken, option)
            free = {node for rival in rivals for node in rival.nodes} - option.nodes
            _fill(taken, sorted({each for node in free for each in of_node[node]}, key=_preferred))
    chosen = dict.fromkeys(taken.values())
    others: dict[Option, list[Option]] = {option: [] for option in chosen}
    for option in ranked:
        if option not in chosen:
            others[max(rivals_in(taken, option), key=lambda rival: (rival.saving, -rival.order))].append(option)
    found = [
        Choice(option, tuple(sorted(beside, key=lambda each: (each.boldness, -each.saving, each.order))))
        for option, beside in others.items()
    ]
    return sorted(found, key=lambda choice: (-choice.option.saving, choice.option.order))


def _preferred(option: Option) -> tuple[bool, int, int, int]:
    """What is chosen first."""
    return not option.tells, option.boldness, -option.saving, option.order


def _fill(taken: dict[int, Option], ranked: Iterable[Option]) -> None:
    """Take what nothing is in the way of."""
    for option in ranked:
        if not rivals_in(taken, option):
            _take(taken, option)


def _take(taken: dict[int, Option], option: Option) -> None:
    taken.update(dict.fromkeys(option.nodes, option))


def _drop(taken: dict[int, Option], option: Option) -> None:
    for node in option.nodes:
        del taken[node]


def rivals_in(taken: dict[int, Option], option: Option) -> set[Option]:
    """The options that hold nodes of another one."""
    return {taken[node] for node in option.nodes if node in taken}


def reach(choices: Sequence[Choice], now: int, allowed: int) -> list[Option]:
    """The options that leave no more than what is allowed, if any do; else those that leave least.

    Choices are taken in order, the bold ones last, and the largest saving first. Where all of them leave too much,
    options that save more than those in their way take their place, the one that gains most first. In the end what is
    not needed is given back, the boldest first, and of equally bold ones what saves least.
    """
    taken = _Taken(now)
    for choice in sorted(choices, key=lambda choice: choice.option.is_bold):
        if taken.left <= allowed:
            break
        taken.add(choice.option)
    everything = [option for choice in choices for option in (choice.option, *choice.others)]
    while taken.left > allowed and (better := taken.best_exchange(everything)) is not None:
        taken.exchange(better)
    for option in sorted(taken.options, key=lambda each: (-each.boldness, each.saving)):
        if taken.left + option.saving <= allowed:
            taken.remove(option)
    return sorted(taken.options, key=lambda each: (-each.saving, each.order))


class _Taken:
    """Options that are of different nodes, and what they leave."""

    def __init__(self, now: int) -> None:
        self.left = now
        self._of: dict[int, Option] = {}

    @property
    def options(self) -> list[Option]:
        """The options, each once."""
        return list(dict.fromkeys(self._of.values()))

    def add(self, option: Option) -> None:
        _take(self._of, option)
        self.left -= option.saving

    def remove(self, option: Option) -> None:
        _drop(self._of, option)
        self.left += option.saving

    def exchange(self, option: Option) -> None:
        for rival in rivals_in(self._of, option):
            self.remove(rival)
        self.add(option)

    def best_exchange(self, options: Iterable[Option]) -> Option | None:
        """The option that gains most in site of those in its way; None where none gains."""
        gains = list(self._gains(options))
        return max(gains, key=lambda pair: pair[0])[1] if gains else None

    def _gains(self, options: Iterable[Option]) -> Iterator[tuple[int, Option]]:
        for option in options:
            gain = option.saving - sum(rival.saving for rival in rivals_in(self._of, option))
            if gain > 0:
                yield gain, option
