"""Rounds and outputs that cost more than they show: all of it counts as work, and ends."""

from __future__ import annotations

import resource

import pytest

from archcost.analysis.report import analyze
from archcost.errors import SpecError
from archcost.meter import BUDGET, Meter
from archcost.spec.loader import loads

SECONDS = 10  # of the processor; a guard: each of these takes one or two
HEAD = "archcost: 1\ninput: [8, 4, 4]\n"
DOUBLING = "".join(
    f"  b{level}: {{layers: [{{id: s, {f'b{level - 1}' if level else 'relu'}}}], outputs: [s.*, s.*]}}\n"
    for level in range(40)
)
CASES = {
    "rounds that are all left out": "layers: [{id: r, relu, repeat: 1000000, when: $(i < 0)}]",
    "outputs that double": f"blocks:\n{DOUBLING}layers: [b39]",
    "all rounds, read again and again": (
        "layers:\n  - {id: r, relu, repeat: 20000}\n  - {id: s, concat, repeat: 20000, from: '$([\"r.*\"][0 * i])'}"
    ),
    "all outputs, read again and again": (
        "blocks:\n  many: {inputs: [maps...], layers: [{id: one, relu, from: maps.0}], outputs: [maps]}\n"
        "layers:\n  - {id: p, chunk: {chunks: 8, dim: 1}}\n"
        "  - {id: s, many, repeat: 100000, from: '$([\"p\"][0 * i])'}"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_before_it_takes_long(
    name: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """With a tenth of the budget, or all of it under ``--all``."""
    if not pytestconfig.getoption("--all"):
        monkeypatch.setattr(Meter.__init__, "__defaults__", (BUDGET // 10,))
    start = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with pytest.raises(SpecError) as caught:
        analyze(loads(HEAD + CASES[name]))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - start < SECONDS
    assert "steps of work" in caught.value.diagnostics[0].message


def test_items_are_counted_before_they_are_made() -> None:
    """100 · 102 · 100 rounds of one layer, each with an item of its own."""
    items = "repeat: $(range(100)), as: c"
    inner = f"{{id: b, repeat: $(range(102)), as: b, layers: [{{id: c, relu, {items}}}]}}"
    with pytest.raises(SpecError) as caught:
        analyze(loads(HEAD + f"layers: [{{id: a, repeat: $(range(100)), as: a, layers: [{inner}]}}]"))
    assert "more than 1,000,000 layers" in caught.value.diagnostics[0].message
