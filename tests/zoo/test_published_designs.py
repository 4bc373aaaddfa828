"""Every published design of the zoo's spaces, analysed alone: its params and MACs round to what is printed."""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path
from typing import Any

import pytest
import yaml

import archcost
from archcost.analysis.sources import FigureSource, SourceKind
from archcost.model_zoo import folder, path_of
from tests.zoo.published import Published, designs, nas_bench_macro

SAMPLE = 40  # of the benchmark's rows without --all: a row is like another


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "design" in metafunc.fixturenames:
        chosen = designs() if metafunc.config.getoption("--all") else sampled()
        metafunc.parametrize("design", chosen, ids=lambda design: f"{design.model}-{design.name}")


def sampled() -> list[Published]:
    """Every design, but a sample of the benchmark's many."""
    many = nas_bench_macro()
    step = len(many) // SAMPLE
    return [*many[::step], *(design for design in designs() if design.space != "nas_bench_macro")]


def prints(printed: str, value: int) -> bool:
    """Whether a value rounds to what is printed; a whole number is printed exactly."""
    if printed.isdigit():
        return value == int(printed)
    return FigureSource(SourceKind.paper, "", printed).prints(value)


def test_a_design_has_its_published_figures(design: Published) -> None:
    totals = archcost.analyze(design.model, params=design.params).totals
    assert prints(design.printed_params, totals.params) or not design.printed_params
    if design.space == "mobilenet_v1":  # rounded or cut off
        assert abs(totals.macs - float(design.printed_macs.removesuffix("M")) * 10**6) <= 0.8 * 10**6
    else:
        assert prints(design.printed_macs, totals.macs) or not design.printed_macs


SPACES = sorted(path.stem for path in (Path(folder()) / "spaces").glob("*.yaml"))


def read(space: str) -> dict[str, Any]:
    """The file of a space."""
    found = yaml.safe_load((Path(folder()) / "spaces" / f"{space}.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def params_of(space: str) -> dict[str, Any]:
    """The params of the spec that a space varies, with their defaults as written."""
    name = read(space)["spec"].removeprefix("zoo:")
    found = yaml.safe_load(Path(path_of(name)).read_text(encoding="utf-8"))["params"]
    assert isinstance(found, dict)
    return found


def values(written: Any) -> list[Any]:
    """A list of values, or ``4..8``, whose ends are included."""
    if isinstance(written, str):
        first, last = map(int, written.split(".."))
        return list(range(first, last + 1))
    return list(written)


def axes(space: str) -> list[list[dict[str, Any]]]:
    """The choices along each axis, as what each sets by target: ``depths[0]`` or ``width``."""
    file = read(space)
    params = params_of(space)
    found = []
    for name, written in file.get("vary", {}).items():
        param = name.partition("[")[0]
        places = range(len(params[param])) if name.endswith("[*]") else [None]
        for place in places:
            target = name if place is None else f"{param}[{place}]"
            found.append([{target: value} for value in values(written)])
    groups = [(tuple(group), [values(column) for column in group.values()]) for group in file.get("zip", ())]
    return found + [
        [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] for names, columns in groups
    ]


@pytest.mark.parametrize("space", SPACES)
def test_a_space_varies_params_of_its_spec(space: str) -> None:
    file = read(space)
    assert (file["archcost_space"], file["name"]) == (1, space)
    params = params_of(space)
    for choices in axes(space):
        for target in choices[0]:
            param, _, place = target.rstrip("]").partition("[")
            assert param in params
            assert not place or int(place) < len(params[param])


@pytest.mark.parametrize(("space", "size"), [("nas_bench_macro", 6561), ("mobilenet_v1", 16), ("chinchilla", 50)])
def test_a_space_has_as_many_designs_as_published(space: str, size: int) -> None:
    """3 ** 8 = 6,561 in the README of the benchmark; 4 * 4 pairs in Figure 4; 50 rows."""
    assert prod(len(choices) for choices in axes(space)) == size


def test_the_once_for_all_space_has_the_designs_of_the_paper() -> None:
    """A stage of d layers has (3 * 3) ** d designs, whatever the axes of layers that are not there say."""
    assert Counter(len(choices) for choices in axes("ofa_mobilenet_v3")) == {3: 5 + 20 + 20}
    assert read("ofa_mobilenet_v3")["expect"] == {"designs": "7371 ** 5"}
    assert 7371 == 9**2 + 9**3 + 9**4


IN_SPACES = [design for design in designs() if design.space and design.params.get("width_mult", 1) == 1]


@pytest.mark.parametrize("space", SPACES)
def test_published_designs_are_in_their_space(space: str) -> None:
    """A space leaves some params at their default, of which the once-for-all one its resolution."""
    fixed = {"resolution", "width_mult"} if space == "ofa_mobilenet_v3" else set()
    defaults, choices_of = params_of(space), axes(space)
    mine = [design for design in IN_SPACES if design.space == space]
    assert mine
    for design in mine:
        wanted = targets({**defaults, **{name: value for name, value in design.params.items() if name not in fixed}})
        for choices in choices_of:
            assert any(all(wanted[target] == value for target, value in choice.items()) for choice in choices)
            for target in choices[0]:
                del wanted[target]
        assert wanted.items() <= targets(defaults).items()


def targets(params: dict[str, Any]) -> dict[str, Any]:
    """Params, and the elements of those that are lists, by what an axis calls them."""
    found = {}
    for name, value in params.items():
        if isinstance(value, list):
            found |= {f"{name}[{place}]": item for place, item in enumerate(value)}
        else:
            found[name] = value
    return found
