"""The spaces that ship, swept: as many designs as published, their printed figures, exact answers by brute force."""

from __future__ import annotations

from functools import cache
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import archcost
from archcost.sweeping.exact.bounds import FigureBound
from archcost.sweeping.exact.counting import count, distribution
from archcost.sweeping.exact.fronts import best, front
from archcost.sweeping.exact.several import count_within
from archcost.sweeping.rows import rows
from archcost.sweeping.space_file import shipped_spaces
from tests.zoo.published import Published, designs, nas_bench_macro
from tests.zoo.test_published_designs import prints, targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conftest import Run

    from archcost.api.design_space import DesignSpace
    from archcost.sweeping.tables import SpaceTables

EXPECTED = {"chinchilla": 50, "mobilenet_v1": 16, "nas_bench_macro": 3**8, "ofa_mobilenet_v3": 7371**5}
SLOW = {"regnet_x"}  # to walk: under --all


@cache
def space(name: str) -> DesignSpace:
    return archcost.space(file=name)


@pytest.mark.parametrize("name", shipped_spaces())
def test_a_space_has_as_many_designs_as_expected(
    name: str, run: Callable[..., Run], request: pytest.FixtureRequest
) -> None:
    assert space(name).expected == EXPECTED.get(name)
    if name in SLOW and not request.config.getoption("--all"):
        pytest.skip("walked under --all")
    designs_of_space = space(name).tables().count()
    assert 0 < designs_of_space <= space(name).size
    if name in EXPECTED:
        assert designs_of_space == EXPECTED[name]
        done = run("sweep", "--space", name, "--count")
        assert (done.code, done.out.splitlines()[-1]) == (0, "as many as are published")


# --- printed figures --------------------------------------------------------------------------------------------------


def looked_up(published: Sequence[Published], found: DesignSpace) -> None:
    """Hold designs, by the targets of a space, against what is printed."""
    names = found.space.target_names
    tables = found.tables()
    for design in published:
        wanted = targets({**defaults(found), **design.params})
        figures = tables.at({name: wanted[name] for name in names})
        assert prints(design.printed_params, figures["params"]) or not design.printed_params, design
        if design.space == "mobilenet_v1":  # rounded or cut off
            assert abs(figures["macs"] - float(design.printed_macs.removesuffix("M")) * 10**6) <= 0.8 * 10**6
        else:
            assert prints(design.printed_macs, figures["macs"]) or not design.printed_macs, design


def defaults(found: DesignSpace) -> dict[str, Any]:
    return {name: param.default.value for name, param in found.space.spec.params.items() if param.default is not None}


@pytest.mark.parametrize("name", ["chinchilla", "mobilenet_v1", "nas_bench_macro", "resnet_basic", "resnet_bottleneck"])
def test_every_published_design_is_looked_up(name: str) -> None:
    mine = [design for design in designs() if design.space == name]
    assert mine
    looked_up(mine, space(name))


def test_every_published_once_for_all_network_is_looked_up() -> None:
    """Each has a resolution of its own, and some another width than the space."""
    mine = [design for design in designs() if design.space == "ofa_mobilenet_v3"]
    settings = {(design.params["resolution"], design.params["width_mult"]) for design in mine}
    for resolution, width in settings:
        params = {"resolution": resolution, "width_mult": width}
        found = archcost.space(file="ofa_mobilenet_v3", params=params)
        looked_up([design for design in mine if params.items() <= design.params.items()], found)


def test_every_published_regnet_is_looked_up() -> None:
    """The X and the Y, whose numbers vary together."""
    mine = [design for design in designs() if design.model == "regnet"]
    rows_of = [{"se_ratio": 0, **design.params} for design in mine]
    columns = {name: [row[name] for row in rows_of] for name in rows_of[0]}
    looked_up(mine, archcost.space("regnet", zip=[columns]))


# --- all of NAS-Bench-Macro -------------------------------------------------------------------------------------------


def macro() -> SpaceTables:
    return space("nas_bench_macro").tables().tables


@cache
def everything() -> tuple[Any, dict[str, Any]]:
    """All designs in order, and their figures."""
    every = np.array(list(product(range(3), repeat=8)), np.int32)
    chunk = rows(macro(), every)
    assert not chunk.invalid.any()
    return every, dict(chunk.figures)


def test_all_designs_of_the_benchmark(request: pytest.FixtureRequest) -> None:
    """By tables as by single analyses: a sample of 60, and all under --all; and as many as its table prints."""
    every, figures = everything()
    step = 1 if request.config.getoption("--all") else len(every) // 60
    for place in range(0, len(every), step):
        totals = archcost.analyze("nas_bench_macro", params={"choices": every[place].tolist()}).totals
        assert {name: int(column[place]) for name, column in figures.items()} == {
            name: getattr(totals, name) for name in figures
        }
    by_design = {"".join(map(str, design)): place for place, design in enumerate(every.tolist())}
    for row in nas_bench_macro():
        place = by_design[row.name]
        assert (figures["params"][place], figures["macs"][place]) == (int(row.printed_params), int(row.printed_macs))


BUDGETS = (0.01, 0.1, 0.3, 0.5, 0.9)  # quantiles


@pytest.mark.parametrize("metric", ["params", "macs", "activation_bytes"])
def test_counts_are_those_of_a_loop(metric: str) -> None:
    figures = everything()[1][metric]
    for share in BUDGETS:
        high = int(np.quantile(figures, share))
        assert count(macro(), [FigureBound(metric, None, high)]) == int((figures <= high).sum())
        assert count(macro(), [FigureBound(metric, high, None)]) == int((figures >= high).sum())
        assert count(macro(), [FigureBound(metric, high, high)]) == int((figures == high).sum())


@pytest.mark.parametrize(("low", "high"), list(product(BUDGETS, BUDGETS)))
def test_two_budgets_are_counted_exactly(low: float, high: float) -> None:
    figures = everything()[1]
    macs, params = int(np.quantile(figures["macs"], low)), int(np.quantile(figures["params"], high))
    expected = int(((figures["macs"] <= macs) & (figures["params"] <= params)).sum())
    bounds = [FigureBound("macs", None, macs), FigureBound("params", None, params)]
    assert count_within(macro(), bounds) == expected
    assert space("nas_bench_macro").tables().count(f"macs <= {macs} and params <= {params}") == expected


@pytest.mark.parametrize("senses", list(product(("min", "max"), repeat=2)))
def test_the_front_is_that_of_a_loop(senses: tuple[Any, Any]) -> None:
    """A pair of figures is on it where no other pair is as good in both."""
    figures = everything()[1]
    signs = [1 if sense == "min" else -1 for sense in senses]
    costs = {(signs[0] * int(a), signs[1] * int(b)) for a, b in zip(figures["macs"], figures["params"], strict=True)}
    expected, least = set(), None
    for first, second in sorted(costs):
        if least is None or second < least:
            expected.add((signs[0] * first, signs[1] * second))
            least = second
    found = front(macro(), (("macs", senses[0]), ("params", senses[1])))
    assert {(one.figures["macs"], one.figures["params"]) for one in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("share", BUDGETS)
def test_the_best_within_a_budget_is_that_of_a_loop(share: float) -> None:
    figures = everything()[1]
    macs = int(np.quantile(figures["macs"], share))
    found = best(macro(), "params", "max", [FigureBound("macs", None, macs)])
    assert found is not None
    assert found.figures["params"] == int(figures["params"][figures["macs"] <= macs].max())
    assert found.figures["macs"] <= macs


def test_the_distribution_is_that_of_a_loop() -> None:
    figures = everything()[1]["macs"]
    found = distribution(macro(), "macs", 20)
    assert found is not None
    edges = [*found.edges[:-1], found.edges[-1] + 1]
    assert list(found.counts) == [int(((figures >= low) & (figures < high)).sum()) for low, high in pairwise(edges)]
    assert sum(found.counts) == 3**8
