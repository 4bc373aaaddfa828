"""The figures that the zoo takes from torchvision are those of its own weights."""

from __future__ import annotations

from functools import cache

from torchvision.models import get_weight

from archcost import model_zoo as zoo
from archcost.analysis.sources import SourceKind, Stated, stated_figures
from tests.shared import zoo_report

SEEN = "torchvision 0.29.1, "


@cache
def figures() -> dict[str, Stated]:
    """By model and metric."""
    return {
        f"{name}-{figure.metric}": figure
        for name in zoo.names()
        for figure in stated_figures(zoo_report(name))
        if figure.source.kind is SourceKind.library
    }


def holds(figure: Stated) -> bool:
    """``num_params`` to the unit, and ``_ops`` as it is printed: billions of multiply-accumulates, to a thousandth."""
    said = get_weight(figure.source.place.removeprefix(SEEN)).meta
    if figure.metric == "params":
        return bool(said["num_params"] == figure.stated)
    return f"{said['_ops']} G" == figure.source.printed


def test_figures_are_what_the_weights_say() -> None:
    assert [name for name, figure in figures().items() if not figure.source.place.startswith(SEEN)] == []
    assert [name for name, figure in figures().items() if not holds(figure)] == []


def test_both_figures_of_nearly_every_model_are_there() -> None:
    assert len(figures()) > 190
