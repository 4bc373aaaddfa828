"""The table of metrics: what derives from a row, and what it rests on."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired, TypedDict, get_type_hints

import pytest
from shared import zoo_report

import archcost
from archcost.analysis.costs import Costs
from archcost.documents import holding
from archcost.figures import (
    ALWAYS,
    COLUMNS,
    EXPECTED,
    FACTS,
    IN_REPORTS,
    LIMITED,
    LIMITED_OF_LAYERS,
    METRICS,
    OF_LAYERS,
    ON_CHIP,
    OPTIONAL,
    TOTALS,
    UNDECLARED,
    WHOLE_MODEL,
    LayerFigures,
    Metric,
    ModelFigures,
    telling,
    told_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

DOCS = Path(__file__).parent.parent / "docs"
FIGURES = (DOCS / "figures.md").read_text(encoding="utf-8")


def test_what_adds_up_is_computed_with_the_costs() -> None:
    for name, row in vars(LayerFigures).items():
        if isinstance(row, Metric):
            assert hasattr(Costs, name), name
            assert row.additive


def test_every_part_of_the_costs_is_told_somewhere() -> None:
    lacking = {row.lacks for row in METRICS.values()}
    unknown = {f"unknown_{name}" for name in UNDECLARED}
    assert set(Costs._fields) - METRICS.keys() - lacking == unknown


@pytest.mark.parametrize("name", ["googlenet", "mixtral_8x7b", "gpt2"])
def test_a_layer_and_a_model_have_their_figures(name: str) -> None:
    report = zoo_report(name)
    for metric in [row for row in METRICS.values() if row.additive]:
        figures = [getattr(layer, metric.name) for layer in report.layers]
        assert figures == [getattr(layer.costs, metric.name) for layer in report.layers]
        assert getattr(report.totals, metric.name) == sum(figures), metric
    names = ("layers", *[each for each in IN_REPORTS if not each.startswith("training_")])
    assert tuple(report.totals.to_dict()) == names
    assert report.totals.to_dict() == {each: getattr(report.totals, each) for each in names}


def test_a_model_in_training_has_the_figures_of_a_step() -> None:
    totals = archcost.analyze("alexnet", training=True).totals
    assert tuple(totals.to_dict()) == ("layers", *IN_REPORTS)
    first = 55 * 55 * 64 * 11 * 11 * 3  # the MACs of the first convolution, whose input needs no gradient
    assert totals.training_macs == 3 * totals.macs - first
    assert totals.training_flops == totals.flops + 2 * (2 * totals.macs - first)
    assert totals != archcost.analyze("alexnet").totals


def test_totals_are_a_value() -> None:
    totals = archcost.analyze("conv5x5").totals
    assert totals == archcost.analyze("conv5x5").totals
    assert totals != archcost.analyze("conv5x5_reduced").totals
    assert repr(totals).startswith("Totals(layers=1, params=153632, active_params=153632, ")  # 5 * 5 * 192 * 32 + 32
    with pytest.raises(FrozenInstanceError):
        totals.layers = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        totals.params = 2  # type: ignore[misc]


def test_a_layer_has_no_figure_of_the_whole_model() -> None:
    layer = archcost.analyze("conv5x5").layers[0]
    for name in WHOLE_MODEL:
        assert not hasattr(layer, name)


def test_the_sets_that_a_metric_may_be_in() -> None:
    assert set(OF_LAYERS) == {*ALWAYS, *OPTIONAL}
    of_training = {"training_macs", "training_flops"}
    assert {name for name, row in METRICS.items() if row.of_training} == of_training
    assert set(LIMITED) == {*OF_LAYERS, *WHOLE_MODEL} - of_training
    assert set(LIMITED_OF_LAYERS) == set(OF_LAYERS) - of_training
    assert set(LIMITED) - set(TOTALS) == {"latency", "predicted_latency", *ON_CHIP}
    assert set(TOTALS) <= set(IN_REPORTS)
    assert set(COLUMNS) <= {name for name, row in METRICS.items() if row.additive}  # a column sums up its rows
    assert set(EXPECTED) <= {name for name, row in METRICS.items() if row.additive}  # `layers:` may state them, too
    assert set(UNDECLARED) & set(OPTIONAL) == of_training
    assert set(UNDECLARED) - of_training == {"macs", "flops"}


def test_rows_are_told_apart() -> None:
    for words in ("label", "heading"):
        assert len({getattr(row, words) for row in METRICS.values()}) == len(METRICS)
    ranks = [METRICS[name].rank for name in FACTS]
    assert len(set(ranks)) == len(ranks)
    order = list(METRICS)
    for row in METRICS.values():
        assert row.usual in ("", *order[: order.index(row.name)])  # a lock file reads the usual figure before


def test_what_does_not_add_up_stands_where_it_says() -> None:
    after = {second: first for first, second in pairwise(METRICS)}
    rows = [row for row in vars(ModelFigures).values() if isinstance(row, Metric)]
    assert {row.name: row.after for row in rows} == {row.name: after[row.name] for row in rows}
    assert not any(row.additive for row in rows)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "latency"])
def test_the_pages_say_what_it_counts(name: str) -> None:
    assert re.search(rf"(\*\*|`){name}(\*\*|`)", FIGURES)


@pytest.mark.parametrize("page", ["language.md", "budgets.md"])
def test_the_pages_name_every_metric_that_a_budget_may_limit(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    (told,) = re.findall(r"(?m)^(?:The metrics are|A limit is the largest figure allowed\. The metrics:)[^#]*", text)
    assert [name for name in LIMITED if f"`{name}`" not in told] == []


def test_the_house_rules_name_what_a_row_says() -> None:
    text = (DOCS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Add a metric")[2]
    names = re.findall(r"(?m)^\| `(\w+)`", text.partition("\n## ")[0])
    flags = {name for name, default in vars(Metric("")).items() if type(default) is bool}
    assert set(names) == flags - {"additive"} | {"rank"}


def test_no_column_of_a_figure_of_the_whole_model(run: Callable[..., Run]) -> None:
    for name in WHOLE_MODEL:
        result = run("analyze", "conv5x5", "--columns", f"flops,{name}")
        below = ", and stands below the table" if name in FACTS else ""
        assert result.code == 2
        assert result.err == (
            f"error: there is no column '{name}'\nhelp: it is a figure of the whole model, not of layers{below}\n"
        )


MODELS = {
    (): ({"params": 5, "active_params": 5, "cache_bytes": 0},),
    ("active_params",): ({"params": 5, "active_params": 4, "cache_bytes": 0},),
    ("active_params", "cache_bytes"): (
        {"params": 5, "active_params": 5, "cache_bytes": 8},
        {"params": 5, "active_params": 4, "cache_bytes": 0},
    ),
}


@pytest.mark.parametrize("told", MODELS)
def test_an_optional_figure_is_told_where_it_is_not_as_usual(told: tuple[str, ...]) -> None:
    names = told_of(TOTALS, training=False)
    models = [{**dict.fromkeys(names, 5), **model} for model in MODELS[told]]
    assert telling(models) == tuple([name for name in names if name not in OPTIONAL or name in told])


class Sample(TypedDict):
    """A sample."""

    first: str
    last: NotRequired[str]


def test_keys_of_a_table_stand_before_one_of_the_type_or_behind_all() -> None:
    class Other(TypedDict):
        first: str

    assert list(get_type_hints(holding({"a": int, "b": int}, before="last")(Sample))) == ["first", "a", "b", "last"]
    assert list(get_type_hints(holding({"a": int})(Other))) == ["first", "a"]
    with pytest.raises(ValueError, match="nowhere"):
        holding({"a": int}, before="nowhere")(Other)
