"""What "did you mean" proposes is what difflib proposes, and the comparisons of a spec are bounded."""

from __future__ import annotations

import random
from difflib import get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost.errors import MAX_COMPARED, Hints, SpecError, close_names, suggestion
from archcost.ops import REGISTRY
from archcost.spec.loader import reads

NAMES = st.text("abcxyz_2", min_size=1, max_size=12)


def as_before(name: str, names: list[str]) -> list[str]:
    lower = {candidate.lower().replace("_", ""): candidate for candidate in reversed(names)}
    exact = lower.get(name.lower().replace("_", "").replace("-", ""))
    close = get_close_matches(name, names, 3, 0.6)
    return [exact, *(candidate for candidate in close if candidate != exact)][:3] if exact else close


@given(NAMES, st.lists(NAMES, max_size=20, unique=True))
def test_it_proposes_what_difflib_does(name: str, names: list[str]) -> None:
    assert close_names(name, names) == as_before(name, names)


@pytest.mark.parametrize("name", ["conv", "Conv2d", "batchnorm", "reul", "linaer", "max_pool", "flaten", "x"])
def test_it_proposes_the_kinds_that_difflib_does(name: str) -> None:
    assert close_names(name, REGISTRY) == as_before(name, list(REGISTRY))


def alike(count: int, seed: int) -> list[str]:
    """Names of 79 characters that resemble each other."""
    source = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        letters = list("ab" * 39)
        source.shuffle(letters)
        found["a" + "".join(letters)] = None
    return list(found)


def test_a_word_is_compared_once_with_the_same_names() -> None:
    hints = Hints()
    first = suggestion("reul", list(REGISTRY), "kinds", hints)
    compared = hints.compared
    assert suggestion("reul", list(REGISTRY), "kinds", hints) == first
    assert hints.compared == compared > 0


def test_the_comparisons_of_all_words_are_bounded() -> None:
    known, words, hints = alike(2000, 1), alike(100, 2), Hints()
    compared = 0

    found = []
    for word in words:
        before = hints.compared
        found.append(close_names(word, known, hints))
        compared += hints.compared - before
    full = 79 * 79  # pairs of characters of one comparison in full
    assert found[0]
    assert found[-1] == []
    assert compared <= MAX_COMPARED + full + len(words) * len(known) * 79  # each name is looked at once more, and left
    assert sum(bool(close) for close in found) <= 1 + MAX_COMPARED // full


def test_errors_are_the_same_when_hints_are_left_out() -> None:
    blocks = "".join(f"  {name}: {{layers: [relu]}}\n" for name in alike(2000, 1))
    words = alike(90, 2)
    text = f"archcost: 1\ninput: [8]\nblocks:\n{blocks}layers:\n" + "".join(f"  - {word}\n" for word in words)
    spec = reads(text)
    with pytest.raises(SpecError) as caught:
        raise spec.problems.error()
    assert [found.message for found in caught.value.diagnostics] == [f"unknown kind '{word[:60]}…'" for word in words]
    assert "did you mean" in caught.value.diagnostics[0].help
    assert caught.value.diagnostics[-1].help.startswith("no op does this: declare it, `custom: ")
