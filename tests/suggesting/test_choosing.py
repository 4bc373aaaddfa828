"""Which options are chosen where several are of the same layers, and which are taken to come to a target."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.suggesting.choosing import Option, choose, reach
from archcost.suggesting.rewrite import Boldness

if TYPE_CHECKING:
    from collections.abc import Sequence

EXACT, GENTLE, BOLD = Boldness


def option(nodes: str, boldness: Boldness, saving: int, cost: int = 100) -> Option:
    """An option of some nodes, a letter each."""
    site: Any = SimpleNamespace(nodes=frozenset(map(ord, nodes)), rewrite=SimpleNamespace(boldness=boldness))
    return Option(site, saving, cost)


def told(options: Sequence[Option], chosen: Sequence[Option]) -> list[int]:
    return [options.index(one) for one in chosen]


CHOICES = [  # the options, the chosen ones in order, and the others of each
    # the mildest that saves a quarter
    ([option("a", BOLD, 80), option("a", GENTLE, 25), option("a", EXACT, 24)], [1], [[2, 0]]),
    # what saves less than a quarter only where nothing else is
    ([option("a", EXACT, 24), option("b", GENTLE, 24)], [0, 1], [[], []]),
    # of equally mild ones that which saves most
    ([option("a", GENTLE, 30), option("a", GENTLE, 40)], [1], [[0]]),
    # one over several nodes against two of them: together they save a quarter of what it is of …
    ([option("ab", BOLD, 150, 200), option("a", GENTLE, 31), option("b", GENTLE, 30)], [1, 2], [[0], []]),
    # … and here they do not
    ([option("abc", BOLD, 150, 300), option("a", GENTLE, 30), option("b", GENTLE, 30)], [0], [[1, 2]]),
    # what is free again is filled
    ([option("ab", GENTLE, 10, 200), option("b", BOLD, 90), option("a", GENTLE, 5)], [1, 2], [[0], []]),
    # nothing
    ([], [], []),
]


@pytest.mark.parametrize(("options", "chosen", "others"), CHOICES)
def test_choices(options: list[Option], chosen: list[int], others: list[list[int]]) -> None:
    found = choose(options)
    assert told(options, [choice.option for choice in found]) == chosen
    assert [told(options, choice.others) for choice in found] == others


PLANS = [  # options, how much may be left of 1000, and what is taken
    ([option("a", GENTLE, 300), option("b", GENTLE, 200)], 700, [0]),
    ([option("a", GENTLE, 300), option("b", GENTLE, 200)], 600, [0, 1]),
    # what is bold comes last, even where it saves more
    ([option("a", BOLD, 400), option("b", GENTLE, 200)], 800, [1]),
    # a bolder one takes the place of what is chosen where all do not suffice
    ([option("a", GENTLE, 300, 900), option("a", BOLD, 800, 900)], 500, [1]),
    # what is not needed behind it is given back
    ([option("a", GENTLE, 300, 900), option("a", BOLD, 800, 900), option("b", GENTLE, 50)], 250, [1]),
    # out of reach: what leaves least
    ([option("a", GENTLE, 300, 900), option("a", BOLD, 500, 900), option("b", GENTLE, 50)], 100, [1, 2]),
    ([], 100, []),
]


@pytest.mark.parametrize(("options", "allowed", "taken"), PLANS)
def test_plans(options: list[Option], allowed: int, taken: list[int]) -> None:
    assert told(options, reach(choose(options), 1000, allowed)) == taken


OPTIONS = st.lists(
    st.builds(
        option,
        st.sets(st.sampled_from("abcdefgh"), min_size=1).map("".join),
        st.sampled_from(list(Boldness)),
        st.integers(1, 100),
        st.integers(100, 300),
    ),
    max_size=12,
)


@given(OPTIONS, st.integers(0, 1000))
def test_no_node_is_changed_twice_and_every_option_is_told(options: list[Option], allowed: int) -> None:
    choices = choose(options)
    for chosen in ([choice.option for choice in choices], reach(choices, 1000, allowed)):
        nodes = [node for one in chosen for node in one.nodes]
        assert len(nodes) == len(set(nodes))
    assert len([one for choice in choices for one in (choice, *choice.others)]) == len(options)
    taken = reach(choices, 1000, allowed)
    best = reach(choices, 1000, 0)
    left = 1000 - sum(one.saving for one in taken)
    assert left <= allowed or left == 1000 - sum(one.saving for one in best)
